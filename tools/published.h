// Published measurements, and what the timing models give in their place.
//
// Owns: the format of timing/published.yaml. Must not know: how costs are measured (tools/cost.h does).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/progress.h"
#include "tools/timing.h"

namespace isobar::tools {

/// One published measurement.
struct Publication {
  enum class Unit : u8 {
    Cycles,       ///< of one operation
    Nanoseconds,  ///< the same
    Percent,      ///< by which `mapping` takes longer than `to`
    Ratio,        ///< of the time under `mapping` to that under `to`
  };
  std::string what, timing, source;
  std::string value;  ///< a number, or what is known instead
  Unit unit = Unit::Cycles;
  std::vector<std::string> workloads;  ///< paths; several: their geometric mean
  unsigned per = 1;                    ///< Cycles, Nanoseconds: operations in an iteration
  std::string mapping, to;             ///< names; empty for workloads that are not translated
  double model = 0;                    ///< what the timing model gives; set by measure()
};

/// Throws InputError with everything that is wrong, by file, line and column.
std::vector<Publication> parse_publications(std::string_view text, const std::string& file);
/// Runs what stands beside each publication.
void measure(std::vector<Publication>& all, const TimingChanges& changes, ProgressLine& progress);

std::string publications_text(const std::vector<Publication>& all);
/// One JSON object per publication, each on a line.
std::string publications_lines(const std::vector<Publication>& all);

}  // namespace isobar::tools
