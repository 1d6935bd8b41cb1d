// Shared by the lowering functions of isa/semantics: standard fields of A64 words and makers of micro-ops.
//
// A lowering function takes a word that matches its line of isa/encodings.inc and appends micro-ops to an
// empty Instruction. It returns false for field values that are reserved, or CONSTRAINED UNPREDICTABLE where
// the Arm ARM allows "the instruction is UNDEFINED": the decoder then makes an undefined-instruction
// exception of it.
#pragma once

#include <initializer_list>

#include "isa/alu_op.h"
#include "isa/uop.h"
#include "support/bits.h"

namespace isobar::isa {

using Lower = bool (*)(u32 word, Instruction& out);

// Declarations of all lowering functions; a function used by several lines is simply declared again.
#define X(name, bitstring, family, lower) bool lower(u32 word, Instruction& out);
#include "isa/encodings.inc"
#undef X

/// The last two columns of lines of V (isa/encodings_fp.inc): the operation, and traits that the lowering
/// function knows.
struct Parameter {
  AluOp op = AluOp::Constant;
  u32 trait = 0;
};
/// Of the line that the word being lowered matches.
const Parameter& parameter_of(const Instruction& out);

namespace trait {
/// How a rounding mode is written in the table; without one FPCR decides.
inline constexpr u32 kToNearest = 1, kUpwards = 2, kDownwards = 3, kTowardsZero = 4, kToAway = 5, kToOdd = 6,
                     kRoundingMask = 7;
inline constexpr u32 kHalf = 1u << 3;            ///< lanes of half precision
inline constexpr u32 kScalar = 1u << 4;          ///< one lane, the rest of the register zero
inline constexpr u32 kPairwise = 1u << 5;        ///< LaneForm::Pairwise
inline constexpr u32 kSigned = 1u << 6;          ///< integers are signed
inline constexpr u32 kExact = 1u << 7;           ///< a change of value is an inexact exception
inline constexpr u32 kWithZero = 1u << 8;        ///< the second operand is zero
inline constexpr u32 kSwapped = 1u << 9;         ///< operands exchanged
inline constexpr u32 kMinusProduct = 1u << 10;   ///< the product is subtracted
inline constexpr u32 kMinusAddend = 1u << 11;    ///< the addend is subtracted
inline constexpr u32 kAccumulates = 1u << 12;    ///< the destination is the third operand
inline constexpr u32 kNoEnvironment = 1u << 13;  ///< neither reads FPCR nor raises exceptions
inline constexpr u32 kSignalling = 1u << 14;     ///< quiet NaNs are invalid operands
inline constexpr u32 kUpper = 1u << 15;          ///< takes the upper half of its sources
inline constexpr u32 kFixedPoint = 1u << 16;     ///< has a number of fraction bits
inline constexpr u32 kSize32 = 1u << 17;         ///< 32, not 64

// Of integer lanes; kScalar, kSigned, kWithZero, kSwapped, kAccumulates and kUpper as above.
inline constexpr u32 kRounds = 1u << 0;             ///< right shifts round to nearest
inline constexpr u32 kSaturates = 1u << 1;          ///< results saturate
inline constexpr u32 kHalves = 1u << 2;             ///< results are shifted right by one
inline constexpr u32 kHigh = 1u << 3;               ///< results are the upper half of a value twice as wide
inline constexpr u32 kLongA = 1u << 5;              ///< lanes of the first operand are half as wide as the result's
inline constexpr u32 kLongB = 1u << 7;              ///< the same for the second
inline constexpr u32 kLong = kLongA | kLongB;       ///< both
inline constexpr u32 kNarrows = 1u << 10;           ///< lanes of the operands are twice as wide as the result's
inline constexpr u32 kAdds = 1u << 11;              ///< added to the destination
inline constexpr u32 kSubtracts = 1u << 13;         ///< subtracted from the destination
inline constexpr u32 kUnsignedResult = 1u << 14;    ///< signed operands, unsigned result
inline constexpr u32 kNeighbours = 1u << 16;        ///< LaneForm::Neighbours
inline constexpr u32 kDestinationFirst = 1u << 17;  ///< the destination is the first operand
inline constexpr u32 kOtherSign = 1u << 18;         ///< the second operand is unsigned if the first is signed, or signed
inline constexpr u32 kShiftsByWidth = 1u << 19;     ///< results are shifted left by the width of the operand
inline constexpr u32 kLeft = 1u << 20;              ///< the immediate shifts left
/// Widths of lanes that exist.
inline constexpr u32 k8 = 1u << 24, k16 = 1u << 25, k32 = 1u << 26, k64 = 1u << 27, kAnySize = k8 | k16 | k32 | k64;
inline constexpr u32 kRoundedHighAccumulation = kSigned | kHigh | kRounds | kSaturates | kAccumulates | k16 | k32;
}  // namespace trait

namespace field {
constexpr unsigned get(u32 w, unsigned hi, unsigned lo) {
  return static_cast<unsigned>(bits(w, hi, lo));
}
constexpr unsigned rd(u32 w) {
  return get(w, 4, 0);
}
constexpr unsigned rt(u32 w) {
  return get(w, 4, 0);
}
constexpr unsigned rn(u32 w) {
  return get(w, 9, 5);
}
constexpr unsigned rt2(u32 w) {
  return get(w, 14, 10);
}
constexpr unsigned ra(u32 w) {
  return get(w, 14, 10);
}
constexpr unsigned rm(u32 w) {
  return get(w, 20, 16);
}
constexpr unsigned rs(u32 w) {
  return get(w, 20, 16);
}
/// 64 if the sf bit (31) is set, else 32.
constexpr unsigned width(u32 w) {
  return get(w, 31, 31) != 0 ? 64 : 32;
}
/// log2 of the access size, bits 31:30 of most loads and stores.
constexpr unsigned size(u32 w) {
  return get(w, 31, 30);
}
/// Bits [hi:lo], sign-extended to 64 bits.
constexpr u64 signed_get(u32 w, unsigned hi, unsigned lo) {
  return sign_extend(bits(w, hi, lo), hi - lo + 1);
}
}  // namespace field

/// Register 31 as the stack pointer.
constexpr Reg x_or_sp(unsigned n) {
  return n == 31 ? Reg::SP : x_reg(n);
}
/// Register 31 as a destination that discards.
constexpr Reg x_dst(unsigned n) {
  return n == 31 ? Reg::None : x_reg(n);
}

/// Appends; every encoding needs at most kMaxUops.
inline void append(Instruction& out, const Uop& u) {
  out.uops.at(out.count++) = u;
}

constexpr Reg vd(u32 w) {
  return v_reg(field::rd(w));
}
constexpr Reg vn(u32 w) {
  return v_reg(field::rn(w));
}
constexpr Reg vm(u32 w) {
  return v_reg(field::rm(w));
}
/// Bits of the vectors of an Advanced SIMD word (Q, bit 30).
constexpr unsigned vector_bits(u32 w) {
  return field::get(w, 30, 30) != 0 ? 128 : 64;
}
/// Bits of a scalar floating-point type (23:22); 0 if reserved.
constexpr unsigned float_type_width(u32 w) {
  constexpr unsigned kWidth[4] = {32, 64, 0, 16};
  return kWidth[field::get(w, 23, 22)];
}

/// An operation on lanes of `width` bits in vectors of `bits` bits.
Uop make_lanes(AluOp op, unsigned width, unsigned bits, std::initializer_list<Reg> src, Reg dst, u64 imm = 0);
/// What the traits of a line say of the operands of a floating-point operation.
FloatShape shape_of(u32 traits);
/// Makes FPCR an input (after those that `u` has) and FPSR the second destination.
void add_float_environment(Uop& u);

/// An Alu micro-op over `src`; all of them count as data inputs.
Uop make_alu(AluOp op, unsigned width, std::initializer_list<Reg> src, Reg dst);
/// flags := imm for the flags in `mask`, with no input.
Uop make_flag_constant(u8 mask, u64 imm = 0);
/// Adds the flags in `mask` (8/4/2/1) to the inputs of `u`, in the order N, Z, C, V.
void add_flag_inputs(Uop& u, unsigned mask);
Uop make_hint(HintOp op);
Uop make_exception(ExceptionOp op, u64 imm);

/// Where an access goes: base + offset, or base + extended index.
struct AddressOperand {
  Reg base = Reg::None;  ///< Reg::None: pc + offset
  Reg index = Reg::None;
  u64 offset = 0;
  u8 extend = kExtendNone;
  u8 amount = 0;
};

/// A Read or Write of `size` bytes with the address inputs of `a` and nothing else filled in.
Uop make_access(UopKind kind, const AddressOperand& a, unsigned size);
/// Adds `r` to the data inputs. For a Write: after make_access and before add_compare_input.
void add_data_input(Uop& u, Reg r);
/// Adds `r` to the compare values of the Write of CAS.
void add_compare_input(Uop& u, Reg r);

}  // namespace isobar::isa
