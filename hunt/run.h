// One run of a machine under a scheduler, and whether it failed.
//
// Owns: what a failure is. Must not know: scenarios, how schedules are chosen or shrunk.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hunt/race.h"
#include "hunt/strategy.h"
#include "model/machine/machine.h"
#include "trace/execution.h"
#include "trace/outcome.h"

namespace isobar::hunt {

enum class FailureKind : u8 {
  Assertion,  ///< the final state is one that must not be
  Deadlock,   ///< a core has work left and no step is possible
  Race,       ///< two accesses to race-free memory conflict and are not ordered
};
std::string_view name(FailureKind k);

struct Failure {
  FailureKind kind = FailureKind::Assertion;
  std::string what;  ///< the assertion, the cores that hang; equal for what counts as the same failure
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// What a hunt looks for. Its functions are called from several threads.
struct Target {
  const model::Machine* machine = nullptr;  ///< must undo wrong guesses (Speculation::Squash)
  std::vector<trace::Observable> observables;
  /// The assertion that a final state breaks, in words; nullopt if none.
  std::function<std::optional<std::string>(const trace::Outcome&)> broken;
  RaceRules races;
  std::function<std::string(const Race&)> tell;  ///< a race in words; needed if some memory is race-free
  u64 max_steps = 200'000;  ///< per run; one that is longer is given up
};

struct Run {
  bool ended = false;  ///< otherwise it was given up
  std::vector<model::Transition> path;
  u64 events = 0;              ///< of a strategy
  trace::Execution execution;  ///< of a run that ended
  trace::Outcome outcome;      ///< of a run that finished: no deadlock
  std::optional<Failure> failure;
};

/// Chooses the next step; nullopt: give up.
using Choose =
    std::function<std::optional<std::size_t>(const model::MachineState&, const std::vector<model::Transition>&)>;

Run run_with(const Target& target, u64 max_steps, const Choose& choose);

/// Run number `run` of a strategy.
Run run_once(const Target& target, const StrategyOptions& options, const Size& size, u64 run);

/// n and k, from some runs without changes.
Size measure(const Target& target, u64 seed);

}  // namespace isobar::hunt
