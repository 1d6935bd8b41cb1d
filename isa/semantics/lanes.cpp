// Integer arithmetic, comparison, shifts and permutations on the lanes of vector registers (Arm ARM C4.1.97):
// the part of Advanced SIMD that string functions of C libraries and translators use. No saturation, no
// floating point.
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

unsigned lane_width(u32 w) {
  return 8u << get(w, 23, 22);
}
/// One 64-bit lane needs a 128-bit vector.
bool lane_exists(u32 w) {
  return lane_width(w) < 64 || vector_bits(w) == 128;
}

/// U (29) and opcode (15:11) of the three-register operations.
struct ThreeSame {
  AluOp op;
  LaneForm form = LaneForm::Vertical;
  unsigned widest = 64;
};

ThreeSame three_same(u32 w) {
  const bool u = get(w, 29, 29) != 0;
  switch (get(w, 15, 11)) {
    case 0b00110: return {u ? AluOp::LaneHigher : AluOp::LaneGreater};
    case 0b00111: return {u ? AluOp::LaneHigherSame : AluOp::LaneGreaterEqual};
    case 0b01100: return {u ? AluOp::LaneMaxUnsigned : AluOp::LaneMaxSigned, LaneForm::Vertical, 32};
    case 0b01101: return {u ? AluOp::LaneMinUnsigned : AluOp::LaneMinSigned, LaneForm::Vertical, 32};
    case 0b10001: return {u ? AluOp::LaneEqual : AluOp::LaneTest};
    case 0b10011: return {AluOp::LaneMultiply, LaneForm::Vertical, 32};
    case 0b10100: return {u ? AluOp::LaneMaxUnsigned : AluOp::LaneMaxSigned, LaneForm::Pairwise, 32};
    case 0b10101: return {u ? AluOp::LaneMinUnsigned : AluOp::LaneMinSigned, LaneForm::Pairwise, 32};
    case 0b10111: return {AluOp::LaneAdd, LaneForm::Pairwise};
    default: return {u ? AluOp::LaneSub : AluOp::LaneAdd};
  }
}

/// Lane width in bits as the highest one of immh (22:19) gives it; the table has no line with immh 0.
unsigned shift_lane_width(u32 w) {
  unsigned width = 64;
  while (width > 4 && (get(w, 22, 16) & width) == 0) width /= 2;
  return width;
}

AluOp shift_op(u32 w) {
  if (get(w, 15, 11) == 0b01010) return AluOp::LaneShiftLeft;
  return get(w, 29, 29) != 0 ? AluOp::LaneShiftRight : AluOp::LaneShiftRightSigned;
}

unsigned left_shift(u32 w) {
  return get(w, 22, 16) - shift_lane_width(w);
}
unsigned right_shift(u32 w) {
  return 2 * shift_lane_width(w) - get(w, 22, 16);
}

void append_shift(Instruction& out, u32 w, unsigned bits) {
  const AluOp op = shift_op(w);
  const unsigned amount = op == AluOp::LaneShiftLeft ? left_shift(w) : right_shift(w);
  append(out, make_lanes(op, shift_lane_width(w), bits, {vn(w)}, vd(w), amount));
}

/// XTN and SHRN; with Q set ("XTN2") the lower half of the destination stays.
void append_narrow(Instruction& out, u32 w, unsigned width, unsigned shift) {
  Uop u = vector_bits(w) == 128 ? make_lanes(AluOp::LaneNarrow, width, 128, {vn(w), vd(w)}, vd(w))
                          : make_lanes(AluOp::LaneNarrow, width, 128, {vn(w)}, vd(w));
  u.imm = shift;
  append(out, u);
}

}  // namespace

bool lower_lanes_three_same(u32 w, Instruction& out) {
  const ThreeSame t = three_same(w);
  if (!lane_exists(w) || lane_width(w) > t.widest) return false;
  append(out, make_lanes(t.op, lane_width(w), vector_bits(w), {vn(w), vm(w)}, vd(w), static_cast<u64>(t.form)));
  return true;
}

bool lower_lanes_scalar(u32 w, Instruction& out) {
  append(out, make_lanes(three_same(w).op, 64, 64, {vn(w), vm(w)}, vd(w)));
  return true;
}

bool lower_lanes_pair_scalar(u32 w, Instruction& out) {
  append(out,
         make_lanes(AluOp::LaneAdd, 64, 128, {vn(w), Reg::XZR}, vd(w), static_cast<u64>(LaneForm::Across)));
  return true;
}

bool lower_lanes_compare_zero(u32 w, Instruction& out) {
  if (!lane_exists(w)) return false;
  const bool u = get(w, 29, 29) != 0;
  const unsigned width = lane_width(w), bits = vector_bits(w);
  switch (get(w, 16, 12)) {
    case 0b01000:
      append(out, make_lanes(u ? AluOp::LaneGreaterEqual : AluOp::LaneGreater, width, bits, {vn(w), Reg::XZR},
                             vd(w)));
      return true;
    case 0b01001:
      append(out, u ? make_lanes(AluOp::LaneGreaterEqual, width, bits, {Reg::XZR, vn(w)}, vd(w))
                    : make_lanes(AluOp::LaneEqual, width, bits, {vn(w), Reg::XZR}, vd(w)));
      return true;
    default: append(out, make_lanes(AluOp::LaneGreater, width, bits, {Reg::XZR, vn(w)}, vd(w))); return true;
  }
}

