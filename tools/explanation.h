// Why a state of a test is allowed or forbidden, and which single change would turn that round.
#pragma once

#include <optional>
#include <string>

#include "tools/progress.h"
#include "tools/report.h"
#include "tools/search_flags.h"
#include "tools/workload.h"

namespace isobar::tools {

inline constexpr const char* kExplainFormat = "isobar-explain/1";

struct ExplainOptions {
  std::optional<std::string> outcome;  ///< state to explain; empty: what the test is about
  bool repair = false;                 ///< of an allowed state: look for strengthenings that forbid it
  SearchFlags search;                  ///< limits of each search
};

/// Allowed: the shortest run as a walk and, if asked for, the repairs (Differs if none suffices). Forbidden:
/// the axiom with its cycle, and what could be weakened. Undetermined if a limit was hit before the state was
/// found. Throws InputError as goal_of() does.
CaseReport explain_workload(const Workload& w, const ExplainOptions& options, ProgressLine& progress);

}  // namespace isobar::tools
