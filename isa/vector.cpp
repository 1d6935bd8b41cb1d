#include "isa/alu.h"
#include "support/bits.h"

namespace isobar::isa {
namespace {

Value low_bits(const Value& v, unsigned width) {
  return width >= 128 ? v : Value{v.lo & ones(width), 0};
}

}  // namespace

u64 get_element(const Value& v, unsigned element, unsigned width) {
  const unsigned first = element * width;
  const u64 half = first < 64 ? v.lo : v.hi;
  return (half >> (first % 64)) & ones(width);
}

void set_element(Value& v, unsigned element, unsigned width, u64 bits) {
  const unsigned first = element * width;
  u64& half = first < 64 ? v.lo : v.hi;
  half = (half & ~(ones(width) << (first % 64))) | ((bits & ones(width)) << (first % 64));
}

AluResult evaluate_vector(const Uop& u, const Inputs& in) {
  const Value &a = in[0], &b = in[1], &c = in[2];
  const unsigned width = u.width, element = static_cast<unsigned>(u.imm);
  Value r;
  switch (alu_op(u)) {
    case AluOp::VectorMove: r = a; break;
    case AluOp::VectorElement: return {{Value{get_element(a, element, width), 0}, Value{}}, 0};
    case AluOp::VectorElementSigned:
      return {{Value{sign_extend(get_element(a, element, width), width) & ones(u.amount), 0}, Value{}}, 0};
    case AluOp::VectorDuplicate:
      for (unsigned i = 0; i < u.amount / width; ++i)
        set_element(r, i, width, get_element(a, element, width));
      return {{r, Value{}}, 0};
    case AluOp::VectorInsert:
      r = a;
      set_element(r, element, width, get_element(b, static_cast<unsigned>(u.imm2), width));
      return {{r, Value{}}, 0};
    case AluOp::VectorAnd: r = {a.lo & b.lo, a.hi & b.hi}; break;
    case AluOp::VectorBic: r = {a.lo & ~b.lo, a.hi & ~b.hi}; break;
    case AluOp::VectorOrr: r = {a.lo | b.lo, a.hi | b.hi}; break;
    case AluOp::VectorOrn: r = {a.lo | ~b.lo, a.hi | ~b.hi}; break;
    case AluOp::VectorEor: r = {a.lo ^ b.lo, a.hi ^ b.hi}; break;
    case AluOp::VectorSelect: r = {(b.lo & c.lo) | (a.lo & ~c.lo), (b.hi & c.hi) | (a.hi & ~c.hi)}; break;
    case AluOp::VectorOrrConstant: r = {a.lo | u.imm, a.hi | u.imm2}; break;
    case AluOp::VectorBicConstant: r = {a.lo & ~u.imm, a.hi & ~u.imm2}; break;
    default: break;
  }
  return {{low_bits(r, width), Value{}}, 0};
}

}  // namespace isobar::isa
