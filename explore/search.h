// Exhaustive and random exploration of a machine. Sees the transition system only: no SystemC, no YAML, no judge.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/machine/machine.h"
#include "model/state/flags.h"
#include "trace/outcome.h"

namespace isobar::explore {

struct Progress {
  u64 states = 0, transitions = 0, outcomes = 0;
  u64 frontier = 0;  ///< depth of the search stack
  double seconds = 0;
  /// Estimated share of the search that is done, 0 to 1, from the choices on the current path and the sizes that branches had
  /// so far. 0 for random schedules.
  double done = 0;
};

struct SearchOptions {
  bool reduction = true;      ///< take unobservable steps eagerly; off: every interleaving
  u64 max_states = 0;         ///< 0: no limit
  double timeout_seconds = 0; ///< 0: no limit
  bool witnesses = true;      ///< keep one transition list per outcome
  /// false: only runs in which every exclusive store succeeds, fewer by far. They have all outcomes if a store that fails leads
  /// back to its load and nothing of the round before is left.
  bool failing_exclusives = true;
  const std::atomic<bool>* interrupt = nullptr;      ///< polled; true ends the search with what it has
  std::function<void(const Progress&)> progress;     ///< called about ten times a second if set
};

enum class Status : u8 { Complete, Undetermined };

/// What was seen of one warning (model/state/flags.h).
struct FlagInfo {
  u64 count = 0;                           ///< distinct final states
  std::vector<model::Transition> witness;  ///< from the initial state, if asked for
};

/// What was seen of one outcome.
struct OutcomeInfo {
  u64 count = 0;                           ///< distinct final states that show it
  std::vector<model::Transition> witness;  ///< from the initial state, if asked for
  /// Of the final states that show it, those whose executions carry each warning, in the order of model::kFlagNames.
  std::array<FlagInfo, model::kFlagNames.size()> flags;
};

struct SearchResult {
  Status status = Status::Complete;
  std::string reason;  ///< why Undetermined: the bound that was hit, and how much of the search was done by then
  std::map<trace::Outcome, OutcomeInfo, trace::OutcomeLess> outcomes;
  u64 states = 0;       ///< distinct states kept
  u64 transitions = 0;  ///< steps taken, eager ones included
  u64 executions = 0;   ///< paths followed to their end, or to a state from which everything was explored already
  u64 dead = 0;         ///< paths given up because a guess was wrong or an order violated
  double seconds = 0;
};

/// Every outcome of `observables` over all executions of `m`.
SearchResult search(const model::Machine& m, const std::vector<trace::Observable>& observables,
                    const SearchOptions& options);

enum class RandomStrategy : u8 { Uniform, Pct };
struct RandomOptions {
  RandomStrategy strategy = RandomStrategy::Uniform;
  u64 runs = 1000;
  u64 seed = 1;
  unsigned pct_depth = 3;      ///< priority change points + 1
  u64 max_steps = 1'000'000;   ///< per run
  const std::atomic<bool>* interrupt = nullptr;
  std::function<void(const Progress&)> progress;
};
/// Outcomes of random schedules: a subset of search(); always Status::Undetermined.
SearchResult sample(const model::Machine& m, const std::vector<trace::Observable>& observables,
                    const RandomOptions& options);

/// Counts the final state `s`, reached by `path`, for its outcome; the shortest witnesses are kept if `witnesses`.
void count_outcome(SearchResult& result, const trace::Outcome& outcome, const model::MachineState& s,
                   const std::vector<model::Transition>& path, bool witnesses);

/// The values of `observables` in a finished state.
trace::Outcome observe(const model::Machine& m, const model::MachineState& s,
                       const std::vector<trace::Observable>& observables);

}  // namespace isobar::explore
