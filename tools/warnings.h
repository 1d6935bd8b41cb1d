// Warnings of executions (model/state/flags.h) in reports.
#pragma once

#include <string>
#include <vector>

#include "explore/search.h"
#include "tools/report.h"
#include "tools/workload.h"

namespace isobar::tools {

struct Warning {
  std::string name;
  std::string word;                 ///< short, for file names; empty if it needs no execution
  u64 final_states = 0;             ///< that executions with the warning end in
  std::vector<std::string> states;  ///< the same as they are printed, each once, sorted
  std::vector<model::Transition> witness;
};

/// Warnings of the counted outcomes of a search, sorted by name; with those that a litmus test has whatever
/// it does.
std::vector<Warning> warnings(const Workload& w, const explore::SearchResult& result);

/// The names of the warnings that an execution which ended in `s` carries.
std::vector<std::string> warning_names(const model::MachineState& s);

/// Adds them to the JSON and to the text: for a litmus test the lines "Flag NAME" of herd, for a scenario
/// those that concern modified code.
void add_warnings(const Workload& w, const explore::SearchResult& result, CaseReport& report);

}  // namespace isobar::tools
