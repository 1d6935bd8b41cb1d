// Branches. A target on the same page is a distance in records, else an address.
#include "functional/core.h"
#include "functional/lower.h"
#include "isa/branch_target.h"
#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::functional {

namespace {

using isa::BranchOp;
using isa::Reg;
using isa::Uop;
using isa::UopKind;

template <bool kNear>
const Record* go(Core& core, const Record* r) {
  return kNear ? r + static_cast<i64>(r->immediate) : core.enter(r->immediate);
}

template <bool kNear>
const Record* branch(Core& core, const Record* r) {
  return go<kNear>(core, r);
}

template <bool kNear>
const Record* branch_and_link(Core& core, const Record* r) {
  core.state().x[30] = core.pc_of(r) + 4;
  return go<kNear>(core, r);
}

/// `a` has bit n set if the condition holds for NZCV = n.
template <bool kNear>
const Record* branch_if_condition(Core& core, const Record* r) {
  return (r->a >> core.state().nzcv & 1) != 0 ? go<kNear>(core, r) : r + 1;
}

/// `a` is 1 for CBNZ.
template <class Word, bool kNear>
const Record* branch_if_zero(Core& core, const Record* r) {
  const bool zero = static_cast<Word>(at(core, r->n)) == 0;
  return zero != (r->a != 0) ? go<kNear>(core, r) : r + 1;
}

/// `a` is 1 for TBNZ, `m` the number of the bit.
template <bool kNear>
const Record* branch_if_bit(Core& core, const Record* r) {
  return bit(at(core, r->n), r->m) == r->a ? go<kNear>(core, r) : r + 1;
}

/// RET.
const Record* return_to_register(Core& core, const Record* r) {
  return core.enter(at(core, r->n));
}

/// `a` is 1 for the registers that veneers use, X16 and X17.
const Record* branch_to_register(Core& core, const Record* r) {
  const bool jumps = core.is_on_guarded_page() && r->a == 0;
  return core.enter_indirectly(at(core, r->n), jumps ? isa::branch_type::kJump : isa::branch_type::kCallOrJump);
}

const Record* branch_to_register_and_link(Core& core, const Record* r) {
  const u64 target = at(core, r->n);
  core.state().x[30] = core.pc_of(r) + 4;
  return core.enter_indirectly(target, isa::branch_type::kCall);
}

Execute choose(const Uop& u, bool near) {
  switch (u.branch_op()) {
    case BranchOp::Conditional: return near ? branch_if_condition<true> : branch_if_condition<false>;
    case BranchOp::CompareZero:
    case BranchOp::CompareNonZero:
      if (u.width == 64) return near ? branch_if_zero<u64, true> : branch_if_zero<u64, false>;
      return near ? branch_if_zero<u32, true> : branch_if_zero<u32, false>;
    case BranchOp::TestZero:
    case BranchOp::TestNonZero: return near ? branch_if_bit<true> : branch_if_bit<false>;
    case BranchOp::Direct: return near ? branch<true> : branch<false>;
    case BranchOp::Indirect: return branch_to_register;
  }
  return nullptr;
}

}  // namespace

bool lower_branch(const isa::Instruction& i, u64 pc, Record& out) {
  const Uop& u = i.uops[i.count - 1];
  if (u.kind != UopKind::Branch) return false;
  // The only other micro-op that any branch has is the one that writes the link register.
  const bool links = i.count == 2;
  const u64 target = pc + u.imm;
  const bool near = target / kPageSize == pc / kPageSize;
  out.immediate = near ? static_cast<u64>(static_cast<i64>(u.imm) / 4) : target;
  out.execute = choose(u, near);
  if (u.branch_op() == BranchOp::Conditional) {
    out.a = holding_flags(u.cond);
  } else {
    out.a = u.branch_op() == BranchOp::CompareNonZero || u.branch_op() == BranchOp::TestNonZero;
    out.m = u.amount;
    if (u.n_src != 0) out.n = offset_of(u.src[0]);
  }
  if (u.branch_op() == BranchOp::Indirect) {
    constexpr u32 kReturn = 0xd65f'0000, kOpcode = 0xffff'fc1f;
    if ((i.word & kOpcode) == kReturn) out.execute = return_to_register;
    out.a = u.src[0] == isa::x_reg(16) || u.src[0] == isa::x_reg(17);
  }
  if (!links) return true;
  if (u.branch_op() == BranchOp::Indirect) {
    out.execute = branch_to_register_and_link;
  } else {
    out.execute = near ? branch_and_link<true> : branch_and_link<false>;
  }
  return true;
}

}  // namespace isobar::functional
