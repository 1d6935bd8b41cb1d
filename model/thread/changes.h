// Which slots a change may concern: what a driver that remembers the steps of a window has to look at again.
#pragma once

#include "model/state/machine_state.h"

namespace isobar::model {

/// Masks of slots, now that some have changed. They say too much where that is cheaper to say, never too little
/// (Properties.StepsThatAreKeptAreThoseThatAreEnabled).
struct Concerned {
  u64 changed = 0;   ///< their steps may be others than before
  u64 awaited = 0;   ///< their steps are as before if they had any, or they may now have some that they waited for
};
Concerned concerned(const MachineConfig& config, const Program& program, const Core& c, u64 touched);

/// Is nothing left to do that follows without choice? So it is of most of the window.
inline bool is_settled(const Entry& e) {
  const isa::MemoryAttributes& m = e.uop->mem;
  switch (e.uop->kind) {
    case isa::UopKind::Alu: return e.known;
    case isa::UopKind::Branch: return e.resolved;
    case isa::UopKind::Read: return e.known && e.foreign == 0 && m.tag == isa::TagAccess::None;
    case isa::UopKind::Write:
      return e.known && e.address_known && !e.faulting && !m.exclusive && m.rmw == isa::RmwOp::Plain &&
             m.tag == isa::TagAccess::None && e.translation == Translation::None;
    default: return false;
  }
}

}  // namespace isobar::model
