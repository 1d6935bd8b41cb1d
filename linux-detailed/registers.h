// A thread's registers between the register file of a core and what the host keeps.
#pragma once

#include "functional/core.h"
#include "model/state/machine_state.h"

namespace isobar::linux_detailed {

/// SCTLR_EL1.SA0, which is always set.
inline constexpr u64 kStackChecks = u64{1} << 4;

/// From a core that has taken an exception from EL0: PC and PSTATE are in ELR_EL1 and SPSR_EL1, mismatches of tags in
/// TFSRE0_EL1, which is cleared. Nothing is in flight.
void take_registers(model::Core& c, functional::Core& to);
/// For a core that is about to execute ERET to EL0.
void put_registers(const functional::Core& from, model::Core& c);

}  // namespace isobar::linux_detailed
