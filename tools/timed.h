// Timed runs on the SystemC platform, for the commands.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/state/observer.h"
#include "model/systemc/pipeline.h"
#include "support/hash.h"
#include "tools/progress.h"
#include "tools/recording.h"
#include "tools/workload.h"
#include "trace/outcome.h"

namespace isobar::tools {

struct TimedLimits {
  u64 transitions = 10'000'000;  ///< 0: no limit
  double seconds = 0;            ///< of wall time, 0: no limit
};

/// One timed run.
struct TimedReport {
  u64 seed = 1;
  std::string limit;  ///< what ended the run early; empty if it ended by itself
  bool deadlocked = false;
  trace::Outcome outcome;
  std::vector<std::string> flags;  ///< names of the warnings it carries
  std::string code_text;           ///< what it did with code that it modified (tools/code_report.h)
  nlohmann::ordered_json code;
  Digest digest;  ///< of the final state; replaying `steps` gives the same
  u64 ticks = 0, instructions = 0, transitions = 0;
  std::vector<systemc::CycleCount> cycles;  ///< by core; with a timing model only
  u64 ipis = 0;  ///< software-generated interrupts taken
  double seconds = 0;
  std::vector<Step> steps;  ///< empty unless asked for
};

/// Runs `w`, whose machine must undo wrong guesses, until it ends, a limit is hit or the user interrupts. All
/// timed runs of the process take place on one thread, because the SystemC kernel is one for the process;
/// callable from any. `observer` follows the run instead of the report on modified code; `platform` is a timing model
/// instead of the platform's own. Throws InputError in a program without the platform.
TimedReport run_timed(const Workload& w, u64 seed, const TimedLimits& limits, bool keep_steps,
                      ProgressLine& progress, model::Observer* observer = nullptr,
                      const systemc::PlatformConfig* platform = nullptr);

}  // namespace isobar::tools
