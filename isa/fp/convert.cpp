#include "isa/fp/convert.h"

#include <algorithm>

namespace isobar::isa::fp {
namespace {

/// A finite number rounded to an integer, as a magnitude of at most 2^127.
struct Integer {
  u128 magnitude = 0;
  bool inexact = false;
  bool huge = false;  ///< the number is 2^126 or more; the magnitude is then meaningless
};

Integer round_magnitude(const Number& x, i32 exponent, Rounding rounding) {
  Integer r;
  if (exponent >= 126) {
    r.huge = true;
    return r;
  }
  // value = significand * 2^(exponent - 63); the fraction is what is below 2^0.
  const u128 wide = u128{x.significand} << 63;  // value * 2^(126 - exponent)
  const unsigned drop = static_cast<unsigned>(std::min(126 - exponent, 129));
  r.magnitude = drop >= 128 ? 0 : wide >> drop;
  const u128 rest = drop > 128 ? 1 : drop == 128 ? wide : wide << (128 - drop);
  const u128 half = u128{1} << 127;
  bool up = false;
  switch (rounding) {
    case Rounding::NearestEven: up = rest > half || (rest == half && (r.magnitude & 1) != 0); break;
    case Rounding::NearestAway: up = rest >= half; break;
    case Rounding::Up: up = rest != 0 && !x.sign; break;
    case Rounding::Down: up = rest != 0 && x.sign; break;
    case Rounding::Zero:
    case Rounding::Odd: break;
  }
  r.magnitude += up ? 1 : 0;
  r.inexact = rest != 0;
  return r;
}

/// An integer magnitude that `f` represents exactly, as a value of `f`; zero keeps the sign.
u64 pack_integer(bool sign, u128 magnitude, const Format& f, Environment& env) {
  if (magnitude == 0) return f.zero(sign);
  const unsigned zeros = leading_zeros(magnitude);
  return round_pack(sign, 127 - static_cast<i32>(zeros), magnitude << zeros, f, Rounding::Zero, env);
}

u64 convert_nan(u64 a, const Format& from, const Format& to) {
  const u64 fraction = (a & ones(from.fraction_bits)) << (52 - from.fraction_bits);
  return to.infinity(bit(a, from.width - 1) != 0) | to.quiet_bit() | fraction >> (52 - to.fraction_bits);
}

}  // namespace

u64 to_fixed(u64 a, unsigned fraction_bits, unsigned width, bool is_signed, Rounding rounding,
             const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) {
    env.exceptions |= kInvalid;
    return 0;
  }
  if (x.kind == Kind::Zero) return 0;
  const u128 most = is_signed ? (u128{1} << (width - 1)) - (x.sign ? 0 : 1) : x.sign ? 0 : ones(width);
  Integer r{0, false, true};
  if (x.kind == Kind::Finite) r = round_magnitude(x, x.exponent + static_cast<i32>(fraction_bits), rounding);
  if (r.huge || r.magnitude > most) {
    env.exceptions |= kInvalid;
    r.magnitude = most;
  } else if (r.inexact) {
    env.exceptions |= kInexact;
  }
  const u64 magnitude = static_cast<u64>(r.magnitude);
  return (x.sign ? u64{0} - magnitude : magnitude) & ones(width);
}

u64 from_fixed(u64 v, unsigned fraction_bits, unsigned width, bool is_signed, Rounding rounding,
               const Format& f, Environment& env) {
  v &= ones(width);
  const bool sign = is_signed && bit(v, width - 1) != 0;
  const u64 magnitude = sign ? u64{0} - sign_extend(v, width) : v;
  if (magnitude == 0) return 0;
  const unsigned zeros = static_cast<unsigned>(__builtin_clzll(magnitude));
  const i32 exponent = 63 - static_cast<i32>(zeros) - static_cast<i32>(fraction_bits);
  return round_pack(sign, exponent, (u128{magnitude} << 64) << zeros, f, rounding, env);
}

JavaScriptInteger to_int32_modulo(u64 a, Environment& env) {
  const u32 before = env.exceptions;
  const Number x = unpack(a, kDouble, env);
  if (x.kind == Kind::Zero) return {0, a == 0 && env.exceptions == before};
  if (x.kind != Kind::Finite) {
    env.exceptions |= kInvalid;
    return {};
  }
  const u64 distance = x.exponent < 63 ? static_cast<u64>(63 - x.exponent) : 0;
  const u64 magnitude = x.exponent >= 63 ? (x.exponent >= 127 ? 0 : x.significand << (x.exponent - 63))
                        : distance >= 64 ? 0
                                         : x.significand >> distance;
  const bool inexact = distance >= 64 || (x.significand & ones(static_cast<unsigned>(distance))) != 0;
  const bool outside = x.exponent >= 32 || magnitude > (u64{1} << 31) - (x.sign ? 0 : 1);
  if (outside) {
    env.exceptions |= kInvalid;
  } else if (inexact) {
    env.exceptions |= kInexact;
  }
  return {static_cast<u32>(x.sign ? u64{0} - magnitude : magnitude), !outside && !inexact};
}

u64 convert(u64 a, const Format& from, const Format& to, Rounding rounding, Environment& env) {
  const Number x = unpack_to_convert(a, from, env);
  const bool alternative = to.width == 16 && env.alternative_half;
  switch (x.kind) {
    case Kind::Zero: return to.zero(x.sign);
    case Kind::Infinity:
      if (!alternative) return to.infinity(x.sign);
      env.exceptions |= kInvalid;
      return to.zero(x.sign) | ones(to.width - 1);
    case Kind::QuietNan:
    case Kind::SignallingNan:
      if (x.kind == Kind::SignallingNan || alternative) env.exceptions |= kInvalid;
      if (alternative) return to.zero(x.sign);
      return env.default_nan ? to.default_nan() : convert_nan(a, from, to);
    case Kind::Finite: break;
  }
  return round_pack_converted(x.sign, x.exponent, u128{x.significand} << 64, to, rounding, env);
}

u64 round_to_integral(u64 a, Rounding rounding, bool exact, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.is_nan()) return process_nan(a, x.kind, f, env);
  if (x.kind == Kind::Zero) return f.zero(x.sign);
  if (x.kind == Kind::Infinity || x.exponent >= static_cast<i32>(f.fraction_bits)) return a;
  const Integer r = round_magnitude(x, x.exponent, rounding);
  if (r.inexact && exact) env.exceptions |= kInexact;
  return pack_integer(x.sign, r.magnitude, f, env);
}

u64 round_to_integer_size(u64 a, unsigned width, Rounding rounding, const Format& f, Environment& env) {
  const Number x = unpack(a, f, env);
  if (x.kind == Kind::Zero) return f.zero(x.sign);
  const u128 limit = u128{1} << (width - 1);
  Integer r{0, false, true};
  if (x.kind == Kind::Finite) r = round_magnitude(x, x.exponent, rounding);
  if (r.huge || r.magnitude > limit - (x.sign ? 0 : 1)) {
    env.exceptions |= kInvalid;
    return pack_integer(true, limit, f, env);
  }
  if (r.inexact) env.exceptions |= kInexact;
  return pack_integer(x.sign, r.magnitude, f, env);
}

}  // namespace isobar::isa::fp
