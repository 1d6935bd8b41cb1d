// Direction prediction of conditional branches: 2-bit counters, backward taken and forward not taken at
// first.
//
// Owns: one core's counters, plain copyable. A wrong prediction costs time, never correctness.
#pragma once

#include <array>
#include <utility>

#include "support/types.h"

namespace isobar::systemc {

class BranchPredictor {
 public:
  BranchPredictor() { counter_.fill(kUnseen); }

  /// Will the branch at `pc`, whose target is `offset` bytes away, be taken?
  bool predict(u64 pc, i64 offset) const {
    const u8 c = counter_[index(pc)];
    return c == kUnseen ? offset < 0 : c >= 2;
  }
  /// What the branch at `pc` did.
  void train(u64 pc, bool taken) {
    u8& c = counter_[index(pc)];
    changed_ |= c == kUnseen || (c >= 2) != taken;
    if (c == kUnseen)
      c = taken ? 2 : 1;
    else if (taken)
      c = c < 3 ? static_cast<u8>(c + 1) : c;
    else
      c = c > 0 ? static_cast<u8>(c - 1) : c;
  }

  /// May predictions be others than at the last call?
  bool take_change() { return std::exchange(changed_, false); }

 private:
  static constexpr u8 kUnseen = 4;
  static constexpr std::size_t kEntries = 1024;
  static std::size_t index(u64 pc) { return (pc >> 2) % kEntries; }

  std::array<u8, kEntries> counter_;
  bool changed_ = false;
};

}  // namespace isobar::systemc
