// Binary floating-point numbers of the Arm architecture, taken apart and put together again (Arm ARM J1,
// shared/functions/float).
//
// Owns: formats, the part of FPCR that arithmetic sees, exception bits, unpacking, rounding and packing.
// Everything is integer arithmetic, so that results hang neither on the host's floating-point environment nor
// on compiler options. Must not know: registers, vectors, micro-ops.
#pragma once

#include "support/bits.h"
#include "support/types.h"

namespace isobar::isa::fp {

__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

/// An IEEE 754 interchange format. Half precision has the alternative meaning of FPCR.AHP only in
/// conversions.
struct Format {
  unsigned width, exponent_bits, fraction_bits;

  constexpr unsigned max_exponent_field() const { return (1u << exponent_bits) - 1; }
  /// Exponent of the smallest normal number.
  constexpr i32 min_exponent() const { return 2 - (1 << (exponent_bits - 1)); }
  constexpr u64 sign_bit() const { return u64{1} << (width - 1); }
  constexpr u64 quiet_bit() const { return u64{1} << (fraction_bits - 1); }
  constexpr u64 infinity(bool sign) const {
    return (u64{max_exponent_field()} << fraction_bits) | (sign ? sign_bit() : 0);
  }
  constexpr u64 max_normal(bool sign) const { return infinity(sign) - 1; }
  constexpr u64 zero(bool sign) const { return sign ? sign_bit() : 0; }
  constexpr u64 default_nan() const { return infinity(false) | quiet_bit(); }
};

inline constexpr Format kHalf{16, 5, 10}, kSingle{32, 8, 23}, kDouble{64, 11, 52};

/// The format of `width` bits: 16, 32, else 64.
constexpr const Format& format_of(unsigned width) {
  return width == 16 ? kHalf : width == 32 ? kSingle : kDouble;
}

/// The first four are the values of FPCR.RMode.
enum class Rounding : u8 { NearestEven, Up, Down, Zero, NearestAway, Odd };

/// Cumulative bits of FPSR.
inline constexpr u32 kInvalid = 1, kDivideByZero = 2, kOverflow = 4, kUnderflow = 8, kInexact = 16,
                     kInputDenormal = 128, kSaturated = u32{1} << 27;

/// What an operation reads of FPCR, and the exception bits it has collected for FPSR.
struct Environment {
  Rounding rounding = Rounding::NearestEven;
  bool flush = false;             ///< FZ: single and double precision
  bool flush_half = false;        ///< FZ16
  bool default_nan = false;       ///< DN
  bool alternative_half = false;  ///< AHP
  u32 exceptions = 0;

  Environment() = default;
  explicit Environment(u64 fpcr)
      : rounding(static_cast<Rounding>(bits(fpcr, 23, 22))),
        flush(bit(fpcr, 24) != 0),
        flush_half(bit(fpcr, 19) != 0),
        default_nan(bit(fpcr, 25) != 0),
        alternative_half(bit(fpcr, 26) != 0) {}

  bool flushes(const Format& f) const { return f.width == 16 ? flush_half : flush; }
};

enum class Kind : u8 { Zero, Finite, Infinity, QuietNan, SignallingNan };

/// Finite: significand * 2^(exponent - 63) with bit 63 of the significand set.
struct Number {
  Kind kind = Kind::Zero;
  bool sign = false;
  i32 exponent = 0;
  u64 significand = 0;

  bool is_nan() const { return kind >= Kind::QuietNan; }
};

/// FPUnpack(): denormals are flushed, with their exception, if FPCR says so.
Number unpack(u64 v, const Format& f, Environment& env);
/// FPUnpackCV(): of conversions between formats; FZ16 does not count, AHP does.
Number unpack_to_convert(u64 v, const Format& f, Environment& env);

/// FPRound(): the number significand * 2^(exponent - 127), bit 127 set, as a value of format `f`.
u64 round_pack(bool sign, i32 exponent, u128 significand, const Format& f, Rounding rounding,
               Environment& env);
/// FPRoundCV(): as above, with FZ16 taken as 0 and with AHP.
u64 round_pack_converted(bool sign, i32 exponent, u128 significand, const Format& f, Rounding rounding,
                         Environment& env);

/// FPProcessNaN(): `v`, which is a NaN of kind `k`, made quiet.
u64 process_nan(u64 v, Kind k, const Format& f, Environment& env);

/// `v` shifted right by `n`; ones that fall out leave a one in bit 0.
constexpr u128 shift_right_sticky(u128 v, unsigned n) {
  if (n == 0) return v;
  if (n >= 128) return v != 0 ? 1 : 0;
  return (v >> n) | ((v << (128 - n)) != 0 ? 1 : 0);
}
constexpr unsigned leading_zeros(u128 v) {
  unsigned n = 0;
  u64 w = static_cast<u64>(v >> 64);
  if (w == 0) {
    n = 64;
    w = static_cast<u64>(v);
  }
  return w == 0 ? 128 : n + static_cast<unsigned>(__builtin_clzll(w));
}

}  // namespace isobar::isa::fp
