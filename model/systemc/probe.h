// What can be watched on the platform: for waveforms, statistics and reports. Plain calls, no kernel objects.
#pragma once

#include "model/state/transition.h"
#include "model/systemc/core.h"

namespace isobar::systemc {

/// Told of grants and transactions of timed runs, in order. Must not change anything the platform can see.
class Probe {
 public:
  virtual ~Probe() = default;
  /// The arbiter granted `t` at `time`, which was ready since `ready` (ticks from the start of the run).
  virtual void granted(u64 /*time*/, u64 /*ready*/, const model::Transition& /*t*/) {}
  /// A transaction went through the platform and took `reply.ticks`.
  virtual void transported(u64 /*time*/, const model::Access& /*a*/, const Reply& /*reply*/) {}
  /// Occupation of a core after a grant: micro-ops in flight, stores among them that have not left the store
  /// buffer.
  virtual void occupied(u64 /*time*/, unsigned /*core*/, unsigned /*window*/, unsigned /*store_buffer*/) {}
};

}  // namespace isobar::systemc