bool lower_lanes_absolute(u32 w, Instruction& out) {
  if (!lane_exists(w)) return false;
  append(out, make_lanes(AluOp::LaneAbsolute, lane_width(w), vector_bits(w), {vn(w)}, vd(w)));
  return true;
}

bool lower_lanes_negate(u32 w, Instruction& out) {
  if (!lane_exists(w)) return false;
  append(out, make_lanes(AluOp::LaneSub, lane_width(w), vector_bits(w), {Reg::XZR, vn(w)}, vd(w)));
  return true;
}

bool lower_lanes_not(u32 w, Instruction& out) {
  append(out, make_alu(AluOp::VectorOrn, vector_bits(w), {Reg::XZR, vn(w)}, vd(w)));
  return true;
}

bool lower_lanes_byte_bits(u32 w, Instruction& out) {
  const AluOp op = get(w, 29, 29) != 0 ? AluOp::LaneReverseBits : AluOp::LaneCountOnes;
  append(out, make_lanes(op, 8, vector_bits(w), {vn(w)}, vd(w)));
  return true;
}

bool lower_lanes_reverse(u32 w, Instruction& out) {
  const unsigned group = get(w, 12, 12) != 0 ? 16 : get(w, 29, 29) != 0 ? 32 : 64;
  if (lane_width(w) >= group) return false;
  append(out, make_lanes(AluOp::LaneReverse, lane_width(w), vector_bits(w), {vn(w)}, vd(w), group));
  return true;
}

bool lower_lanes_extract_narrow(u32 w, Instruction& out) {
  if (lane_width(w) == 64) return false;
  append_narrow(out, w, lane_width(w), 0);
  return true;
}

bool lower_lanes_across(u32 w, Instruction& out) {
  const unsigned width = lane_width(w);
  if (width == 64 || (width == 32 && vector_bits(w) == 64)) return false;
  const bool u = get(w, 29, 29) != 0;
  AluOp op = AluOp::LaneAdd;
  if (get(w, 16, 12) == 0b01010) op = u ? AluOp::LaneMaxUnsigned : AluOp::LaneMaxSigned;
  if (get(w, 16, 12) == 0b11010) op = u ? AluOp::LaneMinUnsigned : AluOp::LaneMinSigned;
  append(out, make_lanes(op, width, vector_bits(w), {vn(w), Reg::XZR}, vd(w), static_cast<u64>(LaneForm::Across)));
  return true;
}

bool lower_lanes_shift(u32 w, Instruction& out) {
  if (shift_lane_width(w) == 64 && vector_bits(w) == 64) return false;
  append_shift(out, w, vector_bits(w));
  return true;
}

bool lower_lanes_shift_scalar(u32 w, Instruction& out) {
  append_shift(out, w, 64);
  return true;
}

bool lower_lanes_shift_narrow(u32 w, Instruction& out) {
  append_narrow(out, w, shift_lane_width(w), right_shift(w));
  return true;
}

bool lower_lanes_shift_long(u32 w, Instruction& out) {
  const AluOp op = get(w, 29, 29) != 0 ? AluOp::LaneWidenUnsigned : AluOp::LaneWidenSigned;
  Uop u = make_lanes(op, shift_lane_width(w), 128, {vn(w)}, vd(w), left_shift(w));
  u.imm2 = vector_bits(w) == 128 ? 1 : 0;
  append(out, u);
  return true;
}

bool lower_lanes_permute(u32 w, Instruction& out) {
  if (!lane_exists(w)) return false;
  append(out, make_lanes(AluOp::LanePermute, lane_width(w), vector_bits(w), {vn(w), vm(w)}, vd(w), get(w, 14, 12)));
  return true;
}

bool lower_lanes_extract(u32 w, Instruction& out) {
  const unsigned from = get(w, 14, 11);
  if (from * 8 >= vector_bits(w)) return false;
  append(out, make_lanes(AluOp::LaneExtract, 8, vector_bits(w), {vn(w), vm(w)}, vd(w), from));
  return true;
}

bool lower_lanes_table(u32 w, Instruction& out) {
  const unsigned tables = get(w, 14, 13) + 1;
  Uop u = make_lanes(AluOp::LaneTable, 8, vector_bits(w), {}, vd(w), tables);
  for (unsigned i = 0; i < tables; ++i) add_data_input(u, v_reg((rn(w) + i) % 32));
  add_data_input(u, vm(w));
  if (get(w, 12, 12) != 0) add_data_input(u, vd(w));
  append(out, u);
  return true;
}

}  // namespace isobar::isa
