// The architectural registers of one core, with a hash that is kept up to date by every write: hashing all of them
// per state took 44 % of the time of a search (perf on the cycle tests). A timed run, which asks once, does without.
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
    const Digest now = kept_ ? sum_ : sum();
    h.word(now.a);
    h.word(now.b);
  }

  /// Whether writes keep the hash up to date, as they do at first, or hash() makes it anew.
  void keep_hash(bool keep) {
    if (keep && !kept_) sum_ = sum();
    kept_ = keep;
  }

 private:
  static constexpr unsigned kVectors = 32;
  static unsigned vector_index(isa::Reg r) { return isa::index(r) - isa::index(isa::Reg::V0); }

  /// The hash is the sum over all registers of a hash of (number, value), 0 for value 0.
  void put(u64& place, u64 value, unsigned number) {
    if (place == value) return;
    if (!kept_) {
      place = value;
      return;
    }
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

  Digest sum() const {
    Digest all;
    const auto add = [&all](unsigned number, u64 value) {
      const Digest d = term(number, value);
      all.a += d.a;
      all.b += d.b;
    };
    for (unsigned i = 0; i < low_.size(); ++i) add(i, low_[i]);
    for (unsigned i = 0; i < high_.size(); ++i) add(isa::kNumRegs + i, high_[i]);
    return all;
  }

  std::array<u64, isa::kNumRegs> low_{};
  std::vector<u64> high_;  ///< empty while every upper half is zero, else kVectors
  Digest sum_;
  bool kept_ = true;
};

}  // namespace isobar::model
