// Moves between vector registers, general registers and immediates, and bitwise logic (Arm ARM C4.1.97).
// Nothing here reads FPCR or writes FPSR.
#include <bit>

#include "isa/evaluate.h"
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

/// VFPExpandImm() of the Arm ARM: an 8-bit immediate as a number of `width` bits.
u64 expand_float(unsigned imm8, unsigned width) {
  const unsigned exponent = width == 64 ? 11 : width == 32 ? 8 : 5;
  const unsigned fraction = width - exponent - 1;
  const u64 sign = bit(imm8, 7), b = bit(imm8, 6);
  const u64 high = (b ^ 1) << (exponent - 1), repeated = b != 0 ? ones(exponent - 3) << 2 : 0;
  return (sign << (width - 1)) | ((high | repeated | bits(imm8, 5, 4)) << fraction) |
         (bits(imm8, 3, 0) << (fraction - 4));
}

u64 replicate(u64 v, unsigned element) {
  for (; element < 64; element *= 2) v |= v << element;
  return v;
}

/// AdvSIMDExpandImm() of the Arm ARM, for the forms that are in the table.
u64 expand_modified_immediate(unsigned op, unsigned cmode, bool half_float, unsigned imm8) {
  if (half_float) return replicate(expand_float(imm8, 16), 16);
  switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3: return replicate(u64{imm8} << (8 * (cmode >> 1)), 32);
    case 4: return replicate(imm8, 16);
    case 5: return replicate(u64{imm8} << 8, 16);
    case 6: return replicate((cmode & 1) != 0 ? (u64{imm8} << 16) | 0xffff : (u64{imm8} << 8) | 0xff, 32);
    default: break;
  }
  if ((cmode & 1) != 0) return op != 0 ? expand_float(imm8, 64) : replicate(expand_float(imm8, 32), 32);
  if (op == 0) return replicate(imm8, 8);
  u64 v = 0;
  for (unsigned i = 0; i < 8; ++i) v |= bit(imm8, i) * (u64{0xff} << (8 * i));
  return v;
}

/// An element as imm5 (20:16) gives it.
struct Element {
  unsigned width = 0;  ///< bits; 0 if reserved
  unsigned index = 0;
};

Element element(u32 w) {
  const unsigned imm5 = get(w, 20, 16), log2 = static_cast<unsigned>(std::countr_zero(imm5));
  if (log2 > 3) return {};
  return {8u << log2, imm5 >> (log2 + 1)};
}

bool append_duplicate(Instruction& out, Reg src, const Element& e, unsigned total, Reg dst) {
  Uop u = make_alu(AluOp::VectorDuplicate, e.width, {src}, dst);
  u.imm = e.index;
  u.amount = static_cast<u8>(total);
  append(out, u);
  return true;
}

void append_insert(Instruction& out, Reg vector, unsigned width, unsigned to, Reg src, unsigned from) {
  Uop u = make_alu(AluOp::VectorInsert, width, {vector, src}, vector);
  u.imm = to;
  u.imm2 = from;
  append(out, u);
}

}  // namespace

bool lower_fmov_register(u32 w, Instruction& out) {
  const unsigned width = float_type_width(w);
  if (width == 0) return false;
  append(out, make_alu(AluOp::VectorMove, width, {v_reg(rn(w))}, v_reg(rd(w))));
  return true;
}

bool lower_fmov_general(u32 w, Instruction& out) {
  const unsigned width = float_type_width(w);
  const bool to_vector = get(w, 16, 16) != 0;
  append(out, to_vector ? make_alu(AluOp::VectorMove, width, {x_reg(rn(w))}, v_reg(rd(w)))
                        : make_alu(AluOp::VectorMove, width, {v_reg(rn(w))}, x_dst(rd(w))));
  return true;
}

bool lower_fmov_top(u32 w, Instruction& out) {
  if (get(w, 16, 16) != 0) {
    append_insert(out, v_reg(rd(w)), 64, 1, x_reg(rn(w)), 0);
    return true;
  }
  Uop u = make_alu(AluOp::VectorElement, 64, {v_reg(rn(w))}, x_dst(rd(w)));
  u.imm = 1;
  append(out, u);
  return true;
}

bool lower_fmov_immediate(u32 w, Instruction& out) {
  const unsigned width = float_type_width(w);
  if (width == 0) return false;
  Uop u = make_alu(AluOp::Constant, 64, {}, v_reg(rd(w)));
  u.imm = expand_float(get(w, 20, 13), width);
  append(out, u);
  return true;
}

