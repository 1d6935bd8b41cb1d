// Recorded state sets of litmus tests (`outcomes.jsonl`), and the comparison with ours.
#pragma once

#include <string>
#include <vector>

#include "scenarios/import/litmus_program.h"

namespace isobar::scenarios {

/// One line of `outcomes.jsonl`.
struct ReferenceOutcome {
  std::string test;  ///< GROUP/FILE.litmus, below the folder of outcomes.jsonl
  std::string group;
  std::vector<std::string> variants;
  std::vector<std::string> states;  ///< sorted
  std::string observation;
  std::vector<std::string> flags;  ///< warnings of some execution, sorted
};

/// Every line of DIRECTORY/outcomes.jsonl, in its order. Throws InputError with the line of what is wrong.
std::vector<ReferenceOutcome> read_reference_outcomes(const std::string& directory);

/// The test of `reference` as text has it. Throws like parse_litmus().
LitmusTest read_reference_test(const std::string& directory, const ReferenceOutcome& reference);

/// The test of `reference` with its variants, ready to run. Throws like parse_litmus() and build_litmus().
LitmusProgram load_reference_test(const std::string& directory, const ReferenceOutcome& reference);

/// How two sorted state sets differ.
struct StateDifference {
  std::vector<std::string> missing;  ///< in the reference only
  std::vector<std::string> extra;    ///< in ours only
  bool exact() const { return missing.empty() && extra.empty(); }
};
StateDifference compare_states(const std::vector<std::string>& reference,
                               const std::vector<std::string>& ours);

}  // namespace isobar::scenarios
