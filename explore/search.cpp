#include "explore/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "explore/exclusives.h"
#include "explore/fingerprints.h"
#include "explore/reduction.h"

namespace isobar::explore {

using model::MachineState;
using model::Transition;
using model::TransitionKind;

namespace {

using Clock = std::chrono::steady_clock;

/// A path that takes this many steps without a choice between cores is watched for closing a cycle: then the other cores
/// have been ignored all along, and the state is explored without reduction. A power of two; with 4096 the membarrier scenarios
/// take 297 s, with 64 or 16 17 s.
constexpr unsigned kCycleCheck = 64;

/// One state on the path from the initial state, with the steps still to try.
struct Frame {
  MachineState state;
  std::vector<Transition> steps;
  std::size_t next = 0;
  std::size_t path_length = 0;  ///< steps taken to get here
  u64 states_before = 0;        ///< kept when the step before `next` was taken
  unsigned since_choice = 0;    ///< steps since the last state of the path that was explored without reduction
  Digest mark;                  ///< of the state after the last power of two of these steps, from kCycleCheck on
};

/// Learns how the states behind a choice are spread over its branches. Paths meet again, so the first branch usually finds
/// nearly all of them; taking branches for equal would make an estimate of what is done far too small.
class BranchSizes {
 public:
  /// Branch number `branch` of some choice has led to `states` new states.
  void add(std::size_t branch, u64 states) { sizes_[std::min(branch, kLast)] += static_cast<double>(states); }
  /// Expected share of branch number `branch` in a choice of `branches`.
  double share(std::size_t branch, std::size_t branches) const {
    double all = 0;
    for (std::size_t i = 0; i < branches; ++i) all += sizes_[std::min(i, kLast)];
    return sizes_[std::min(branch, kLast)] / all;
  }

 private:
  static constexpr std::size_t kLast = 15;
  std::array<double, kLast + 1> sizes_ = [] {
    std::array<double, kLast + 1> out;
    out.fill(1);
    return out;
  }();
};

/// One pass of depth-first search with a visited set.
class Pass {
 public:
  Pass(const model::Machine& m, const std::vector<trace::Observable>& observables, const SearchOptions& options,
       Footprint& footprint, Clock::time_point start)
      : m_(m), observables_(observables), options_(options), footprint_(footprint), fabric_(m.direct_fabric()),
        start_(start) {}

  /// False if the pass was given up because the footprint grew.
  bool run(SearchResult& result) {
    result_ = &result;
    Frame& root = push();
    root.state = m_.initial();
    if (!arrive(root) && depth_ != 0) --depth_;
    while (depth_ != 0) {
      Frame& top = frames_[depth_ - 1];
      if (top.next != 0) sizes_.add(top.next - 1, result_->states - top.states_before);
      top.states_before = result_->states;
      if (top.next == top.steps.size()) {
        --depth_;
        continue;
      }
      if (!keep_going()) return true;
      if (options_.reduction && footprint_.take_contradiction()) return false;
      const Transition t = top.steps[top.next++];
      path_.resize(top.path_length);
      Frame& child = push();
      const Frame& parent = frames_[depth_ - 2];
      child.state = parent.state;
      child.since_choice = parent.since_choice;
      child.mark = parent.mark;
      take(child, t);
      if (!arrive(child) && depth_ != 0) --depth_;  // stop() empties the stack
    }
    return !(options_.reduction && footprint_.take_contradiction());
  }

 private:
  Frame& push() {
    if (depth_ == frames_.size()) frames_.emplace_back();
    Frame& f = frames_[depth_++];
    f.steps.clear();
    f.next = 0;
    f.since_choice = 0;
    return f;
  }

  void take(Frame& f, const Transition& t) {
    if (options_.reduction) record(footprint_, m_, f.state, t);
    m_.apply(f.state, t, fabric_);
    ++result_->transitions;
    path_.push_back(t);
  }

