#include "hunt/shrink.h"

#include <algorithm>

#include "hunt/leave_out.h"
#include "model/machine/machine.h"
#include "model/thread/window.h"

namespace isobar::hunt {

using model::Entry;
using model::MachineState;
using model::Transition;
using model::TransitionKind;

namespace {

/// A step by what it does: it keeps its meaning when steps before it are left out.
struct Action {
  TransitionKind kind = TransitionKind::Fetch;
  u8 core = 0;
  u64 pc = 0;      ///< of the instruction concerned
  u8 index = 0;    ///< which of its micro-operations
  u64 choice = 0;  ///< as in Transition; of a forwarding: pc of the store, and the first byte
  friend bool operator==(const Action&, const Action&) = default;
};

Action action_of(const MachineState& s, const Transition& t) {
  const model::Core& c = s.core[t.core];
  Action a{t.kind, t.core, c.pc, 0, t.choice};
  if (t.slot < c.window.size()) {
    a.pc = c.window[t.slot].pc;
    a.index = c.window[t.slot].index;
  }
  if (t.kind == TransitionKind::ForwardRead)
    a.choice = c.window[model::forward_slot(t.choice)].pc << 8 | model::forward_first(t.choice);
  return a;
}

bool is_pending_access(const Entry& e) {
  return model::is_access(e) && !e.fired && !e.inert;
}

u64 overtaken(const MachineState& s, const Transition& t) {
  if (!is_effect(t.kind)) return 0;
  const auto& w = s.core[t.core].window;
  return static_cast<u64>(std::count_if(w.begin(), w.begin() + t.slot, is_pending_access));
}

/// Adds up the cost of a run as it goes.
class Meter {
 public:
  void add(const MachineState& s, const Transition& t) {
    cost_.switches += cost_.steps != 0 && t.core != core_;
    cost_.overtakes += overtaken(s, t);
    ++cost_.steps;
    core_ = t.core;
  }
  const Cost& cost() const { return cost_; }

 private:
  Cost cost_;
  u8 core_ = 0;
};

/// A schedule that was run, and what came of it.
struct Candidate {
  std::vector<Action> actions;
  std::vector<Transition> path;
  Cost cost;
  std::optional<Failure> failure;
};

/// Follows a list of actions as far as it goes and ends the run in order: the core that acts goes on while it can.
class Follower {
 public:
  Follower(const std::vector<Action>& list, unsigned cores)
      : list_(list), ending_({Strategy::Delay, 0, 1}, {cores, 1}, cores, 0) {}

  std::size_t choose(const MachineState& s, const std::vector<Transition>& enabled) {
    std::size_t chosen = enabled.size();
    for (; next_ < list_.size() && chosen == enabled.size(); ++next_) {
      for (std::size_t i = 0; i < enabled.size() && chosen == enabled.size(); ++i) {
        if (enabled[i].core == list_[next_].core && enabled[i].kind == list_[next_].kind &&
            action_of(s, enabled[i]) == list_[next_])
          chosen = i;
      }
    }
    if (chosen == enabled.size()) chosen = ending_.choose(s, enabled);
    done.push_back(action_of(s, enabled[chosen]));
    meter.add(s, enabled[chosen]);
    return chosen;
  }

  std::vector<Action> done;
  Meter meter;

 private:
  const std::vector<Action>& list_;
  std::size_t next_ = 0;
  Scheduler ending_;
};

Candidate follow(const Target& target, const std::vector<Action>& list, u64 max_steps) {
  Follower follower(list, target.machine->config().cores);
  Run run = run_with(target, max_steps, [&](const MachineState& s, const std::vector<Transition>& enabled) {
    return std::optional(follower.choose(s, enabled));
  });
  return {std::move(follower.done), std::move(run.path), follower.meter.cost(), std::move(run.failure)};
}

class Shrinker {
 public:
  Shrinker(const Target& target, const Failure& failure, const ShrinkOptions& options, Candidate start)
      : target_(target), failure_(failure), options_(options), best_(std::move(start)) {}

