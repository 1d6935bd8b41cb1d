// What is kept of the run that shows a state: trace, execution graph, the judge's opinion.
#pragma once

#include <string>
#include <vector>

#include "tools/exploration.h"
#include "tools/warnings.h"
#include "tools/workload.h"

namespace isobar::tools {

struct WitnessOptions {
  std::string trace_folder;  ///< empty: no traces
  std::string dot_folder;    ///< empty: no DOT
  std::string svg_folder;    ///< empty: no SVG
  std::string relations;     ///< "rf,co,..."; empty: all
  bool judge = false;        ///< check every witness against the axioms

  bool wanted() const { return judge || !trace_folder.empty() || !dot_folder.empty() || !svg_folder.empty(); }
};

/// Throws InputError if `relations` has an unknown name; creates the folders.
void prepare(const WitnessOptions& options);

/// Keeps what `options` ask for of every state in `states`, in files NAME-N.trace, NAME-N.dot and NAME-N.svg,
/// N counting from 1. Names the files in `report`; a witness that the axioms forbid makes it Internal.
void keep_witnesses(const WitnessOptions& options, const Workload& w, const std::vector<StateLine>& states,
                    CaseReport& report);

/// With a trace folder: the shortest run found with each warning, as NAME-flag-WORD.trace. `warnings` as in `report`.
void keep_warning_witnesses(const WitnessOptions& options, const Workload& w, const std::vector<Warning>& warnings,
                            CaseReport& report);

}  // namespace isobar::tools
