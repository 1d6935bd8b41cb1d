// Integer arithmetic, logic, moves, bit fields, selects and flag manipulation of general registers (Arm ARM
// C4.1.94, C4.1.95).
#include <bit>
#include <optional>

#include "isa/evaluate.h"
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

/// DecodeBitMasks() of the Arm ARM for logical immediates: the replicated mask, nullopt if reserved.
std::optional<u64> decode_logical_immediate(u32 w) {
  const unsigned n = get(w, 22, 22), immr = get(w, 21, 16), imms = get(w, 15, 10);
  if (width(w) == 32 && n == 1) return std::nullopt;
  const unsigned selector = (n << 6) | (~imms & 0x3f);
  if (selector < 2) return std::nullopt;
  const unsigned element = 1u << (std::bit_width(selector) - 1);
  const unsigned ones_minus_1 = imms & (element - 1), rotation = immr & (element - 1);
  if (ones_minus_1 == element - 1) return std::nullopt;
  u64 v = ones(ones_minus_1 + 1);
  if (rotation != 0) v = ((v >> rotation) | (v << (element - rotation))) & ones(element);
  for (unsigned e = element; e < width(w); e *= 2) v |= v << e;
  return v;
}

/// Fills in the shift of a register operand; false for shifts of 32 and more in the 32-bit form.
bool set_shift(u32 w, Uop& u) {
  const unsigned amount = get(w, 15, 10);
  if (u.width == 32 && amount >= 32) return false;
  u.extend = static_cast<u8>(kShift + get(w, 23, 22));
  u.amount = static_cast<u8>(amount);
  return true;
}

/// opc of SMAX, UMAX, SMIN, UMIN.
constexpr AluOp kMinMax[4] = {AluOp::MaxSigned, AluOp::MaxUnsigned, AluOp::MinSigned, AluOp::MinUnsigned};

/// opc and N of a logical operation.
AluOp logical_op(unsigned opc, unsigned n) {
  constexpr AluOp kOps[4][2] = {
      {AluOp::And, AluOp::Bic}, {AluOp::Orr, AluOp::Orn}, {AluOp::Eor, AluOp::Eon}, {AluOp::And, AluOp::Bic}};
  return kOps[opc][n];
}

/// ANDS, TST, BICS: N and Z come from the operands, C and V are cleared without depending on anything.
void append_logical(Instruction& out, Uop u, bool set_flags) {
  if (set_flags) u.flags_out = kFlagN | kFlagZ;
  append(out, u);
  if (set_flags) append(out, make_flag_constant(kFlagC | kFlagV));
}

AluOp add_or_sub(u32 w) {
  return get(w, 30, 30) != 0 ? AluOp::Sub : AluOp::Add;
}
bool sets_flags(u32 w) {
  return get(w, 29, 29) != 0;
}

}  // namespace

bool lower_adr(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::PcRelative, 64, {}, x_dst(rd(w)));
  u.imm = (signed_get(w, 23, 5) << 2) | get(w, 30, 29);
  append(out, u);
  return true;
}

bool lower_adrp(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::PcPage, 64, {}, x_dst(rd(w)));
  u.imm = ((signed_get(w, 23, 5) << 2) | get(w, 30, 29)) << 12;
  append(out, u);
  return true;
}

bool lower_add_sub_immediate(u32 w, Instruction& out) {
  const bool flags = sets_flags(w);
  Uop u = make_alu(add_or_sub(w), width(w), {x_or_sp(rn(w))}, flags ? x_dst(rd(w)) : x_or_sp(rd(w)));
  u.imm = u64{get(w, 21, 10)} << (12 * get(w, 22, 22));
  if (flags) u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_logical_immediate(u32 w, Instruction& out) {
  const std::optional<u64> mask = decode_logical_immediate(w);
  if (!mask) return false;
  const bool flags = get(w, 30, 29) == 3;
  Uop u = make_alu(logical_op(get(w, 30, 29), 0), width(w), {x_reg(rn(w))},
                   flags ? x_dst(rd(w)) : x_or_sp(rd(w)));
  u.imm = *mask;
  append_logical(out, u, flags);
  return true;
}

bool lower_move_wide(u32 w, Instruction& out) {
  const unsigned shift = 16 * get(w, 22, 21);
  if (shift >= width(w)) return false;
  const u64 value = u64{get(w, 20, 5)} << shift;
  const unsigned opc = get(w, 30, 29);
  const bool keep = opc == 3;
  Uop u = keep ? make_alu(AluOp::MoveKeep, width(w), {x_reg(rd(w))}, x_dst(rd(w)))
               : make_alu(AluOp::Constant, width(w), {}, x_dst(rd(w)));
  u.amount = static_cast<u8>(shift);
  u.imm = opc == 0 ? ~value & ones(width(w)) : value;
  append(out, u);
  return true;
}

bool lower_bitfield(u32 w, Instruction& out) {
  const unsigned immr = get(w, 21, 16), imms = get(w, 15, 10);
  if (get(w, 22, 22) != get(w, 31, 31)) return false;
  if (width(w) == 32 && (immr >= 32 || imms >= 32)) return false;
  constexpr AluOp kOps[3] = {AluOp::SignedBitfield, AluOp::BitfieldMove, AluOp::UnsignedBitfield};
  const AluOp op = kOps[get(w, 30, 29)];
  Uop u = op == AluOp::BitfieldMove ? make_alu(op, width(w), {x_reg(rn(w)), x_reg(rd(w))}, x_dst(rd(w)))
                                    : make_alu(op, width(w), {x_reg(rn(w))}, x_dst(rd(w)));
  u.imm = immr;
  u.imm2 = imms;
  append(out, u);
  return true;
}

bool lower_extract(u32 w, Instruction& out) {
  const unsigned lsb = get(w, 15, 10);
  if (get(w, 22, 22) != get(w, 31, 31) || lsb >= width(w)) return false;
  Uop u = make_alu(AluOp::Extract, width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w)));
  u.imm = lsb;
  append(out, u);
  return true;
}

