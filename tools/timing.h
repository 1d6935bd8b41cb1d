// Timing models: the numbers of a timed core as data.
//
// Owns: the YAML format of timing/. Must not know: SystemC, workloads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/systemc/platform_config.h"

namespace isobar::tools {

struct Timing {
  std::string file;
  std::string name;  ///< stem of the file
  std::string title, description;
  std::vector<std::string> sources;  ///< where the numbers can be read
  std::vector<std::string> free;     ///< parameters that no source gives
  unsigned megahertz = 1000;         ///< a tick is a cycle of this clock
  unsigned memory = 0;               ///< ticks that memory adds to a miss which no cache answers
  /// A miss goes to memory.
  systemc::PlatformConfig platform;

  /// Without jitter and skew, so that a difference is a difference. `near`: an L2 cache answers every miss.
  systemc::PlatformConfig quiet(bool near) const;
};

/// Parameters in place of those of the file, as KEY=VALUE.
using TimingChanges = std::vector<std::string>;

/// Throws InputError with everything that is wrong, by file, line and column.
Timing parse_timing(std::string_view text, const std::string& file, const TimingChanges& changes = {});
/// A timing model by the path of its file, or by its name in timing/. Throws InputError.
Timing find_timing(const std::string& name, const TimingChanges& changes = {});

}  // namespace isobar::tools
