// Runs of machines as executions, for tests of the judge.
#pragma once

#include <random>
#include <vector>

#include "axiomatic/judge.h"
#include "crosscheck/second_route.h"
#include "model/machine/recorder.h"

namespace isobar::axiomatic {

/// The execution of `transitions` from the initial state.
inline trace::Execution record(const model::Machine& machine, const std::vector<model::Transition>& transitions) {
  model::MachineState s = machine.initial();
  model::DirectFabric fabric = machine.direct_fabric();
  model::Recorder recorder(machine);
  for (const model::Transition& t : transitions) machine.apply(s, t, fabric, &recorder);
  return recorder.finish(s);
}

using crosscheck::judge_options;

}  // namespace isobar::axiomatic