bool lower_logical_shifted(u32 w, Instruction& out) {
  const unsigned opc = get(w, 30, 29);
  Uop u = make_alu(logical_op(opc, get(w, 21, 21)), width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w)));
  if (!set_shift(w, u)) return false;
  append_logical(out, u, opc == 3);
  return true;
}

bool lower_add_sub_shifted(u32 w, Instruction& out) {
  if (get(w, 23, 22) == 3) return false;
  Uop u = make_alu(add_or_sub(w), width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w)));
  if (!set_shift(w, u)) return false;
  if (sets_flags(w)) u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_add_sub_extended(u32 w, Instruction& out) {
  const unsigned amount = get(w, 12, 10);
  if (amount > 4) return false;
  const bool flags = sets_flags(w);
  Uop u = make_alu(add_or_sub(w), width(w), {x_or_sp(rn(w)), x_reg(rm(w))},
                   flags ? x_dst(rd(w)) : x_or_sp(rd(w)));
  u.extend = static_cast<u8>(get(w, 15, 13));
  u.amount = static_cast<u8>(amount);
  if (flags) u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_add_sub_carry(u32 w, Instruction& out) {
  const AluOp op = get(w, 30, 30) != 0 ? AluOp::SubCarry : AluOp::AddCarry;
  Uop u = make_alu(op, width(w), {x_reg(rn(w)), x_reg(rm(w)), Reg::C}, x_dst(rd(w)));
  if (sets_flags(w)) u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_rmif(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::RotateIntoFlags, 64, {x_reg(rn(w))}, Reg::None);
  u.imm = get(w, 20, 15);
  u.flags_out = static_cast<u8>(get(w, 3, 0));
  append(out, u);
  return true;
}

bool lower_setf(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::EvaluateFlags, 32, {x_reg(rn(w))}, Reg::None);
  u.amount = get(w, 14, 14) != 0 ? 16 : 8;
  u.flags_out = kFlagN | kFlagZ | kFlagV;
  append(out, u);
  return true;
}

bool lower_flag_manipulation(u32 w, Instruction& out) {
  const auto append_flags = [&out](AluOp op, std::initializer_list<Reg> src, u8 flags) {
    Uop u = make_alu(op, 64, src, Reg::None);
    u.flags_out = flags;
    append(out, u);
  };
  switch (get(w, 7, 5)) {
    case 0: append_flags(AluOp::InvertCarry, {Reg::C}, kFlagC); break;
    case 1: append_flags(AluOp::Xaflag, {Reg::Z, Reg::C}, kFlagsAll); break;
    default:
      append_flags(AluOp::AxflagZero, {Reg::Z, Reg::V}, kFlagZ);
      append_flags(AluOp::AxflagCarry, {Reg::C, Reg::V}, kFlagC);
      append(out, make_flag_constant(kFlagN | kFlagV));
  }
  return true;
}

bool lower_conditional_compare(u32 w, Instruction& out) {
  const AluOp op = get(w, 30, 30) != 0 ? AluOp::CompareSub : AluOp::CompareAdd;
  const bool immediate = get(w, 11, 11) != 0;
  Uop u = immediate ? make_alu(op, width(w), {x_reg(rn(w))}, Reg::None)
                    : make_alu(op, width(w), {x_reg(rn(w)), x_reg(rm(w))}, Reg::None);
  if (immediate) u.imm = get(w, 20, 16);
  u.imm2 = get(w, 3, 0);
  u.cond = static_cast<u8>(get(w, 15, 12));
  u.flags_out = kFlagsAll;
  add_flag_inputs(u, condition_flags(u.cond));
  append(out, u);
  return true;
}

