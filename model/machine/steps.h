// Facts about a state that both the enumeration of steps and their effects need.
#pragma once

#include <algorithm>

#include "model/machine/machine.h"

namespace isobar::model {

/// Where each byte of an unsatisfied read would come from now.
struct ReadSources {
  std::array<u8, 16> byte;  ///< kFromMemory, slot of an own store, or kUnbound for bytes that are already taken
  bool blocked = false;     ///< an older exclusive or CAS write of these bytes is undecided
};
ReadSources read_sources(const Core& c, unsigned i);
/// The same with what source_slots() gives, for who asks about several reads.
ReadSources read_sources(const Core& c, unsigned i, u64 stores);
/// Mask of the stores that reads may take bytes from, so far.
u64 source_slots(const Core& c);
/// Is `e`, a store, one of them?
inline bool is_source(const Entry& e) { return !e.inert && e.address_known; }

/// Mask of the bytes that one step of read `i` takes: those of the piece that starts at byte `first` which come from
/// `from`.
u16 bytes_from(const Core& c, unsigned i, u8 from, unsigned first);

/// The oldest younger read that overlaps bytes `mask` of read `i`, is (partly) satisfied and was overtaken in any
/// byte; kNoSlot if none (operational-model.md 2.3.5, Exp-haz-ob).
u8 overtaken_younger_read(const Core& c, unsigned i, u16 mask);

/// Is the next PC known: no unresolved branch, exception, ISB or ERET at the youngest slot?
bool frontier_known(const Program& program, const Core& c);
/// Is the core about to fetch an address at which it stops?
bool at_stop(const Program& program, const Core& c);
bool may_fetch(const MachineConfig& config, const Program& program, const MachineState& s, unsigned core);

/// Has ACTLR_EL1.TSO been written with a value that is not in effect yet?
bool tso_effect_pending(const MachineConfig& config, const Core& c, unsigned core);

/// Is an interrupt pending that the core would take at its next instruction?
bool interrupt_due(const MachineState& s, unsigned core);

bool timer_may_fire(const MachineConfig& config, const MachineState& s, unsigned core);

}  // namespace isobar::model
