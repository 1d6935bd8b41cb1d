// Exclusives, load-acquire and store-release, single-instruction read-modify-writes (Arm ARM C4.1.96, B2.3).
//
// The read of a read-modify-write whose result is discarded is a NoRet read: it has no acquire semantics even
// if the A bit is set, and barriers that wait for loads ignore it.
//
// The halves of an ordered pair (FEAT_LRCPC3) are accesses of their own, each with acquirePC or release, listed in
// the order in which they must happen: acquire and release order them as if they were instructions of their own.
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

unsigned access_size(u32 w) {
  return 1u << size(w);
}
unsigned register_width(unsigned bytes) {
  return bytes == 8 ? 64 : 32;
}

AddressOperand base(u32 w, u64 offset = 0) {
  return {.base = x_or_sp(rn(w)), .offset = offset};
}

Uop make_load(u32 w, u64 offset = 0) {
  const unsigned bytes = access_size(w);
  Uop u = make_access(UopKind::Read, base(w, offset), bytes);
  u.mem.result_width = static_cast<u8>(register_width(bytes));
  u.dst[0] = x_dst(rt(w));
  return u;
}

Uop make_store(u32 w, u64 offset = 0) {
  Uop u = make_access(UopKind::Write, base(w, offset), access_size(w));
  add_data_input(u, x_reg(rt(w)));
  return u;
}

/// The status register of a store-exclusive may be neither the base nor a stored register, unless it is WZR.
bool status_register_clashes(u32 w, bool pair) {
  const unsigned s = rs(w);
  return s != 31 && (s == rn(w) || s == rt(w) || (pair && s == rt2(w)));
}

void append_status(u32 w, Instruction& out) {
  Uop u;
  u.kind = UopKind::Status;
  u.dst[0] = x_dst(rs(w));
  append(out, u);
}

bool bit15(u32 w) {
  return get(w, 15, 15) != 0;
}

void append_write_back(Instruction& out, u32 w, u64 offset) {
  Uop u = make_alu(AluOp::Add, 64, {x_or_sp(rn(w))}, x_or_sp(rn(w)));
  u.imm = offset;
  append(out, u);
}

/// Write-back to a transfer register is CONSTRAINED UNPREDICTABLE.
bool base_clashes(u32 w, unsigned transferred) {
  return rn(w) == transferred && rn(w) != 31;
}

/// The second register of an ordered pair (LDIAPP, STILP), bits 20:16.
unsigned rt2_of_ordered_pair(u32 w) {
  return get(w, 20, 16);
}
/// Post-indexed LDIAPP, pre-indexed STILP: bit 12 is clear.
bool ordered_pair_writes_back(u32 w) {
  return get(w, 12, 12) == 0;
}

}  // namespace

bool lower_load_exclusive(u32 w, Instruction& out) {
  Uop u = make_load(w);
  u.mem.exclusive = true;
  u.mem.acquire = bit15(w);
  append(out, u);
  return true;
}

bool lower_store_exclusive(u32 w, Instruction& out) {
  if (status_register_clashes(w, false)) return false;
  Uop u = make_store(w);
  u.mem.exclusive = true;
  u.mem.release = bit15(w);
  append(out, u);
  append_status(w, out);
  return true;
}

bool lower_load_exclusive_pair(u32 w, Instruction& out) {
  if (rt(w) == rt2(w)) return false;
  const unsigned half = access_size(w);
  Uop u = make_access(UopKind::Read, base(w), 2 * half);
  u.mem.result_width = static_cast<u8>(register_width(half));
  u.mem.pair = u.mem.exclusive = true;
  u.mem.acquire = bit15(w);
  u.dst = {x_dst(rt(w)), x_dst(rt2(w))};
  append(out, u);
  return true;
}

bool lower_store_exclusive_pair(u32 w, Instruction& out) {
  if (status_register_clashes(w, true)) return false;
  Uop u = make_access(UopKind::Write, base(w), 2 * access_size(w));
  u.mem.pair = u.mem.exclusive = true;
  u.mem.release = bit15(w);
  add_data_input(u, x_reg(rt(w)));
  add_data_input(u, x_reg(rt2(w)));
  append(out, u);
  append_status(w, out);
  return true;
}

/// LDAR, and LDLAR: with no limited-ordering regions the two are the same.
bool lower_load_acquire(u32 w, Instruction& out) {
  Uop u = make_load(w);
  u.mem.acquire = true;
  append(out, u);
  return true;
}

/// STLR, and STLLR: with no limited-ordering regions the two are the same.
bool lower_store_release(u32 w, Instruction& out) {
  Uop u = make_store(w);
  u.mem.release = true;
  append(out, u);
  return true;
}

bool lower_load_acquire_pc(u32 w, Instruction& out) {
  Uop u = make_load(w);
  u.mem.acquire_pc = true;
  append(out, u);
  return true;
}

bool lower_load_acquire_pc_unscaled(u32 w, Instruction& out) {
  const unsigned opc = get(w, 23, 22);
  Uop u = make_load(w, signed_get(w, 20, 12));
  u.mem.acquire_pc = true;
  u.mem.sign_extend = opc >= 2;
  if (opc == 2) u.mem.result_width = 64;
  append(out, u);
  return true;
}

bool lower_store_release_unscaled(u32 w, Instruction& out) {
  Uop u = make_store(w, signed_get(w, 20, 12));
  u.mem.release = true;
  append(out, u);
  return true;
}

