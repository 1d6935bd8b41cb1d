// Conversions of packed floating-point values: to and from fixed point, between formats, to integral values
// (Arm ARM J1, shared/functions/float).
#pragma once

#include "isa/fp/number.h"

namespace isobar::isa::fp {

/// FPToFixed(): a * 2^fraction_bits as an integer of `width` bits, saturated.
u64 to_fixed(u64 a, unsigned fraction_bits, unsigned width, bool is_signed, Rounding rounding,
             const Format& f, Environment& env);
/// FixedToFP(): v / 2^fraction_bits, v an integer of `width` bits.
u64 from_fixed(u64 v, unsigned fraction_bits, unsigned width, bool is_signed, Rounding rounding,
               const Format& f, Environment& env);

struct JavaScriptInteger {
  u32 value = 0;
  bool exact = false;
};
/// FPToFixedJS(): a double as a signed 32-bit integer, modulo 2^32.
JavaScriptInteger to_int32_modulo(u64 a, Environment& env);

/// FPConvert() from one format to another.
u64 convert(u64 a, const Format& from, const Format& to, Rounding rounding, Environment& env);

/// FPRoundInt(): to an integral value; `exact`: a change of value is an inexact exception.
u64 round_to_integral(u64 a, Rounding rounding, bool exact, const Format& f, Environment& env);
/// FPRoundIntN(): as above, and -2^(width - 1) if that is not a signed integer of `width` (32 or 64) bits.
u64 round_to_integer_size(u64 a, unsigned width, Rounding rounding, const Format& f, Environment& env);

}  // namespace isobar::isa::fp