bool lower_conditional_select(u32 w, Instruction& out) {
  constexpr AluOp kOps[2][2] = {{AluOp::SelectCopy, AluOp::SelectIncrement},
                                {AluOp::SelectInvert, AluOp::SelectNegate}};
  const unsigned cond = get(w, 15, 12);
  if (condition_flags(cond) == 0) {
    Uop u = make_alu(AluOp::Orr, width(w), {x_reg(rn(w))}, x_dst(rd(w)));
    append(out, u);
    return true;
  }
  Uop u =
      make_alu(kOps[get(w, 30, 30)][get(w, 10, 10)], width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w)));
  u.kind = UopKind::Select;
  u.cond = static_cast<u8>(cond);
  add_flag_inputs(u, condition_flags(cond));
  append(out, u);
  return true;
}

bool lower_divide(u32 w, Instruction& out) {
  const AluOp op = get(w, 10, 10) != 0 ? AluOp::DivideSigned : AluOp::DivideUnsigned;
  append(out, make_alu(op, width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w))));
  return true;
}

bool lower_shift_variable(u32 w, Instruction& out) {
  constexpr AluOp kOps[4] = {AluOp::ShiftLeft, AluOp::ShiftRight, AluOp::ShiftRightSigned,
                             AluOp::RotateRight};
  append(out, make_alu(kOps[get(w, 11, 10)], width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w))));
  return true;
}

bool lower_min_max_register(u32 w, Instruction& out) {
  append(out, make_alu(kMinMax[get(w, 11, 10)], width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w))));
  return true;
}

bool lower_min_max_immediate(u32 w, Instruction& out) {
  const unsigned opc = get(w, 19, 18);
  Uop u = make_alu(kMinMax[opc], width(w), {x_reg(rn(w))}, x_dst(rd(w)));
  const bool is_signed = opc % 2 == 0;
  u.imm = is_signed ? signed_get(w, 17, 10) : get(w, 17, 10);
  append(out, u);
  return true;
}

bool lower_crc32(u32 w, Instruction& out) {
  const AluOp op = get(w, 12, 12) != 0 ? AluOp::Crc32c : AluOp::Crc32;
  Uop u = make_alu(op, width(w), {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w)));
  u.imm = 1u << get(w, 11, 10);
  append(out, u);
  return true;
}

bool lower_one_source(u32 w, Instruction& out) {
  constexpr AluOp kOps[9] = {AluOp::ReverseBits,        AluOp::ReverseBytes,      AluOp::ReverseBytes,
                             AluOp::ReverseBytes,       AluOp::CountLeadingZeros, AluOp::CountLeadingSign,
                             AluOp::CountTrailingZeros, AluOp::CountOnes,         AluOp::Absolute};
  const unsigned opcode = get(w, 15, 10);
  Uop u = make_alu(kOps[opcode], width(w), {x_reg(rn(w))}, x_dst(rd(w)));
  if (opcode >= 1 && opcode <= 3) u.amount = static_cast<u8>(1u << opcode);
  append(out, u);
  return true;
}

bool lower_multiply_add(u32 w, Instruction& out) {
  const AluOp op = get(w, 15, 15) != 0 ? AluOp::MultiplySub : AluOp::MultiplyAdd;
  append(out, make_alu(op, width(w), {x_reg(rn(w)), x_reg(rm(w)), x_reg(ra(w))}, x_dst(rd(w))));
  return true;
}

bool lower_multiply_add_long(u32 w, Instruction& out) {
  constexpr AluOp kOps[2][2] = {{AluOp::MultiplyAddSignedLong, AluOp::MultiplySubSignedLong},
                                {AluOp::MultiplyAddUnsignedLong, AluOp::MultiplySubUnsignedLong}};
  const AluOp op = kOps[get(w, 23, 23)][get(w, 15, 15)];
  append(out, make_alu(op, 64, {x_reg(rn(w)), x_reg(rm(w)), x_reg(ra(w))}, x_dst(rd(w))));
  return true;
}

bool lower_multiply_high(u32 w, Instruction& out) {
  const AluOp op = get(w, 23, 23) != 0 ? AluOp::MultiplyHighUnsigned : AluOp::MultiplyHighSigned;
  append(out, make_alu(op, 64, {x_reg(rn(w)), x_reg(rm(w))}, x_dst(rd(w))));
  return true;
}

}  // namespace isobar::isa