/// STLR with pre-index, by minus the size of the access.
bool lower_store_release_indexed(u32 w, Instruction& out) {
  if (base_clashes(w, rt(w))) return false;
  const u64 offset = u64{0} - access_size(w);
  Uop u = make_store(w, offset);
  u.mem.release = true;
  append(out, u);
  append_write_back(out, w, offset);
  return true;
}

/// LDAPR with post-index, by the size of the access.
bool lower_load_acquire_pc_indexed(u32 w, Instruction& out) {
  if (base_clashes(w, rt(w))) return false;
  lower_load_acquire_pc(w, out);
  append_write_back(out, w, access_size(w));
  return true;
}

/// LDIAPP: two load-acquirePC, the second after the first (Arm ARM B2.3, ordered pairs).
bool lower_load_acquire_pc_pair(u32 w, Instruction& out) {
  const unsigned bytes = access_size(w), t2 = rt2_of_ordered_pair(w);
  const bool write_back = ordered_pair_writes_back(w);
  if (rt(w) == t2 || (write_back && (base_clashes(w, rt(w)) || base_clashes(w, t2)))) return false;
  for (unsigned half = 0; half < 2; ++half) {
    Uop u = make_load(w, u64{half} * bytes);
    u.dst[0] = x_dst(half == 0 ? rt(w) : t2);
    u.mem.acquire_pc = true;
    append(out, u);
  }
  if (write_back) append_write_back(out, w, u64{2} * bytes);
  return true;
}

/// STILP: two store-releases, the second after the first. The one at the lower address comes first, except where the
/// pair is pushed on a stack that grows downwards (pre-index).
bool lower_store_release_pair(u32 w, Instruction& out) {
  const unsigned bytes = access_size(w), t2 = rt2_of_ordered_pair(w);
  const bool write_back = ordered_pair_writes_back(w);
  if (write_back && (base_clashes(w, rt(w)) || base_clashes(w, t2))) return false;
  const u64 offset = write_back ? u64{0} - 2 * bytes : 0;
  for (unsigned k = 0; k < 2; ++k) {
    const unsigned half = write_back ? 1 - k : k;
    Uop u = make_access(UopKind::Write, base(w, offset + half * bytes), bytes);
    u.mem.release = true;
    add_data_input(u, x_reg(half == 0 ? rt(w) : t2));
    append(out, u);
  }
  if (write_back) append_write_back(out, w, offset);
  return true;
}

bool lower_atomic(u32 w, Instruction& out) {
  constexpr RmwOp kOps[8] = {RmwOp::Add,  RmwOp::Clear, RmwOp::Eor,  RmwOp::Set,
                             RmwOp::SMax, RmwOp::SMin,  RmwOp::UMax, RmwOp::UMin};
  const bool swap = bit15(w), discards = rt(w) == 31;

  Uop read = make_load(w);
  read.mem.atomic = true;
  read.mem.no_ret = discards;
  read.mem.acquire = get(w, 23, 23) != 0 && !discards;
  append(out, read);

  Uop write = make_access(UopKind::Write, base(w), access_size(w));
  write.mem.atomic = true;
  write.mem.release = get(w, 22, 22) != 0;
  write.mem.rmw = swap ? RmwOp::Swap : kOps[get(w, 14, 12)];
  add_data_input(write, x_reg(rs(w)));
  append(out, write);
  return true;
}

bool lower_compare_and_swap(u32 w, Instruction& out) {
  const unsigned bytes = access_size(w);
  const bool discards = rs(w) == 31;

  Uop read = make_access(UopKind::Read, base(w), bytes);
  read.mem.result_width = static_cast<u8>(register_width(bytes));
  read.mem.atomic = true;
  read.mem.no_ret = discards;
  read.mem.acquire = get(w, 22, 22) != 0 && !discards;
  append(out, read);

  Uop write = make_store(w);
  write.mem.atomic = true;
  write.mem.release = bit15(w);
  write.mem.rmw = RmwOp::CompareAndSwap;
  add_compare_input(write, x_reg(rs(w)));
  append(out, write);

  Uop result;
  result.kind = UopKind::CasResult;
  result.mem.size = static_cast<u8>(bytes);
  add_data_input(result, x_reg(rs(w)));
  add_data_input(result, uop_result(0));
  result.dst[0] = x_dst(rs(w));
  append(out, result);
  return true;
}

bool lower_compare_and_swap_pair(u32 w, Instruction& out) {
  const unsigned half = get(w, 30, 30) != 0 ? 8 : 4;
  const unsigned s = rs(w), t = rt(w);
  if (s % 2 != 0 || t % 2 != 0) return false;

  Uop read = make_access(UopKind::Read, base(w), 2 * half);
  read.mem.result_width = static_cast<u8>(register_width(half));
  read.mem.atomic = read.mem.pair = true;
  read.mem.acquire = get(w, 22, 22) != 0;
  append(out, read);

  Uop write = make_access(UopKind::Write, base(w), 2 * half);
  write.mem.atomic = write.mem.pair = true;
  write.mem.release = bit15(w);
  write.mem.rmw = RmwOp::CompareAndSwap;
  add_data_input(write, x_reg(t));
  add_data_input(write, x_reg(t + 1));
  add_compare_input(write, x_reg(s));
  add_compare_input(write, x_reg(s + 1));
  append(out, write);

  Uop result;
  result.kind = UopKind::CasResult;
  result.mem.size = static_cast<u8>(2 * half);
  result.mem.pair = true;
  add_data_input(result, x_reg(s));
  add_data_input(result, x_reg(s + 1));
  add_data_input(result, uop_result(0));
  result.dst = {x_dst(s), x_dst(s + 1)};
  append(out, result);
  return true;
}

}  // namespace isobar::isa
