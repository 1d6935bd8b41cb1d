// Executes instructions one at a time on one core, in order, with nothing else in the machine: the meaning
// that every model of several cores must agree with. For differential tests and functional runs.
//
// Owns: the architectural state of one core and step(). Everything an instruction computes comes from
// decode_cached() and isa/evaluate.h, the same functions the model uses. Must not know: windows, other cores,
// address translation.
#pragma once

#include <array>

#include "isa/uop.h"

namespace isobar::isa {

/// The local exclusive monitor (Arm ARM B2.12). Whoever runs several cores clears it when another core writes
/// to the bytes it covers.
struct ExclusiveMonitor {
  bool armed = false;
  u64 address = 0;
  u8 size = 0;
};

/// What one core's software can see, apart from memory.
struct ArchState {
  std::array<u64, 31> x{};
  std::array<u64, 2> sp{};  ///< SP_EL0, SP_EL1
  u64 pc = 0;
  u8 nzcv = 0;          ///< 8 = N, 4 = Z, 2 = C, 1 = V
  u8 el = 0;            ///< exception level, 0 or 1
  bool sp_sel = false;  ///< PSTATE.SP: at EL1, SP is SP_EL1
  std::array<Value, 32> v{};
  /// By index(reg) - index(Reg::FirstSystem). Identification registers have the value put here; SP_EL0, NZCV,
  /// SPSel and CurrentEL live in the members above.
  std::array<u64, kNumRegs - static_cast<unsigned>(Reg::FirstSystem)> system{};
  ExclusiveMonitor monitor;

  /// Any register but the results of micro-ops; flags are 0 or 1, XZR and None are 0.
  Value get(Reg r) const;
  /// Writes to XZR and None are discarded.
  void set(Reg r, const Value& value);
};

enum class FaultKind : u8 {
  None,
  PcAlignment,  ///< the PC is not a multiple of 4
  Fetch,        ///< MemoryInterface::fetch() refused
  Read,
  Write,
  Maintenance,
  Tag,        ///< the access has another tag than its memory; for machines that check (step() does not)
  Alignment,  ///< access that must be aligned (exclusive, pair) or inside 16 aligned bytes (FEAT_LSE2,
              ///< B2.2.1)
};

/// The memory that step() works on. A callback that returns false makes the instruction fault.
class MemoryInterface {
 public:
  virtual ~MemoryInterface() = default;
  virtual bool fetch(u64 address, u32& word) = 0;
  /// One explicit access of `u.mem.size` bytes; the value is little-endian, unused bytes are zero.
  virtual bool read(const Uop& u, u64 address, Value& value) = 0;
  virtual bool write(const Uop& u, u64 address, const Value& value) = 0;
  /// DC, IC and TLBI; `address` is 0 for those without one.
  virtual bool maintain(CacheOpKind op, u64 address);
};

/// How step() ended.
struct StepResult {
  enum class Kind : u8 {
    Completed,        ///< the PC is at the next instruction
    Exception,        ///< SVC, HVC, SMC, BRK, HLT or undefined; state as before the instruction
    Fault,            ///< state as before the instruction; memory may have the first half of a pair
    ExceptionReturn,  ///< ERET: PC and flags are those returned to; the exception level is left to the caller
    Hint,             ///< completed; WFE, WFI, YIELD, SEV or SEVL, for a caller that schedules
    Stop,             ///< a place at which the caller wants to stop; step() knows none
  };
  Kind kind = Kind::Completed;
  ExceptionOp exception = ExceptionOp::Undefined;
  HintOp hint = HintOp::Nop;
  u64 immediate = 0;  ///< of the exception; the word if it is undefined
  FaultKind fault = FaultKind::None;
  u64 address = 0;  ///< that faulted
};

/// Executes the instruction at state.pc. After Exception the preferred return address is state.pc + 4 for
/// SVC, HVC and SMC and state.pc for the others (Arm ARM D1.3.1).
StepResult step(ArchState& state, MemoryInterface& memory);

/// The same for an instruction that has been fetched and decoded already.
StepResult execute(ArchState& state, MemoryInterface& memory, const Instruction& instruction);

}  // namespace isobar::isa
