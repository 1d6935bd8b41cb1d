// Integer operations on lanes that need more than the width of a lane: each computes in 128 bits, and is then
// shifted, rounded, accumulated and saturated as its LaneShape says.
#include <algorithm>
#include <bit>

#include "isa/alu.h"
#include "isa/fp/number.h"

namespace isobar::isa {
namespace {

using fp::i128;
using fp::u128;

i128 element(const Value& v, unsigned index, unsigned width, bool is_signed) {
  const u64 e = get_element(v, index, width);
  return is_signed ? i128{static_cast<i64>(sign_extend(e, width))} : i128{e};
}

i128 polynomial_product(u64 a, u64 b, unsigned width) {
  u128 r = 0;
  for (unsigned i = 0; i < width; ++i) r ^= bit(b, i) != 0 ? u128{a} << i : 0;
  return static_cast<i128>(r);
}

/// Right shift by `n`, up to the width plus one, to nearest if `rounds`.
i128 shift_right(i128 v, unsigned n, bool rounds) {
  if (n == 0) return v;
  return (v + (rounds ? i128{1} << (n - 1) : 0)) >> n;
}

/// SSHL and its family: a left shift of the width or more leaves nothing, or what saturates.
i128 shift_by_register(i128 a, i128 b, unsigned width, const LaneShape& s) {
  const int n = static_cast<i8>(b);
  const int limit = static_cast<int>(width);
  if (n < 0)
    return shift_right(a, static_cast<unsigned>(std::min(-n, limit + 1)), (s.flags & kLaneRounds) != 0);
  if (n < limit) return a * (i128{1} << n);
  if ((s.flags & kLaneSaturates) == 0 || a == 0) return 0;
  return (a < 0 ? -1 : 1) * (i128{1} << width);
}

i128 saturate(i128 v, unsigned width, bool is_signed, bool& saturated) {
  const i128 most = is_signed ? (i128{1} << (width - 1)) - 1 : (i128{1} << width) - 1;
  const i128 least = is_signed ? -(i128{1} << (width - 1)) : 0;
  const i128 r = std::clamp(v, least, most);
  saturated |= r != v;
  return r;
}

/// `width` is that of the operands' own lanes for the counting operations.
i128 combine(AluOp op, i128 a, i128 b, i128 c, unsigned width, const LaneShape& s) {
  switch (op) {
    case AluOp::IntegerAdd: return a + b;
    case AluOp::IntegerSub: return a - b;
    case AluOp::IntegerDifference: return a > b ? a - b : b - a;
    case AluOp::IntegerMultiply: return a * b;
    case AluOp::IntegerMultiplyDoubling: return 2 * a * b;
    case AluOp::IntegerMultiplyDoublingAdd: return c * (i128{1} << width) + 2 * a * b;
    case AluOp::IntegerMultiplyDoublingSub: return c * (i128{1} << width) - 2 * a * b;
    case AluOp::IntegerPolynomial: return polynomial_product(static_cast<u64>(a), static_cast<u64>(b), width);
    case AluOp::IntegerShift: return shift_by_register(a, b, width, s);
    case AluOp::IntegerAbsolute: return a < 0 ? -a : a;
    case AluOp::IntegerLeadingZeros:
      return std::countl_zero(static_cast<u64>(a)) - static_cast<int>(64 - width);
    case AluOp::IntegerLeadingSign: {
      const u64 extended = sign_extend(static_cast<u64>(a), width);
      return std::countl_zero((extended ^ (extended << 1)) | 1) - static_cast<int>(64 - width);
    }
    default: return a;
  }
}

class LaneEvaluation {
 public:
  LaneEvaluation(const Uop& u, const Inputs& in) : u_(u), in_(in), s_(lane_shape(u)) {}

  AluResult run() {
    Value r;
    if (s_.form == LaneForm::Across) {
      r = across();
    } else {
      for (unsigned i = 0; i < u_.amount / u_.width; ++i) set_element(r, i, u_.width, lane(i));
    }
    if (s_.a_scale > 0 && has(kLaneUpper)) r = {destination().lo, r.lo};
    return {{r, Value{saturated_ ? fp::kSaturated : 0, 0}}, 0};
  }

