// Allocation tags (FEAT_MTE): arithmetic on logical address tags, loads and stores of allocation tags (Arm ARM C6.2, IRG
// to SUBPS). The checks that other accesses make are added by the model (model/thread/tags.h).
#include <bit>

#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

constexpr unsigned kGranule = 16;
constexpr unsigned kTagBits = 4, kTagShift = 3;          ///< a block of LDGM has 1 << kTagShift bits of tags
constexpr unsigned kZeroBlock = 64;                      ///< DCZID_EL0.BS = 4
constexpr unsigned kTagBlock = 4u << 3;           ///< GMID_EL1.BS = 3: bytes of LDGM and STGM

/// The tag of one granule, at base + offset.
Uop make_tag_access(UopKind kind, const AddressOperand& a) {
  Uop u = make_access(kind, a, 1);
  u.mem.tag = TagAccess::Explicit;
  return u;
}

/// Data that is stored together with its tag.
Uop make_unchecked_store(const AddressOperand& a, unsigned size, Reg data) {
  Uop u = make_access(UopKind::Write, a, size);
  u.mem.unchecked = true;
  add_data_input(u, data);
  return u;
}

void append_tag_of(Instruction& out, Reg pointer, u64 offset) {
  const bool moved = offset != 0;
  if (moved) {
    Uop add = make_alu(AluOp::Add, 64, {pointer}, Reg::None);
    add.imm = offset;
    append(out, add);
  }
  append(out, make_alu(AluOp::TagExtract, 64, {moved ? uop_result(0) : pointer}, Reg::None));
}

void append_write_back(Instruction& out, unsigned base, u64 offset) {
  Uop u = make_alu(AluOp::Add, 64, {x_or_sp(base)}, x_or_sp(base));
  u.imm = offset;
  append(out, u);
}

/// The same tag for every granule of a block, and zeroes if asked.
void append_block(Instruction& out, Reg base, Reg tag_value, bool zero) {
  for (unsigned offset = 0; offset < kZeroBlock; offset += kGranule) {
    const AddressOperand a{.base = base, .offset = offset};
    Uop tag = make_tag_access(UopKind::Write, a);
    tag.imm2 = kZeroBlock - 1;
    add_data_input(tag, tag_value);
    append(out, tag);
    if (!zero) continue;
    Uop data = make_unchecked_store(a, kGranule, Reg::XZR);
    data.imm2 = kZeroBlock - 1;
    append(out, data);
  }
}

/// Makes the instruction undefined at EL0, as the read of a register of EL1 is.
void append_privilege_check(Instruction& out) {
  Uop u;
  u.kind = UopKind::SysRead;
  u.sys = Reg::GCR_EL1;
  append(out, u);
}

/// 4 * the number of the first granule of the block among the 16 whose tags fit in a register (LDGM, STGM): where its tag
/// is there. Returns the position of the micro-op.
unsigned append_tag_position(Instruction& out, Reg base) {
  constexpr unsigned kHighest = 7, kBlockBits = std::bit_width(kTagBlock) - 1;
  static_assert(kTagBlock / kGranule * kTagBits == 1u << kTagShift);
  Uop u = make_alu(AluOp::UnsignedBitfield, 64, {base}, Reg::None);
  u.imm = kBlockBits;
  u.imm2 = kHighest;
  append(out, u);
  return out.count - 1u;
}

/// `value` shifted by what append_tag_position() has found.
void append_tag_shift(Instruction& out, AluOp op, Reg value, unsigned position, Reg result) {
  Uop u = make_alu(op, 64, {value, uop_result(position)}, result);
  u.extend = 8;  // LSL
  u.amount = kTagShift;
  append(out, u);
}

}  // namespace

bool lower_add_tag(u32 w, Instruction& out) {
  const u64 offset = u64{get(w, 21, 16)} * kGranule;
  Uop u = make_alu(AluOp::TagAdd, 64, {x_or_sp(rn(w)), Reg::GCR_EL1}, x_or_sp(rd(w)));
  u.imm = get(w, 30, 30) != 0 ? u64{0} - offset : offset;
  u.imm2 = get(w, 13, 10);
  append(out, u);
  return true;
}

bool lower_random_tag(u32 w, Instruction& out) {
  append(out, make_alu(AluOp::TagRandom, 64, {x_or_sp(rn(w)), x_reg(rm(w)), Reg::GCR_EL1}, x_or_sp(rd(w))));
  return true;
}

bool lower_tag_mask(u32 w, Instruction& out) {
  append(out, make_alu(AluOp::TagMask, 64, {x_or_sp(rn(w)), x_reg(rm(w))}, x_dst(rd(w))));
  return true;
}

bool lower_subtract_pointers(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::PointerSub, 64, {x_or_sp(rn(w)), x_or_sp(rm(w))}, x_dst(rd(w)));
  if (get(w, 29, 29) != 0) u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_load_tag(u32 w, Instruction& out) {
  const AddressOperand a{.base = x_or_sp(rn(w)), .offset = signed_get(w, 20, 12) * kGranule};
  append(out, make_tag_access(UopKind::Read, a));
  append(out, make_alu(AluOp::TagInsert, 64, {x_reg(rt(w)), uop_result(0)}, x_dst(rt(w))));
  return true;
}

