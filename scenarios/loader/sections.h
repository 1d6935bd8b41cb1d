// The maps of the format one by one: which keys each has, and how it is read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/loader/reader.h"
#include "scenarios/loader/scenario.h"

namespace isobar::scenarios {

const Section& scenario_section();
const Section& machine_section();
const Section& memory_section();
const Section& thread_section();
const Section& kernel_section();
const Section& kernel_thread_section();
const Section& process_section();
const Section& run_section();
const Section& variant_section();
const Section& expectation_section();
const Section& mutation_section();

/// A `machine:` map before the number of cores is known: per-core values are kept as written.
struct MachineDraft {
  model::MachineConfig config;
  std::optional<unsigned> cores;
  std::vector<model::TsoSupport> kinds{model::TsoSupport::Actlr};  ///< one for all cores, or one per core
  std::vector<bool> tso{false};                                    ///< the same
  std::vector<unsigned> mte{0};  ///< the same; 0 no tagging, 1 unchecked, then as model::TagChecks
  std::optional<bool> idc;
  u32 line = 0, column = 0;  ///< of the map
  u32 kind_line = 0, kind_column = 0, tso_line = 0, tso_column = 0;
  u32 mte_line = 0, mte_column = 0;
};

/// Each overrides in the result what the map says and leaves the rest, so that a variant builds on the base.
void read_machine(const Node& n, Problems& problems, MachineDraft& draft);
void read_kernel(const Node& n, Problems& problems, KernelSection& kernel);
void read_run(const Node& n, Problems& problems, RunSection& run);

/// The configuration of a draft with `cores` cores; errors go to `problems`.
model::MachineConfig finish_machine(const MachineDraft& draft, unsigned cores, Problems& problems);

/// Fills scenario.memory; addresses are not known yet.
void read_memory(const Node& n, Problems& problems, Scenario& scenario);
/// Fills scenario.threads; `shared` are registers that every thread starts with unless it says otherwise.
void read_threads(const Node& n, Problems& problems, const Registers& shared, bool kernel,
                  Scenario& scenario);
Registers read_registers(const Node& n, Problems& problems);
AsmText read_assembly(const Node& n, Problems& problems);
/// Fills scenario.expectations with texts that are not parsed yet. Needs the names of scenario.variants.
void read_expectations(const Node& n, Problems& problems, Scenario& scenario);

/// Fills scenario.mutations. Needs the names of scenario.variants.
void read_mutations(const Node& n, Problems& problems, Scenario& scenario);

/// Gives every location and every piece of code its address, assembles, and resolves all constants.
void lay_out(Scenario& scenario, Problems& problems);

}  // namespace isobar::scenarios
