// Where words of A64 code branch to and what they load by address, as far as importers must know.
#pragma once

#include <optional>

#include "support/types.h"

namespace isobar::scenarios {

/// Offset in bytes of B, BL, B.cond, BC.cond, CBZ, CBNZ, TBZ and TBNZ.
std::optional<i64> branch_offset(u32 word);
/// The same word with another offset; nullopt if it does not fit.
std::optional<u32> with_branch_offset(u32 word, i64 offset);
/// Offset of a load of a literal (LDR, LDRSW, of X, W or vector registers).
std::optional<i64> literal_offset(u32 word);

inline bool is_call(u32 word) { return (word & 0xfc000000) == 0x94000000; }            ///< BL
inline bool is_register_call(u32 word) { return (word & 0xfffffc1f) == 0xd63f0000; }   ///< BLR
inline bool is_register_jump(u32 word) { return (word & 0xffdffc1f) == 0xd61f0000 && !is_register_call(word); }
inline bool is_return(u32 word) { return (word & 0xfffffc1f) == 0xd65f0000; }
inline bool is_barrier(u32 word) { return (word & 0xfffff0ff) == 0xd50330bf; }         ///< DMB
inline unsigned branch_register(u32 word) { return word >> 5 & 31; }

}  // namespace isobar::scenarios
