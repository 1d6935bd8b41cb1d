// Memory that somebody outside the model owns and changes while the machine runs, as a user process's is.
//
// Must not know: who owns it. What a store does to it is there at once: a machine with such memory cannot be copied and
// continued twice, so only timed runs may have one.
#pragma once

#include "support/types.h"

namespace isobar::model {

class MemoryMap {
 public:
  virtual ~MemoryMap() = default;
  /// Addresses below belong to it, all others to Program::regions and Program::segments.
  virtual u64 limit() const = 0;
  /// What may be done at `addr` (mask of Permission, 0 also where nothing is) and the first address from which on that
  /// may be different. `present`: whether there is anything.
  virtual u8 permissions(u64 addr, u64& end, bool& present) const = 0;
  /// The aligned 16 bytes around `addr`; zeros where nothing is.
  virtual Value granule(u64 addr) const = 0;
  /// `size` bytes that do not leave one granule.
  virtual void write(u64 addr, unsigned size, const Value& value) = 0;
};

}  // namespace isobar::model
