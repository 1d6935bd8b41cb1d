#include "session/walk.h"

#include <set>

#include "session/recording.h"
#include "support/diagnostic.h"

namespace isobar::session {

namespace {

/// Words of code that the run in `transitions` writes and some core fetches.
std::set<u64> modified_code(const Workload& w, const std::vector<model::Transition>& transitions) {
  std::set<u64> out;
  const model::MachineState end = run_steps(w, untimed(transitions));
  for (const model::CodeWord& c : end.storage.code) out.insert(c.addr);
  return out;
}

}  // namespace

std::vector<WalkStep> walk(const Workload& w, const Listing& listing,
                           const std::vector<model::Transition>& transitions) {
  const std::set<u64> modified = modified_code(w, transitions);
  const Narrator narrator(w, listing, modified);
  Repeater run(w);
  std::vector<WalkStep> steps;
  for (const Step& step : untimed(transitions)) {
    const model::MachineState before = run.state();
    const model::Transition& t = step.transition;
    Effects effects;
    if (!run.take(step, &effects)) throw InternalError("a found step is not allowed: " + describe(t));
    const bool of_changed_code =
        t.kind == model::TransitionKind::Fetch && modified.count(before.core[t.core].pc) != 0;
    if (!is_routine(t.kind) || of_changed_code)
      steps.push_back(narrator.tell(before, t, effects, run.state()));
  }
  return steps;
}

}  // namespace isobar::session
