// The final states that a search found, as a reader sees them.
#pragma once

#include <string>
#include <vector>

#include "explore/search.h"
#include "session/workload.h"

namespace isobar::session {

/// One line of the list of states: outcomes that print alike are one state.
struct StateLine {
  std::string text;
  bool positive = false;  ///< litmus: the condition holds
  std::vector<model::Transition> witness;
};

/// Sorted by text; outcomes that the test filters out are left out.
std::vector<StateLine> state_lines(const Workload& w, const explore::SearchResult& result);

}  // namespace isobar::session
