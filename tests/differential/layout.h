// Addresses and sizes that both machines of the differential test use.
#pragma once

#include "support/types.h"

namespace isobar::differential {

inline constexpr u64 kCode = 0x100000;  ///< one instruction after another, each executed once
inline constexpr u64 kCodeSize = 0x10000;
inline constexpr u64 kData = 0x120000;  ///< within reach of literal loads; nothing is mapped on either side
inline constexpr u64 kDataSize = 0x1000;

}  // namespace isobar::differential
