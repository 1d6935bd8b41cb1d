#include "session/stepper.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

#include "explore/shortest.h"

namespace isobar::session {

using model::MachineState;
using model::Transition;

namespace {

/// Going back takes at most this many steps from a state that was kept.
constexpr std::size_t kCheckpointDistance = 32;

/// play() takes at most so many times more steps than it is to take: those that end in wrong guesses.
constexpr std::size_t kReturnFactor = 20;

/// A step that assumes something which may turn out wrong: Predict, and that an IC has no effect because no DSB follows.
bool is_guess(const Transition& t) {
  return t.kind == model::TransitionKind::Predict ||
         (t.kind == model::TransitionKind::InvalidateInstruction && t.choice != 0);
}

void apply(const model::Machine& m, model::DirectFabric& fabric, MachineState& s, const Step& step,
           model::Observer* observer = nullptr) {
  s.storage.time = std::max(s.storage.time, step.time);
  m.apply(s, step.transition, fabric, observer);
}

}  // namespace

Stepper::Stepper(Workload w)
    : w_(std::move(w)),
      listing_(w_),
      narrator_(w_, listing_, {}),
      fabric_(w_.machine->direct_fabric()),
      state_(w_.machine->initial()) {
  checkpoints_.emplace(0, state_);
}

void Stepper::forget() { choices_.reset(); }

const std::vector<Choice>& Stepper::choices() const {
  if (choices_) return *choices_;
  std::vector<Transition> enabled;
  w_.machine->enabled(state_, enabled);
  std::vector<Choice> all;
  for (const Transition& t : enabled) {
    MachineState after = state_;
    model::DirectFabric fabric = w_.machine->direct_fabric();
    Effects effects;
    w_.machine->apply(after, t, fabric, &effects);
    all.push_back({t, narrator_.tell(state_, t, effects, after), after.dead});
  }
  choices_ = std::move(all);
  return *choices_;
}

WalkStep Stepper::told(std::size_t n) const {
  const MachineState before = state_at(n);
  MachineState after = before;
  model::DirectFabric fabric = w_.machine->direct_fabric();
  Effects effects;
  apply(*w_.machine, fabric, after, steps_[n], &effects);
  return narrator_.tell(before, steps_[n].transition, effects, after);
}

MachineState Stepper::state_at(std::size_t n) const {
  auto from = std::prev(checkpoints_.upper_bound(n));
  const bool here = position_ <= n && position_ >= from->first;
  MachineState s = here ? state_ : from->second;
  model::DirectFabric fabric = w_.machine->direct_fabric();
  for (std::size_t i = here ? position_ : from->first; i < n; ++i) apply(*w_.machine, fabric, s, steps_[i]);
  return s;
}

bool Stepper::take(const Step& step) {
  const u64 before = state_.storage.time;
  state_.storage.time = std::max(before, step.time);
  std::vector<Transition> enabled;
  w_.machine->enabled(state_, enabled);
  if (std::find(enabled.begin(), enabled.end(), step.transition) == enabled.end()) {
    state_.storage.time = before;
    return false;
  }
  const bool again = position_ < steps_.size() && steps_[position_].transition == step.transition &&
                     steps_[position_].time == step.time;
  if (!again) {
    steps_.resize(position_);
    checkpoints_.erase(checkpoints_.upper_bound(position_), checkpoints_.end());
    steps_.push_back(step);
  }
  w_.machine->apply(state_, step.transition, fabric_);
  if (++position_ % kCheckpointDistance == 0) checkpoints_.emplace(position_, state_);
  forget();
  return true;
}

bool Stepper::jump(std::size_t n) {
  if (n > steps_.size()) return false;
  state_ = state_at(n);
  position_ = n;
  forget();
  return true;
}

bool Stepper::give_up_guess(std::size_t from, std::vector<Tried>& tried) {
  std::size_t n = position_;
  while (n > from && !is_guess(steps_[n - 1].transition)) --n;
  if (n == from) return false;
  jump(n - 1);
  tried.erase(std::remove_if(tried.begin(), tried.end(), [&](const Tried& t) { return t.position > position_; }),
              tried.end());
  tried.push_back({position_, steps_[position_].transition});
  return true;
}

std::size_t Stepper::play(Pick pick, u64 seed, std::size_t most) {
  std::mt19937_64 random(seed);
  const std::size_t from = position_;
  std::vector<Tried> tried;
  bool cautious = false;
  for (std::size_t n = 0; n < kReturnFactor * most && position_ - from < most; ++n) {
    std::vector<Transition> open, guesses;
    for (const Choice& c : choices()) {
      const bool again = std::any_of(tried.begin(), tried.end(), [&](const Tried& t) {
        return t.position == position_ && t.transition == c.transition;
      });
      const bool guess = cautious && is_guess(c.transition);
      if (!c.dead && !again) (guess ? guesses : open).push_back(c.transition);
    }
    if (open.empty()) open = std::move(guesses);
    if (open.empty()) {
      if (w_.machine->finished(state_) || !give_up_guess(from, tried)) break;
      cautious = true;
      continue;
    }
    take({state_.storage.time, open[pick == Pick::First ? 0 : random() % open.size()]});
  }
  return position_ - from;
}

std::size_t Stepper::replace(const std::vector<Step>& steps) {
  jump(0);
  steps_.clear();
  checkpoints_.erase(std::next(checkpoints_.begin()), checkpoints_.end());
  forget();
  std::size_t allowed = 0;
  while (allowed < steps.size() && take(steps[allowed])) ++allowed;
  jump(0);
  return allowed;
}

const explore::SearchResult& Stepper::outcomes() {
  if (!outcomes_) {
    explore::SearchOptions options;
    options.max_states = kSessionStates;
    options.timeout_seconds = kSessionSeconds;
    outcomes_ = explore::search(*w_.machine, w_.observables, options);
  }
  return *outcomes_;
}

std::optional<std::vector<Transition>> Stepper::shortest(const Goal& goal) {
  const auto wanted = [&](const MachineState& s) {
    return goal.holds(w_, explore::observe(*w_.machine, s, w_.observables));
  };
  std::optional<std::vector<Transition>> best;
  for (const auto& [outcome, info] : outcomes().outcomes) {
    if (goal.holds(w_, outcome) && (!best || info.witness.size() < best->size())) best = info.witness;
  }
  // Where the search was complete and found none, there is none.
  if (!best && outcomes().status == explore::Status::Complete) return std::nullopt;
  if (auto run = explore::shortest_run(*w_.machine, wanted)) return run;
  return best;
}

trace::Trace Stepper::record() const {
  const std::vector<Step> taken(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(position_));
  return make_trace(w_, "manual", 0, taken, w_.machine->finished(state_));
}

}  // namespace isobar::session
