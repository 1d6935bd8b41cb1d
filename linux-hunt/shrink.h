// A failing schedule of a program with fewer switches between threads.
#pragma once

#include <vector>

#include "linux-hunt/run.h"

namespace isobar::linux_hunt {

struct Shrunk {
  Run run;
  u64 tried = 0;  ///< schedules run
};

/// A run with the failure of `run` and fewest switches that were found: slices are left out, and slices of a thread brought
/// together, as long as the failure stays (Zeller, Hildebrandt, IEEE TSE 2002). What is left out comes later. A local minimum.
/// Ends early if the target is interrupted.
Shrunk shrink(const Target& target, u64 seed, Run run, const Granules& shared, u64 max_tries);

}  // namespace isobar::linux_hunt
