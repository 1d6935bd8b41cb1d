// Everything that follows without choice: register arithmetic, addresses, branch resolution, barrier completion,
// context synchronisation, exceptions, retirement.
#pragma once

#include <algorithm>

#include "model/state/machine_state.h"
#include "model/state/observer.h"

namespace isobar::model {

/// What settling may need besides the state of the core.
struct SettleContext {
  const MachineConfig& config;
  const Program& program;
  Observer* observer;
};

/// What a step has left alone in the window of its core, for drivers that remember what they found there.
struct Settled {
  unsigned retired = 0;    ///< slots that have left the window at its old end
  unsigned unchanged = 0;  ///< slots, counted after that, of which nothing has changed, nor what they wait for
  u16 disturbed = 0;       ///< other cores whose windows a write has changed

  /// And then another step.
  void followed_by(const Settled& next) {
    retired += next.retired;
    unchanged = std::min(unchanged - std::min(unchanged, next.retired), next.unchanged);
    disturbed = static_cast<u16>(disturbed | next.disturbed);
  }
};

/// Runs every deterministic step of core `core` until nothing changes, slots below `first` being settled already. May
/// set MachineState::dead (Speculation::Prune) or discard and refetch (Speculation::Squash).
Settled settle(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first = 0);

/// Discards the instruction at slot `i` and everything younger, to be fetched again.
void restart(const SettleContext& ctx, MachineState& s, unsigned core, unsigned i);

/// Discards slots from `first` on, telling the observer.
void discard(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first);

}  // namespace isobar::model
