// Scalar floating-point arithmetic (Arm ARM C4.1.97, "Data Processing -- Scalar Floating-Point").
#include "isa/evaluate.h"
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;
using namespace trait;

/// FPCR and FPSR as the traits say, and the micro-op to the instruction. False if the type is reserved.
bool finish(Instruction& out, Uop u, u32 traits) {
  if (u.width == 0) return false;
  if ((traits & kNoEnvironment) == 0) add_float_environment(u);
  append(out, u);
  return true;
}

/// Sets the number of fraction bits (scale, 15:10) of a conversion; false if it is reserved.
bool set_fixed_point(u32 w, u32 traits, FloatShape& s) {
  if ((traits & kFixedPoint) == 0) return true;
  const unsigned fraction_bits = 64 - get(w, 15, 10);
  if (fraction_bits > width(w)) return false;
  s.fixed_point = static_cast<u8>(s.fixed_point | fraction_bits);
  return true;
}

}  // namespace

bool lower_float_two(u32 w, Instruction& out) {
  const unsigned type = float_type_width(w);
  const Parameter& p = parameter_of(out);
  return finish(out, make_lanes(p.op, type, type, {vn(w), vm(w)}, vd(w), pack(shape_of(p.trait))), p.trait);
}

bool lower_float_three(u32 w, Instruction& out) {
  const unsigned type = float_type_width(w);
  const Parameter& p = parameter_of(out);
  return finish(out,
                make_lanes(p.op, type, type, {vn(w), vm(w), v_reg(ra(w))}, vd(w), pack(shape_of(p.trait))),
                p.trait);
}

bool lower_float_one(u32 w, Instruction& out) {
  const unsigned type = float_type_width(w);
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  if (p.op == AluOp::FloatRoundSized) s.other_width = (p.trait & kSize32) != 0 ? 32 : 64;
  Uop u = make_lanes(p.op, type, type, {vn(w)}, vd(w), pack(s));
  u.imm2 = (p.trait & kExact) != 0 ? 1 : 0;
  return finish(out, u, p.trait);
}

bool lower_float_convert(u32 w, Instruction& out) {
  constexpr u8 kWidth[4] = {32, 64, 0, 16};
  const unsigned from = float_type_width(w);
  FloatShape s;
  s.other_width = kWidth[get(w, 16, 15)];
  if (s.other_width == 0 || s.other_width == from) return false;
  return finish(out, make_lanes(AluOp::FloatConvert, from, from, {vn(w)}, vd(w), pack(s)), 0);
}

bool lower_float_compare(u32 w, Instruction& out) {
  const u32 traits = parameter_of(out).trait;
  Uop u = make_alu(AluOp::FloatCompare, float_type_width(w),
                   {vn(w), (traits & kWithZero) != 0 ? Reg::XZR : vm(w)}, Reg::None);
  u.imm2 = (traits & kSignalling) != 0 ? 1 : 0;
  u.flags_out = kFlagsAll;
  return finish(out, u, traits);
}

bool lower_float_conditional_compare(u32 w, Instruction& out) {
  const u32 traits = parameter_of(out).trait;
  Uop u = make_alu(AluOp::FloatConditionalCompare, float_type_width(w), {vn(w), vm(w)}, Reg::None);
  if (u.width == 0) return false;
  u.imm = get(w, 3, 0);
  u.imm2 = (traits & kSignalling) != 0 ? 1 : 0;
  u.cond = static_cast<u8>(get(w, 15, 12));
  u.flags_out = kFlagsAll;
  add_float_environment(u);
  add_flag_inputs(u, condition_flags(u.cond));
  append(out, u);
  return true;
}

bool lower_float_to_general(u32 w, Instruction& out) {
  const unsigned type = float_type_width(w);
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(width(w));
  if (!set_fixed_point(w, p.trait, s)) return false;
  return finish(out, make_lanes(p.op, type, type, {vn(w)}, x_dst(rd(w)), pack(s)), p.trait);
}

bool lower_float_from_general(u32 w, Instruction& out) {
  const unsigned type = float_type_width(w);
  const Parameter& p = parameter_of(out);
  FloatShape s = shape_of(p.trait);
  s.other_width = static_cast<u8>(width(w));
  if (!set_fixed_point(w, p.trait, s)) return false;
  return finish(out, make_lanes(p.op, type, type, {x_reg(rn(w))}, vd(w), pack(s)), p.trait);
}

bool lower_float_to_int32(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::FloatToInt32, 64, {vn(w)}, x_dst(rd(w)));
  u.flags_out = kFlagsAll;
  return finish(out, u, 0);
}

}  // namespace isobar::isa
