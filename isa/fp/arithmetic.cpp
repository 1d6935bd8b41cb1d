#include "isa/fp/arithmetic.h"

#include <initializer_list>
#include <utility>

namespace isobar::isa::fp {
namespace {

/// sign * significand * 2^(exponent - 127); bit 127 is clear in operands of add_exact().
struct Wide {
  bool sign = false;
  i32 exponent = 0;
  u128 significand = 0;
};

u64 invalid(const Format& f, Environment& env) {
  env.exceptions |= kInvalid;
  return f.default_nan();
}

Wide widen(const Number& n) {
  return {n.sign, n.exponent + 1, u128{n.significand} << 63};
}

Wide product(const Number& a, const Number& b, bool negated = false) {
  return {(a.sign != b.sign) != negated, a.exponent + b.exponent + 2,
          (u128{a.significand} * b.significand) >> 1};
}

/// FPRound() of a number of any normalisation; not zero.
u64 round_wide(const Wide& w, const Format& f, Rounding rounding, Environment& env) {
  const unsigned zeros = leading_zeros(w.significand);
  return round_pack(w.sign, w.exponent - static_cast<i32>(zeros), w.significand << zeros, f, rounding, env);
}

/// FPRound() of a + b. Bits are lost to the sticky bit only where the operands are so far apart that the sum
/// keeps its leading bits: products have 106 bits at most, and a cancellation of more than one bit needs
/// equal exponents but one.
u64 round_sum(Wide a, Wide b, const Format& f, Environment& env) {
  if (a.exponent < b.exponent) std::swap(a, b);
  b.significand = shift_right_sticky(b.significand, static_cast<unsigned>(a.exponent - b.exponent));
  Wide sum{a.sign, a.exponent, 0};
  if (a.sign == b.sign) {
    sum.significand = a.significand + b.significand;
  } else if (a.significand >= b.significand) {
    sum.significand = a.significand - b.significand;
  } else {
    sum.significand = b.significand - a.significand;
    sum.sign = b.sign;
  }
  if (sum.significand == 0) return f.zero(env.rounding == Rounding::Down);
  return round_wide(sum, f, env.rounding, env);
}

/// FPProcessNaNs(): true if one operand is a NaN; the result is then in `v`.
bool nan_of(u64 a, const Number& x, u64 b, const Number& y, const Format& f, Environment& env, u64& v) {
  if (!x.is_nan() && !y.is_nan()) return false;
  const bool second = x.kind != Kind::SignallingNan && (y.kind == Kind::SignallingNan || !x.is_nan());
  v = second ? process_nan(b, y.kind, f, env) : process_nan(a, x.kind, f, env);
  return true;
}

/// FPProcessNaNs3(): the first signalling NaN, else the first quiet one.
template <class Pick>
bool first_nan(const Number& x, const Number& y, const Number& z, Pick pick) {
  for (const Kind k : {Kind::SignallingNan, Kind::QuietNan}) {
    const int which = x.kind == k ? 0 : y.kind == k ? 1 : z.kind == k ? 2 : 3;
    if (which == 3) continue;
    pick(which, k);
    return true;
  }
  return false;
}

u64 sum(u64 a, u64 b, bool negate_b, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  Number y = unpack(b, f, env);
  u64 nan = 0;
  if (nan_of(a, x, b, y, f, env, nan)) return nan;
  y.sign = y.sign != negate_b;
  if (x.kind == Kind::Infinity || y.kind == Kind::Infinity) {
    if (x.kind == y.kind && x.sign != y.sign) return invalid(f, env);
    return f.infinity(x.kind == Kind::Infinity ? x.sign : y.sign);
  }
  if (x.kind == Kind::Zero && y.kind == Kind::Zero)
    return f.zero(x.sign == y.sign ? x.sign : env.rounding == Rounding::Down);
  if (x.kind == Kind::Zero) return round_wide(widen(y), f, env.rounding, env);
  if (y.kind == Kind::Zero) return round_wide(widen(x), f, env.rounding, env);
  return round_sum(widen(x), widen(y), f, env);
}

u64 product_of(u64 a, u64 b, bool extended, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env), y = unpack(b, f, env);
  u64 nan = 0;
  if (nan_of(a, x, b, y, f, env, nan)) return nan;
  const bool sign = x.sign != y.sign;
  if (x.kind == Kind::Infinity || y.kind == Kind::Infinity) {
    if (x.kind != Kind::Zero && y.kind != Kind::Zero) return f.infinity(sign);
    if (!extended) return invalid(f, env);
    return f.zero(sign) | (u64{1u << (f.exponent_bits - 1)} << f.fraction_bits);
  }
  if (x.kind == Kind::Zero || y.kind == Kind::Zero) return f.zero(sign);
  return round_wide(product(x, y), f, env.rounding, env);
}

/// addend + x * y for operands without NaN, where the product is not invalid.
u64 fused_sum(const Number& addend, const Number& x, const Number& y, const Format& f, Environment& env) {
  const bool sign = x.sign != y.sign;
  const bool product_infinite = x.kind == Kind::Infinity || y.kind == Kind::Infinity;
  const bool product_zero = x.kind == Kind::Zero || y.kind == Kind::Zero;
  if (addend.kind == Kind::Infinity) {
    if (product_infinite && addend.sign != sign) return invalid(f, env);
    return f.infinity(addend.sign);
  }
  if (product_infinite) return f.infinity(sign);
  if (product_zero && addend.kind == Kind::Zero)
    return f.zero(sign == addend.sign ? sign : env.rounding == Rounding::Down);
  if (product_zero) return round_wide(widen(addend), f, env.rounding, env);
  if (addend.kind == Kind::Zero) return round_wide(product(x, y), f, env.rounding, env);
  return round_sum(widen(addend), product(x, y), f, env);
}

bool invalid_product(const Number& x, const Number& y) {
  return (x.kind == Kind::Infinity && y.kind == Kind::Zero) ||
         (x.kind == Kind::Zero && y.kind == Kind::Infinity);
}

/// -1, 0 or 1 for numbers that are not NaN.
int order(const Number& x, const Number& y) {
  if (x.kind == Kind::Zero && y.kind == Kind::Zero) return 0;
  const auto side = [](const Number& n) { return n.kind == Kind::Zero ? 0 : n.sign ? -1 : 1; };
  if (side(x) != side(y)) return side(x) < side(y) ? -1 : 1;
  int magnitude = 0;
  if (x.kind != y.kind) {
    magnitude = x.kind < y.kind ? -1 : 1;
  } else if (x.kind == Kind::Finite) {
    if (x.exponent != y.exponent) {
      magnitude = x.exponent < y.exponent ? -1 : 1;
    } else if (x.significand != y.significand) {
      magnitude = x.significand < y.significand ? -1 : 1;
    }
  }
  return x.sign ? -magnitude : magnitude;
}

u64 extremum(u64 a, u64 b, bool want_max, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env), y = unpack(b, f, env);
  u64 nan = 0;
  if (nan_of(a, x, b, y, f, env, nan)) return nan;
  if (x.kind == Kind::Zero && y.kind == Kind::Zero)
    return f.zero(want_max ? x.sign && y.sign : x.sign || y.sign);
  const bool first = want_max ? order(x, y) > 0 : order(x, y) < 0;
  const Number& chosen = first ? x : y;
  return chosen.kind == Kind::Zero ? f.zero(chosen.sign) : first ? a : b;
}

