// Structure loads and stores without interleaving (LD1, ST1 of one to four registers), of one lane (LD1, ST1,
// LD2, ST2), and LD1R. Every element is an access of its own; a whole register is one Read or Write whose
// MemoryAttributes::element says how finely it may tear.
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

bool is_load(u32 w) {
  return get(w, 22, 22) != 0;
}
bool is_post_indexed(u32 w) {
  return get(w, 23, 23) != 0;
}
unsigned total_bytes(u32 w) {
  return get(w, 30, 30) != 0 ? 16 : 8;
}
Reg vt(u32 w, unsigned i) {
  return v_reg((rt(w) + i) % 32);
}

AddressOperand at(u32 w, u64 offset) {
  return {.base = x_or_sp(rn(w)), .offset = offset};
}

/// Post-index by Xm, or by the bytes transferred if Rm is 31.
void append_post_index(Instruction& out, u32 w, unsigned bytes) {
  if (!is_post_indexed(w)) return;
  const Reg base = x_or_sp(rn(w));
  Uop u = rm(w) == 31 ? make_alu(AluOp::Add, 64, {base}, base)
                      : make_alu(AluOp::Add, 64, {base, x_reg(rm(w))}, base);
  u.imm = bytes;
  append(out, u);
}

/// Reads one element into the result of the micro-op.
void append_element_read(Instruction& out, u32 w, unsigned bytes, unsigned offset) {
  Uop u = make_access(UopKind::Read, at(w, offset), bytes);
  u.mem.element = static_cast<u8>(bytes);
  append(out, u);
}

/// Registers of LD1 and ST1 (multiple structures) by opcode (15:12).
unsigned register_count(u32 w) {
  switch (get(w, 15, 12)) {
    case 0b0111: return 1;
    case 0b1010: return 2;
    case 0b0110: return 3;
    default: return 4;
  }
}

struct Lane {
  unsigned bytes;
  unsigned index;
};

/// opcode (15:14), Q (30), S (12) and size (11:10) of a single structure.
Lane lane(u32 w) {
  const unsigned q_s_size = (get(w, 30, 30) << 3) | get(w, 12, 10);
  switch (get(w, 15, 14)) {
    case 0: return {1, q_s_size};
    case 1: return {2, q_s_size >> 1};
    default: return get(w, 10, 10) != 0 ? Lane{8, q_s_size >> 3} : Lane{4, q_s_size >> 2};
  }
}

}  // namespace

bool lower_structure_multiple(u32 w, Instruction& out) {
  const unsigned bytes = total_bytes(w), count = register_count(w);
  for (unsigned i = 0; i < count; ++i) {
    Uop u = make_access(is_load(w) ? UopKind::Read : UopKind::Write, at(w, u64{i} * bytes), bytes);
    u.mem.element = static_cast<u8>(1u << get(w, 11, 10));
    u.mem.result_width = 128;
    if (is_load(w)) {
      u.dst[0] = vt(w, i);
    } else {
      add_data_input(u, vt(w, i));
    }
    append(out, u);
  }
  append_post_index(out, w, count * bytes);
  return true;
}

bool lower_structure_lane(u32 w, Instruction& out) {
  const Lane l = lane(w);
  const unsigned count = get(w, 21, 21) + 1;
  if (is_load(w)) {
    for (unsigned i = 0; i < count; ++i) append_element_read(out, w, l.bytes, i * l.bytes);
    for (unsigned i = 0; i < count; ++i) {
      Uop u = make_alu(AluOp::VectorInsert, 8 * l.bytes, {vt(w, i), uop_result(i)}, vt(w, i));
      u.imm = l.index;
      append(out, u);
    }
  } else {
    for (unsigned i = 0; i < count; ++i) {
      Uop u = make_alu(AluOp::VectorElement, 8 * l.bytes, {vt(w, i)}, Reg::None);
      u.imm = l.index;
      append(out, u);
    }
    for (unsigned i = 0; i < count; ++i) {
      Uop u = make_access(UopKind::Write, at(w, u64{i} * l.bytes), l.bytes);
      u.mem.element = static_cast<u8>(l.bytes);
      add_data_input(u, uop_result(i));
      append(out, u);
    }
  }
  append_post_index(out, w, count * l.bytes);
  return true;
}

bool lower_structure_replicate(u32 w, Instruction& out) {
  const unsigned bytes = 1u << get(w, 11, 10);
  append_element_read(out, w, bytes, 0);
  Uop u = make_alu(AluOp::VectorDuplicate, 8 * bytes, {uop_result(0)}, vt(w, 0));
  u.amount = static_cast<u8>(8 * total_bytes(w));
  append(out, u);
  append_post_index(out, w, bytes);
  return true;
}

}  // namespace isobar::isa
