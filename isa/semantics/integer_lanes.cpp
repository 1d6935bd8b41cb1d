// Integer arithmetic on lanes that rounds, saturates, widens, narrows or accumulates (Arm ARM C4.1.97,
// Advanced SIMD).
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;
using namespace trait;

bool has(u32 traits, u32 t) {
  return (traits & t) != 0;
}

/// Whether lanes of `width` bits exist: by the traits, and not one of 64 bits as a vector.
bool width_exists(u32 w, u32 traits, unsigned width) {
  const bool vector = !has(traits, kScalar);
  return has(traits, k8 * (width / 8)) && !(vector && width == 64 && vector_bits(w) == 64);
}

/// Operations whose shape is a LaneShape.
bool is_shaped(AluOp op) {
  return op >= AluOp::IntegerCopy;
}

/// The shape that the traits describe; `width` is that of the lanes of the result.
LaneShape lane_shape_of(u32 w, u32 traits, unsigned width) {
  LaneShape s;
  const bool is_signed = has(traits, kSigned);
  const auto flag = [&](bool condition, u8 f) { s.flags = static_cast<u8>(s.flags | (condition ? f : 0)); };
  if (has(traits, kNeighbours)) s.form = LaneForm::Neighbours;
  s.a_scale = has(traits, kNarrows) ? 1 : has(traits, kLongA) ? -1 : 0;
  s.b_scale = has(traits, kNarrows) ? 1 : has(traits, kLongB) ? -1 : 0;
  flag(is_signed, kLaneSignedA);
  flag(is_signed != has(traits, kOtherSign), kLaneSignedB);
  flag(is_signed && !has(traits, kUnsignedResult), kLaneSignedResult);
  flag(has(traits, kRounds), kLaneRounds);
  flag(has(traits, kSaturates), kLaneSaturates);
  flag(vector_bits(w) == 128 && !has(traits, kScalar) && has(traits, kLong | kNarrows) &&
           !has(traits, kNeighbours),
       kLaneUpper);
  if (has(traits, kHalves)) s.shift = -1;
  if (has(traits, kHigh)) s.shift = static_cast<i8>(-static_cast<int>(width));
  s.accumulate = has(traits, kAdds) ? 1 : has(traits, kSubtracts) ? 2 : 0;
  return s;
}

/// Adds the destination where it is an input, and FPSR.
void finish(Instruction& out, Uop u, u32 traits) {
  const LaneShape s = is_shaped(alu_op(u)) ? lane_shape(u) : LaneShape{};
  const bool keeps_half = s.a_scale > 0 && (s.flags & kLaneUpper) != 0;
  if (has(traits, kAdds | kSubtracts | kAccumulates) || keeps_half) add_data_input(u, u.dst[0]);
  if (has(traits, kSaturates)) u.dst[1] = Reg::FPSR;
  append(out, u);
}

/// Bits of the result: one lane of a scalar; narrowed lanes fill one half, widened ones the register.
unsigned result_bits(u32 w, u32 traits, unsigned width) {
  if (has(traits, kScalar)) return width;
  if (has(traits, kNarrows)) return 64;
  return has(traits, kLong) && !has(traits, kNeighbours) ? 128 : vector_bits(w);
}

/// Lane width in bits as the highest one of immh (22:19) gives it.
unsigned shift_lane_width(u32 w) {
  unsigned width = 64;
  while (width > 8 && (get(w, 22, 16) & width) == 0) width /= 2;
  return width;
}

}  // namespace

bool lower_integer_lanes_same(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = 8u << get(w, 23, 22);
  if (!width_exists(w, p.trait, width)) return false;
  const u64 shape = is_shaped(p.op) ? pack(lane_shape_of(w, p.trait, width)) : 0;
  finish(out, make_lanes(p.op, width, result_bits(w, p.trait, width), {vn(w), vm(w)}, vd(w), shape), p.trait);
  return true;
}

bool lower_integer_lanes_different(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned named = 8u << get(w, 23, 22), width = has(p.trait, kLong) ? 2 * named : named;
  if (!width_exists(w, p.trait, named)) return false;
  finish(out,
         make_lanes(p.op, width, result_bits(w, p.trait, width), {vn(w), vm(w)}, vd(w),
                    pack(lane_shape_of(w, p.trait, width))),
         p.trait);
  return true;
}

bool lower_polynomial_double(u32 w, Instruction& out) {
  append(out,
         make_lanes(AluOp::PolynomialDouble, 64, 128, {vn(w), vm(w)}, vd(w), vector_bits(w) == 128 ? 1 : 0));
  return true;
}

bool lower_integer_lanes_element(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned named = 8u << get(w, 23, 22), width = has(p.trait, kLong) ? 2 * named : named;
  if (!width_exists(w, p.trait, named)) return false;
  const unsigned high = get(w, 11, 11);
  LaneShape s = lane_shape_of(w, p.trait, width);
  s.element = static_cast<u8>((named == 16 ? 4 * high + get(w, 21, 20) : 2 * high + get(w, 21, 21)) + 1);
  const Reg m = v_reg(named == 16 ? get(w, 19, 16) : get(w, 20, 16));
  finish(out, make_lanes(p.op, width, result_bits(w, p.trait, width), {vn(w), m}, vd(w), pack(s)), p.trait);
  return true;
}

bool lower_integer_lanes_one(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned named = 8u << get(w, 23, 22), width = has(p.trait, kLongA) ? 2 * named : named;
  if (!width_exists(w, p.trait, named)) return false;
  LaneShape s = lane_shape_of(w, p.trait, width);
  if (has(p.trait, kShiftsByWidth)) s.shift = static_cast<i8>(named);
  const u64 shape = is_shaped(p.op) ? pack(s) : 0;
  Uop u = make_lanes(p.op, width, result_bits(w, p.trait, width), {}, vd(w), shape);
  if (has(p.trait, kDestinationFirst)) add_data_input(u, vd(w));
  if (has(p.trait, kSwapped)) add_data_input(u, Reg::XZR);
  add_data_input(u, vn(w));
  if (has(p.trait, kWithZero) && !has(p.trait, kSwapped)) add_data_input(u, Reg::XZR);
  finish(out, u, p.trait);
  return true;
}

bool lower_integer_lanes_across_long(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned named = 8u << get(w, 23, 22);
  if (named == 64 || (named == 32 && vector_bits(w) == 64)) return false;
  LaneShape s;
  s.form = LaneForm::Across;
  s.a_scale = -1;
  s.flags = has(p.trait, kSigned) ? kLaneSignedA : 0;
  append(out, make_lanes(p.op, 2 * named, vector_bits(w), {vn(w)}, vd(w), pack(s)));
  return true;
}

bool lower_integer_lanes_shift(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  const unsigned width = shift_lane_width(w), immediate = get(w, 22, 16);
  if (!has(p.trait, kScalar) && width == 64 && vector_bits(w) == 64) return false;
  LaneShape s = lane_shape_of(w, p.trait, width);
  s.shift = static_cast<i8>(has(p.trait, kLeft) ? static_cast<int>(immediate - width)
                                                : static_cast<int>(immediate) - static_cast<int>(2 * width));
  finish(out, make_lanes(p.op, width, result_bits(w, p.trait, width), {vn(w)}, vd(w), pack(s)), p.trait);
  return true;
}

}  // namespace isobar::isa