/// An operand that is a quiet NaN becomes the infinity that loses against every number.
u64 extremum_number(u64 a, u64 b, bool want_max, const Format& f, Environment& env) {
  Environment ignored = env;
  const Kind x = unpack(a, f, ignored).kind, y = unpack(b, f, ignored).kind;
  if (x == Kind::QuietNan && y != Kind::QuietNan) a = f.infinity(want_max);
  if (y == Kind::QuietNan && x != Kind::QuietNan) b = f.infinity(want_max);
  return extremum(a, b, want_max, f, env);
}

/// True if the comparison is ordered; exceptions are those of a comparison that signals all NaNs or none but
/// signalling ones.
bool compared(u64 a, u64 b, bool signalling, const Format& f, Environment& env, int& result) {
  const Number x = unpack(a, f, env), y = unpack(b, f, env);
  if (x.is_nan() || y.is_nan()) {
    if (signalling || x.kind == Kind::SignallingNan || y.kind == Kind::SignallingNan)
      env.exceptions |= kInvalid;
    return false;
  }
  result = order(x, y);
  return true;
}

/// floor(sqrt(v)); `exact` if that is the root.
u64 integer_root(u128 v, bool& exact) {
  u128 root = 0, rest = v;
  for (u128 step = u128{1} << 126; step != 0; step >>= 2) {
    if (rest >= root + step) {
      rest -= root + step;
      root = (root >> 1) + step;
    } else {
      root >>= 1;
    }
  }
  exact = rest == 0;
  return static_cast<u64>(root);
}

/// RecipEstimate(): 1/a for a from 256 to 511, as 256 to 511.
unsigned reciprocal_table(unsigned a) {
  const unsigned b = (u32{1} << 19) / (2 * a + 1);
  return (b + 1) / 2;
}

/// RecipSqrtEstimate(): for a from 128 to 511.
unsigned reciprocal_root_table(unsigned a) {
  a = a < 256 ? 2 * a + 1 : ((a | 1) << 1);
  unsigned b = 512;
  while (a * (b + 1) * (b + 1) < u32{1} << 28) ++b;
  return (b + 1) / 2;
}

