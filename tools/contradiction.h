// Why a final state does not exist: the judge's opinion on the executions that would end in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "axiomatic/axioms.h"
#include "tools/goal.h"
#include "tools/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

/// One step of a cycle of events, each said to come before the next.
struct ContradictionStep {
  std::string from, relation, to;
  std::string clause;   ///< "bob: po; [dmb.full]; po"
  std::string because;  ///< the barrier that stands between them, if that is what orders them; else empty
};

struct Contradiction {
  axiomatic::Axiom axiom = axiomatic::Axiom::None;  ///< None: nothing can be said, see `reason`
  std::string headline;
  std::vector<ContradictionStep> cycle;
  u64 candidates = 0;  ///< candidate executions that end in the state
  std::string reason;  ///< why there is no cycle to show
};

/// Enumerates the candidate executions of `w` that end in `goal` and returns the violation with the shortest
/// cycle. Bounded; what the enumeration does not know (kernels, exceptions, modified code) gives `reason`.
Contradiction contradiction(const Workload& w, const Listing& listing, const Goal& goal);

}  // namespace isobar::tools
