// Which thread of a program goes on: priorities, changes at random events, fairness to threads that spin.
//
// Owns: the strategies pct and delay over threads. Must not know: accesses, how a run is executed.
#pragma once

#include <map>
#include <vector>

#include "explore/random.h"
#include "linux-user/system.h"

namespace isobar::linux_hunt {

/// How the threads of one run take turns.
struct TurnOptions {
  bool in_order = false;  ///< threads begin in the order of their numbers (delay); else by random priorities (pct)
  unsigned changes = 0;   ///< events at which the thread that runs falls behind all others
  u64 events = 0;         ///< among how many events these are
  u64 seed = 1;           ///< of priorities and changes
};

class Turns {
 public:
  explicit Turns(const TurnOptions& options);

  /// The thread to run next; nullptr: none can. `changes`: how often shared memory has changed, see gives_way().
  linux_user::Thread* choose(const linux_user::System& system, u64 changes);
  /// The thread is at the next event. True: others come first now.
  bool event(i32 thread);
  /// The thread waits for others to do something: it comes last until shared memory has changed.
  void gives_way(i32 thread, u64 changes) { waits_[thread] = changes; }
  /// The thread has run for long; others come first from now on.
  void falls_behind(i32 thread) { rank_[thread] = --last_; }
  /// Could another thread run that comes first?
  bool is_overtaken(const linux_user::System& system, i32 thread, u64 changes);
  u64 events() const { return events_; }

 private:
  i64 rank(i32 thread);
  linux_user::Thread* first(const linux_user::System& system, u64 changes);

  TurnOptions options_;
  explore::Random random_;
  std::vector<u64> points_;    ///< events with a change, ascending
  std::map<i32, i64> rank_;    ///< the highest runs; falls below 0 with a change
  std::map<i32, u64> waits_;   ///< threads that gave way, and at how many changes
  i64 last_ = 0;
  u64 events_ = 0;
};

}  // namespace isobar::linux_hunt
