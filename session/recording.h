// Runs as traces: writing the transitions of a run, and running them again.
#pragma once

#include <string>
#include <vector>

#include "model/state/transition.h"
#include "session/workload.h"
#include "trace/trace_file.h"

namespace isobar::session {

/// One transition of a run and the model time at which it was taken (0 in untimed runs).
struct Step {
  u64 time = 0;
  model::Transition transition;
};

std::vector<Step> untimed(const std::vector<model::Transition>& transitions);

/// What a trace says about its run besides the transitions.
trace::TraceHeader trace_header(const Workload& w, const std::string& driver, u64 seed);

/// A run being repeated step by step on the direct fabric.
class Repeater {
 public:
  explicit Repeater(const Workload& w);
  /// Takes the step; false, and nothing changes, if the machine does not allow it.
  bool take(const Step& step, model::Observer* observer = nullptr);
  const model::MachineState& state() const { return state_; }

 private:
  const model::Machine& machine_;
  model::DirectFabric fabric_;
  model::MachineState state_;
  std::vector<model::Transition> enabled_;
};

/// The final state of `steps` from the initial state of `w`. Throws InternalError if one is not allowed.
model::MachineState run_steps(const Workload& w, const std::vector<Step>& steps,
                              model::Observer* observer = nullptr);

/// A whole trace with the outcome and the digest of the final state; `complete` is false if the run was
/// interrupted.
trace::Trace make_trace(const Workload& w, const std::string& driver, u64 seed,
                        const std::vector<Step>& steps, bool complete);

std::string to_text(const trace::Trace& t);

/// The machine and program that a trace embeds. Throws InputError, with the name of the trace in front, if
/// its scenario is not valid or has no such variant.
Workload workload_of(const trace::Trace& t, const std::string& trace_file);

/// The steps of a trace. Throws InputError with the line of a kind that does not exist.
std::vector<Step> steps_of(const trace::Trace& t, const std::string& trace_file);

/// "core 1 satisfy read slot 2"
std::string describe(const model::Transition& t);

}  // namespace isobar::session
