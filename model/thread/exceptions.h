// Exception entry and return (Arm ARM D1.3): what the core writes and where it continues.
#pragma once

#include "model/thread/settle.h"

namespace isobar::model {

/// Exception classes the model raises, as in ESR_EL1.EC.
enum class ExceptionClass : u8 {
  Undefined = 0x00,
  BranchTarget = 0x0d,
  Svc = 0x15,
  SystemInstruction = 0x18, ///< MSR, MRS or system instruction that is trapped
  InstructionAbort = 0x20,  ///< +1 from the same level
  PcAlignment = 0x22,
  DataAbort = 0x24,         ///< +1 from the same level
  SpAlignment = 0x26,
  Breakpoint = 0x3c,
};

/// Fault status codes of aborts, ESR_EL1.ISS[5:0].
inline constexpr u64 kTranslationFault = 0x07;
inline constexpr u64 kAccessFlagFault = 0x0b;
inline constexpr u64 kPermissionFault = 0x0f;
inline constexpr u64 kAlignmentFault = 0x21;
inline constexpr u64 kTagCheckFault = 0x11;
/// No fault status code: an access relative to an SP that is no multiple of 16 (SCTLR_EL1.SA0), ExceptionClass::SpAlignment.
inline constexpr u64 kSpAlignmentFault = 0x40;
/// No fault status code either: a guarded page refuses the branch to it, ExceptionClass::BranchTarget.
inline constexpr u64 kBranchTargetFault = 0x41;

/// May `access` of `size` bytes at `addr` proceed under `ctx`? 0 if so, else the fault status code.
/// `need`: Permission bits of EL0 (kReadEl0 ...); shifted for EL1 inside.
u64 check_access(const Program& program, const Core& c, const Context& ctx, u64 addr, unsigned size, u8 need);

/// The physical address of `addr`, which check_access() has let through; `size` bytes from there on are meant. The same
/// unless Program::map decides.
u64 physical_address(const Program& program, const Core& c, u64 addr, unsigned size);

/// Both together.
struct Place {
  u64 fault = 0;     ///< what check_access() says
  u64 physical = 0;  ///< if that is 0: what physical_address() says
};
Place find_place(const Program& program, const Core& c, const Context& ctx, u64 addr, unsigned size, u8 need);

/// Does the page refuse to execute `word` at c.pc because of PSTATE.BTYPE?
bool refuses_branch(const Program& program, const Core& c, u32 word);

/// The context behind `e`, which changes nothing but PSTATE.BTYPE.
Context context_behind(const Program& program, const Core& c, const Entry& e);

/// Replaces slots from `first` on by an exception taken to EL1, or stops the core if there is no kernel.
/// `esr` and `far` as architected; `return_pc` goes to ELR_EL1; `vector` is the offset from VBAR_EL1 for an exception
/// from EL0 with AArch64 (0x400 synchronous, 0x480 IRQ); the current-level offsets are derived.
void take_exception(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first, u64 return_pc, u64 esr,
                    u64 far, u64 vector);

/// The synchronous exception of a faulting or exception-generating entry.
void take_synchronous(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot);

/// The exception of an instruction that is undefined, as the one at `slot` turns out to be.
void take_undefined(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot);

/// The exception of a system instruction that EL0 may not use.
void take_trapped(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot);

/// Under which context a guessed ERET is assumed to go on: EL0 with nothing masked.
Context guessed_return(Context from);

/// Completes the ERET at `slot`, whose inputs are known; it is the youngest unless it was guessed. False if the guess was
/// wrong: what is younger has to go.
bool return_from_exception(const SettleContext& ctx, MachineState& s, unsigned core, unsigned slot);

}  // namespace isobar::model
