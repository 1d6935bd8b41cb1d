// From a scenario to what the drivers run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/machine/machine.h"
#include "scenarios/loader/scenario.h"
#include "trace/outcome.h"

namespace isobar::scenarios {

/// One variant of a scenario, ready for model::Machine.
struct Build {
  model::MachineConfig config;
  model::Program program;
  std::vector<trace::Observable> observables;  ///< observables[i] shows Scenario::observed[i]
  std::map<u64, std::string> symbols;  ///< addresses of locations, threads and labels: "x", "P0", "P0.loop"
  bool kernel = false;
};

/// Throws InputError for what only shows now: a kernel thread that does not assemble, a kernel that cannot be
/// built on this machine. `variant` indexes Scenario::variants.
Build build(const Scenario& scenario, unsigned variant);

/// The values of Scenario::observed in an outcome of `b`.
std::vector<Value> final_values(const Scenario& scenario, const Build& b, const trace::Outcome& outcome);

/// "P0.X0=1; x=2; fault(P1)=permission at x in P1.L0;": what was asked for, and faults and endless waits if
/// there are any.
std::string state_text(const Scenario& scenario, const Build& b, const std::vector<Value>& values);

/// The part of it that speaks of one fault; `fault` indexes Scenario::observed.
std::string fault_text(const Scenario& scenario, const Build& b, const std::vector<Value>& values,
                       unsigned fault);

}  // namespace isobar::scenarios
