// Bit-field helpers for encodings and values. Pure functions.
#pragma once

#include "support/types.h"

namespace isobar {

/// Bits [hi:lo] of `v`, right-aligned. Requires 0 <= lo <= hi <= 63.
constexpr u64 bits(u64 v, unsigned hi, unsigned lo) {
  return (v >> lo) & (hi - lo == 63 ? ~u64{0} : (u64{1} << (hi - lo + 1)) - 1);
}
/// Bit `n` of `v` as 0 or 1.
constexpr u64 bit(u64 v, unsigned n) { return (v >> n) & 1; }
/// A mask of `n` low ones, 0 <= n <= 64.
constexpr u64 ones(unsigned n) { return n >= 64 ? ~u64{0} : (u64{1} << n) - 1; }
/// The numbers of the ones of a mask, ascending: for (unsigned i : each_one(mask)).
class each_one {
 public:
  explicit constexpr each_one(u64 mask) : mask_(mask) {}
  struct Iterator {
    u64 left;
    constexpr unsigned operator*() const { return static_cast<unsigned>(__builtin_ctzll(left)); }
    constexpr Iterator& operator++() { left &= left - 1; return *this; }
    constexpr bool operator!=(const Iterator& other) const { return left != other.left; }
  };
  constexpr Iterator begin() const { return {mask_}; }
  constexpr Iterator end() const { return {0}; }

 private:
  u64 mask_;
};
/// The low `width` bits of `v` sign-extended to 64 bits, 1 <= width <= 64.
constexpr u64 sign_extend(u64 v, unsigned width) {
  const u64 m = u64{1} << (width - 1);
  v &= ones(width);
  return (v ^ m) - m;
}
/// Rotation of the low `width` (32 or 64) bits of `v` right by `n`.
constexpr u64 rotate_right(u64 v, unsigned n, unsigned width) {
  n %= width;
  v &= ones(width);
  return n == 0 ? v : ((v >> n) | (v << (width - n))) & ones(width);
}
constexpr u64 align_down(u64 v, u64 a) { return v & ~(a - 1); }
constexpr bool is_aligned(u64 v, u64 a) { return (v & (a - 1)) == 0; }

}  // namespace isobar
