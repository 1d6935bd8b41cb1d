// Where the shim keeps what, and how its structures look: the same numbers as asm/00-layout.S (a test
// compares them).
#pragma once

#include "support/types.h"

namespace isobar::kernel {

inline constexpr u64 kTextBase = 0x4000'0000;  ///< code of the shim, vectors first
inline constexpr u64 kTextSize = 0x8000;
inline constexpr u64 kSigtrampBase = 0x4000'8000;  ///< what a signal handler returns to, at EL0
inline constexpr u64 kSigtrampSize = 0x1000;
inline constexpr u64 kRunQueueBase = 0x4001'0000;  ///< one struct rq per core
inline constexpr u64 kRunQueueSize = 0x200;
inline constexpr u64 kGlobalsBase = 0x4005'0000;
inline constexpr u64 kGlobalsSize = 0x1000;
inline constexpr u64 kMmBase = 0x4006'0000;  ///< one memory descriptor per process
inline constexpr u64 kMmSize = 0x40;
inline constexpr u64 kTaskBase = 0x4010'0000;  ///< the idle task of each core, then the threads as configured
inline constexpr u64 kTaskSize = 0x800;
inline constexpr u64 kShimEnd = 0x4080'0000;  ///< programs keep out of [kTextBase, kShimEnd)

inline constexpr u64 kRseqSize = 32;               ///< of struct rseq, to the last of its fields
inline constexpr u32 kRseqSignature = 0xd428bc00;  ///< that of glibc, in front of each abort handler

inline constexpr unsigned kMaxThreads = 1024;
inline constexpr unsigned kMaxProcesses = 256;

/// Offsets in a task. All fields are 8 bytes; State and Preempt use the low 4.
struct TaskField {
  static constexpr u64 Mm = 0x00, ActiveMm = 0x10, Actlr = 0x18, State = 0x20, Next = 0x28, Tid = 0x30,
                       Cpu = 0x38, Exit = 0x40, FaultEsr = 0x48, FaultPc = 0x50, FaultFar = 0x58,
                       Preempt = 0x60, Resume = 0x68;
  static constexpr u64 X0 = 0x80, Elr = 0x178, Spsr = 0x180, Sp0 = 0x188,
                       Tpidr0 = 0x190;  ///< pt_regs, x0 to x30 from X0
  static constexpr u64 Handler = 0x300, Blocked = 0x308, Rseq = 0x310, RseqSignature = 0x318,
                       Tcf = 0x320, Gcr = 0x328, TagCtrl = 0x330, RseqLength = 0x340,
                       ConcurrencyId = 0x348, ClearTid = 0x350;
  static constexpr u64 Vectors = 0x400, Fpcr = 0x600, Fpsr = 0x608;  ///< 16 bytes for each of V0 to V31
};

/// Values of TaskField::State.
struct TaskState {
  static constexpr u64 Running = 0, Dead = 1, Migrating = 2, New = 3;
};

struct RunQueueField {
  static constexpr u64 Curr = 0x00, Csd = 0x10, Idle = 0x20, Cpu = 0x28, NeedResched = 0x30, PanicEsr = 0x40,
                       PanicPc = 0x48, PanicFar = 0x50, MembarrierState = 0x60, Wake = 0x100;
};

struct MmField {
  static constexpr u64 Ttbr0 = 0x00, Users = 0x08, MembarrierState = 0x10, FreeTasks = 0x20, Files = 0x28,
                       GroupExit = 0x30, Live = 0x38;
};

struct GlobalField {
  static constexpr u64 MembarrierMutex = 0x00, Taint = 0x10;
};

/// Bits of MmField::MembarrierState (linux/sched/mm.h).
struct MembarrierState {
  static constexpr u32 PrivateExpeditedReady = 1, PrivateExpedited = 2, GlobalExpeditedReady = 4, GlobalExpedited = 8,
                       SyncCoreReady = 16, SyncCore = 32, RseqReady = 64, Rseq = 128;
};

}  // namespace isobar::kernel
