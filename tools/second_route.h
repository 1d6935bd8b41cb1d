// Both routes to the outcomes of one workload, side by side.
#pragma once

#include <vector>

#include "tools/exploration.h"
#include "tools/workload.h"

namespace isobar::tools {

/// Lets the judge enumerate the executions of `w` by itself and compares the outcomes with `states`, those
/// that the search found; `complete` says whether these are all. Adds a line to the text, and `second_route`
/// to the JSON, of `report`: the candidates and whether both are equal, or why they were not compared. A
/// difference makes the report Internal.
void compare_routes(const Workload& w, const std::vector<StateLine>& states, bool complete,
                    CaseReport& report);

}  // namespace isobar::tools