  void run() {
    for (bool better = true; better && going();) {
      better = join_blocks();
      better |= put_in_order();
      better |= leave_out();
    }
  }
  const Candidate& best() const { return best_; }
  u64 tried() const { return tried_; }

 private:
  bool going() const {
    return tried_ < options_.max_tries && (options_.interrupt == nullptr || !options_.interrupt->load());
  }

  bool attempt(const std::vector<Action>& list) {
    if (!going()) return false;
    ++tried_;
    Candidate c = follow(target_, list, 2 * best_.cost.steps + kSlack);
    if (c.failure != failure_ || c.cost >= best_.cost) return false;
    best_ = std::move(c);
    return true;
  }

  bool leave_out() {
    return leave_out_parts([this] { return best_.actions; }, [this](const auto& list) { return attempt(list); },
                           [this] { return going(); });
  }

  /// First action of another core from `at` on.
  std::size_t block_end(std::size_t at) const {
    std::size_t end = at;
    while (end < best_.actions.size() && best_.actions[end].core == best_.actions[at].core) ++end;
    return end;
  }

  /// Exchanges the actions [from, middle) and [middle, to).
  bool move(std::size_t from, std::size_t middle, std::size_t to) {
    std::vector<Action> list = best_.actions;
    const auto begin = list.begin();
    std::rotate(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(middle),
                begin + static_cast<std::ptrdiff_t>(to));
    return attempt(list);
  }

  /// Takes the next effect of a core before this one: it may have been the older of the two.
  bool put_in_order() {
    bool better = false;
    for (std::size_t at = 0; at < best_.actions.size() && going(); ++at) {
      if (!is_effect(best_.actions[at].kind)) continue;
      std::size_t next = at + 1;
      while (next < best_.actions.size() &&
             !(best_.actions[next].core == best_.actions[at].core && is_effect(best_.actions[next].kind)))
        ++next;
      if (next < best_.actions.size()) better |= move(at, next, next + 1);
    }
    return better;
  }

  /// Brings a block of steps together with the next one of its core: that one earlier, or this one later.
  bool join_blocks() {
    bool better = false;
    for (std::size_t at = 0; at < best_.actions.size() && going();) {
      const std::size_t end = block_end(at);
      std::size_t next = end;
      while (next < best_.actions.size() && best_.actions[next].core != best_.actions[at].core) ++next;
      if (next == best_.actions.size()) {
        at = end;
        continue;
      }
      if (move(end, next, block_end(next)) || move(at, end, next)) {
        better = true;
      } else {
        at = end;
      }
    }
    return better;
  }

  static constexpr u64 kSlack = 200;  ///< steps that a candidate may have beyond twice those of the best

  const Target& target_;
  const Failure& failure_;
  const ShrinkOptions& options_;
  Candidate best_;
  u64 tried_ = 0;
};

/// The actions of a path of the machine.
Candidate measured(const Target& target, const std::vector<Transition>& path) {
  const model::Machine& m = *target.machine;
  model::DirectFabric fabric = m.direct_fabric();
  MachineState s = m.initial();
  Candidate c;
  Meter meter;
  for (const Transition& t : path) {
    meter.add(s, t);
    c.actions.push_back(action_of(s, t));
    m.apply(s, t, fabric);
  }
  c.path = path;
  c.cost = meter.cost();
  return c;
}

}  // namespace

Cost cost_of(const Target& target, const std::vector<Transition>& path) { return measured(target, path).cost; }

Shrunk shrink(const Target& target, const std::vector<Transition>& path, const Failure& failure,
              const ShrinkOptions& options) {
  Candidate start = measured(target, path);
  Shrunk out;
  out.before = start.cost;
  Shrinker shrinker(target, failure, options, std::move(start));
  shrinker.run();
  out.path = shrinker.best().path;
  out.after = shrinker.best().cost;
  out.tried = shrinker.tried();
  return out;
}

}  // namespace isobar::hunt
