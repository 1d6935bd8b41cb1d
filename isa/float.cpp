// Floating-point operations on the lanes of vector registers, by the arithmetic of isa/fp.
#include "isa/alu.h"
#include "isa/fp/arithmetic.h"
#include "isa/fp/convert.h"

namespace isobar::isa {
namespace {

using fp::Environment;
using fp::Format;

u64 all_ones_if(bool b) {
  return b ? ~u64{0} : 0;
}

u64 binary(AluOp op, u64 a, u64 b, const Format& f, Environment& env) {
  switch (op) {
    case AluOp::FloatAdd: return fp::add(a, b, f, env);
    case AluOp::FloatSub: return fp::subtract(a, b, f, env);
    case AluOp::FloatMultiply: return fp::multiply(a, b, f, env);
    case AluOp::FloatMultiplyExtended: return fp::multiply_extended(a, b, f, env);
    case AluOp::FloatMultiplyNegated: return fp::negate(fp::multiply(a, b, f, env), f);
    case AluOp::FloatDivide: return fp::divide(a, b, f, env);
    case AluOp::FloatMax: return fp::max(a, b, f, env);
    case AluOp::FloatMin: return fp::min(a, b, f, env);
    case AluOp::FloatMaxNumber: return fp::max_number(a, b, f, env);
    case AluOp::FloatMinNumber: return fp::min_number(a, b, f, env);
    case AluOp::FloatDifference: return fp::absolute(fp::subtract(a, b, f, env), f);
    case AluOp::FloatReciprocalStep: return fp::reciprocal_step(a, b, f, env);
    case AluOp::FloatRootStep: return fp::reciprocal_root_step(a, b, f, env);
    case AluOp::FloatEqual: return all_ones_if(fp::equal(a, b, f, env));
    case AluOp::FloatGreaterEqual: return all_ones_if(fp::greater_equal(a, b, f, env));
    case AluOp::FloatGreater: return all_ones_if(fp::greater(a, b, f, env));
    case AluOp::FloatAbsoluteGreaterEqual:
      return all_ones_if(fp::greater_equal(fp::absolute(a, f), fp::absolute(b, f), f, env));
    case AluOp::FloatAbsoluteGreater:
      return all_ones_if(fp::greater(fp::absolute(a, f), fp::absolute(b, f), f, env));
    default: return 0;
  }
}

/// Integer and floating-point lanes may differ in width: `from` of the operand, `to` of the result.
u64 unary(const Uop& u, const FloatShape& s, u64 a, const Format& f, Environment& env) {
  const fp::Rounding rounding = s.rounding < 6 ? static_cast<fp::Rounding>(s.rounding) : env.rounding;
  const bool is_signed = (s.fixed_point & 0x80) != 0;
  const unsigned fraction_bits = s.fixed_point & 0x7f;
  switch (alu_op(u)) {
    case AluOp::FloatAbsolute: return fp::absolute(a, f);
    case AluOp::FloatNegate: return fp::negate(a, f);
    case AluOp::FloatSquareRoot: return fp::square_root(a, f, env);
    case AluOp::FloatReciprocalEstimate: return fp::reciprocal_estimate(a, f, env);
    case AluOp::FloatRootEstimate: return fp::reciprocal_root_estimate(a, f, env);
    case AluOp::FloatReciprocalExponent: return fp::reciprocal_exponent(a, f, env);
    case AluOp::FloatRound: return fp::round_to_integral(a, rounding, u.imm2 != 0, f, env);
    case AluOp::FloatRoundSized: return fp::round_to_integer_size(a, s.other_width, rounding, f, env);
    case AluOp::FloatToFixed:
      return fp::to_fixed(a, fraction_bits, s.other_width, is_signed, rounding, f, env);
    case AluOp::FloatFromFixed:
      return fp::from_fixed(a, fraction_bits, s.other_width, is_signed, rounding, f, env);
    case AluOp::FloatConvert:
    case AluOp::FloatNarrow:
    case AluOp::FloatWiden: return fp::convert(a, f, fp::format_of(s.other_width), rounding, env);
    case AluOp::FixedReciprocalEstimate: return fp::unsigned_reciprocal_estimate(static_cast<u32>(a));
    case AluOp::FixedRootEstimate: return fp::unsigned_reciprocal_root_estimate(static_cast<u32>(a));
    default: return 0;
  }
}

/// Reduce() of the Arm ARM: halves against each other, lower half first.
u64 reduce(AluOp op, const Value& v, unsigned first, unsigned count, const Format& f, Environment& env) {
  if (count == 1) return get_element(v, first, f.width);
  const u64 low = reduce(op, v, first, count / 2, f, env);
  const u64 high = reduce(op, v, first + count / 2, count / 2, f, env);
  return binary(op, low, high, f, env);
}

Value vertical(const Uop& u, const FloatShape& s, const Inputs& in, const Format& f, Environment& env) {
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; ++i) {
    const unsigned other = s.element != 0 ? s.element - 1u : i;
    const u64 a = get_element(in[0], i, u.width), b = get_element(in[1], other, u.width);
    set_element(r, i, u.width, binary(alu_op(u), a, b, f, env));
  }
  return r;
}

Value pairwise(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  Value r;
  const unsigned count = u.amount / u.width;
  for (unsigned i = 0; i < count; ++i) {
    const Value& from = in[i < count / 2 ? 0 : 1];
    const unsigned first = 2 * i % count;
    set_element(r, i, u.width, reduce(alu_op(u), from, first, 2, f, env));
  }
  return r;
}

Value evaluate_binary(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  switch (s.form) {
    case LaneForm::Vertical: return vertical(u, s, in, f, env);
    case LaneForm::Pairwise: return pairwise(u, in, f, env);
    case LaneForm::Neighbours:
    case LaneForm::Across: return {reduce(alu_op(u), in[0], 0, u.amount / u.width, f, env), 0};
  }
  return {};
}

Value multiply_add(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; ++i) {
    const unsigned other = s.element != 0 ? s.element - 1u : i;
    u64 a = get_element(in[0], i, u.width), c = get_element(in[2], i, u.width);
    if (s.minus_product) a = fp::negate(a, f);
    if (s.minus_addend) c = fp::negate(c, f);
    set_element(r, i, u.width, fp::multiply_add(c, a, get_element(in[1], other, u.width), f, env));
  }
  return r;
}

