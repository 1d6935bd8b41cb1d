#include "isa/concurrent_modification.h"

#include <algorithm>
#include <array>

#include "support/bits.h"

namespace isobar::isa {

namespace {

struct Pattern {
  u32 mask, value;
};

/// DDI 0487, C4.1: branches, exception generation and system instructions.
constexpr std::array<Pattern, 7> kOriginal{{
    {0x7c000000, 0x14000000},  // B, BL
    {0xffe0001f, 0xd4000001},  // SVC
    {0xffe0001f, 0xd4000002},  // HVC
    {0xffe0001f, 0xd4000003},  // SMC
    {0xffe0001f, 0xd4200000},  // BRK
    {0xfffff0ff, 0xd50330df},  // ISB
    {0xffffffff, 0xd503201f},  // NOP
}};
constexpr std::array<Pattern, 4> kAdded{{
    {0xff000010, 0x54000000},  // B.cond
    {0x7e000000, 0x34000000},  // CBZ, CBNZ
    {0x7e000000, 0x36000000},  // TBZ, TBNZ
    {0xffff0000, 0x00000000},  // UDF
}};

template <std::size_t N>
bool any_matches(const std::array<Pattern, N>& patterns, u32 word) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [word](const Pattern& p) { return (word & p.mask) == p.value; });
}

}  // namespace

bool is_concurrently_modifiable(u32 word, CmodxList list) {
  return any_matches(kOriginal, word) || (list == CmodxList::Current && any_matches(kAdded, word));
}

bool is_dmb_with_shareability(u32 word) {
  const u64 option = bits(word, 11, 8);
  return (word & 0xfffff0ff) == 0xd50330bf && (option & 3) != 0 && option >> 2 != 3;
}

}  // namespace isobar::isa
