// Everything that follows without choice: register arithmetic, addresses, branch resolution, barrier completion,
// context synchronisation, exceptions, retirement.
#pragma once

#include "model/state/machine_state.h"
#include "model/state/observer.h"

namespace isobar::model {

/// What settling may need besides the state of the core.
struct SettleContext {
  const MachineConfig& config;
  const Program& program;
  Observer* observer;
};

/// Runs every deterministic step of core `core` until nothing changes. May set MachineState::dead
/// (Speculation::Prune) or discard and refetch (Speculation::Squash).
void settle(const SettleContext& ctx, MachineState& s, unsigned core);

/// Discards the instruction at slot `i` and everything younger, to be fetched again.
void restart(const SettleContext& ctx, MachineState& s, unsigned core, unsigned i);

/// Discards slots from `first` on, telling the observer.
void discard(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first);

}  // namespace isobar::model
