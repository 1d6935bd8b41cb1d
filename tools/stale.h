// The stale fetches of a run, and what would have made the new instruction visible.
#pragma once

#include <string>
#include <vector>

#include "model/state/transition.h"
#include "tools/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

/// An instruction that was executed although the program had reason to expect a newer one.
struct StaleExecution {
  std::string core;         ///< "P1"
  std::string address;      ///< "P1:L0"
  std::string instruction;  ///< the old one, "B .+12 (line 5)"
  std::string since;        ///< the store it does not see, "P0: STR W0,[X1] (line 8)"
  std::string after;        ///< what the core had done that comes after the store: "P1: LDR W1,[X3] (line 4)"
  std::string missing;      ///< the first step that is missing, in words
};

/// By the axioms, in the order of cores and programs; fetches that merely race with a store are left out.
std::vector<StaleExecution> stale_executions(const Workload& w, const Listing& listing,
                                             const std::vector<model::Transition>& transitions);

}  // namespace isobar::tools
