// Everything that follows without choice: register arithmetic, addresses, branch resolution, barrier completion,
// context synchronisation, exceptions, retirement.
#pragma once

#include "model/state/machine_state.h"
#include "model/state/observer.h"
#include "model/thread/changes.h"

namespace isobar::model {

/// What settling may need besides the state of the core.
struct SettleContext {
  const MachineConfig& config;
  const Program& program;
  Observer* observer;
};

/// What a step has changed in the window of its core, for drivers that remember what they found there.
struct Settled {
  unsigned retired = 0;      ///< slots that have left the window at its old end
  Concerned slots{~u64{0}, 0};  ///< counted after that
  u16 disturbed = 0;         ///< other cores whose windows a write has changed

  /// Nothing has happened.
  static constexpr Settled nothing() { return {0, {0, 0}, 0}; }
  /// And then another step.
  void followed_by(const Settled& next) {
    const auto left = [&next](u64 mask) { return next.retired >= 64 ? 0 : mask >> next.retired; };
    retired += next.retired;
    slots = {left(slots.changed) | next.slots.changed, left(slots.awaited) | next.slots.awaited};
    disturbed = static_cast<u16>(disturbed | next.disturbed);
  }
};

/// Runs every deterministic step of core `core` until nothing changes, slots below `first` being settled already and those
/// of `touched` having been changed by what came before. May set MachineState::dead (Speculation::Prune) or discard and
/// refetch (Speculation::Squash).
Settled settle(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first = 0, u64 touched = ~u64{0});

/// Discards the instruction at slot `i` and everything younger, to be fetched again.
void restart(const SettleContext& ctx, MachineState& s, unsigned core, unsigned i);

/// Discards slots from `first` on, telling the observer.
void discard(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first);

}  // namespace isobar::model
