// What a driver saw, as a report: states, verdict, JSON.
#pragma once

#include <string>
#include <vector>

#include "explore/search.h"
#include "scenarios/loader/verdict.h"
#include "tools/report.h"
#include "tools/workload.h"

namespace isobar::tools {

inline constexpr const char* kExploreFormat = "isobar-explore/1";
inline constexpr const char* kRunFormat = "isobar-run/1";

/// One line of the list of states: outcomes that print alike are one state.
struct StateLine {
  std::string text;
  bool positive = false;  ///< litmus: the condition holds
  std::vector<model::Transition> witness;
};

/// Sorted by text; outcomes that the test filters out are left out.
std::vector<StateLine> state_lines(const Workload& w, const explore::SearchResult& result);

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
