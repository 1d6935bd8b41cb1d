// How fast the core is: transitions in both fabrics, search, timed runs; and how large a state is.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "explore/search.h"
#include "model/systemc/timed_run.h"
#include "scenarios/loader/build.h"
#include "scenarios/loader/loader.h"

namespace {

using namespace isobar;

scenarios::Build load(const std::string& name, model::Speculation speculation) {
  scenarios::Scenario s = scenarios::load_scenario(std::string(ISOBAR_SOURCE_DIR) + "/bench/" + name);
  s.variants.at(0).machine.speculation = speculation;
  return scenarios::build(s, 0);
}

/// One schedule through `machine`: at each state the enabled transition that a small generator picks.
u64 walk(const model::Machine& machine, model::Fabric& fabric, u64 seed) {
  model::MachineState s = machine.initial();
  std::vector<model::Transition> enabled;
  u64 random = seed;
  for (u64 taken = 0;; ++taken) {
    enabled.clear();
    machine.enabled(s, enabled);
    if (enabled.empty()) return taken;
    random = random * 6364136223846793005u + 1442695040888963407u;
    machine.apply(s, enabled[(random >> 33) % enabled.size()], fabric);
  }
}

void walk_all(benchmark::State& state, const model::Machine& machine, model::Fabric& fabric) {
  u64 transitions = 0, seed = 1;
  for (auto _ : state) transitions += walk(machine, fabric, seed++);
  state.counters["ns_per_transition"] =
      benchmark::Counter(static_cast<double>(transitions) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void TransitionsDirect(benchmark::State& state) {
  const scenarios::Build b = load("walk.yaml", model::Speculation::Squash);
  const model::Machine machine(b.config, b.program);
  model::DirectFabric fabric = machine.direct_fabric();
  walk_all(state, machine, fabric);
}
BENCHMARK(TransitionsDirect);

void TransitionsTlm(benchmark::State& state) {
  const scenarios::Build b = load("walk.yaml", model::Speculation::Squash);
  const model::Machine machine(b.config, b.program);
  systemc::TlmFabric fabric(systemc::default_platform(), machine);
  walk_all(state, machine, fabric);
}
BENCHMARK(TransitionsTlm);

void Search(benchmark::State& state) {
  const scenarios::Build b = load("walk.yaml", model::Speculation::Prune);
  const model::Machine machine(b.config, b.program);
  explore::SearchOptions options;
  options.witnesses = false;
  u64 states = 0, transitions = 0;
  for (auto _ : state) {
    const explore::SearchResult r = explore::search(machine, b.observables, options);
    states += r.states;
    transitions += r.transitions;
  }
  state.counters["states_per_second"] = benchmark::Counter(static_cast<double>(states), benchmark::Counter::kIsRate);
  state.counters["transitions_per_second"] =
      benchmark::Counter(static_cast<double>(transitions), benchmark::Counter::kIsRate);
  state.counters["states"] = static_cast<double>(states) / static_cast<double>(state.iterations());
}
BENCHMARK(Search)->Unit(benchmark::kMillisecond);

void run_timed(benchmark::State& state, const char* scenario) {
  const scenarios::Build b = load(scenario, model::Speculation::Squash);
  const model::Machine machine(b.config, b.program);
  systemc::TimedRun run(machine, systemc::PlatformConfig{}, 1);
  run.keep_log(false);
  u64 instructions = 0;
  for (auto _ : state) {
    run.reset(1);
    instructions += run.run().statistics.instructions;
  }
  state.counters["instructions_per_second"] =
      benchmark::Counter(static_cast<double>(instructions), benchmark::Counter::kIsRate);
}

void TimedInteger(benchmark::State& state) { run_timed(state, "integer.yaml"); }
BENCHMARK(TimedInteger)->Unit(benchmark::kMillisecond);

void TimedContended(benchmark::State& state) { run_timed(state, "loop.yaml"); }
BENCHMARK(TimedContended)->Unit(benchmark::kMillisecond);

/// Bytes that a copy of `s` takes, heap included.
std::size_t bytes_of(const model::MachineState& s) {
  std::size_t n = sizeof s + s.core.size() * sizeof(model::Core) + s.host.size() * sizeof(u64);
  for (const model::Core& c : s.core) n += c.window.size() * sizeof(model::Entry);
  return n + s.storage.memory.size() * sizeof(model::Granule) + s.storage.code.size() * sizeof(model::CodeWord);
}

void BytesPerState(benchmark::State& state) {
  const scenarios::Build b = load("walk.yaml", model::Speculation::Squash);
  const model::Machine machine(b.config, b.program);
  model::DirectFabric fabric = machine.direct_fabric();
  std::size_t largest = 0;
  for (auto _ : state) {
    model::MachineState s = machine.initial();
    std::vector<model::Transition> enabled;
    for (;;) {
      largest = std::max(largest, bytes_of(s));
      enabled.clear();
      machine.enabled(s, enabled);
      if (enabled.empty()) break;
      machine.apply(s, enabled.front(), fabric);
    }
  }
  state.counters["bytes"] = static_cast<double>(largest);
}
BENCHMARK(BytesPerState)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
