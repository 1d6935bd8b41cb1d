// What system registers read as and what a write leaves in them (Arm ARM D23; design.md decision 2 for ACTLR_EL1.TSO).
#pragma once

#include <optional>

#include "model/state/machine_state.h"
#include "model/thread/window.h"

namespace isobar::model {

/// Registers whose value is fixed by the machine or by PSTATE (MIDR_EL1, AIDR_EL1, CTR_EL0, CurrentEL ...).
std::optional<u64> constant_register(const MachineConfig& config, unsigned core, isa::Reg r, const Context& ctx);

/// What the MRS at slot `i` reads. Not known while what it hangs on is outstanding.
Operand read_system_register(const MachineConfig& config, const MachineState& s, unsigned core, unsigned i);

/// The value of ACTLR_EL1.TSO as the core would honour it after a context synchronisation event.
bool tso_after_synchronisation(const MachineConfig& config, const Core& c, unsigned core);

/// The value a register holds after MSR of `value`: RES0 and read-only bits of ACTLR_EL1 applied, CNTV_TVAL turned
/// into a deadline at model time `now`.
u64 written_value(const MachineConfig& config, unsigned core, isa::Reg r, u64 value, u64 now);

/// MSR DAIFSet, DAIFClr, SPSel, TCO (immediate) or MSR DAIF, SPSel, TCO (register).
bool is_pstate_write(const Entry& e);
void apply_pstate_write(Context& ctx, const Entry& e, u64 operand);

}  // namespace isobar::model
