// Which enabled steps search may take without exploring the alternatives.
#pragma once

#include <vector>

#include "explore/footprint.h"
#include "model/machine/machine.h"

namespace isobar::explore {

/// What to do at a state.
struct Plan {
  enum class Kind : u8 {
    Eager,   ///< take `steps[0]` in place: nothing another core does can notice or be noticed
    Fork,    ///< take each of `steps`, a persistent set: guesses of one entry
    All,     ///< take each enabled step
  } kind = Kind::All;
  model::Transition step;  ///< Eager
};

/// Decides for the state `s` with enabled steps `enabled`; for Fork, `enabled` is cut down to the set.
///
/// Eager steps are sound because they commute with every step of other cores and disable nothing of their own core:
/// fetches of words nobody writes, accesses to private granules once every older address is known, cache maintenance
/// of lines nobody modifies, bookkeeping by the host. Guesses fork at once: a guess is independent of everything but
/// what would check it, and a wrong one is explored as a dead path (operational-model.md 4.3 and 4.4).
Plan plan(const model::Machine& m, const model::MachineState& s, const Footprint& footprint,
          std::vector<model::Transition>& enabled);

/// A first guess of the footprint, from a few random runs.
void learn_footprint(const model::Machine& m, Footprint& footprint);

/// Tells `footprint` which memory step `t` is about to touch in state `s`.
void record(Footprint& footprint, const model::Machine& m, const model::MachineState& s, const model::Transition& t);

}  // namespace isobar::explore
