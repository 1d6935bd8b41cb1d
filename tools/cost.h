// What a workload costs under a mapping on a timed core.
//
// Owns: cost workloads, their runs and the reports. Must not know: the command line.
#pragma once

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "scenarios/import/litmus.h"
#include "scenarios/mapping/mapping.h"
#include "tools/progress.h"
#include "tools/timing.h"

namespace isobar::tools {

inline constexpr const char* kCostFormat = "isobar-cost/1";

/// A loop: an X86_64 litmus test without a condition, in which every thread counts RCX down to 0; or one for
/// AArch64, which is not translated and counts X28.
struct CostWorkload {
  std::string file, name, description, text;
  scenarios::LitmusTest test;
  unsigned iterations = 0;  ///< header line Iterations: of the measured part
  bool translated = true;   ///< X86_64
  bool near = true;         ///< header line Data: near (an L2 cache answers what misses in the L1) or far (memory)
};

/// Throws InputError.
CostWorkload parse_cost_workload(const std::string& text, const std::string& file);
/// Files, folders, or names in timing/workloads; all of those if `names` is empty. Throws InputError.
std::vector<std::string> find_cost_workloads(const std::vector<std::string>& names);

/// All per iteration and in ticks. A workload runs twice, once for twice as many iterations, and the difference counts.
struct Cost {
  std::string unsupported;  ///< why the mapping cannot say it; empty: it can
  double ticks = 0;
  double instructions = 0;       ///< of all threads
  std::vector<double> causes;    ///< mean over the threads, by systemc::Cause
};

/// `mapping` is nullptr for a workload that is not translated. Throws InputError if a run does not end.
Cost measure_cost(const CostWorkload& w, const scenarios::Mapping* mapping, const Timing& timing,
                  ProgressLine& progress);

/// Costs of one workload on one timing model, by mapping.
struct CostTable {
  const CostWorkload* workload = nullptr;
  const Timing* timing = nullptr;
  std::vector<std::string> mappings;
  std::vector<Cost> costs;
  Cost plain;  ///< with plain accesses on a weak core
};

std::string cost_text(const CostTable& t);
/// One JSON object per mapping, each on a line.
std::string cost_lines(const CostTable& t);

/// Geometric mean of the ratios of each mapping over the workloads that it can run, as the end of a table or JSON lines.
std::string mean_text(const std::vector<CostTable>& tables);
std::string mean_lines(const std::vector<CostTable>& tables);

}  // namespace isobar::tools
