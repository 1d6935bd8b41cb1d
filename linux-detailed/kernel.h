// The machine below a program that runs in detail: memory layout and program of kernel-shim/asm-user.
//
// Owns: where the kernel keeps what (the same numbers as asm-user/10-user.S). Must not know: system calls, threads.
#pragma once

#include <string>

#include "model/state/config.h"
#include "model/state/memory_map.h"

namespace isobar::linux_detailed {

/// Above every address of programs, virtual or physical, below the platform's interrupt controller.
inline constexpr u64 kKernelBase = u64{1} << 50;
inline constexpr u64 kKernelText = kKernelBase, kTextSize = 0x4000;
inline constexpr u64 kQueues = kKernelBase + 0x1'0000, kQueueSize = 0x200;
inline constexpr u64 kLocks = kKernelBase + 0x2'0000, kLocksSize = 0x100;
/// Memory descriptors, the first one that of the first process.
inline constexpr u64 kAddressSpaces = kKernelBase + 0x3'0000, kAddressSpaceSize = 0x40;
inline constexpr u64 kTasks = kKernelBase + 0x10'0000, kTaskSize = 0x100;  ///< the idle task of each core, then threads

/// In a task: results of the calls from kFirstIdCall on, see T_IDS in asm-user/10-user.S.
inline constexpr u64 kTaskIds = 0x80, kFirstIdCall = 172, kIdCalls = 7;

constexpr u64 task_address(unsigned slot) {
  return kTasks + slot * kTaskSize;
}
constexpr u64 address_space_address(unsigned slot) {
  return kAddressSpaces + slot * kAddressSpaceSize;
}
constexpr u64 queue_address(unsigned core) {
  return kQueues + core * kQueueSize;
}

/// Interrupts between cores.
inline constexpr unsigned kReschedule = 0, kCallFunction = 1, kAbortSequences = 2, kPause = 3;

/// HVC #n, in the order of CALL_* in asm-user/10-user.S.
enum class Call : u16 { Trap, Interrupt, Schedule, Resume, Return, Panic };

/// Bits of the answer in x0.
namespace action {
inline constexpr u64 kSetActlr = 1, kMembarrier = 2, kSwitch = 4, kIdle = 8, kPark = 16, kUnlock = 32, kSelf = 64,
                     kAllCores = 128;
}  // namespace action

struct KernelOptions {
  unsigned tasks = 0;       ///< task structures
  bool tso = false;         ///< threads begin with ACTLR_EL1.TSO
  bool quick_calls = true;  ///< some system calls need no host call
  u64 start_time = 0;
  u64 epoch = 0;            ///< CLOCK_REALTIME at time 0, ns
};

/// A call that the kernel has done without the host.
struct QuickCalls {
  u64 number_at = 0, result_at = 0;  ///< instructions whose values are the call's number and its result; 0: there are none
};

/// What is needed to run threads on the cores of `machine`: the kernel's text and data, every core about to ask for its
/// first thread. `map` has the memory of the processes and outlives the program.
model::Program build_program(const model::MachineConfig& machine, const KernelOptions& options, model::MemoryMap& map,
                             QuickCalls& quick);

}  // namespace isobar::linux_detailed
