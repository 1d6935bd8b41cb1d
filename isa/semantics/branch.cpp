// Branches (Arm ARM C4.1.93). B and BL have no inputs and so give no control dependency.
#include "isa/evaluate.h"
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

Uop make_branch(BranchOp op, u64 offset) {
  Uop u;
  u.kind = UopKind::Branch;
  u.op = static_cast<u16>(op);
  u.imm = offset;
  return u;
}

void append_link(Instruction& out) {
  Uop u = make_alu(AluOp::PcRelative, 64, {}, Reg::X30);
  u.imm = 4;
  append(out, u);
}

}  // namespace

bool lower_branch_direct(u32 w, Instruction& out) {
  if (get(w, 31, 31) != 0) append_link(out);
  append(out, make_branch(BranchOp::Direct, signed_get(w, 25, 0) << 2));
  return true;
}

bool lower_branch_conditional(u32 w, Instruction& out) {
  const unsigned cond = get(w, 3, 0), flags = condition_flags(cond);
  Uop u = make_branch(flags != 0 ? BranchOp::Conditional : BranchOp::Direct, signed_get(w, 23, 5) << 2);
  u.cond = static_cast<u8>(cond);
  add_flag_inputs(u, flags);
  append(out, u);
  return true;
}

bool lower_compare_branch(u32 w, Instruction& out) {
  Uop u = make_branch(get(w, 24, 24) != 0 ? BranchOp::CompareNonZero : BranchOp::CompareZero,
                      signed_get(w, 23, 5) << 2);
  u.width = static_cast<u8>(width(w));
  add_data_input(u, x_reg(rt(w)));
  append(out, u);
  return true;
}

bool lower_test_branch(u32 w, Instruction& out) {
  Uop u = make_branch(get(w, 24, 24) != 0 ? BranchOp::TestNonZero : BranchOp::TestZero, signed_get(w, 18, 5)
                                                                                            << 2);
  u.amount = static_cast<u8>((get(w, 31, 31) << 5) | get(w, 23, 19));
  add_data_input(u, x_reg(rt(w)));
  append(out, u);
  return true;
}

bool lower_branch_indirect(u32 w, Instruction& out) {
  if (get(w, 22, 21) == 1) append_link(out);
  Uop u = make_branch(BranchOp::Indirect, 0);
  add_data_input(u, x_reg(rn(w)));
  append(out, u);
  return true;
}

}  // namespace isobar::isa
