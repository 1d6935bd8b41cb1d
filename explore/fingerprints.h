// The set of states already seen, as 128-bit fingerprints.
#pragma once

#include <vector>

#include "support/hash.h"

namespace isobar::explore {

/// Open addressing, linear probing, at most 70 % full: 16 bytes per slot and no allocation per state.
class FingerprintSet {
 public:
  /// True if `d` was not in the set.
  bool insert(const Digest& d) {
    if ((size_ + 1) * 10 > slots_.size() * 7) grow();
    const bool fresh = place(slots_, d);
    size_ += fresh;
    return fresh;
  }
  std::size_t size() const { return size_; }
  void clear() {
    slots_.assign(kInitial, {});
    size_ = 0;
  }

 private:
  static constexpr std::size_t kInitial = 256;

  /// The all-zero digest marks a free slot; a state that hashes to it would be explored more than once, no worse.
  static bool place(std::vector<Digest>& slots, const Digest& d) {
    const std::size_t mask = slots.size() - 1;
    for (std::size_t i = d.a & mask;; i = (i + 1) & mask) {
      if (slots[i] == d) return false;
      if (slots[i] == Digest{}) {
        slots[i] = d;
        return true;
      }
    }
  }

  void grow() {
    std::vector<Digest> bigger(slots_.size() * 2);
    for (const Digest& d : slots_)
      if (d != Digest{}) place(bigger, d);
    slots_.swap(bigger);
  }

  std::vector<Digest> slots_ = std::vector<Digest>(kInitial);
  std::size_t size_ = 0;
};

}  // namespace isobar::explore
