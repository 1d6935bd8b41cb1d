// Cryptographic instructions (Arm ARM C4.1.97): whole vector registers, in the order Vd, Vn, Vm where Vd is
// an operand.
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

bool finish(u32 w, Instruction& out, std::initializer_list<Reg> src) {
  const Parameter& p = parameter_of(out);
  append(out, make_lanes(p.op, 128, 128, src, vd(w), p.trait));
  return true;
}

}  // namespace

bool lower_crypto_one(u32 w, Instruction& out) {
  return finish(w, out, {vn(w)});
}

bool lower_crypto_two(u32 w, Instruction& out) {
  return finish(w, out, {vd(w), vn(w)});
}

bool lower_crypto_three(u32 w, Instruction& out) {
  return finish(w, out, {vd(w), vn(w), vm(w)});
}

/// Vn and Vm, the destination being no operand.
bool lower_crypto_sources(u32 w, Instruction& out) {
  return finish(w, out, {vn(w), vm(w)});
}

bool lower_crypto_four(u32 w, Instruction& out) {
  return finish(w, out, {vn(w), vm(w), v_reg(field::ra(w))});
}

bool lower_crypto_rotate(u32 w, Instruction& out) {
  append(out, make_lanes(parameter_of(out).op, 128, 128, {vn(w), vm(w)}, vd(w), field::get(w, 15, 10)));
  return true;
}

bool lower_crypto_sm3_round(u32 w, Instruction& out) {
  const Parameter& p = parameter_of(out);
  Uop u = make_lanes(p.op, 128, 128, {vd(w), vn(w), vm(w)}, vd(w), field::get(w, 13, 12));
  u.imm2 = p.trait;
  append(out, u);
  return true;
}

}  // namespace isobar::isa
