// Structure loads and stores: LD1 to LD4 and ST1 to ST4 of whole registers, of one lane, and LD1R to LD4R. Every
// element is an access of its own; of whole registers, as many bytes as a register has are one Read or Write whose
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

/// Registers and elements per structure of multiple structures, by opcode (15:12).
struct Shape {
  unsigned registers;
  unsigned elements = 1;
};
Shape shape(u32 w) {
  switch (get(w, 15, 12)) {
    case 0b0000: return {4, 4};
    case 0b0010: return {4};
    case 0b0100: return {3, 3};
    case 0b0110: return {3};
    case 0b0111: return {1};
    case 0b1000: return {2, 2};
    default: return {2};
  }
}

/// Elements of a single structure: R (21) and opcode bit 0 (13).
unsigned structure_elements(u32 w) {
  return 1 + get(w, 21, 21) + 2 * get(w, 13, 13);
}

/// LDAP1 and STL1 (FEAT_LRCPC3) are LD1 and ST1 of a 64-bit lane with bit 16 set and without post-index.
bool is_ordered_lane(u32 w) {
  return !is_post_indexed(w) && get(w, 16, 16) != 0;
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
  const unsigned bytes = total_bytes(w), width = 8u << get(w, 11, 10);
  const auto [count, elements] = shape(w);
  if (elements > 1 && width == 64 && bytes == 8) return false;
  // With one element per structure the registers are as they stand in memory; else they are rearranged.
  const auto rearrange = [&, registers = count](AluOp op, unsigned i, Reg dst) {
    Uop u = make_alu(op, width, {}, dst);
    u.amount = static_cast<u8>(8 * bytes);
    u.imm = i;
    for (unsigned r = 0; r < registers; ++r) add_data_input(u, is_load(w) ? uop_result(r) : vt(w, r));
    append(out, u);
  };
  if (!is_load(w) && elements > 1) {
    for (unsigned i = 0; i < count; ++i) rearrange(AluOp::LaneInterleave, i, Reg::None);
  }
  for (unsigned i = 0; i < count; ++i) {
    Uop u = make_access(is_load(w) ? UopKind::Read : UopKind::Write, at(w, u64{i} * bytes), bytes);
    u.mem.element = static_cast<u8>(width / 8);
    u.mem.result_width = 128;
    if (!is_load(w)) {
      add_data_input(u, elements > 1 ? uop_result(i) : vt(w, i));
    } else if (elements == 1) {
      u.dst[0] = vt(w, i);
    }
    append(out, u);
  }
  if (is_load(w) && elements > 1) {
    for (unsigned i = 0; i < count; ++i) rearrange(AluOp::LaneDeinterleave, i, vt(w, i));
  }
  append_post_index(out, w, count * bytes);
  return true;
}

bool lower_structure_lane(u32 w, Instruction& out) {
  const Lane l = lane(w);
  const unsigned count = structure_elements(w);
  if (is_load(w)) {
    for (unsigned i = 0; i < count; ++i) {
      append_element_read(out, w, l.bytes, i * l.bytes);
      out.uops[i].mem.acquire_pc = is_ordered_lane(w);
    }
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
      u.mem.release = is_ordered_lane(w);
      add_data_input(u, uop_result(i));
      append(out, u);
    }
  }
  append_post_index(out, w, count * l.bytes);
  return true;
}

bool lower_structure_replicate(u32 w, Instruction& out) {
  const unsigned bytes = 1u << get(w, 11, 10), count = structure_elements(w);
  for (unsigned i = 0; i < count; ++i) append_element_read(out, w, bytes, i * bytes);
  for (unsigned i = 0; i < count; ++i) {
    Uop u = make_alu(AluOp::VectorDuplicate, 8 * bytes, {uop_result(i)}, vt(w, i));
    u.amount = static_cast<u8>(8 * total_bytes(w));
    append(out, u);
  }
  append_post_index(out, w, count * bytes);
  return true;
}

}  // namespace isobar::isa
