// Random schedules: uniform, and probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010).
#include <algorithm>
#include <chrono>

#include "explore/random.h"
#include "explore/reduction.h"
#include "explore/search.h"
#include "model/state/regions.h"

namespace isobar::explore {

using model::Transition;

namespace {

/// Chooses among enabled steps: uniformly, or by per-core priorities that change at `depth - 1` random points.
class Scheduler {
 public:
  Scheduler(const RandomOptions& o, unsigned cores, u64 run) : options_(o), random_(o.seed * 0x9e3779b97f4a7c15ull + run) {
    for (unsigned k = 0; k < cores; ++k) priority_.push_back(k + o.pct_depth);
    for (unsigned k = cores; k > 1; --k) std::swap(priority_[k - 1], priority_[random_.below(k)]);
    for (unsigned d = 1; d < o.pct_depth; ++d) change_.push_back(random_.below(kExpectedSteps));
  }

  Transition choose(const std::vector<Transition>& enabled, u64 step) {
    if (options_.strategy == RandomStrategy::Uniform) return enabled[random_.below(enabled.size())];
    for (std::size_t d = 0; d < change_.size(); ++d)
      if (change_[d] == step) *std::max_element(priority_.begin(), priority_.end()) = static_cast<unsigned>(d);
    unsigned best = 0;
    for (const Transition& t : enabled) best = std::max(best, priority_[t.core] + 1);
    std::vector<Transition> mine;
    for (const Transition& t : enabled)
      if (priority_[t.core] + 1 == best) mine.push_back(t);
    return mine[random_.below(mine.size())];
  }

 private:
  static constexpr u64 kExpectedSteps = 200;
  const RandomOptions& options_;
  Random random_;
  std::vector<unsigned> priority_;
  std::vector<u64> change_;
};

/// Looks at every ERET in the code of EL1.
bool isb_before_every_return(const model::Program& p) {
  constexpr u32 kIsb = 0xd5033fdf, kEret = 0xd69f03e0;
  for (const model::Segment& segment : p.segments) {
    u32 before = 0;
    for (std::size_t i = 0; i + 4 <= segment.bytes.size(); i += 4) {
      u32 word = 0;
      for (unsigned b = 4; b-- > 0;) word = word << 8 | segment.bytes[i + b];
      if (word == kEret && before != kIsb && model::permits(p, segment.base + i, model::kExecEl1)) return false;
      before = word;
    }
  }
  return true;
}

}  // namespace

SearchResult sample(const model::Machine& m, const std::vector<trace::Observable>& observables,
                    const RandomOptions& options) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  SearchResult result;
  result.status = Status::Undetermined;
  result.reason = "random schedules only";
  model::DirectFabric fabric = m.direct_fabric();
  std::vector<Transition> enabled;
  std::vector<Transition> path;
  for (u64 run = 0; run < options.runs; ++run) {
    if (options.interrupt != nullptr && options.interrupt->load()) {
      result.reason = "interrupted";
      break;
    }
    Scheduler scheduler(options, m.config().cores, run);
    model::MachineState s = m.initial();
    path.clear();
    for (u64 step = 0; step < options.max_steps && !s.dead; ++step) {
      enabled.clear();
      m.enabled(s, enabled);
      if (enabled.empty()) break;
      const Transition t = scheduler.choose(enabled, step);
      m.apply(s, t, fabric);
      path.push_back(t);
      ++result.transitions;
    }
    ++result.states;
    if (s.dead || !m.finished(s)) {
      ++result.dead;
    } else {
      count_outcome(result, observe(m, s, observables), s, path, true);
    }
    if (options.progress && run % 64 == 0)
      options.progress({result.states, result.transitions, result.outcomes.size(), 0,
                        std::chrono::duration<double>(Clock::now() - start).count()});
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

void learn_footprint(const model::Machine& m, Footprint& footprint) {
  footprint.set_returns_synchronise(m.config().eos || isb_before_every_return(m.program()));
  constexpr unsigned kRuns = 3;
  constexpr unsigned kSteps = 3000;
  model::DirectFabric fabric = m.direct_fabric();
  std::vector<Transition> enabled;
  for (unsigned run = 0; run < kRuns; ++run) {
    Random random(run + 1);
    model::MachineState s = m.initial();
    for (unsigned step = 0; step < kSteps && !s.dead; ++step) {
      enabled.clear();
      m.enabled(s, enabled);
      if (enabled.empty()) break;
      const Transition t = enabled[random.below(enabled.size())];
      record(footprint, m, s, t);
      m.apply(s, t, fabric);
    }
  }
  footprint.take_contradiction();
}

}  // namespace isobar::explore