  /// Runs eager steps, recognises ends, and fills the steps to try. False if there is nothing to explore from here.
  bool arrive(Frame& f) {
    for (;; ++f.since_choice) {
      if (f.state.dead) return dead();
      f.steps.clear();
      m_.enabled(f.state, f.steps);
      if (!options_.failing_exclusives)
        std::erase_if(f.steps, [&](const Transition& t) { return fails_exclusive(f.state, t); });
      if (m_.finished(f.state)) record_outcome(f);
      if (f.steps.empty()) return end(f);
      const bool reduce = options_.reduction && !closes_cycle(f);
      const Plan p = reduce ? plan(m_, f.state, footprint_, f.steps) : Plan{};
      if (p.kind == Plan::Kind::Eager) {
        take(f, p.step);
        if (f.since_choice % kCycleCheck == 0 && !keep_going()) return false;
        continue;
      }
      f.path_length = path_.size();
      if (p.kind == Plan::Kind::Fork) return true;
      f.since_choice = 0;
      if (!visited_.insert(model::digest_with_flags(f.state))) {
        ++result_->executions;
        return false;
      }
      ++result_->states;
      return true;
    }
  }

  /// Has the path come back to a state without a choice between cores? Only then can the reduction ignore a core for ever
  /// (the cycle proviso of partial-order reduction: Clarke, Grumberg, Peled, Model Checking, C3). Brent's algorithm.
  static bool closes_cycle(Frame& f) {
    if (f.since_choice < kCycleCheck) return false;
    const Digest now = model::digest(f.state);
    if ((f.since_choice & (f.since_choice - 1)) != 0) return now == f.mark;
    f.mark = now;
    return false;
  }

  bool dead() {
    ++result_->dead;
    return false;
  }

  /// No step and not finished: an atomic whose reservation is lost, or an order that cannot be completed. Such paths are
  /// not executions; a machine that waits for ever ends in `finished` or in a cycle.
  bool end(const Frame& f) { return m_.finished(f.state) ? false : dead(); }

  /// A finished machine may still have steps (a timer that has not fired yet): its outcome counts all the same.
  void record_outcome(const Frame& f) {
    ++result_->executions;
    if (!finished_.insert(model::digest_with_flags(f.state))) return;
    ++result_->states;
    if (f.state.bound != nullptr) result_->reason = f.state.bound;
    count_outcome(*result_, observe(m_, f.state, observables_), f.state, path_, options_.witnesses);
  }

  bool keep_going() {
    if (options_.max_states != 0 && result_->states >= options_.max_states) return stop("state limit reached");
    if (++ticks_ % 256 != 0) return true;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (options_.interrupt != nullptr && options_.interrupt->load()) return stop("interrupted");
    if (options_.timeout_seconds > 0 && seconds > options_.timeout_seconds) return stop("time limit reached");
    if (options_.progress && seconds - last_progress_ > 0.1) {
      last_progress_ = seconds;
      options_.progress({result_->states, result_->transitions, result_->outcomes.size(), depth_, seconds, done()});
    }
    return true;
  }

  /// Progress::done: of each choice on the path, the share of the branches that are finished.
  double done() const {
    double finished = 0, weight = 1;
    for (std::size_t i = 0; i < depth_ && weight > 1e-12; ++i) {
      const Frame& f = frames_[i];
      if (f.next == 0) break;
      // The branch before `next` is being explored by the frames above.
      for (std::size_t b = 0; b + 1 < f.next; ++b) finished += weight * sizes_.share(b, f.steps.size());
      weight *= sizes_.share(f.next - 1, f.steps.size());
    }
    return finished;
  }

  bool stop(const std::string& why) {
    result_->status = Status::Undetermined;
    result_->reason = fmt::format("{}; about {:.1f} % of the search was done", why, 100 * done());
    depth_ = 0;
    return false;
  }

  const model::Machine& m_;
  const std::vector<trace::Observable>& observables_;
  const SearchOptions& options_;
  Footprint& footprint_;
  model::DirectFabric fabric_;
  Clock::time_point start_;
  SearchResult* result_ = nullptr;
  FingerprintSet visited_, finished_;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;
  std::vector<Transition> path_;
  BranchSizes sizes_;
  u64 ticks_ = 0;
  double last_progress_ = 0;
};

}  // namespace

SearchResult search(const model::Machine& m, const std::vector<trace::Observable>& observables,
                    const SearchOptions& options) {
  const Clock::time_point start = Clock::now();
  Footprint footprint;
  if (options.reduction) learn_footprint(m, footprint);
  for (;;) {
    SearchResult result;
    const bool stable = Pass(m, observables, options, footprint, start).run(result);
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (stable) return result;
  }
}

}  // namespace isobar::explore
