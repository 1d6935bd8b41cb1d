// Floating-point arithmetic on the lanes of vector registers (Arm ARM C4.1.97, Advanced SIMD).
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;
using namespace trait;

/// Lanes by kHalf and, for single or double precision, sz (22). 0 if reserved: one lane of 64 bits as a
/// vector.
unsigned lane_width(u32 w, u32 traits) {
  if ((traits & kHalf) != 0) return 16;
  if (get(w, 22, 22) == 0) return 32;
  return vector_bits(w) == 128 || (traits & kScalar) != 0 ? 64 : 0;
}

/// Bits that the operation works on: one lane of a scalar.
unsigned operated_bits(u32 w, unsigned width, u32 traits) {
  return (traits & kScalar) != 0 ? width : vector_bits(w);
}

bool finish(Instruction& out, Uop u, u32 traits) {
  if (u.width == 0) return false;
  if ((traits & kAccumulates) != 0) add_data_input(u, u.dst[0]);
  if ((traits & kNoEnvironment) == 0) add_float_environment(u);
  append(out, u);
  return true;
}

/// Element H:L:M of half-precision lanes.
u8 half_element(u32 w) {
  return static_cast<u8>(4 * get(w, 11, 11) + get(w, 21, 20) + 1);
}

/// A register of the lower half of the file: half-precision lanes by an element name Rm in four bits.
Reg low_vm(u32 w) {
  return v_reg(get(w, 19, 16));
}

}  // namespace

bool lower_float_lanes_same(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = lane_width(w, p.trait);
  return finish(out,
                make_lanes(p.op, width, operated_bits(w, width, p.trait), {vn(w), vm(w)}, vd(w),
                           pack(shape_of(p.trait))),
                p.trait);
}

bool lower_float_lanes_long(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  Uop u = make_lanes(p.op, 32, vector_bits(w), {vn(w), vm(w)}, vd(w), pack(shape_of(p.trait)));
  u.imm2 = (p.trait & kUpper) != 0 ? 1 : 0;
  return finish(out, u, p.trait | kAccumulates);
}

bool lower_float_lanes_complex(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = 8u << get(w, 23, 22);
  if (width == 8 || (width == 64 && vector_bits(w) == 64)) return false;
  const bool multiplies = p.op == AluOp::FloatComplexMultiplyAdd;
  FloatShape s = shape_of(p.trait);
  s.turn = static_cast<u8>(multiplies ? get(w, 12, 11) : 2 * get(w, 12, 12) + 1);
  return finish(out, make_lanes(p.op, width, vector_bits(w), {vn(w), vm(w)}, vd(w), pack(s)),
                multiplies ? p.trait | kAccumulates : p.trait);
}

bool lower_float_lanes_element(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  unsigned width = 0;
  Reg m = v_reg(get(w, 20, 16));
  switch (get(w, 23, 22)) {
    case 0b00:
      width = 16;
      m = low_vm(w);
      s.element = half_element(w);
      break;
    case 0b10:
      width = 32;
      s.element = static_cast<u8>(2 * get(w, 11, 11) + get(w, 21, 21) + 1);
      break;
    case 0b11:
      if (get(w, 21, 21) != 0) return false;
      width = lane_width(w, p.trait);
      s.element = static_cast<u8>(get(w, 11, 11) + 1);
      break;
    default: return false;
  }
  return finish(out, make_lanes(p.op, width, operated_bits(w, width, p.trait), {vn(w), m}, vd(w), pack(s)),
                p.trait);
}

bool lower_float_lanes_long_element(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  s.element = half_element(w);
  Uop u = make_lanes(p.op, 32, vector_bits(w), {vn(w), low_vm(w)}, vd(w), pack(s));
  u.imm2 = (p.trait & kUpper) != 0 ? 1 : 0;
  return finish(out, u, p.trait | kAccumulates);
}

bool lower_float_lanes_complex_element(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const bool half = (p.trait & kHalf) != 0;
  const unsigned high = get(w, 11, 11);
  if (half && high != 0 && vector_bits(w) == 64) return false;
  FloatShape s = shape_of(p.trait);
  s.turn = static_cast<u8>(get(w, 14, 13));
  s.element = static_cast<u8>((half ? 2 * high + get(w, 21, 21) : high) + 1);
  return finish(out, make_lanes(p.op, half ? 16 : 32, vector_bits(w), {vn(w), vm(w)}, vd(w), pack(s)),
                p.trait | kAccumulates);
}

bool lower_float_lanes_one(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = lane_width(w, p.trait);
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(p.op != AluOp::FloatRoundSized ? width
                                  : (p.trait & kSize32) != 0     ? 32
                                                                 : 64);
  Uop u = make_lanes(p.op, width, operated_bits(w, width, p.trait), {}, vd(w), pack(s));
  const bool with_zero = (p.trait & kWithZero) != 0, swapped = (p.trait & kSwapped) != 0;
  if (swapped) add_data_input(u, Reg::XZR);
  add_data_input(u, vn(w));
  if (with_zero && !swapped) add_data_input(u, Reg::XZR);
  u.imm2 = (p.trait & kExact) != 0 ? 1 : 0;
  return finish(out, u, p.trait);
}

bool lower_float_lanes_narrow(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = get(w, 22, 22) != 0 ? 64 : 32;
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(width / 2);
  Uop u = make_lanes(p.op, width, 128, {vn(w)}, vd(w), pack(s));
  if (vector_bits(w) == 128) add_data_input(u, vd(w));
  return finish(out, u, p.trait);
}

bool lower_float_lanes_narrow_scalar(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  s.other_width = 32;
  return finish(out, make_lanes(p.op, 64, 64, {vn(w)}, vd(w), pack(s)), p.trait);
}

bool lower_float_lanes_widen(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = get(w, 22, 22) != 0 ? 32 : 16;
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(2 * width);
  Uop u = make_lanes(p.op, width, 128, {vn(w)}, vd(w), pack(s));
  u.imm2 = vector_bits(w) == 128 ? 1 : 0;
  return finish(out, u, p.trait);
}

bool lower_float_lanes_fixed(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned immediate = get(w, 22, 16), width = immediate >= 64 ? 64 : immediate >= 32 ? 32 : 16;
  if (width == 64 && vector_bits(w) == 64) return false;
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(width);
  s.fixed_point = static_cast<u8>(s.fixed_point | (2 * width - immediate));
  return finish(out, make_lanes(p.op, width, operated_bits(w, width, p.trait), {vn(w)}, vd(w), pack(s)),
                p.trait);
}

bool lower_float_lanes_pair(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = (p.trait & kHalf) != 0 ? 16 : get(w, 22, 22) != 0 ? 64 : 32;
  FloatShape s = shape_of(p.trait);
  s.form = LaneForm::Across;
  return finish(out, make_lanes(p.op, width, 2 * width, {vn(w)}, vd(w), pack(s)), p.trait);
}

bool lower_float_lanes_across(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  s.form = LaneForm::Across;
  return finish(out,
                make_lanes(p.op, (p.trait & kHalf) != 0 ? 16 : 32, vector_bits(w), {vn(w)}, vd(w), pack(s)),
                p.trait);
}

}  // namespace isobar::isa
