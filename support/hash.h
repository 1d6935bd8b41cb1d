// Deterministic hashing of plain data: same value on every host, compiler and run.
#pragma once

#include <cstring>

#include "support/types.h"

namespace isobar {

/// A 128-bit fingerprint. Two different states collide with probability about 2^-128 per pair.
struct Digest {
  u64 a = 0;
  u64 b = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

/// Streaming hasher over 64-bit words: two independent multiply-xorshift lanes.
class Hasher {
 public:
  void word(u64 v) {
    a_ = mix(a_ ^ v, 0x9e3779b97f4a7c15ull);
    b_ = mix(b_ + v, 0xd6e8feb86659fd93ull);
  }
  void bytes(const void* p, std::size_t n) {
    const char* c = static_cast<const char*>(p);
    u64 w;
    for (; n >= 8; c += 8, n -= 8) {
      std::memcpy(&w, c, 8);
      word(w);
    }
    if (n != 0) {
      w = 0;
      std::memcpy(&w, c, n);
      word(w ^ (u64{n} << 56));
    }
  }
  Digest digest() const { return {mix(a_, 0xff51afd7ed558ccdull), mix(b_ ^ a_, 0xc4ceb9fe1a85ec53ull)}; }

 private:
  __extension__ typedef unsigned __int128 u128;  // not ISO C++, hence the keyword under -Wpedantic
  static u64 mix(u64 x, u64 m) {
    const u128 p = static_cast<u128>(x ^ (x >> 32)) * m;
    return static_cast<u64>(p) ^ static_cast<u64>(p >> 64);
  }
  u64 a_ = 0x243f6a8885a308d3ull;
  u64 b_ = 0x13198a2e03707344ull;
};

}  // namespace isobar
