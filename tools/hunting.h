// What 'isobar hunt' does with one scenario variant or litmus test.
#pragma once

#include <optional>
#include <string>

#include "hunt/hunt.h"
#include "tools/progress.h"
#include "tools/report.h"
#include "tools/workload.h"

namespace isobar::tools {

inline constexpr const char* kHuntFormat = "isobar-hunt/1";

struct HuntFlags {
  std::optional<hunt::Strategy> strategy;  ///< default: pct
  std::optional<unsigned> depth;  ///< default: pct 3, delay 2
  u64 seed = 1;
  u64 runs = 10'000;
  unsigned jobs = 1;
  double timeout_seconds = 0;  ///< 0: no limit
  u64 max_steps = 200'000;     ///< per run
  bool shrink = true;
  bool sometimes = false;  ///< look for what `sometimes` names as well
  std::optional<std::string> outcome;  ///< the state to look for instead of broken expectations
  std::string trace_file;  ///< empty: hunt.trace, of programs hunt.schedule

  hunt::Strategy the_strategy() const { return strategy.value_or(hunt::Strategy::Pct); }
  unsigned the_depth() const { return depth.value_or(the_strategy() == hunt::Strategy::Delay ? 2 : 3); }
};

/// Hunts in `w`, whose machine must undo wrong guesses. Writes a trace of the failure it finds to `trace_file`.
/// Differs if there is one, Undetermined if the hunt was stopped.
CaseReport hunt_workload(const Workload& w, const HuntFlags& flags, const std::string& trace_file,
                         ProgressLine& progress);

/// The end of a report on a hunt without a finding; `stopped` before all runs were done.
void tell_nothing_found(bool stopped, CaseReport& r);

/// "distinct executions 12, estimated at least 20; the next run is new with probability 0.10"
std::string coverage_text(const hunt::Estimate& e);

}  // namespace isobar::tools
