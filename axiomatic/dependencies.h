// Events and data flow of an execution, derived from its instruction words.
//
// Owns: what feeds what (operational-model.md 1.4: address, data, control and pick dependencies, per flag, through
// registers within a core). Must not know: where values came from in memory, orders between cores, clauses.
#pragma once

#include <vector>

#include "axiomatic/event.h"
#include "axiomatic/values.h"

namespace isobar::axiomatic {

/// What can be read in more than one way.
struct DependencyOptions {
  bool store_exclusive_data = true;  ///< the data register of STXR is a data dependency (herd 7.58 has it not)
  bool entry_is_cse = true;          ///< exception entry by SVC is a context synchronisation event (EIS)
  bool return_is_cse = true;         ///< exception return is one (EOS)
};

/// A DC or IC of a recorded run.
struct Maintenance {
  EventId event = kNoEvent;
  u32 writes_before = 0;  ///< how many writes had reached memory
};

/// Everything the axioms need that does not depend on rf and co.
struct Program {
  std::vector<Event> event;       ///< core by core, in program order
  std::vector<Flow> flow;
  std::vector<EventId> of_write;  ///< Execution::writes index to event
  std::vector<Maintenance> maintenance;  ///< in the order in which they took effect; empty if that is not known
};

/// `e` must be well-formed; `values` is recompute(e).
Program derive(const trace::Execution& e, const Values& values, const DependencyOptions& options);

}  // namespace isobar::axiomatic
