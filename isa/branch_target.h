// Branch target identification (FEAT_BTI): what PSTATE.BTYPE is behind a branch, and what it lets follow.
#pragma once

#include "support/bits.h"

namespace isobar::isa {

/// PSTATE.BTYPE. 0: no indirect branch, or RET.
namespace branch_type {
inline constexpr u8 kCallOrJump = 1, kCall = 2, kJump = 3;
}  // namespace branch_type

/// PSTATE.BTYPE behind the instruction `word` of a guarded page or another one (Arm ARM C6.2, BR and BLR).
inline u8 branch_type_behind(u32 word, bool guarded) {
  constexpr u32 kRegister = 0x3e0, kBr = 0xd61f'0000, kBlr = 0xd63f'0000;
  if ((word & ~kRegister) == kBlr) return branch_type::kCall;
  if ((word & ~kRegister) != kBr) return 0;
  const u64 n = bits(u64{word}, 9, 5);
  return guarded && n != 16 && n != 17 ? branch_type::kJump : branch_type::kCallOrJump;
}

/// May an instruction of a guarded page be executed with this PSTATE.BTYPE, not 0? BTI with its operand; PACIASP and
/// PACIBSP like BTI C (SCTLR_EL1.BT0 is set); BRK and HLT always (BTypeCompatible).
inline bool may_land(u32 word, u8 type) {
  constexpr u32 kBti = 0xd503'241f, kBtiOperands = 0xc0, kPaciasp = 0xd503'233f, kPacibsp = 0xd503'237f;
  const bool calls = type != branch_type::kJump, jumps = type != branch_type::kCall;
  if ((word & ~kBtiOperands) == kBti) return (calls && bit(word, 6) != 0) || (jumps && bit(word, 7) != 0);
  if (word == kPaciasp || word == kPacibsp) return calls;
  return (word & 0xffe0'001f) == 0xd420'0000 || (word & 0xffe0'001f) == 0xd440'0000;
}

}  // namespace isobar::isa
