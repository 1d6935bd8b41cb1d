#include "isa/decoder.h"

#include <array>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

constexpr u32 mask_of(std::string_view bitstring) {
  u32 m = 0;
  for (const char c : bitstring) m = (m << 1) | (c == '0' || c == '1' ? 1u : 0u);
  return m;
}
constexpr u32 value_of(std::string_view bitstring) {
  u32 v = 0;
  for (const char c : bitstring) v = (v << 1) | (c == '1' ? 1u : 0u);
  return v;
}

constexpr Encoding kEncodings[] = {
#define X(name, bitstring, family, lower) {#name, bitstring, family, mask_of(bitstring), value_of(bitstring)},
#include "isa/encodings.inc"
#undef X
};
constexpr Lower kLower[] = {
#define X(name, bitstring, family, lower) lower,
#include "isa/encodings.inc"
#undef X
};
constexpr unsigned kCount = sizeof kEncodings / sizeof kEncodings[0];
constexpr u16 kUnallocated = kCount - 1;

#define X(name, bitstring, family, lower) static_assert(sizeof(bitstring) == 33, #name ": not 32 characters");
#include "isa/encodings.inc"
#undef X

/// For each value of bits 31:21, the encodings that can match, in table order.
class Buckets {
 public:
  Buckets() {
    for (u32 key = 0; key < lists_.size(); ++key) {
      for (unsigned e = 0; e < kCount; ++e) {
        const u32 fixed = kEncodings[e].mask >> kShiftOut;
        if ((key & fixed) == (kEncodings[e].value >> kShiftOut)) lists_[key].push_back(static_cast<u16>(e));
      }
    }
  }
  const std::vector<u16>& of(u32 word) const { return lists_[word >> kShiftOut]; }

 private:
  static constexpr unsigned kShiftOut = 21;
  std::array<std::vector<u16>, 1u << (32 - kShiftOut)> lists_;
};

u16 first_match(u32 word) {
  static const Buckets buckets;
  for (const u16 e : buckets.of(word)) {
    if ((word & kEncodings[e].mask) == kEncodings[e].value) return e;
  }
  return kUnallocated;
}

/// Every word decoded so far. Entries are never removed, so that references stay valid.
class GlobalCache {
 public:
  const Instruction* find_or_decode(u32 word) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<const Instruction>& slot = map_[word];
    if (!slot) slot = std::make_unique<const Instruction>(decode(word));
    return slot.get();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<u32, std::unique_ptr<const Instruction>> map_;
};

u64 bit_of(Reg r) { return u64{1} << (index(r) % 64); }

/// Uop::may_write. Who looks for the writer of a register goes through many micro-ops that write others.
u64 may_write(const Uop& u) {
  if (u.kind == UopKind::SysWrite || u.kind == UopKind::Eret) return ~u64{0};
  u64 mask = 0;
  for (const Reg r : u.dst)
    if (r != Reg::None) mask |= r == Reg::SP ? bit_of(Reg::SP) | bit_of(Reg::SP_EL0) | bit_of(Reg::SP_EL1) : bit_of(r);
  for (const Reg r : {Reg::N, Reg::Z, Reg::C, Reg::V})
    if (u.flags_out != 0) mask |= bit_of(r);
  return mask;
}

}  // namespace

std::span<const Encoding> encodings() {
  return kEncodings;
}

Instruction decode(u32 word) {
  Instruction out;
  out.word = word;
  out.encoding = first_match(word);
  if (!kLower[out.encoding](word, out)) {
    out = Instruction{};
    out.word = word;
    out.encoding = kUnallocated;
    lower_undefined(word, out);
  }
  for (unsigned k = 0; k < out.count; ++k) out.uops[k].may_write = may_write(out.uops[k]);
  return out;
}

const Instruction& decode_cached(u32 word) {
  // Leaked on purpose: worker threads may still hold references while static objects are destroyed.
  static GlobalCache& global = *new GlobalCache;
  static thread_local std::array<const Instruction*, 4096> front{};
  const Instruction*& slot = front[(word ^ (word >> 10) ^ (word >> 21)) % front.size()];
  if (slot == nullptr || slot->word != word) slot = global.find_or_decode(word);
  return *slot;
}

bool is_defined(u32 word) {
  const Uop& first = decode_cached(word).uops[0];
  return first.kind != UopKind::Exception || first.exception_op() != ExceptionOp::Undefined;
}

}  // namespace isobar::isa