Value multiply_add_long(const Uop& u, const Inputs& in, Environment& env) {
  const FloatShape s = float_shape(u);
  const unsigned count = u.amount / 32, first = u.imm2 != 0 ? count : 0;
  Value r;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned other = s.element != 0 ? s.element - 1u : first + i;
    u64 a = get_element(in[0], first + i, 16);
    if (s.minus_product) a = fp::negate(a, fp::kHalf);
    set_element(r, i, 32,
                fp::multiply_add_half(get_element(in[2], i, 32), a, get_element(in[1], other, 16), env));
  }
  return r;
}

Value complex_add(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const bool three_quarters = float_shape(u).turn == 3;
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; i += 2) {
    u64 to_real = get_element(in[1], i + 1, u.width), to_imaginary = get_element(in[1], i, u.width);
    (three_quarters ? to_imaginary : to_real) = fp::negate(three_quarters ? to_imaginary : to_real, f);
    set_element(r, i, u.width, fp::add(get_element(in[0], i, u.width), to_real, f, env));
    set_element(r, i + 1, u.width, fp::add(get_element(in[0], i + 1, u.width), to_imaginary, f, env));
  }
  return r;
}

Value complex_multiply_add(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  const bool odd = (s.turn & 1) != 0;
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; i += 2) {
    const unsigned other = s.element != 0 ? 2 * (s.element - 1u) : i;
    const u64 a = get_element(in[0], odd ? i + 1 : i, u.width);
    u64 real = get_element(in[1], odd ? other + 1 : other, u.width);
    u64 imaginary = get_element(in[1], odd ? other : other + 1, u.width);
    if (s.turn == 1 || s.turn == 2) real = fp::negate(real, f);
    if (s.turn >= 2) imaginary = fp::negate(imaginary, f);
    set_element(r, i, u.width, fp::multiply_add(get_element(in[2], i, u.width), a, real, f, env));
    set_element(r, i + 1, u.width,
                fp::multiply_add(get_element(in[2], i + 1, u.width), a, imaginary, f, env));
  }
  return r;
}

