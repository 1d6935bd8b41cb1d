#include "isa/evaluate.h"

#include "isa/alu.h"
#include "support/bits.h"

namespace isobar::isa {
namespace {

Value truncate(const Value& v, unsigned bytes) {
  if (bytes >= 16) return v;
  if (bytes > 8) return {v.lo, v.hi & ones(8 * (bytes - 8))};
  return {v.lo & ones(8 * bytes), 0};
}

/// Two general registers as the bytes of one access, the first at the lower address.
Value join_pair(u64 first, u64 second, unsigned size) {
  if (size == 16) return {first, second};
  return {(first & ones(32)) | (second << 32), 0};
}

Value operand(const Uop& u, const Inputs& in, unsigned first) {
  const Value v = u.mem.pair ? join_pair(in[first].lo, in[first + 1].lo, u.mem.size) : in[first];
  return truncate(v, u.mem.size);
}

/// The new memory value of a single-instruction read-modify-write of up to 8 bytes.
u64 combine(RmwOp op, u64 old, u64 value, unsigned size) {
  const auto is_signed = [size](u64 v) { return static_cast<i64>(sign_extend(v, 8 * size)); };
  switch (op) {
    case RmwOp::Plain:
    case RmwOp::Swap:
    case RmwOp::CompareAndSwap: return value;
    case RmwOp::Add: return old + value;
    case RmwOp::Clear: return old & ~value;
    case RmwOp::Eor: return old ^ value;
    case RmwOp::Set: return old | value;
    case RmwOp::SMax: return is_signed(old) > is_signed(value) ? old : value;
    case RmwOp::SMin: return is_signed(old) < is_signed(value) ? old : value;
    case RmwOp::UMax: return old > value ? old : value;
    case RmwOp::UMin: return old < value ? old : value;
  }
  return value;
}

}  // namespace

unsigned packed_flags(const Uop& u, const Inputs& in, unsigned first) {
  unsigned nzcv = 0;
  for (unsigned i = first; i < u.n_src; ++i) {
    if (in[i].lo == 0) continue;
    switch (u.src[i]) {
      case Reg::N: nzcv |= kFlagN; break;
      case Reg::Z: nzcv |= kFlagZ; break;
      case Reg::C: nzcv |= kFlagC; break;
      case Reg::V: nzcv |= kFlagV; break;
      default: break;
    }
  }
  return nzcv;
}

bool condition_holds(unsigned cond, unsigned nzcv) {
  const bool n = (nzcv & kFlagN) != 0, z = (nzcv & kFlagZ) != 0;
  const bool c = (nzcv & kFlagC) != 0, v = (nzcv & kFlagV) != 0;
  bool r = true;
  switch ((cond >> 1) & 7) {
    case 0: r = z; break;
    case 1: r = c; break;
    case 2: r = n; break;
    case 3: r = v; break;
    case 4: r = c && !z; break;
    case 5: r = n == v; break;
    case 6: r = n == v && !z; break;
    default: return true;
  }
  return (cond & 1) != 0 ? !r : r;
}

unsigned condition_flags(unsigned cond) {
  constexpr u8 kFlags[8] = {
      kFlagZ, kFlagC, kFlagN, kFlagV, kFlagC | kFlagZ, kFlagN | kFlagV, kFlagN | kFlagZ | kFlagV, 0};
  return kFlags[(cond >> 1) & 7];
}

AluResult evaluate(const Uop& u, const Inputs& in, u64 pc) {
  if (u.kind == UopKind::Select) return {{select_arm(u, in, select_condition(u, in)), Value{}}, 0};
  if (alu_op(u) < AluOp::VectorMove) return evaluate_integer(u, in, pc);
  if (alu_op(u) < AluOp::LaneAdd) return evaluate_vector(u, in);
  if (alu_op(u) >= AluOp::FloatAdd) return evaluate_float(u, in);
  if (alu_op(u) < AluOp::IntegerCopy) return evaluate_lanes(u, in);
  return alu_op(u) < AluOp::AesEncrypt ? evaluate_integer_lanes(u, in) : evaluate_crypto(u, in);
}

bool select_condition(const Uop& u, const Inputs& in) {
  return condition_holds(u.cond, packed_flags(u, in, 2));
}

Value select_arm(const Uop& u, const Inputs& in, bool first) {
  u64 v = in[first ? 0 : 1].lo;
  if (!first) {
    switch (alu_op(u)) {
      case AluOp::SelectIncrement: v += 1; break;
      case AluOp::SelectInvert: v = ~v; break;
      case AluOp::SelectNegate: v = u64{0} - v; break;
      default: break;
    }
  }
  return {v & ones(u.width), 0};
}

BranchResult evaluate_branch(const Uop& u, const Inputs& in, u64 pc) {
  const u64 v = in[0].lo & ones(u.width);
  bool taken = true;
  switch (u.branch_op()) {
    case BranchOp::Direct: break;
    case BranchOp::Conditional: taken = condition_holds(u.cond, packed_flags(u, in, 0)); break;
    case BranchOp::CompareZero: taken = v == 0; break;
    case BranchOp::CompareNonZero: taken = v != 0; break;
    case BranchOp::TestZero: taken = bit(v, u.amount) == 0; break;
    case BranchOp::TestNonZero: taken = bit(v, u.amount) != 0; break;
    case BranchOp::Indirect: return {true, v};
  }
  return {taken, taken ? pc + u.imm : pc + 4};
}

u64 evaluate_address(const Uop& u, const Inputs& in, u64 pc) {
  if (u.n_addr == 0) return pc + u.imm;
  const u64 base = (in[0].lo & ~u.imm2) + u.imm;
  return u.n_addr == 1 ? base : base + extend_operand(in[1].lo, u.extend, u.amount, 64);
}

std::array<Value, 2> evaluate_load(const Uop& u, const Value& raw) {
  const MemoryAttributes& m = u.mem;
  if (m.pair) {
    if (m.size == 16) return {Value{raw.lo, 0}, Value{raw.hi, 0}};
    return {Value{raw.lo & ones(32), 0}, Value{raw.lo >> 32, 0}};
  }
  Value v = truncate(raw, m.size);
  if (m.sign_extend) v.lo = sign_extend(v.lo, 8 * m.size) & ones(m.result_width);
  return {v, Value{}};
}

Value evaluate_store(const Uop& u, const Inputs& in, const Value& read) {
  const Value v = operand(u, in, u.n_addr);
  if (u.mem.tag == TagAccess::Explicit) return {v.lo & 15, 0};
  if (u.mem.size > 8) return v;  // only Plain and CompareAndSwap exist
  return truncate({combine(u.mem.rmw, truncate(read, u.mem.size).lo, v.lo, u.mem.size), 0}, u.mem.size);
}

bool compare_and_swap_equal(const Uop& u, const Inputs& in, const Value& read) {
  return operand(u, in, u.n_addr + u.n_data) == truncate(read, u.mem.size);
}

std::array<Value, 2> evaluate_cas_result(const Uop& u, const Inputs& in, bool equal,
                                         const std::array<Value, 2>& read) {
  if (!equal) return read;
  const unsigned bytes = u.mem.pair ? u.mem.size / 2 : u.mem.size;
  return {truncate({in[0].lo, 0}, bytes), u.mem.pair ? truncate({in[1].lo, 0}, bytes) : Value{}};
}

}  // namespace isobar::isa
