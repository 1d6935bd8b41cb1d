#include "hunt/strategy.h"

#include <algorithm>
#include <array>

#include "model/thread/window.h"

namespace isobar::hunt {

using model::MachineState;
using model::Transition;
using model::TransitionKind;

namespace {

constexpr std::array<std::string_view, 3> kNames = {"random", "pct", "delay"};

/// Rounds of a loop after which a core gives way: a core that spins must not run for ever.
constexpr unsigned kLoops = 4;
/// Of an access that is free to go, among priorities.
constexpr i64 kWaiting = INT64_MIN;

/// Steps of the machine that no instruction asks for.
bool is_asynchronous(TransitionKind k) {
  return k == TransitionKind::TimerTick || k == TransitionKind::TakeInterrupt || k == TransitionKind::SystemEffect;
}

}  // namespace

std::string_view name(Strategy s) { return kNames[static_cast<std::size_t>(s)]; }

std::optional<Strategy> strategy_named(std::string_view text) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Strategy>(found - kNames.begin());
}

bool is_effect(TransitionKind k) {
  switch (k) {
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite:
    case TransitionKind::CleanData:
    case TransitionKind::InvalidateInstruction:
    case TransitionKind::SystemAction: return true;
    default: return false;
  }
}

bool is_event(const MachineState& s, const Transition& t, const Size& size) {
  if (t.kind == TransitionKind::Fetch)
    return std::binary_search(size.modified.begin(), size.modified.end(), s.core[t.core].pc);
  return is_effect(t.kind);
}

Scheduler::Scheduler(const StrategyOptions& options, const Size& size, unsigned cores, u64 run)
    : options_(options), size_(size), random_(options.seed * 0x9e3779b97f4a7c15ull + run), core_(cores) {
  if (options.strategy == Strategy::Random) return;
  const bool pct = options.strategy == Strategy::Pct;
  const unsigned changes = pct ? std::max(options.depth, 1u) - 1 : options.depth;
  for (unsigned c = 0; c < cores; ++c) core_[c].priority = changes + cores - c;
  for (unsigned c = cores; pct && c > 1; --c) std::swap(core_[c - 1].priority, core_[random_.below(c)].priority);
  for (unsigned i = 0; i < changes; ++i) {
    const u64 event = random_.below(size.events);
    const bool access = random_.below(2) != 0;
    changes_.push_back({event, access, static_cast<i64>(changes - i), 1 + random_.below(size.events)});
  }
}

std::size_t Scheduler::choose(const MachineState& s, const std::vector<Transition>& enabled) {
  if (options_.strategy == Strategy::Random) {
    const std::size_t i = random_.below(enabled.size());
    event_ += is_event(s, enabled[i], size_);
    return i;
  }
  for (;;) {
    const std::size_t i = pick(s, enabled);
    const Transition& t = enabled[i];
    const bool event = is_event(s, t, size_);
    if (event && change(s, t)) continue;
    event_ += event;
    CoreState& c = core_[t.core];
    if (is_asynchronous(t.kind)) {
      c.countdown = kNever;
    } else if (c.countdown != kNever && c.countdown != 0) {
      --c.countdown;
    }
    follow_spinning(s, t);
    return i;
  }
}

/// The steps of whatever has the highest priority.
std::size_t Scheduler::pick(const MachineState& s, const std::vector<Transition>& enabled) {
  candidates_.clear();
  i64 best = kWaiting;
  unsigned core = 0;
  for (std::size_t i = 0; i < enabled.size(); ++i) {
    const i64 p = priority_of(s, enabled[i]);
    if (candidates_.empty() || p > best) {
      candidates_.clear();
      best = p;
      core = enabled[i].core;
    }
    if (p == best && enabled[i].core == core) candidates_.push_back(i);
  }
  return among(s, enabled, candidates_);
}

i64 Scheduler::priority_of(const MachineState& s, const Transition& t) {
  if (is_asynchronous(t.kind)) return asynchronous_waits(t) ? kWaiting : core_[t.core].current();
  if (is_effect(t.kind) && !held_.empty()) {
    const u32 seq = s.core[t.core].window[t.slot].seq;
    for (const Held& h : held_) {
      if (h.core == t.core && h.seq == seq && event_ < h.until) return h.priority;
    }
  }
  return core_[t.core].current();
}

/// Half of the interrupts come as soon as they can, the others some steps of their core later.
bool Scheduler::asynchronous_waits(const Transition& t) {
  CoreState& c = core_[t.core];
  if (c.countdown == kNever) c.countdown = random_.below(2) == 0 ? 0 : random_.below(4 * size_.events + 1);
  return c.countdown != 0;
}

/// In a core the oldest step that can be taken; where it has alternatives, one of them.
std::size_t Scheduler::among(const MachineState& s, const std::vector<Transition>& enabled,
                             const std::vector<std::size_t>& mine) {
  // One that waits is here only if nothing else is left.
  const auto asynchronous =
      std::find_if(mine.begin(), mine.end(), [&](std::size_t i) { return is_asynchronous(enabled[i].kind); });
  const Transition first = enabled[asynchronous == mine.end() ? mine.front() : *asynchronous];
  std::vector<std::size_t> same;
  for (const std::size_t i : mine) {
    const Transition& t = enabled[i];
    if (t.kind == first.kind && (t.slot == first.slot || is_asynchronous(t.kind))) same.push_back(i);
  }
  if (same.size() == 1) return same.front();
  // The last alternative is the newest word, or a store-exclusive that succeeds.
  const bool versions = first.kind == TransitionKind::Fetch || first.kind == TransitionKind::Translate;
  if (versions && random_.below(2) == 0) return same.back();
  const bool exclusive = first.kind == TransitionKind::Predict &&
                         s.core[first.core].window[first.slot].uop->mem.exclusive;
  if (exclusive && random_.below(8) != 0) return same.back();
  return same[random_.below(same.size())];
}

/// Holds back what is about to happen if this is a point of change. True if something else must be picked.
bool Scheduler::change(const MachineState& s, const Transition& t) {
  const auto due = std::find_if(changes_.begin(), changes_.end(), [&](const Change& c) { return c.event <= event_; });
  if (due == changes_.end()) return false;
  const Change c = *due;
  changes_.erase(due);
  const bool pct = options_.strategy == Strategy::Pct;
  if (c.access && is_effect(t.kind)) {
    const u32 seq = s.core[t.core].window[t.slot].seq;
    held_.push_back({t.core, seq, pct ? c.priority : kWaiting, pct ? kNever : event_ + c.length});
  } else if (pct) {
    core_[t.core].priority = c.priority;
  } else {
    core_[t.core].priority = --lowest_;
  }
  return true;
}

/// A core that goes round and round waits for another to write something; until then the others go first.
void Scheduler::follow_spinning(const MachineState& s, const Transition& t) {
  if (t.kind == TransitionKind::PropagateWrite) {
    for (unsigned k = 0; k < core_.size(); ++k) {
      if (k != t.core) core_[k].spinning = 0, core_[k].loops = 0;
    }
  }
  if (t.kind != TransitionKind::Fetch) return;
  const u64 pc = s.core[t.core].pc;
  CoreState& c = core_[t.core];
  if (pc <= c.last_fetch && ++c.loops >= kLoops) {
    c.loops = 0;
    c.spinning = --lowest_;
  }
  c.last_fetch = pc;
}

}  // namespace isobar::hunt
