// Arithmetic, comparison and estimates on packed floating-point values (Arm ARM J1, shared/functions/float).
// Operands and results are the low bits of a u64 in format `f`; exceptions collect in the environment.
#pragma once

#include "isa/fp/number.h"

namespace isobar::isa::fp {

u64 add(u64 a, u64 b, const Format& f, Environment& env);
u64 subtract(u64 a, u64 b, const Format& f, Environment& env);
u64 multiply(u64 a, u64 b, const Format& f, Environment& env);
/// FPMulX(): infinity times zero is 2 with the sign of the product.
u64 multiply_extended(u64 a, u64 b, const Format& f, Environment& env);
u64 divide(u64 a, u64 b, const Format& f, Environment& env);
u64 square_root(u64 a, const Format& f, Environment& env);
/// addend + a * b, rounded once.
u64 multiply_add(u64 addend, u64 a, u64 b, const Format& f, Environment& env);
/// FPMulAddH(): single-precision addend + a * b, a and b of half precision, rounded once.
u64 multiply_add_half(u64 addend, u64 a, u64 b, Environment& env);

u64 max(u64 a, u64 b, const Format& f, Environment& env);
u64 min(u64 a, u64 b, const Format& f, Environment& env);
/// FPMaxNum(), FPMinNum(): a quiet NaN counts as no operand if the other is a number.
u64 max_number(u64 a, u64 b, const Format& f, Environment& env);
u64 min_number(u64 a, u64 b, const Format& f, Environment& env);

/// FPCompare(): NZCV as 8/4/2/1. `signalling`: also a quiet NaN is an invalid operation.
u8 compare(u64 a, u64 b, bool signalling, const Format& f, Environment& env);
bool equal(u64 a, u64 b, const Format& f, Environment& env);
bool greater_equal(u64 a, u64 b, const Format& f, Environment& env);
bool greater(u64 a, u64 b, const Format& f, Environment& env);

/// FPRecipEstimate(), FPRSqrtEstimate(), FPRecpX(): with 8 bits of precision, and the inverted exponent.
u64 reciprocal_estimate(u64 a, const Format& f, Environment& env);
u64 reciprocal_root_estimate(u64 a, const Format& f, Environment& env);
u64 reciprocal_exponent(u64 a, const Format& f, Environment& env);
/// FPRecipStepFused(): 2 - a * b; FPRSqrtStepFused(): (3 - a * b) / 2; each rounded once.
u64 reciprocal_step(u64 a, u64 b, const Format& f, Environment& env);
u64 reciprocal_root_step(u64 a, u64 b, const Format& f, Environment& env);
/// UnsignedRecipEstimate(), UnsignedRSqrtEstimate() of 32-bit fixed-point numbers.
u32 unsigned_reciprocal_estimate(u32 a);
u32 unsigned_reciprocal_root_estimate(u32 a);

/// Sign bit cleared or inverted, also of a NaN; no exceptions.
constexpr u64 absolute(u64 a, const Format& f) {
  return a & ~f.sign_bit();
}
constexpr u64 negate(u64 a, const Format& f) {
  return a ^ f.sign_bit();
}

}  // namespace isobar::isa::fp