/// STG, STZG, ST2G, STZ2G: one or two granules, with or without zeroing them.
bool lower_store_tag(u32 w, Instruction& out) {
  const u64 offset = signed_get(w, 20, 12) * kGranule;
  const unsigned mode = get(w, 11, 10), granules = 1 + get(w, 23, 23);
  const bool zero = get(w, 22, 22) != 0;
  append_tag_of(out, x_or_sp(rt(w)), 0);
  AddressOperand a{.base = x_or_sp(rn(w)), .offset = mode == 1 ? 0 : offset};
  for (unsigned g = 0; g < granules; ++g, a.offset += kGranule) {
    Uop tag = make_tag_access(UopKind::Write, a);
    add_data_input(tag, uop_result(0));
    append(out, tag);
    if (zero) append(out, make_unchecked_store(a, kGranule, Reg::XZR));
  }
  if (mode != 2) append_write_back(out, rn(w), offset);
  return true;
}

/// STGP stores the tag of its own address.
bool lower_store_tag_and_pair(u32 w, Instruction& out) {
  const u64 offset = signed_get(w, 21, 15) * kGranule;
  const bool post = get(w, 24, 23) == 1, write_back = get(w, 24, 23) != 2;
  if (write_back && (rn(w) == rt(w) || rn(w) == rt2(w)) && rn(w) != 31) return false;
  AddressOperand a{.base = x_or_sp(rn(w)), .offset = post ? 0 : offset};
  append_tag_of(out, a.base, a.offset);
  Uop tag = make_tag_access(UopKind::Write, a);
  add_data_input(tag, uop_result(out.count - 1u));
  append(out, tag);
  append(out, make_unchecked_store(a, 8, x_reg(rt(w))));
  a.offset += 8;
  append(out, make_unchecked_store(a, 8, x_reg(rt2(w))));
  if (write_back) append_write_back(out, rn(w), offset);
  return true;
}

/// DC GVA and DC GZVA on the 64-byte block that DCZID_EL0 announces: tags, and with GZVA zeroes too.
bool lower_tag_block(u32 w, Instruction& out) {
  const Reg base = x_reg(rt(w));
  append_tag_of(out, base, 0);
  append_block(out, base, uop_result(0), get(w, 7, 5) == 4);
  return true;
}

/// STZGM: the same with the tag in a register, at EL1.
bool lower_store_tag_zero_block(u32 w, Instruction& out) {
  append_privilege_check(out);
  append_block(out, x_or_sp(rn(w)), x_reg(rt(w)), true);
  return true;
}

/// LDGM: the tags of the block that GMID_EL1 announces, at EL1; the other bits are 0.
bool lower_load_tags(u32 w, Instruction& out) {
  append_privilege_check(out);
  const Reg base = x_or_sp(rn(w));
  const unsigned position = append_tag_position(out, base), first = out.count;
  for (unsigned g = 0; g < kTagBlock / kGranule; ++g) {
    Uop tag = make_tag_access(UopKind::Read, {.base = base, .offset = g * kGranule});
    tag.imm2 = kTagBlock - 1;
    append(out, tag);
  }
  Reg tags = uop_result(first);
  for (unsigned g = 1; g < kTagBlock / kGranule; ++g) {
    Uop u = make_alu(AluOp::Orr, 64, {tags, uop_result(first + g)}, Reg::None);
    u.extend = 8;  // LSL
    u.amount = static_cast<u8>(kTagBits * g);
    append(out, u);
    tags = uop_result(out.count - 1u);
  }
  append_tag_shift(out, AluOp::ShiftLeft, tags, position, x_dst(rt(w)));
  return true;
}

/// STGM: the tags of the block that GMID_EL1 announces, at EL1.
bool lower_store_tags(u32 w, Instruction& out) {
  append_privilege_check(out);
  const Reg base = x_or_sp(rn(w));
  append_tag_shift(out, AluOp::ShiftRight, x_reg(rt(w)), append_tag_position(out, base), Reg::None);
  const unsigned tags = out.count - 1u;
  for (unsigned g = 0; g < kTagBlock / kGranule; ++g) {
    Reg own = uop_result(tags);
    if (g != 0) {
      Uop u = make_alu(AluOp::UnsignedBitfield, 64, {own}, Reg::None);
      u.imm = u64{kTagBits} * g;
      u.imm2 = u64{kTagBits} * g + kTagBits - 1;
      append(out, u);
      own = uop_result(out.count - 1u);
    }
    Uop tag = make_tag_access(UopKind::Write, {.base = base, .offset = g * kGranule});
    tag.imm2 = kTagBlock - 1;
    add_data_input(tag, own);
    append(out, tag);
  }
  return true;
}

}  // namespace isobar::isa
