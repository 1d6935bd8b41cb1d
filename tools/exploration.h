// What a driver saw, as a report: states, verdict, JSON.
#pragma once

#include <string>
#include <vector>

#include "explore/search.h"
#include "scenarios/loader/verdict.h"
#include "session/state_lines.h"
#include "tools/report.h"
#include "tools/workload.h"

namespace isobar::tools {

inline constexpr const char* kExploreFormat = "isobar-explore/1";
inline constexpr const char* kRunFormat = "isobar-run/1";

using session::state_lines;
using session::StateLine;

/// A search of a litmus test or scenario, in the JSON of docs/output.md. A litmus test that asserts something
/// (forall, ~exists) and fails is Differs if `assertions` is set; otherwise litmus conditions are questions,
/// not expectations.
CaseReport report_exploration(const std::string& format, const Workload& w,
                              const explore::SearchResult& result, const std::vector<StateLine>& states,
                              bool assertions);

/// What some driver saw of a scenario.
CaseReport report_scenario(const std::string& format, const Workload& w, const scenarios::Seen& seen);

/// "0:X1=1;[x]=2" as herd prints it: "0:X1=1; [x]=2;".
std::string spaced(const std::string& state);

}  // namespace isobar::tools
