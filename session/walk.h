// A run told in plain words.
#pragma once

#include <vector>

#include "session/listing.h"
#include "session/narrator.h"
#include "session/workload.h"

namespace isobar::session {

/// The steps of `transitions` from the initial state of `w`, without fetches of code that nobody changes and
/// without what only the host does.
std::vector<WalkStep> walk(const Workload& w, const Listing& listing,
                           const std::vector<model::Transition>& transitions);

}  // namespace isobar::session