u64 step_operand(u64 constant, u64 a, u64 b, i32 scale, const Format& f, Environment& env) {
  a = negate(a, f);
  const Number x = unpack(a, f, env), y = unpack(b, f, env);
  u64 nan = 0;
  if (nan_of(a, x, b, y, f, env, nan)) return nan;
  const Number one{Kind::Finite, false, 1, constant};
  if (invalid_product(x, y)) {
    // The constant, 2 or 3 halves, alone.
    return round_pack(false, one.exponent + scale, u128{constant} << 64, f, env.rounding, env);
  }
  if (x.kind == Kind::Infinity || y.kind == Kind::Infinity) return f.infinity(x.sign != y.sign);
  Wide c = widen(one);
  c.exponent += scale;
  if (x.kind == Kind::Zero || y.kind == Kind::Zero) return round_wide(c, f, env.rounding, env);
  Wide p = product(x, y);
  p.exponent += scale;
  return round_sum(c, p, f, env);
}

}  // namespace

u64 add(u64 a, u64 b, const Format& f, Environment& env) {
  return sum(a, b, false, f, env);
}
u64 subtract(u64 a, u64 b, const Format& f, Environment& env) {
  return sum(a, b, true, f, env);
}
u64 multiply(u64 a, u64 b, const Format& f, Environment& env) {
  return product_of(a, b, false, f, env);
}
u64 multiply_extended(u64 a, u64 b, const Format& f, Environment& env) {
  return product_of(a, b, true, f, env);
}

u64 divide(u64 a, u64 b, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env), y = unpack(b, f, env);
  u64 nan = 0;
  if (nan_of(a, x, b, y, f, env, nan)) return nan;
  const bool sign = x.sign != y.sign;
  if (x.kind == y.kind && x.kind != Kind::Finite) return invalid(f, env);
  if (x.kind == Kind::Infinity) return f.infinity(sign);
  if (y.kind == Kind::Zero) {
    env.exceptions |= kDivideByZero;
    return f.infinity(sign);
  }
  if (x.kind == Kind::Zero || y.kind == Kind::Infinity) return f.zero(sign);
  const u128 dividend = u128{x.significand} << 63;
  const u128 quotient = dividend / y.significand;  // 63 or 64 bits
  const u128 rest = dividend % y.significand;
  const Wide w{sign, x.exponent - y.exponent + 1, (quotient << 63) | (rest != 0 ? 1 : 0)};
  return round_wide(w, f, env.rounding, env);
}

u64 square_root(u64 a, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) return process_nan(a, x.kind, f, env);
  if (x.kind == Kind::Zero) return f.zero(x.sign);
  if (x.sign) return invalid(f, env);
  if (x.kind == Kind::Infinity) return f.infinity(false);
  // The root of significand * 2^n with exponent - 63 - n even.
  const bool odd = (x.exponent & 1) != 0;
  bool exact = false;
  const u64 root = integer_root(u128{x.significand} << (odd ? 64 : 63), exact);
  const i32 exponent = (x.exponent - (odd ? 1 : 0)) / 2;
  const Wide w{false, exponent, (u128{root} << 64) | (exact ? 0 : 1)};
  return round_wide(w, f, env.rounding, env);
}

u64 multiply_add(u64 addend, u64 a, u64 b, const Format& f, Environment& env) {
  const Number c = unpack(addend, f, env), x = unpack(a, f, env), y = unpack(b, f, env);
  const bool bad = invalid_product(x, y);
  if (bad && c.kind == Kind::QuietNan) return invalid(f, env);
  u64 nan = 0;
  const u64 operand[3] = {addend, a, b};
  if (first_nan(c, x, y, [&](int which, Kind k) { nan = process_nan(operand[which], k, f, env); }))
    return nan;
  return bad ? invalid(f, env) : fused_sum(c, x, y, f, env);
}

u64 multiply_add_half(u64 addend, u64 a, u64 b, Environment& env) {
  const Number c = unpack(addend, kSingle, env), x = unpack(a, kHalf, env), y = unpack(b, kHalf, env);
  const bool bad = invalid_product(x, y);
  if (bad && c.kind == Kind::QuietNan) return invalid(kSingle, env);
  u64 nan = 0;
  const auto pick = [&](int which, Kind k) {
    u64 v = addend;
    if (which != 0) {
      // FPConvertNaN(): the fraction left-aligned.
      const u64 half = which == 1 ? a : b;
      v = kSingle.infinity(bit(half, 15) != 0) | (half & ones(kHalf.fraction_bits)) << 13;
    }
    nan = process_nan(v, k, kSingle, env);
  };
  if (first_nan(c, x, y, pick)) return nan;
  return bad ? invalid(kSingle, env) : fused_sum(c, x, y, kSingle, env);
}

