// Exclusive stores that fail, which searches may leave out.
#pragma once

#include "model/state/machine_state.h"
#include "model/state/transition.h"

namespace isobar::explore {

/// Is the step the guess that an exclusive store fails?
inline bool fails_exclusive(const model::MachineState& s, const model::Transition& t) {
  if (t.kind != model::TransitionKind::Predict || t.choice != 0) return false;
  const isa::Uop& u = *s.core[t.core].window[t.slot].uop;
  return u.kind == isa::UopKind::Write && u.mem.exclusive;
}

}  // namespace isobar::explore
