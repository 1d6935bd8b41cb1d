// Memory that somebody outside the model owns and changes while the machine runs, as user processes' is.
//
// Must not know: who owns it. What a store does to it is there at once: a machine with such memory cannot be copied and
// continued twice, so only timed runs may have one.
#pragma once

#include "support/types.h"

namespace isobar::model {

class MemoryMap {
 public:
  virtual ~MemoryMap() = default;
  /// Virtual and physical addresses below belong to it, and the tags of those; all others to Program::regions and
  /// Program::segments.
  virtual u64 limit() const = 0;

  /// Does FEAT_BTI exist at EL0? Then View::guarded matters.
  virtual bool guards_branches() const { return false; }

  /// What a virtual address is.
  struct View {
    bool present = false;  ///< whether there is anything
    bool tagged = false;   ///< memory with allocation tags
    bool guarded = false;  ///< indirect branches go to landing places only (PROT_BTI)
    u8 permissions = 0;    ///< mask of Permission
    u64 end = 0;           ///< first address from which on the rest of this may be different
    u64 physical = 0;      ///< goes on consecutively below `end`
  };
  /// `space`: TTBR0_EL1 of the core, which names the address space.
  virtual View look_up(u64 space, u64 addr) const = 0;
  /// `size` bytes from virtual `addr` on, which are present, do not have consecutive physical addresses: what the machine
  /// does with them is not what the program does.
  virtual void refuse(u64 space, u64 addr, unsigned size) const = 0;

  // Physical addresses, or locations of their tags (model/storage/tags.h).
  /// Is `addr` mapped with permission to execute anywhere?
  virtual bool is_executable(u64 addr) const = 0;
  /// The aligned 16 bytes around `addr`; zeros where nothing is.
  virtual Value granule(u64 addr) const = 0;
  /// `size` bytes that do not leave one granule; without effect where nothing is.
  virtual void write(u64 addr, unsigned size, const Value& value) = 0;
};

}  // namespace isobar::model
