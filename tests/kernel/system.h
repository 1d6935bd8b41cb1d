// A machine with the shim and a few assembled programs, for the tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "explore/search.h"
#include "kernel-shim/layout.h"
#include "kernel-shim/shim.h"
#include "model/machine/machine.h"

namespace isobar::kernel::test {

/// Code of thread n is at kCode (kernel threads: kKernelCode) + n * kCodeSize; all threads share the data at
/// kData.
inline constexpr u64 kCode = 0x10000, kKernelCode = 0x4100'0000, kCodeSize = 0x1000, kData = 0x80000,
                     kDataSize = 0x1000;

/// Ends of programs, and what they use.
inline constexpr char kExit[] = "\n mov w8, #93\n svc #0\n";
inline constexpr char kYield[] = "\n mov w8, #124\n svc #0\n";
inline constexpr u64 kEinval = static_cast<u64>(-22);
inline constexpr u32 kRegistered = MembarrierState::PrivateExpedited | MembarrierState::PrivateExpeditedReady;

/// Declares threads in order, then build() fixes them. Programs are A64 text; x and y are words at kData and
/// kData + 64, preset in x20 and x21.
class System {
 public:
  explicit System(unsigned cores = 1) { machine_config.cores = cores; }

  int process(const std::string& name, u32 membarrier_state = 0);
  ThreadConfig& thread(const std::string& name, int process, unsigned core, const std::string& text);
  ThreadConfig& kernel_thread(const std::string& name, unsigned core, const std::string& text);
  void build();

  /// One run with seeded random choices and Speculation::Squash; throws std::runtime_error if it does not end
  /// within `max_steps`.
  void run(u64 seed, u64 max_steps = 200'000);

  /// After run(). Register with which thread `name` ended; a field of its task; any kernel symbol; memory.
  u64 x(const std::string& thread, unsigned n) const { return field(thread, "x" + std::to_string(n)); }
  u64 field(const std::string& thread, const std::string& name) const {
    return symbol("task_" + thread + "." + name);
  }
  u64 symbol(const std::string& name) const { return memory(shim.symbols.at(name)); }
  u64 memory(u64 addr, unsigned size = 8) const;

  trace::Observable observe_x(const std::string& thread, unsigned n) const;
  /// Complete search; the values of `observables` of every outcome.
  std::vector<std::vector<u64>> outcomes(const std::vector<trace::Observable>& observables,
                                         explore::SearchResult* result = nullptr) const;

  model::MachineConfig machine_config;
  ShimConfig config;
  Shim shim;
  std::unique_ptr<model::Machine> machine;
  model::MachineState state;
  /// Called before each step of run(): the state and the step about to be taken.
  std::function<void(const model::MachineState&, const model::Transition&)> on_step;

 private:
  std::vector<std::string> text_;
};

}  // namespace isobar::kernel::test