bool lower_fcsel(u32 w, Instruction& out) {
  const unsigned width = float_type_width(w), cond = get(w, 15, 12);
  if (width == 0) return false;
  if (condition_flags(cond) == 0) {
    append(out, make_alu(AluOp::VectorMove, width, {v_reg(rn(w))}, v_reg(rd(w))));
    return true;
  }
  Uop u = make_alu(AluOp::SelectCopy, width, {v_reg(rn(w)), v_reg(rm(w))}, v_reg(rd(w)));
  u.kind = UopKind::Select;
  u.cond = static_cast<u8>(cond);
  add_flag_inputs(u, condition_flags(cond));
  append(out, u);
  return true;
}

bool lower_modified_immediate(u32 w, Instruction& out) {
  const unsigned op = get(w, 29, 29), cmode = get(w, 15, 12);
  const bool half_float = get(w, 11, 11) != 0;
  const u64 value = expand_modified_immediate(op, cmode, half_float, (get(w, 18, 16) << 5) | get(w, 9, 5));
  const Reg d = v_reg(rd(w));
  const bool combines = cmode < 12 && (cmode & 1) != 0;
  Uop u;
  if (combines) {
    u = make_alu(op != 0 ? AluOp::VectorBicConstant : AluOp::VectorOrrConstant, vector_bits(w), {d}, d);
    u.imm = value;
  } else {
    u = make_alu(AluOp::Constant, 64, {}, d);
    const bool inverts = op != 0 && cmode < 14;
    u.imm = inverts ? ~value : value;
  }
  u.imm2 = vector_bits(w) == 128 ? u.imm : 0;
  append(out, u);
  return true;
}

bool lower_duplicate_element(u32 w, Instruction& out) {
  const Element e = element(w);
  if (e.width == 0 || (e.width == 64 && vector_bits(w) == 64)) return false;
  return append_duplicate(out, v_reg(rn(w)), e, vector_bits(w), v_reg(rd(w)));
}

bool lower_duplicate_scalar(u32 w, Instruction& out) {
  const Element e = element(w);
  if (e.width == 0) return false;
  return append_duplicate(out, v_reg(rn(w)), e, e.width, v_reg(rd(w)));
}

bool lower_duplicate_general(u32 w, Instruction& out) {
  const Element e = element(w);
  if (e.width == 0 || (e.width == 64 && vector_bits(w) == 64)) return false;
  return append_duplicate(out, x_reg(rn(w)), {e.width, 0}, vector_bits(w), v_reg(rd(w)));
}

bool lower_insert_general(u32 w, Instruction& out) {
  const Element e = element(w);
  if (e.width == 0) return false;
  append_insert(out, v_reg(rd(w)), e.width, e.index, x_reg(rn(w)), 0);
  return true;
}

bool lower_insert_element(u32 w, Instruction& out) {
  const Element e = element(w);
  if (e.width == 0) return false;
  append_insert(out, v_reg(rd(w)), e.width, e.index, v_reg(rn(w)), get(w, 14, 11) / (e.width / 8));
  return true;
}

bool lower_move_to_general(u32 w, Instruction& out) {
  const Element e = element(w);
  const bool is_signed = get(w, 12, 12) == 0, wide = get(w, 30, 30) != 0;
  const bool exists = is_signed ? e.width == 8 || e.width == 16 || (wide && e.width == 32)
                      : wide    ? e.width == 64
                                : e.width == 8 || e.width == 16 || e.width == 32;
  if (!exists) return false;
  Uop u = make_alu(is_signed ? AluOp::VectorElementSigned : AluOp::VectorElement, e.width, {v_reg(rn(w))},
                   x_dst(rd(w)));
  u.imm = e.index;
  u.amount = wide ? 64 : 32;
  append(out, u);
  return true;
}

bool lower_vector_logical(u32 w, Instruction& out) {
  constexpr AluOp kOps[5] = {AluOp::VectorAnd, AluOp::VectorBic, AluOp::VectorOrr, AluOp::VectorOrn,
                             AluOp::VectorEor};
  const unsigned op = (get(w, 29, 29) << 2) | get(w, 23, 22), width = vector_bits(w);
  const Reg d = v_reg(rd(w)), n = v_reg(rn(w)), m = v_reg(rm(w));
  switch (op) {
    case 5: append(out, make_alu(AluOp::VectorSelect, width, {m, n, d}, d)); break;  // BSL
    case 6: append(out, make_alu(AluOp::VectorSelect, width, {d, n, m}, d)); break;  // BIT
    case 7: append(out, make_alu(AluOp::VectorSelect, width, {n, d, m}, d)); break;  // BIF
    default: append(out, make_alu(kOps[op], width, {n, m}, d));
  }
  return true;
}

}  // namespace isobar::isa
