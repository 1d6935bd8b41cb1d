#include "model/systemc/measure.h"

#include <ctime>

namespace isobar::systemc {

namespace {

/// CPU time of the process: other programs on the host do not count.
double nanoseconds_since(std::clock_t start) {
  return 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

double walk(const model::Machine& machine, model::Fabric& fabric, u64 transitions, u64 seed) {
  std::vector<model::Transition> enabled;
  model::MachineState s = machine.initial();
  const std::clock_t start = std::clock();
  for (u64 n = 0; n < transitions;) {
    enabled.clear();
    machine.enabled(s, enabled);
    if (enabled.empty()) {
      s = machine.initial();
      continue;
    }
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    machine.apply(s, enabled[(seed >> 33) % enabled.size()], fabric);
    ++n;
  }
  return nanoseconds_since(start) / static_cast<double>(transitions);
}

}  // namespace

FabricCost measure_fabrics(const model::Machine& machine, Platform& platform, u64 transitions, u64 seed) {
  model::DirectFabric direct = machine.direct_fabric();
  TlmFabric tlm(platform, machine);
  FabricCost cost;
  cost.transitions = transitions;
  cost.direct_ns = walk(machine, direct, transitions, seed);
  cost.tlm_ns = walk(machine, tlm, transitions, seed);
  return cost;
}

double measure_timed(const model::Machine& machine, const PlatformConfig& config, Platform& platform,
                     u64 transitions) {
  TimedRun run(machine, config, 1, platform);
  run.keep_log(false);
  const std::clock_t start = std::clock();
  u64 done = 0;
  for (u64 seed = 1; done < transitions; ++seed) {
    run.reset(seed);
    RunLimits limits;
    limits.transitions = transitions - done;
    done += run.run(limits).statistics.total();
  }
  return nanoseconds_since(start) / static_cast<double>(done);
}

}  // namespace isobar::systemc
