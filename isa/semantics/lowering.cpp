#include "isa/semantics/lowering.h"

namespace isobar::isa {

Uop make_alu(AluOp op, unsigned width, std::initializer_list<Reg> src, Reg dst) {
  Uop u;
  u.kind = UopKind::Alu;
  u.op = static_cast<u16>(op);
  u.width = static_cast<u8>(width);
  u.extend = kExtendNone;
  for (const Reg r : src) u.src.at(u.n_src++) = r;
  u.n_data = u.n_src;
  u.dst[0] = dst;
  return u;
}

Uop make_flag_constant(u8 mask, u64 imm) {
  Uop u = make_alu(AluOp::FlagConstant, 64, {}, Reg::None);
  u.flags_out = mask;
  u.imm = imm;
  return u;
}

void add_flag_inputs(Uop& u, unsigned mask) {
  constexpr std::array<Reg, 4> kOrder{Reg::N, Reg::Z, Reg::C, Reg::V};
  for (unsigned i = 0; i < 4; ++i) {
    if ((mask & (8u >> i)) != 0) {
      u.src.at(u.n_src++) = kOrder[i];
      ++u.n_data;
    }
  }
}

Uop make_hint(HintOp op) {
  Uop u;
  u.kind = UopKind::Hint;
  u.op = static_cast<u16>(op);
  return u;
}

Uop make_exception(ExceptionOp op, u64 imm) {
  Uop u;
  u.kind = UopKind::Exception;
  u.op = static_cast<u16>(op);
  u.imm = imm;
  return u;
}

Uop make_access(UopKind kind, const AddressOperand& a, unsigned size) {
  Uop u;
  u.kind = kind;
  u.extend = a.extend;
  u.amount = a.amount;
  u.imm = a.offset;
  u.mem.size = static_cast<u8>(size);
  if (a.base != Reg::None) u.src.at(u.n_src++) = a.base;
  if (a.index != Reg::None) u.src.at(u.n_src++) = a.index;
  u.n_addr = u.n_src;
  return u;
}

void add_data_input(Uop& u, Reg r) {
  u.src.at(u.n_src++) = r;
  ++u.n_data;
}

void add_compare_input(Uop& u, Reg r) {
  u.src.at(u.n_src++) = r;
}

}  // namespace isobar::isa
