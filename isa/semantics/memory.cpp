// Plain loads and stores of general and vector registers, pairs, literals and prefetches (Arm ARM C4.1.96).
//
// Write-back is a micro-op of its own that takes only the old base, so that it waits neither for the load nor
// for the data of the store. Write-back to a transfer register, and loading both halves of a pair into one
// register, are CONSTRAINED UNPREDICTABLE: they are taken as undefined.
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

/// What a load or store of one register transfers.
struct Transfer {
  bool load = false;
  bool vector = false;
  bool sign_extend = false;
  unsigned size = 0;  ///< bytes
  unsigned result_width = 64;
};

/// size (31:30) and opc (23:22) of a general register; every combination in the table is one of these.
Transfer general_transfer(u32 w) {
  const unsigned opc = get(w, 23, 22);
  Transfer t;
  t.size = 1u << size(w);
  t.load = opc != 0;
  t.sign_extend = opc >= 2;
  t.result_width = opc == 3 || (opc == 1 && t.size < 8) ? 32 : 64;
  return t;
}

/// size and opc of a vector register: opc bit 1 selects 16 bytes.
Transfer vector_transfer(u32 w) {
  Transfer t;
  t.vector = true;
  t.size = get(w, 23, 23) != 0 ? 16 : 1u << size(w);
  t.load = get(w, 22, 22) != 0;
  t.result_width = 128;
  return t;
}

/// V of a pair: 4, 8 or 16 bytes by opc (31:30), 0 if reserved.
Transfer pair_transfer(u32 w, bool vector) {
  const unsigned opc = get(w, 31, 30);
  Transfer t;
  t.vector = vector;
  t.load = get(w, 22, 22) != 0;
  if (vector) {
    t.size = opc == 3 ? 0 : 4u << opc;
    t.result_width = 128;
  } else {
    t.sign_extend = opc == 1;
    t.size = opc == 2 ? 8 : 4;
    t.result_width = opc == 0 ? 32 : 64;
  }
  return t;
}

Reg source(const Transfer& t, unsigned n) {
  return t.vector ? v_reg(n) : x_reg(n);
}
Reg destination(const Transfer& t, unsigned n) {
  return t.vector ? v_reg(n) : x_dst(n);
}

Uop make_transfer(const Transfer& t, const AddressOperand& a, unsigned reg) {
  Uop u = make_access(t.load ? UopKind::Read : UopKind::Write, a, t.size);
  u.mem.result_width = static_cast<u8>(t.result_width);
  u.mem.sign_extend = t.sign_extend;
  if (t.load) {
    u.dst[0] = destination(t, reg);
  } else {
    add_data_input(u, source(t, reg));
  }
  return u;
}

void append_write_back(Instruction& out, unsigned base, u64 offset) {
  Uop u = make_alu(AluOp::Add, 64, {x_or_sp(base)}, x_or_sp(base));
  u.imm = offset;
  append(out, u);
}

AddressOperand at(u32 w, u64 offset) {
  return {.base = x_or_sp(rn(w)), .offset = offset};
}

bool lower_unsigned(u32 w, const Transfer& t, Instruction& out) {
  append(out, make_transfer(t, at(w, u64{get(w, 21, 10)} * t.size), rt(w)));
  return true;
}

bool lower_unscaled(u32 w, const Transfer& t, Instruction& out) {
  append(out, make_transfer(t, at(w, signed_get(w, 20, 12)), rt(w)));
  return true;
}

bool lower_indexed(u32 w, const Transfer& t, Instruction& out) {
  if (!t.vector && rn(w) == rt(w) && rn(w) != 31) return false;
  const u64 offset = signed_get(w, 20, 12);
  const bool pre = get(w, 11, 11) != 0;
  append(out, make_transfer(t, at(w, pre ? offset : 0), rt(w)));
  append_write_back(out, rn(w), offset);
  return true;
}

/// Fills in the index register; false if the option is reserved.
bool set_index(u32 w, unsigned access_size, AddressOperand& a) {
  const unsigned option = get(w, 15, 13);
  if ((option & 2) == 0) return false;
  a.index = x_reg(rm(w));
  a.extend = static_cast<u8>(option);
  if (get(w, 12, 12) != 0) {
    while ((1u << a.amount) < access_size) ++a.amount;
  }
  return true;
}

bool lower_register(u32 w, const Transfer& t, Instruction& out) {
  AddressOperand a{.base = x_or_sp(rn(w))};
  if (!set_index(w, t.size, a)) return false;
  append(out, make_transfer(t, a, rt(w)));
  return true;
}

