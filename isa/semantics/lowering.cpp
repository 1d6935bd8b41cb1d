#include "isa/semantics/lowering.h"

namespace isobar::isa {

namespace {

using namespace trait;

constexpr Parameter kParameters[] = {
#define X(name, bitstring, family, lower) {},
#define V(name, bitstring, family, lower, op, trait) {AluOp::op, trait},
#include "isa/encodings.inc"
#undef X
};

}  // namespace

const Parameter& parameter_of(const Instruction& out) {
  return kParameters[out.encoding];
}

Uop make_lanes(AluOp op, unsigned width, unsigned bits, std::initializer_list<Reg> src, Reg dst, u64 imm) {
  Uop u = make_alu(op, width, src, dst);
  u.amount = static_cast<u8>(bits);
  u.imm = imm;
  return u;
}

FloatShape shape_of(u32 traits) {
  FloatShape s;
  const u32 rounding = traits & kRoundingMask;
  s.form = (traits & kPairwise) != 0 ? LaneForm::Pairwise : LaneForm::Vertical;
  s.rounding = static_cast<u8>(rounding == 0 ? 6 : rounding - 1);
  s.minus_product = (traits & kMinusProduct) != 0;
  s.minus_addend = (traits & kMinusAddend) != 0;
  s.fixed_point = (traits & kSigned) != 0 ? 0x80 : 0;
  return s;
}

void add_float_environment(Uop& u) {
  add_data_input(u, Reg::FPCR);
  u.dst[1] = Reg::FPSR;
}

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
