#include "linux-hunt/turns.h"

#include <algorithm>

namespace isobar::linux_hunt {

Turns::Turns(const TurnOptions& options) : options_(options), random_(options.seed) {
  for (unsigned i = 0; i < options.changes && options.events != 0; ++i)
    points_.push_back(1 + random_.below(options.events));
  std::sort(points_.begin(), points_.end());
}

i64 Turns::rank(i32 thread) {
  const auto known = rank_.find(thread);
  if (known != rank_.end()) return known->second;
  constexpr i64 kRanks = i64{1} << 40;
  const i64 r = options_.in_order ? kRanks - thread : static_cast<i64>(random_.below(kRanks));
  return rank_[thread] = r;
}

linux_user::Thread* Turns::first(const linux_user::System& system, u64 changes) {
  linux_user::Thread* best = nullptr;
  i64 best_rank = 0;
  for (linux_user::Thread* t : system.threads()) {
    const i64 r = rank(t->tid);
    if (!system.runs(*t) || (best != nullptr && r <= best_rank)) continue;
    if (const auto w = waits_.find(t->tid); w != waits_.end() && w->second == changes) continue;
    best = t;
    best_rank = r;
  }
  return best;
}

linux_user::Thread* Turns::choose(const linux_user::System& system, u64 changes) {
  linux_user::Thread* t = first(system, changes);
  if (t != nullptr || waits_.empty()) return t;
  // All of them wait for each other, or for time to pass.
  waits_.clear();
  return first(system, changes);
}

bool Turns::event(i32 thread) {
  ++events_;
  if (!std::binary_search(points_.begin(), points_.end(), events_)) return false;
  falls_behind(thread);
  return true;
}

bool Turns::is_overtaken(const linux_user::System& system, i32 thread, u64 changes) {
  const linux_user::Thread* t = first(system, changes);
  return t != nullptr && t->tid != thread;
}

}  // namespace isobar::linux_hunt