bool lower_literal(u32 w, const Transfer& t, Instruction& out) {
  const AddressOperand a{.offset = signed_get(w, 23, 5) << 2};
  append(out, make_transfer(t, a, rt(w)));
  return true;
}

bool lower_pair(u32 w, const Transfer& t, bool write_back, Instruction& out) {
  if (t.size == 0) return false;
  if (t.load && rt(w) == rt2(w)) return false;
  const bool base_is_transferred = rn(w) == rt(w) || rn(w) == rt2(w);
  if (write_back && !t.vector && base_is_transferred && rn(w) != 31) return false;
  const u64 offset = signed_get(w, 21, 15) * t.size;
  const bool post = get(w, 24, 23) == 1;
  const bool non_temporal = get(w, 24, 23) == 0;
  for (unsigned half = 0; half < 2; ++half) {
    Uop u = make_transfer(t, at(w, (post ? 0 : offset) + half * t.size), half == 0 ? rt(w) : rt2(w));
    u.mem.non_temporal = non_temporal;
    append(out, u);
  }
  if (write_back) append_write_back(out, rn(w), offset);
  return true;
}

}  // namespace

bool lower_load_store_unsigned(u32 w, Instruction& out) {
  return lower_unsigned(w, general_transfer(w), out);
}
bool lower_load_store_unscaled(u32 w, Instruction& out) {
  return lower_unscaled(w, general_transfer(w), out);
}
bool lower_load_store_indexed(u32 w, Instruction& out) {
  return lower_indexed(w, general_transfer(w), out);
}
bool lower_load_store_register(u32 w, Instruction& out) {
  return lower_register(w, general_transfer(w), out);
}

bool lower_load_store_unprivileged(u32 w, Instruction& out) {
  lower_unscaled(w, general_transfer(w), out);
  out.uops[0].mem.unprivileged = true;
  return true;
}

bool lower_fp_load_store_unsigned(u32 w, Instruction& out) {
  return lower_unsigned(w, vector_transfer(w), out);
}
bool lower_fp_load_store_unscaled(u32 w, Instruction& out) {
  return lower_unscaled(w, vector_transfer(w), out);
}
bool lower_fp_load_store_indexed(u32 w, Instruction& out) {
  return lower_indexed(w, vector_transfer(w), out);
}
bool lower_fp_load_store_register(u32 w, Instruction& out) {
  return lower_register(w, vector_transfer(w), out);
}

/// LDAPUR, STLUR of vector registers (FEAT_LRCPC3).
bool lower_fp_ordered_unscaled(u32 w, Instruction& out) {
  lower_unscaled(w, vector_transfer(w), out);
  MemoryAttributes& m = out.uops[0].mem;
  (out.uops[0].kind == UopKind::Read ? m.acquire_pc : m.release) = true;
  return true;
}

bool lower_load_literal(u32 w, Instruction& out) {
  const unsigned opc = get(w, 31, 30);
  Transfer t;
  t.load = true;
  t.size = opc == 1 ? 8 : 4;
  t.sign_extend = opc == 2;
  t.result_width = opc == 0 ? 32 : 64;
  return lower_literal(w, t, out);
}

bool lower_fp_load_literal(u32 w, Instruction& out) {
  const unsigned opc = get(w, 31, 30);
  if (opc == 3) return false;
  Transfer t;
  t.load = t.vector = true;
  t.size = 4u << opc;
  t.result_width = 128;
  return lower_literal(w, t, out);
}

bool lower_pair_offset(u32 w, Instruction& out) {
  return lower_pair(w, pair_transfer(w, false), false, out);
}
bool lower_pair_indexed(u32 w, Instruction& out) {
  return lower_pair(w, pair_transfer(w, false), true, out);
}
bool lower_fp_pair_offset(u32 w, Instruction& out) {
  return lower_pair(w, pair_transfer(w, true), false, out);
}
bool lower_fp_pair_indexed(u32 w, Instruction& out) {
  return lower_pair(w, pair_transfer(w, true), true, out);
}

bool lower_prefetch(u32, Instruction& out) {
  append(out, make_hint(HintOp::Other));
  return true;
}

bool lower_prefetch_register(u32 w, Instruction& out) {
  AddressOperand a;
  if (!set_index(w, 8, a)) return false;
  append(out, make_hint(HintOp::Other));
  return true;
}

}  // namespace isobar::isa