/// One lane for one lane; the lanes of a conversion between a general and a vector register differ in width.
Value evaluate_unary(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  const AluOp op = alu_op(u);
  const unsigned lanes = u.amount / u.width;
  const bool sized = lanes == 1 && s.other_width != 0 && op != AluOp::FloatRoundSized;
  const unsigned from = sized && op == AluOp::FloatFromFixed ? s.other_width : u.width;
  const unsigned to = sized && op != AluOp::FloatFromFixed ? s.other_width : u.width;
  Value r;
  for (unsigned i = 0; i < lanes; ++i)
    set_element(r, i, to, unary(u, s, get_element(in[0], i, from), f, env));
  return r;
}

Value narrow(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  Value r;
  for (unsigned i = 0; i < 128u / u.width; ++i)
    set_element(r, i, s.other_width, unary(u, s, get_element(in[0], i, u.width), f, env));
  return u.src[1] != Reg::FPCR ? Value{in[1].lo, r.lo} : r;
}

Value widen(const Uop& u, const Inputs& in, const Format& f, Environment& env) {
  const FloatShape s = float_shape(u);
  const Value half{u.imm2 != 0 ? in[0].hi : in[0].lo, 0};
  Value r;
  for (unsigned i = 0; i < 64u / u.width; ++i)
    set_element(r, i, s.other_width, unary(u, s, get_element(half, i, u.width), f, env));
  return r;
}

u64 fpcr_of(const Uop& u, const Inputs& in) {
  for (unsigned i = 0; i < u.n_src; ++i) {
    if (u.src[i] == Reg::FPCR) return in[i].lo;
  }
  return 0;
}

}  // namespace

AluResult evaluate_float(const Uop& u, const Inputs& in) {
  Environment env(fpcr_of(u, in));
  const Format& f = fp::format_of(u.width);
  const AluOp op = alu_op(u);
  Value r;
  u8 flags = 0;
  switch (op) {
    case AluOp::FloatMultiplyAdd: r = multiply_add(u, in, f, env); break;
    case AluOp::FloatMultiplyAddLong: r = multiply_add_long(u, in, env); break;
    case AluOp::FloatComplexAdd: r = complex_add(u, in, f, env); break;
    case AluOp::FloatComplexMultiplyAdd: r = complex_multiply_add(u, in, f, env); break;
    case AluOp::FloatNarrow: r = narrow(u, in, f, env); break;
    case AluOp::FloatWiden: r = widen(u, in, f, env); break;
    case AluOp::FloatToInt32: {
      const fp::JavaScriptInteger n = fp::to_int32_modulo(in[0].lo, env);
      r.lo = n.value;
      flags = n.exact ? kFlagZ : 0;
      break;
    }
    case AluOp::FloatCompare:
      flags = fp::compare(in[0].lo & ones(u.width), in[1].lo & ones(u.width), u.imm2 != 0, f, env);
      break;
    case AluOp::FloatConditionalCompare:
      flags = static_cast<u8>(u.imm);
      if (condition_holds(u.cond, packed_flags(u, in, 3)))
        flags = fp::compare(in[0].lo & ones(u.width), in[1].lo & ones(u.width), u.imm2 != 0, f, env);
      break;
    default:
      r = op <= AluOp::FloatAbsoluteGreater ? evaluate_binary(u, in, f, env) : evaluate_unary(u, in, f, env);
  }
  return {{r, Value{env.exceptions, 0}}, flags};
}

}  // namespace isobar::isa
