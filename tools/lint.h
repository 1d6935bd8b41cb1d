// Which steps of cache maintenance and synchronisation a program that modifies code lacks, and which it does
// not need.
#pragma once

#include <optional>
#include <string>

#include "tools/progress.h"
#include "tools/report.h"
#include "tools/search_flags.h"
#include "tools/workload.h"

namespace isobar::tools {

inline constexpr const char* kLintFormat = "isobar-lint/1";

struct LintOptions {
  std::optional<std::string> outcome;  ///< the state that must not be; empty: what the test is about
  SearchFlags search;                  ///< limits of each search
};

/// For each kind of cache (CTR_EL0.IDC and DIC: neither, IDC, both): is the state reachable as the test is
/// written; if so, which added steps forbid it; and which steps can be left out. Added are, behind every
/// store to code that some run shows, the general sequence DC CVAU, DSB ISH, IC IVAU, DSB ISH (Arm ARM
/// B2.7.4.2), and an ISB before every indirect branch and before the modified code. What is left after taking
/// away all that is not needed is the proposal: no step of it can be left out. Differs if the test as written
/// is wrong for some kind of cache; Undetermined if a search was not complete. Throws InputError as goal_of()
/// and insert_code() do, and if no run stores to code.
CaseReport lint_workload(const Workload& w, const LintOptions& options, ProgressLine& progress);

}  // namespace isobar::tools
