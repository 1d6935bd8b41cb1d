#include "explore/footprint.h"

#include "support/bits.h"

namespace isobar::explore {

bool Footprint::is_private(u64 addr, unsigned size) const {
  for (u64 g = align_down(addr, 16); g < addr + size; g += 16) {
    const auto u = users_.find(g);
    if (u != users_.end() && u->second.shared()) return false;
  }
  return true;
}

bool Footprint::has_modifiable(u64 line, unsigned bytes) const {
  const auto w = modified_.lower_bound(line);
  return w != modified_.end() && *w < line + bytes;
}

void Footprint::record_access(unsigned core, u64 addr, unsigned size, bool write) {
  for (u64 g = align_down(addr, 16); g < addr + size; g += 16) {
    Users& u = users_[g];
    const bool was = u.shared();
    (write ? u.writers : u.readers) |= u32{1} << core;
    contradiction_ |= !was && u.shared();
  }
}

void Footprint::record_code_write(u64 addr, unsigned size, bool at_el1) {
  contradiction_ |= at_el1 && !modified_at_el1_;
  modified_at_el1_ |= at_el1;
  for (u64 w = align_down(addr, 4); w < addr + size; w += 4) contradiction_ |= modified_.insert(w).second;
}

void Footprint::record_descriptor_write(u64 descriptor) { contradiction_ |= descriptors_.insert(descriptor).second; }

bool Footprint::take_contradiction() {
  const bool c = contradiction_;
  contradiction_ = false;
  return c;
}

}  // namespace isobar::explore
