// A failing schedule made shorter and easier to follow.
//
// Owns: which changes of a schedule are tried and what counts as simpler. Must not know: strategies' parameters,
// scenarios.
#pragma once

#include <atomic>
#include <compare>
#include <vector>

#include "hunt/run.h"

namespace isobar::hunt {

/// What makes one schedule harder to follow than another, most important first.
struct Cost {
  u64 switches = 0;   ///< times another core acts than before
  u64 overtakes = 0;  ///< accesses that take effect while an older one of their core has not
  u64 steps = 0;
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

Cost cost_of(const Target& target, const std::vector<model::Transition>& path);

struct Shrunk {
  std::vector<model::Transition> path;
  Cost before, after;
  u64 tried = 0;  ///< schedules run
};

struct ShrinkOptions {
  u64 max_tries = 4000;
  const std::atomic<bool>* interrupt = nullptr;
};

/// A schedule with the failure of `path` and no higher cost: steps are left out and blocks of steps of a core moved
/// together as long as the failure stays (Zeller, Hildebrandt, IEEE TSE 2002). What is left out comes later, in
/// the order of a machine that runs one core after the other in program order. Not always the shortest there is.
Shrunk shrink(const Target& target, const std::vector<model::Transition>& path, const Failure& failure,
              const ShrinkOptions& options = {});

}  // namespace isobar::hunt
