// A run told in plain words.
#pragma once

#include <string>
#include <vector>

#include "tools/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

/// One step that matters to a reader.
struct WalkStep {
  std::string what;                ///< "P1 reads y = 1 from memory: LDR X0,[X1] (line 6)"
  std::vector<std::string> notes;  ///< what is out of the ordinary: what it overtakes, what waits meanwhile
};

/// The steps of `transitions` from the initial state of `w`, without fetches of code that nobody changes and
/// without what only the host does.
std::vector<WalkStep> walk(const Workload& w, const Listing& listing,
                           const std::vector<model::Transition>& transitions);

}  // namespace isobar::tools
