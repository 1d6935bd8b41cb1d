// A thread's registers between the register file of a core and what the host keeps.
#pragma once

#include "isa/sequential.h"
#include "model/state/machine_state.h"

namespace isobar::linux_detailed {

/// From a core that has taken an exception from EL0: PC and flags are in ELR_EL1 and SPSR_EL1. Nothing is in flight.
void take_registers(const model::Core& c, isa::ArchState& s);
/// For a core that is about to execute ERET to EL0.
void put_registers(const isa::ArchState& s, model::Core& c);

}  // namespace isobar::linux_detailed