 private:
  bool has(u8 flag) const { return (s_.flags & flag) != 0; }
  const Value& destination() const { return in_[u_.n_src - 1u]; }
  unsigned scaled(i8 scale) const { return scale < 0 ? u_.width / 2u : scale > 0 ? u_.width * 2u : u_.width; }
  /// Where lane `i` of an operand is: long operands may be in the upper half.
  unsigned position(unsigned i, i8 scale) const {
    return scale < 0 && has(kLaneUpper) ? 64 / scaled(scale) + i : i;
  }

  i128 a(unsigned i) const { return element(in_[0], i, scaled(s_.a_scale), has(kLaneSignedA)); }
  i128 b(unsigned i) const { return element(in_[1], i, scaled(s_.b_scale), has(kLaneSignedB)); }

  Value across() const {
    i128 sum = 0;
    for (unsigned i = 0; i < u_.amount / scaled(s_.a_scale); ++i) sum += a(i);
    Value r;
    set_element(r, 0, u_.width, static_cast<u64>(sum));
    return r;
  }

  u64 lane(unsigned i) {
    const i128 old = element(destination(), i, u_.width, has(kLaneSignedResult));
    i128 v = 0;
    if (s_.form == LaneForm::Neighbours) {
      v = a(2 * i) + a(2 * i + 1);
    } else {
      const i128 first = a(position(i, s_.a_scale));
      const i128 second = b(s_.element != 0 ? s_.element - 1u : position(i, s_.b_scale));
      v = combine(alu_op(u_), first, second, old, counted_width(), s_);
    }
    if (s_.shift > 0) v = v * (i128{1} << s_.shift);
    if (s_.shift < 0) v = shift_right(v, static_cast<unsigned>(-s_.shift), has(kLaneRounds));
    if (has(kLaneSaturates)) v = saturate(v, u_.width, has(kLaneSignedResult), saturated_);
    if (s_.accumulate == 0) return static_cast<u64>(v);
    v = s_.accumulate == 1 ? old + v : old - v;
    if (has(kLaneSaturates)) v = saturate(v, u_.width, has(kLaneSignedResult), saturated_);
    return static_cast<u64>(v);
  }

  /// Polynomials have the width of their operands, everything else that of the result.
  unsigned counted_width() const {
    return alu_op(u_) == AluOp::IntegerPolynomial ? scaled(s_.a_scale) : u_.width;
  }

  const Uop& u_;
  const Inputs& in_;
  LaneShape s_;
  bool saturated_ = false;
};

Value dot_product(const Uop& u, const Inputs& in) {
  const LaneShape s = lane_shape(u);
  const bool is_signed = (s.flags & kLaneSignedA) != 0;
  Value r;
  for (unsigned i = 0; i < u.amount / 32u; ++i) {
    const unsigned other = s.element != 0 ? s.element - 1u : i;
    i128 sum = element(in[2], i, 32, false);
    for (unsigned k = 0; k < 4; ++k)
      sum += element(in[0], 4 * i + k, 8, is_signed) * element(in[1], 4 * other + k, 8, is_signed);
    set_element(r, i, 32, static_cast<u64>(sum));
  }
  return r;
}

Value insert(const Uop& u, const Inputs& in) {
  const LaneShape s = lane_shape(u);
  Value r;
  for (unsigned i = 0; i < u.amount / u.width; ++i) {
    const u64 a = get_element(in[0], i, u.width), old = get_element(in[1], i, u.width);
    const unsigned n = static_cast<unsigned>(s.shift < 0 ? -s.shift : s.shift);
    const u64 mask = n >= 64 ? 0 : s.shift < 0 ? ones(u.width) >> n : ones(u.width) << n;
    const u64 v = n >= 64 ? 0 : s.shift < 0 ? a >> n : a << n;
    set_element(r, i, u.width, (v & mask) | (old & ~mask));
  }
  return r;
}

}  // namespace

AluResult evaluate_integer_lanes(const Uop& u, const Inputs& in) {
  switch (alu_op(u)) {
    case AluOp::IntegerDot: return {{dot_product(u, in), Value{}}, 0};
    case AluOp::IntegerInsert: return {{insert(u, in), Value{}}, 0};
    case AluOp::PolynomialDouble: {
      const unsigned lane = static_cast<unsigned>(u.imm);
      const i128 p = polynomial_product(get_element(in[0], lane, 64), get_element(in[1], lane, 64), 64);
      return {{Value{static_cast<u64>(p), static_cast<u64>(p >> 64)}, Value{}}, 0};
    }
    default: return LaneEvaluation(u, in).run();
  }
}

}  // namespace isobar::isa
