// The shortest run that ends in a wanted way, for people to read.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "model/machine/machine.h"

namespace isobar::explore {

struct ShortestOptions {
  u64 max_states = 30'000;                       ///< states kept; each holds a whole machine while it waits
  double timeout_seconds = 10;                   ///< 0: no limit
  bool failing_exclusives = true;                ///< false: only runs in which every exclusive store succeeds
  const std::atomic<bool>* interrupt = nullptr;  ///< polled; true ends the search without a result
};

/// A run from the initial state to a finished state that `wanted` accepts, with the fewest steps, fetches not
/// counted; of those the one with the fewest accesses ahead of older ones and then the fewest changes of the
/// core that acts. nullopt if there is none or a limit was hit first. A fetch without alternatives is taken
/// as soon as it is possible, so a run that needs a late fetch of code which another core changes may be
/// missed.
std::optional<std::vector<model::Transition>> shortest_run(
    const model::Machine& m, const std::function<bool(const model::MachineState&)>& wanted,
    const ShortestOptions& options = {});

}  // namespace isobar::explore
