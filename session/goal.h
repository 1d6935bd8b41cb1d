// Which final states a question is about.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "explore/search.h"
#include "session/workload.h"

namespace isobar::session {

struct Goal {
  std::string text;  ///< as the user said it, or the condition of the test
  /// For outcomes of the workload the goal was made for, and of changed machines and programs of the same
  /// test.
  std::function<bool(const Workload&, const trace::Outcome&)> holds;
};

/// The states that `outcome` names, such as "1:X0=1; 1:X2=0" or "P1.X0=1; x=2": those that show every item of
/// it. Without it the states the test is about: litmus, those of the condition (of a forall, those that break
/// it); scenario, those that decide the first expectation that fails, else the first `never`, else the first
/// that applies. `seen` is what a search of `w` found. Throws InputError if `outcome` names something that
/// the test does not show, with the column in `outcome`, or if there is neither an outcome nor an
/// expectation.
Goal goal_of(const Workload& w, const std::optional<std::string>& outcome, const explore::SearchResult& seen);

}  // namespace isobar::session
