#include "isa/fp/number.h"

#include <algorithm>

namespace isobar::isa::fp {
namespace {

Number unpack_as(u64 v, const Format& f, bool flush, bool alternative, Environment& env) {
  const u64 fraction = v & ones(f.fraction_bits);
  const unsigned field = static_cast<unsigned>(bits(v, f.width - 2, f.fraction_bits));
  Number n;
  n.sign = bit(v, f.width - 1) != 0;
  if (field == 0) {
    if (fraction == 0) return n;
    if (flush) {
      if (f.width != 16) env.exceptions |= kInputDenormal;
      return n;
    }
    const unsigned zeros = static_cast<unsigned>(__builtin_clzll(fraction));
    n.kind = Kind::Finite;
    n.significand = fraction << zeros;
    n.exponent = f.min_exponent() - static_cast<i32>(f.fraction_bits + zeros) + 63;
    return n;
  }
  if (field == f.max_exponent_field() && !alternative) {
    n.kind = fraction == 0                     ? Kind::Infinity
             : (fraction & f.quiet_bit()) != 0 ? Kind::QuietNan
                                               : Kind::SignallingNan;
    return n;
  }
  n.kind = Kind::Finite;
  n.significand = (u64{1} << 63) | (fraction << (63 - f.fraction_bits));
  n.exponent = static_cast<i32>(field) + f.min_exponent() - 1;
  return n;
}

bool rounds_up(Rounding rounding, bool sign, bool odd, u128 rest, u128 half) {
  switch (rounding) {
    case Rounding::NearestEven: return rest > half || (rest == half && odd);
    case Rounding::NearestAway: return rest >= half;
    case Rounding::Up: return rest != 0 && !sign;
    case Rounding::Down: return rest != 0 && sign;
    case Rounding::Zero:
    case Rounding::Odd: return false;
  }
  return false;
}

bool overflows_to_infinity(Rounding rounding, bool sign) {
  switch (rounding) {
    case Rounding::NearestEven:
    case Rounding::NearestAway: return true;
    case Rounding::Up: return !sign;
    case Rounding::Down: return sign;
    case Rounding::Zero:
    case Rounding::Odd: return false;
  }
  return false;
}

u64 round_as(bool sign, i32 exponent, u128 significand, const Format& f, Rounding rounding, bool flush,
             bool alternative, Environment& env) {
  if (flush && exponent < f.min_exponent()) {
    env.exceptions |= kUnderflow;
    return f.zero(sign);
  }
  // Split so that the integer part has fraction_bits + 1 bits, fewer for a denormal result.
  const unsigned denormal = static_cast<unsigned>(std::clamp(f.min_exponent() - exponent, 0, 200));
  const unsigned drop = 127 - f.fraction_bits + denormal;
  i32 field = denormal != 0 ? 0 : exponent - f.min_exponent() + 1;
  u64 kept = drop >= 128 ? 0 : static_cast<u64>(significand >> drop);
  const u128 half = u128{1} << 127;
  const u128 rest = drop > 128 ? 1 : drop == 128 ? significand : significand << (128 - drop);
  if (field == 0 && rest != 0) env.exceptions |= kUnderflow;
  if (rounds_up(rounding, sign, (kept & 1) != 0, rest, half)) {
    ++kept;
    if (kept == u64{1} << f.fraction_bits && field == 0) field = 1;
    if (kept == u64{1} << (f.fraction_bits + 1)) {
      kept >>= 1;
      ++field;
    }
  }
  if (rounding == Rounding::Odd && rest != 0) kept |= 1;
  const i32 max_field = static_cast<i32>(f.max_exponent_field());
  if (alternative && field > max_field) {
    env.exceptions |= kInvalid;
    return f.zero(sign) | ones(f.width - 1);
  }
  if (!alternative && field >= max_field) {
    env.exceptions |= kOverflow | kInexact;
    return overflows_to_infinity(rounding, sign) ? f.infinity(sign) : f.max_normal(sign);
  }
  if (rest != 0) env.exceptions |= kInexact;
  return f.zero(sign) | (static_cast<u64>(field) << f.fraction_bits) | (kept & ones(f.fraction_bits));
}

}  // namespace

Number unpack(u64 v, const Format& f, Environment& env) {
  return unpack_as(v, f, env.flushes(f), false, env);
}

Number unpack_to_convert(u64 v, const Format& f, Environment& env) {
  const bool half = f.width == 16;
  return unpack_as(v, f, !half && env.flush, half && env.alternative_half, env);
}

u64 round_pack(bool sign, i32 exponent, u128 significand, const Format& f, Rounding rounding,
               Environment& env) {
  return round_as(sign, exponent, significand, f, rounding, env.flushes(f), false, env);
}

u64 round_pack_converted(bool sign, i32 exponent, u128 significand, const Format& f, Rounding rounding,
                         Environment& env) {
  const bool half = f.width == 16;
  return round_as(sign, exponent, significand, f, rounding, !half && env.flush, half && env.alternative_half,
                  env);
}

u64 process_nan(u64 v, Kind k, const Format& f, Environment& env) {
  if (k == Kind::SignallingNan) env.exceptions |= kInvalid;
  return env.default_nan ? f.default_nan() : v | f.quiet_bit();
}

}  // namespace isobar::isa::fp
