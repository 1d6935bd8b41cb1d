// How drivers, recorders and reports follow a run.
#pragma once

#include "model/state/machine_state.h"

namespace isobar::model {

/// Told of every step of a run: traces, reports, the judge's input. Callbacks come in the order of effects.
/// `seq` identifies a micro-op of a core for the whole run.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void fetched(unsigned /*core*/, const Entry&) {}
  /// `mask`: bytes bound now; `from`: seq of the own store forwarded from, or -1 for memory.
  virtual void bound(unsigned /*core*/, const Entry&, u16 /*mask*/, i64 /*from*/) {}
  virtual void propagated(unsigned /*core*/, const Entry&) {}
  /// DC, IC, SGI, acknowledge ... took effect; an IC that no DSB completes may go without one (Entry::inert).
  virtual void performed(unsigned /*core*/, const Entry&, const Access&) {}
  virtual void retired(unsigned /*core*/, const Entry&) {}
  /// Every micro-op of `core` with seq >= `first_seq` is discarded.
  virtual void squashed(unsigned /*core*/, u32 /*first_seq*/) {}
  virtual void interrupted(unsigned /*core*/, u64 /*return_pc*/) {}
};

}  // namespace isobar::model
