// Where allocation tags are in the shared memory (FEAT_MTE, Arm ARM D10).
//
// Each granule of 16 bytes has its tag in a byte of its own, far above all data, so that tags have coherence, store
// forwarding and reduction as data have. Must not know: who checks tags.
#pragma once

#include "support/types.h"

namespace isobar::model {

inline constexpr u64 kTagGranule = 16;
inline constexpr u64 kTagSpace = u64{1} << 59;

/// The location of the tag of the granule that holds `addr`, an address without a tag of its own.
constexpr u64 tag_location(u64 addr) {
  return kTagSpace + ((addr & ((u64{1} << 56) - 1)) / kTagGranule);
}
constexpr bool is_tag_location(u64 addr) {
  return addr - kTagSpace < u64{1} << 52;
}
/// The first byte of the granule whose tag is at `location`.
constexpr u64 tagged_granule(u64 location) {
  return (location - kTagSpace) * kTagGranule;
}

/// The logical address tag of a pointer.
constexpr u64 pointer_tag(u64 pointer) {
  return pointer >> 56 & 15;
}
/// Top Byte Ignore: the address that a pointer means. Bit 55 selects the range.
constexpr u64 without_tag(u64 pointer) {
  return (pointer >> 55 & 1) != 0 ? pointer | u64{0xff} << 56 : pointer & ~(u64{0xff} << 56);
}

}  // namespace isobar::model
