// A minimal Linux-like kernel: configuration in, program image out. Everything in it whose order matters is
// A64 code at EL1 (asm/), run on the model like any other code; docs/kernel-shim.md has the rules it
// implements.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/state/config.h"

namespace isobar::kernel {

/// Ways to break the shim. Columns: name (in scenarios and in asm as KNOB_<NAME>), what is left out or
/// changed.
#define ISOBAR_KERNEL_KNOBS(X)                                                                        \
  X(no_mb_before_curr, "context switch: no full barrier before rq->curr is stored")                   \
  X(no_switch_dsb, "context switch: no DSB ISH after rq->curr is stored")                             \
  X(no_mmdrop_mb, "context switch from a kernel thread: dropping the borrowed mm is no full barrier") \
  X(no_entry_mb, "membarrier: no full barrier before the run queues are read")                        \
  X(no_exit_mb, "membarrier: no full barrier before the return")                                      \
  X(no_ipi, "membarrier: no interrupt is sent")                                                       \
  X(no_ipi_mb, "membarrier: the interrupt handler executes no barrier")                               \
  X(iar_dsb, "interrupt entry: DSB SY after the acknowledge, as Linux has it")                        \
  X(ipi_uses_active_mm, "membarrier: compares the borrowed mm too, and so interrupts kernel threads") \
  X(sync_core_skip_self, "membarrier SYNC_CORE: the caller's core is not interrupted")                \
  X(sync_core_ipi_without_cse, "with EOS = 0: return from an interrupt without ISB")                  \
  X(actlr_missing_isb_with_eos0, "with EOS = 0: return from a system call without ISB")               \
  X(actlr_not_saved, "context switch: ACTLR_EL1 is neither saved nor restored")                       \
  X(actlr_set_preemptible, "PR_SET_MEM_MODEL: preemption between the saved copy and the register")    \
  X(exec_keeps_tso, "execve: the memory model stays")                                                 \
  X(fork_copies_stale_saved_actlr, "clone: the child takes the saved copy instead of the register")   \
  X(exit_mm_no_mb, "exit: no full barrier before current->mm = NULL")                                 \
  X(exit_live_relaxed, "exit: the count of live threads orders nothing")                              \
  X(group_exit_no_ipi, "exit_group: threads on other cores are not interrupted")                       \
  X(use_mm_no_mb, "kthread_use_mm, kthread_unuse_mm: no full barrier")                                \
  X(rseq_no_preempt, "rseq: a thread that was switched out goes on where it was")                     \
  X(rseq_ipi_no_abort, "membarrier RSEQ: the interrupt does not abort")                               \
  X(rseq_fixup_after_frame, "signals: the frame keeps the place inside the sequence")                 \
  X(vectors_not_switched, "context switch: vector registers, FPCR and FPSR stay")                    \
  X(tags_not_switched, "context switch: SCTLR_EL1.TCF0 and GCR_EL1 stay")                            \
  X(unaligned_no_barrier, "emulation of unaligned loads: no DMB ISHLD behind the access")              \
  X(rq_state_by_active_mm, "context switch: rq->membarrier_state only if active_mm changes, as in Linux") \
  X(flush_no_clean_dsb, "cacheflush, modify_code: no DSB between DC and IC")                          \
  X(flush_no_invalidate_dsb, "cacheflush, modify_code: no DSB behind IC")                             \
  X(flush_no_isb, "cacheflush, modify_code: no ISB on the core of the caller")

enum class Knob : u8 {
#define X(name, text) name,
  ISOBAR_KERNEL_KNOBS(X)
#undef X
};

struct KnobInfo {
  Knob knob;
  const char* name;
  const char* text;
};
/// All knobs, in the order of the list above.
std::span<const KnobInfo> knobs();
std::optional<Knob> parse_knob(std::string_view name);

/// Who may change the memory model of a thread. Columns: enumerator, name in scenarios, what the kernel does.
#define ISOBAR_KERNEL_POLICIES(X)                                                                            \
  X(PrctlV1, "prctl-v1", "prctl as in the 2024 series")                                                      \
  X(PrctlProbe, "prctl-probe", "the same, but SET reads the bit back: EOPNOTSUPP if it did not stick")       \
  X(BootProbe, "boot-probe", "the same, but the kernel tries the bit once at boot: no switch if it does not stick") \
  X(StaticFirmware, "static-firmware", "the firmware decides (CoreConfig::tso_at_reset), no prctl: EINVAL")  \
  X(Page4k, "page4k", "prctl only on a kernel with 4 KiB pages")                                             \
  X(VmOnly, "vm-only", "prctl only in a virtual machine")                                                    \
  X(Taint, "taint", "prctl; the first thread that gets TSO taints the kernel")                               \
  X(Device, "device", "ioctl on /dev/tso, no prctl")                                                         \
  X(Binfmt, "binfmt", "execve of a foreign program starts its interpreter with TSO; SET(TSO): EPERM")        \
  X(ElfMachine, "elf-machine", "execve of an x86 program starts with TSO, no prctl")                         \
  X(Unaligned, "unaligned", "prctl-v1, and a prctl by which the kernel emulates unaligned ordered accesses") \
  X(BigLittle, "biglittle", "prctl if any core has the switch; threads migrate as they like")                \
  X(BigLittleAffinity, "biglittle-affinity", "the same; a thread with TSO keeps to the cores that have it")

enum class Policy : u8 {
#define X(enumerator, name, text) enumerator,
  ISOBAR_KERNEL_POLICIES(X)
#undef X
};

struct PolicyInfo {
  Policy policy;
  const char* name;
  const char* text;
};
/// All policies, in the order of the list above.
std::span<const PolicyInfo> policies();

struct ProcessConfig {
  std::string name;
  u16 asid = 1;              ///< TTBR0_EL1[63:48] while it runs; Region::asid of its private regions
  u32 membarrier_state = 0;  ///< registrations at the start, mask of MembarrierState;
                             ///< the kernel has GLOBAL_EXPEDITED if some process has it
};

struct ThreadConfig {
  std::string name;
  int process = -1;  ///< index into ShimConfig::processes; -1: a kernel thread, which starts at EL1
  unsigned core = 0;
  u64 entry = 0;
  u64 stack = 0;         ///< initial SP, 16-byte aligned; unused by kernel threads
  bool tso = false;      ///< starts with ACTLR_EL1.TSO set, as inherited
  bool reserve = false;  ///< does not run until clone() makes it the child
  bool first = false;    ///< comes before the others of its core
  u64 handler = 0;       ///< of all signals that its own faults raise; 0: they end it
  /// A struct rseq of 32 bytes that is registered at the start, with kRseqSignature; 0: none. Without any such thread the
  /// kernel has no rseq.
  u64 rseq = 0;
  /// Initial values: X0 to X30 and TPIDR_EL0; a kernel thread: X19 to X29.
  std::vector<std::pair<isa::Reg, u64>> registers;
};

struct ShimConfig {
  std::vector<ProcessConfig> processes;
  /// The first thread of a core (not reserved) runs there at the start, the others wait in this order. A kernel thread
  /// that runs at the start borrows the address space of the next thread that has one.
  std::vector<ThreadConfig> threads;
  std::set<Knob> knobs;
  Policy policy = Policy::PrctlV1;
  unsigned page_size = 16384;  ///< bytes: 4096, 16384 or 65536
  bool guest = false;          ///< runs in a virtual machine (Policy::VmOnly asks)
  /// A context switch preserves X0 to X[n-1], n from 1 to 31: fewer make shorter paths in search. 0: as many
  /// as the programs name in their code and the threads are given (all if a thread may write code).
  unsigned general_registers = 0;
  /// The same of V0 to V[n-1], 0 to 32, and FPCR and FPSR unless n is 0. Not given: as many as the programs name in their
  /// code (all if they name one and a thread may write code).
  std::optional<unsigned> vector_registers;
  /// Model time between timer interrupts of a core in timed runs, below 2^32; 0: none. Search delivers
  /// MachineConfig::timer_ticks interrupts per core at any time instead.
  u32 timer_period = 0;
  /// Memory and code of the programs, outside [kTextBase, kShimEnd).
  std::vector<model::Region> regions;
  std::vector<model::Segment> segments;
  std::vector<u64> indirect_targets;
};

struct Shim {
  model::Program program;
  /// Labels of the shim's code, and of its data: rqN, rqN.curr, mm_PROCESS, mm_PROCESS.membarrier_state,
  /// task_THREAD, task_THREAD.{actlr,mm,state,exit,fault_esr,fault_pc,fault_far,cpu,tid} and task_THREAD.x0
  /// to x30, the registers with which the thread ended.
  std::map<std::string, u64> symbols;
};

/// What the kernel detects at boot on all cores together (SCOPE_SYSTEM).
struct Capabilities {
  bool tso_switch = false;  ///< MIDR implementer 0x61 and AIDR_EL1[9] everywhere
  bool tso_fixed = false;   ///< every core is one of the known always-TSO designs
};
Capabilities detect(const model::MachineConfig& machine);

/// The functions that kernel threads may call, by name: kthread_yield, kthread_exit, kthread_use_mm,
/// kthread_unuse_mm. Their addresses are the same in every configuration.
std::map<std::string, u64> text_symbols(const ShimConfig& config, const model::MachineConfig& machine);

/// Lays out kernel and programs so that every core starts in its first thread (or idle), without a boot
/// phase. Throws InputError if the configuration contradicts itself.
Shim build(const ShimConfig& config, const model::MachineConfig& machine);

/// Address of the task of `config.threads[thread]`.
u64 task_address(const model::MachineConfig& machine, unsigned thread);

}  // namespace isobar::kernel
