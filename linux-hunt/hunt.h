// Many runs of a program until one fails.
//
// Owns: which run is made how, what is known of shared memory, coverage. Must not know: reports, files.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "hunt/coverage.h"
#include "hunt/strategy.h"
#include "linux-hunt/run.h"

namespace isobar::linux_hunt {

struct HuntOptions {
  hunt::Strategy strategy = hunt::Strategy::Pct;
  unsigned depth = 3;  ///< Pct: d; Delay: number of delays
  u64 seed = 1;
  u64 runs = 10'000;
  unsigned jobs = 1;
  /// Asked before each run, also by several threads; true: stop.
  std::function<bool()> stops;
  /// Called now and then.
  std::function<void(u64 runs, const hunt::Estimate& e)> progress;
};

struct Hunted {
  u64 runs = 0;
  u64 instructions = 0;
  unsigned threads = 0;   ///< n: the most in a run
  u64 events = 0;         ///< k: the most in runs without changes, or later
  u64 results = 0;        ///< distinct outputs and exits
  bool stopped = false;
  hunt::Estimate coverage;
  Granules shared;        ///< as it was known to the failing run
  std::optional<Run> failing;
  u64 seed = 0;           ///< the failing run's, of the program's own random numbers
};

/// The result does not depend on `jobs`.
Hunted find_failure(const Target& target, const HuntOptions& options);

}  // namespace isobar::linux_hunt
