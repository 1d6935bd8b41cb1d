// A small deterministic generator (SplitMix64): the same sequence on every host.
#pragma once

#include "support/types.h"

namespace isobar::explore {

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    u64 z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// Uniform in [0, n), n > 0; the bias of the modulo is below 2^-40 for the small n used here.
  u64 below(u64 n) { return next() % n; }

 private:
  u64 state_;
};

}  // namespace isobar::explore
