// The architectural registers of one core, with a hash that is kept up to date by every write: hashing all of them
// per state took 44 % of the time of a search (perf on the cycle tests).
#pragma once

#include <array>
#include <vector>

#include "isa/register.h"
#include "support/hash.h"

namespace isobar::model {

class RegisterFile {
 public:
  /// The low 64 bits of the register with number isa::index(r).
  u64 operator[](unsigned index) const { return low_[index]; }

  Value get(isa::Reg r) const {
    const Value v{low_[isa::index(r)], 0};
    if (!isa::is_vector(r) || high_.empty()) return v;
    return {v.lo, high_[vector_index(r)]};
  }

  /// Only vector registers keep `v.hi`.
  void set(isa::Reg r, Value v) {
    put(low_[isa::index(r)], v.lo, isa::index(r));
    if (!isa::is_vector(r)) return;
    if (high_.empty()) {
      if (v.hi == 0) return;
      high_.resize(kVectors);
    }
    put(high_[vector_index(r)], v.hi, isa::kNumRegs + vector_index(r));
  }

  void hash(Hasher& h) const {
    h.word(sum_.a);
    h.word(sum_.b);
  }

 private:
  static constexpr unsigned kVectors = 32;
  static unsigned vector_index(isa::Reg r) { return isa::index(r) - isa::index(isa::Reg::V0); }

  /// The hash is the sum over all registers of a hash of (number, value), 0 for value 0.
  void put(u64& place, u64 value, unsigned number) {
    if (place == value) return;
    const Digest before = term(number, place);
    const Digest after = term(number, value);
    sum_.a += after.a - before.a;
    sum_.b += after.b - before.b;
    place = value;
  }
  static Digest term(unsigned number, u64 value) {
    if (value == 0) return {};
    Hasher h;
    h.word(number);
    h.word(value);
    return h.digest();
  }

  std::array<u64, isa::kNumRegs> low_{};
  std::vector<u64> high_;  ///< empty while every upper half is zero, else kVectors
  Digest sum_;
};

}  // namespace isobar::model
