// How long steps take on this host: for benchmarks. Times are the only thing here that differs between two
// runs.
#pragma once

#include "model/systemc/timed_run.h"

namespace isobar::systemc {

/// Nanoseconds of CPU time per transition of the same random walks.
struct FabricCost {
  u64 transitions = 0;
  double direct_ns = 0;  ///< through DirectFabric
  double tlm_ns = 0;     ///< through the sockets of a platform, caches passing on
};

/// Walks `machine` at random (uniform over enabled steps, restarting when none is left), at least
/// `transitions` steps through each fabric. The walks are equal step by step.
FabricCost measure_fabrics(const model::Machine& machine, Platform& platform, u64 transitions, u64 seed = 1);

/// Nanoseconds of CPU time per transition of timed runs with seeds 1, 2 ... until `transitions` steps are
/// taken.
double measure_timed(const model::Machine& machine, const PlatformConfig& config, Platform& platform,
                     u64 transitions);

}  // namespace isobar::systemc
