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
