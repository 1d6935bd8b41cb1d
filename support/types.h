// Fixed-width names used everywhere. Owns nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isobar {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

/// Upper bound on modelled cores; a machine has 1 to kMaxCores of them.
inline constexpr unsigned kMaxCores = 16;

/// A register or memory value of up to 16 bytes, little-endian: `lo` holds bytes 0 to 7.
struct Value {
  u64 lo = 0;
  u64 hi = 0;
  friend bool operator==(const Value&, const Value&) = default;

  u8 byte(unsigned i) const { return static_cast<u8>((i < 8 ? lo >> (8 * i) : hi >> (8 * (i - 8)))); }
  void set_byte(unsigned i, u8 b) {
    u64& half = i < 8 ? lo : hi;
    const unsigned shift = 8 * (i & 7);
    half = (half & ~(u64{0xff} << shift)) | (u64{b} << shift);
  }
};

}  // namespace isobar
