// Which step a hunt takes next: strategies of testing over the steps of a machine.
//
// Owns: priorities, points of change, accesses that are held back, fairness to cores that spin. Must not know: what
// counts as a failure, scenarios.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "explore/random.h"
#include "model/machine/machine.h"

namespace isobar::hunt {

enum class Strategy : u8 {
  Random,  ///< uniform over the enabled steps
  Pct,     ///< cores by random priorities; at `depth - 1` random events a core falls back or an access is held back
  Delay,   ///< cores one after the other; `depth` random events are delayed, by core or by access
};
std::string_view name(Strategy s);
/// nullopt if `text` names none.
std::optional<Strategy> strategy_named(std::string_view text);

/// What the strategies need to know of a program.
struct Size {
  unsigned cores = 1;  ///< n: cores that do something
  u64 events = 1;      ///< k: events of a run without changes, the most over some runs
  std::vector<u64> modified = {};  ///< words of code that are written, sorted: their fetches are events
};

struct StrategyOptions {
  Strategy strategy = Strategy::Pct;
  unsigned depth = 3;  ///< Pct: d; Delay: number of delays
  u64 seed = 1;
};

/// An access or cache maintenance that takes effect.
bool is_effect(model::TransitionKind k);
/// What strategies count and delay: effects, and fetches of words that are written.
bool is_event(const model::MachineState& s, const model::Transition& t, const Size& size);

/// Chooses the steps of one run. The same options, size and run give the same choices.
class Scheduler {
 public:
  Scheduler(const StrategyOptions& options, const Size& size, unsigned cores, u64 run);

  /// Index into `enabled`, which is not empty: the steps that `s` allows.
  std::size_t choose(const model::MachineState& s, const std::vector<model::Transition>& enabled);

  u64 events() const { return event_; }

 private:
  static constexpr u64 kNever = ~u64{0};

  /// A point at which the run leaves its course.
  struct Change {
    u64 event = 0;
    bool access = false;  ///< hold the access back instead of the core; a fetch never
    i64 priority = 0;     ///< Pct: of what is held back from then on
    u64 length = 0;       ///< Delay: events that the access waits
  };
  /// An access that waits.
  struct Held {
    u8 core = 0;
    u32 seq = 0;
    i64 priority = 0;
    u64 until = kNever;  ///< number of the event at which it is free again
  };

  std::size_t pick(const model::MachineState& s, const std::vector<model::Transition>& enabled);
  i64 priority_of(const model::MachineState& s, const model::Transition& t);
  std::size_t among(const model::MachineState& s, const std::vector<model::Transition>& enabled,
                    const std::vector<std::size_t>& mine);
  bool change(const model::MachineState& s, const model::Transition& t);
  bool asynchronous_waits(const model::Transition& t);
  void follow_spinning(const model::MachineState& s, const model::Transition& t);

  struct CoreState {
    i64 priority = 0;
    i64 spinning = 0;     ///< not 0: its priority until another core has written
    i64 current() const { return spinning != 0 ? spinning : priority; }
    u64 last_fetch = 0;
    unsigned loops = 0;   ///< backward fetches since it last gave way or another core wrote
    u64 countdown = kNever;  ///< steps of the core until an interrupt that can come does
  };

  StrategyOptions options_;
  Size size_;
  explore::Random random_;
  std::vector<CoreState> core_;
  std::vector<Change> changes_;
  std::vector<Held> held_;
  std::vector<std::size_t> candidates_;
  i64 lowest_ = 0;  ///< priority given last to a core that falls behind all others
  u64 event_ = 0;
};

}  // namespace isobar::hunt
