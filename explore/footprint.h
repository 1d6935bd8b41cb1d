// Which memory the cores share, learnt while exploring.
#pragma once

#include <map>
#include <set>

#include "model/machine/machine.h"

namespace isobar::explore {

/// Accesses seen so far, per 16-byte granule and per instruction word.
///
/// Reduction takes accesses to granules that only one core touches (or nobody writes) eagerly, and fetches words that
/// nobody writes eagerly. Both sets start from a guess and only grow; when an access contradicts what was assumed in a
/// pass, the pass is repeated with the larger sets, until one pass contradicts nothing.
class Footprint {
 public:
  /// May reduction treat these bytes as private?
  bool is_private(u64 addr, unsigned size) const;
  /// May the word at `pc` be written by somebody?
  bool is_modifiable(u64 pc) const { return modified_.count(pc & ~u64{3}) != 0; }
  /// Is some word of the line written by somebody?
  bool has_modifiable(u64 line, unsigned bytes) const;
  bool any_modifiable() const { return !modified_.empty(); }
  /// Is some word written that EL1 may execute?
  bool any_modifiable_at_el1() const { return modified_at_el1_; }
  /// May the descriptor at this address be written by somebody?
  bool is_descriptor_written(u64 descriptor) const { return descriptors_.count(descriptor) != 0; }

  /// Does an ISB stand before every exception return of EL1, where it matters?
  bool returns_synchronise() const { return returns_synchronise_; }
  void set_returns_synchronise(bool yes) { returns_synchronise_ = yes; }

  /// Records an access to memory.
  void record_access(unsigned core, u64 addr, unsigned size, bool write);
  /// Records a store to memory that EL0 or EL1 (`at_el1`) may execute.
  void record_code_write(u64 addr, unsigned size, bool at_el1);
  /// Records a store to a page's descriptor.
  void record_descriptor_write(u64 descriptor);

  /// True once something recorded contradicts an earlier answer of this pass; clears the flag.
  bool take_contradiction();

 private:
  struct Users {
    u32 readers = 0, writers = 0;
    bool shared() const { return writers != 0 && ((readers | writers) & ((readers | writers) - 1)) != 0; }
  };
  std::map<u64, Users> users_;
  std::set<u64> modified_;
  bool modified_at_el1_ = false;
  std::set<u64> descriptors_;
  bool returns_synchronise_ = true;
  bool contradiction_ = false;
};

}  // namespace isobar::explore