u64 max(u64 a, u64 b, const Format& f, Environment& env) {
  return extremum(a, b, true, f, env);
}
u64 min(u64 a, u64 b, const Format& f, Environment& env) {
  return extremum(a, b, false, f, env);
}
u64 max_number(u64 a, u64 b, const Format& f, Environment& env) {
  return extremum_number(a, b, true, f, env);
}
u64 min_number(u64 a, u64 b, const Format& f, Environment& env) {
  return extremum_number(a, b, false, f, env);
}

u8 compare(u64 a, u64 b, bool signalling, const Format& f, Environment& env) {
  int result = 0;
  if (!compared(a, b, signalling, f, env, result)) return 0b0011;
  return result == 0 ? 0b0110 : result < 0 ? 0b1000 : 0b0010;
}

bool equal(u64 a, u64 b, const Format& f, Environment& env) {
  int result = 0;
  return compared(a, b, false, f, env, result) && result == 0;
}

bool greater_equal(u64 a, u64 b, const Format& f, Environment& env) {
  int result = 0;
  return compared(a, b, true, f, env, result) && result >= 0;
}

bool greater(u64 a, u64 b, const Format& f, Environment& env) {
  int result = 0;
  return compared(a, b, true, f, env, result) && result > 0;
}

u64 reciprocal_estimate(u64 a, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) return process_nan(a, x.kind, f, env);
  if (x.kind == Kind::Infinity) return f.zero(x.sign);
  if (x.kind == Kind::Zero) {
    env.exceptions |= kDivideByZero;
    return f.infinity(x.sign);
  }
  const i32 bias = -f.min_exponent() + 1;
  if (x.exponent < -bias - 1) {
    env.exceptions |= kOverflow | kInexact;
    const bool to_infinity =
        env.rounding == Rounding::NearestEven || env.rounding == (x.sign ? Rounding::Down : Rounding::Up);
    return to_infinity ? f.infinity(x.sign) : f.max_normal(x.sign);
  }
  if (env.flushes(f) && x.exponent >= bias - 1) {
    env.exceptions |= kUnderflow;
    return f.zero(x.sign);
  }
  const unsigned estimate = reciprocal_table(static_cast<unsigned>(x.significand >> 55));
  // 1/a is in (2^-(exponent + 1), 2^-exponent]; as the table rounds, the leading bit is always bit 8.
  i32 field = 2 * bias - 1 - (x.exponent + bias);
  u64 significand = u64{estimate} << (f.fraction_bits - 8);
  if (field <= 0) {
    significand >>= 1 - field;
    field = 0;
  }
  return f.zero(x.sign) | (static_cast<u64>(field) << f.fraction_bits) |
         (significand & ones(f.fraction_bits));
}

u64 reciprocal_root_estimate(u64 a, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) return process_nan(a, x.kind, f, env);
  if (x.kind == Kind::Zero) {
    env.exceptions |= kDivideByZero;
    return f.infinity(x.sign);
  }
  if (x.sign) return invalid(f, env);
  if (x.kind == Kind::Infinity) return f.zero(false);
  const i32 bias = -f.min_exponent() + 1;
  const i32 exponent = x.exponent + bias;
  const bool even = (exponent & 1) == 0;
  const unsigned scaled = static_cast<unsigned>(x.significand >> (even ? 55 : 56));
  const unsigned estimate = reciprocal_root_table(scaled);
  const i32 sum = 3 * bias - 1 - exponent;
  const u64 field = static_cast<u64>(sum >> 1);
  return (field << f.fraction_bits) | ((u64{estimate} << (f.fraction_bits - 8)) & ones(f.fraction_bits));
}

u64 reciprocal_exponent(u64 a, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) return process_nan(a, x.kind, f, env);
  const u64 field = bits(a, f.width - 2, f.fraction_bits);
  const u64 inverted = field == 0 ? f.max_exponent_field() - 1 : ~field & f.max_exponent_field();
  return f.zero(x.sign) | (inverted << f.fraction_bits);
}

u64 reciprocal_step(u64 a, u64 b, const Format& f, Environment& env) {
  return step_operand(u64{1} << 63, a, b, 0, f, env);
}

u64 reciprocal_root_step(u64 a, u64 b, const Format& f, Environment& env) {
  return step_operand(u64{3} << 62, a, b, -1, f, env);
}

u32 unsigned_reciprocal_estimate(u32 a) {
  if (bit(a, 31) == 0) return 0xffffffff;
  return static_cast<u32>(reciprocal_table(a >> 23) << 23);
}

u32 unsigned_reciprocal_root_estimate(u32 a) {
  if (bits(a, 31, 30) == 0) return 0xffffffff;
  return static_cast<u32>(reciprocal_root_table(a >> 23) << 23);
}

}  // namespace isobar::isa::fp
