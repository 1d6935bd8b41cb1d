// Many runs of one program, on several threads, until one fails.
//
// Owns: the order of results, which does not hang on the number of threads. Must not know: scenarios, output.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <optional>

#include "hunt/coverage.h"
#include "hunt/run.h"

namespace isobar::hunt {

struct Progress {
  u64 runs = 0;
  Estimate estimate;
  double seconds = 0;
};

struct HuntOptions {
  StrategyOptions strategy;
  u64 runs = 10'000;
  unsigned jobs = 1;
  double timeout_seconds = 0;                    ///< 0: no limit
  const std::atomic<bool>* interrupt = nullptr;  ///< polled
  std::function<void(const Progress&)> progress;  ///< called about ten times a second
};

struct Found {
  u64 run = 0;  ///< its number, from 1
  Failure failure;
  trace::Outcome outcome;  ///< of an assertion
  std::vector<model::Transition> path;
};

struct HuntResult {
  Size size;
  u64 runs = 0;      ///< up to the first that fails
  u64 given_up = 0;  ///< of them, too long
  u64 transitions = 0;
  bool stopped = false;  ///< interrupted or out of time before all runs were done and without a failure
  Estimate coverage;
  std::map<trace::Outcome, u64, trace::OutcomeLess> outcomes;
  std::optional<Found> found;
  double seconds = 0;
};

/// Runs 1, 2, ... until one fails or all are done. The failure with the lowest number wins, whatever `jobs` is.
HuntResult hunt(const Target& target, const HuntOptions& options);

}  // namespace isobar::hunt
