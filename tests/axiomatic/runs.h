// Runs of machines as executions, for tests of the judge.
#pragma once

#include <random>
#include <vector>

#include "axiomatic/judge.h"
#include "isa/assembler.h"
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

/// What the judge must know of a machine.
inline JudgeOptions judge_options(const model::MachineConfig& c) {
  JudgeOptions o;
  o.flavour = static_cast<TsoFlavour>(c.flavour);
  o.dependencies.entry_is_cse = c.eis;
  o.dependencies.return_is_cse = c.eos;
  o.disassemble = isa::disassemble;
  return o;
}

}  // namespace isobar::axiomatic
