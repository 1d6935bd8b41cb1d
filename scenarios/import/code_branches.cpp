#include "scenarios/import/code_branches.h"

#include "support/bits.h"

namespace isobar::scenarios {

namespace {

/// Position and width of the offset in a direct branch (Arm ARM C4.1.89, "Branches, Exception generating and System
/// instructions").
struct Field {
  unsigned low = 0, width = 0;
};

std::optional<Field> field_of(u32 word) {
  if ((word & 0x7c000000) == 0x14000000) return Field{0, 26};  // B, BL
  if ((word & 0xff000000) == 0x54000000) return Field{5, 19};  // B.cond, BC.cond
  if ((word & 0x7e000000) == 0x34000000) return Field{5, 19};  // CBZ, CBNZ
  if ((word & 0x7e000000) == 0x36000000) return Field{5, 14};  // TBZ, TBNZ
  return std::nullopt;
}

}  // namespace

std::optional<i64> branch_offset(u32 word) {
  const auto f = field_of(word);
  if (!f) return std::nullopt;
  return static_cast<i64>(sign_extend(bits(word, f->low + f->width - 1, f->low), f->width)) * 4;
}

std::optional<u32> with_branch_offset(u32 word, i64 offset) {
  const auto f = field_of(word);
  const i64 limit = i64{1} << (f ? f->width - 1 : 0), words = offset / 4;
  if (!f || words < -limit || words >= limit) return std::nullopt;
  const u32 mask = static_cast<u32>(ones(f->width)) << f->low;
  return (word & ~mask) | (static_cast<u32>(words) << f->low & mask);
}

std::optional<i64> literal_offset(u32 word) {
  if ((word & 0x3b000000) != 0x18000000 || word >> 30 == 3) return std::nullopt;
  return static_cast<i64>(sign_extend(bits(word, 23, 5), 19)) * 4;
}

}  // namespace isobar::scenarios
