#include "tests/differential/exclusions.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::differential {

namespace {

bool always(const Case&, const Data&) {
  return true;
}

bool inside(u64 address) {
  return address >= kData && address < kData + kDataSize;
}

bool is_access(const isa::Uop& u) {
  return u.kind == isa::UopKind::Read || u.kind == isa::UopKind::Write;
}

u64 address_of(const isa::Uop& u, const isa::ArchState& state) {
  isa::Inputs in{};
  for (unsigned k = 0; k < u.n_addr; ++k) in[k] = state.get(u.src[k]);
  return isa::evaluate_address(u, in, state.pc);
}

/// The accesses of the word.
std::vector<const isa::Uop*> accesses(const Case& c) {
  std::vector<const isa::Uop*> found;
  const isa::Instruction& decoded = isa::decode_cached(c.word);
  for (unsigned i = 0; i < decoded.count; ++i) {
    if (is_access(decoded.uops[i])) found.push_back(&decoded.uops[i]);
  }
  return found;
}

/// An ordered access that Arm ARM B2.2.1 lets fault for its alignment.
bool misaligned(const Case& c, const Data&) {
  for (const isa::Uop* u : accesses(c)) {
    const isa::MemoryAttributes& m = u->mem;
    const bool ordered = m.exclusive || m.pair || m.atomic || m.acquire || m.acquire_pc || m.release;
    if (ordered && !is_aligned(address_of(*u, c.state), m.size)) return true;
  }
  return false;
}

bool outside(const Case& c, const Data&) {
  return !inside(address_of(*accesses(c).front(), c.state));
}

/// A narrow atomic minimum or maximum with an operand or memory value that is not extended to 64 bits.
bool narrow_extremum(const Case& c, const Data& data) {
  const isa::Uop& write = *accesses(c).back();
  const unsigned width = 8 * write.mem.size;
  const u64 address = address_of(write, c.state);
  if (width == 64 || !inside(address) || !inside(address + write.mem.size - 1)) return false;
  const u64 operand = c.state.get(write.src[1]).lo;
  u64 old = 0;
  for (unsigned i = 0; i < width / 8; ++i) old |= u64{data[address - kData + i]} << (8 * i);
  const bool is_signed = write.mem.rmw == isa::RmwOp::SMax || write.mem.rmw == isa::RmwOp::SMin;
  return (operand & ~ones(is_signed ? width - 1 : width)) != 0 || (is_signed && bit(old, width - 1) != 0);
}

bool in_code(const Case& c, const Data&) {
  for (const isa::Uop* u : accesses(c)) {
    const u64 address = address_of(*u, c.state);
    if (address + u->mem.size > kCode && address < kCode + kCodeSize) return true;
  }
  return false;
}

/// Loads or stores of which some bytes are in memory and others are not.
bool faults_half_way(const Case& c, const Data&) {
  bool some_inside = false, some_outside = false;
  for (const isa::Uop* u : accesses(c)) {
    const u64 address = address_of(*u, c.state);
    for (const u64 a : {address, address + u->mem.size - 1}) (inside(a) ? some_inside : some_outside) = true;
  }
  return some_inside && some_outside;
}

/// A load or store whose register fields overlap in a way that is reserved.
bool overlapping_registers(const Case& c, const Data&) {
  const std::string_view family = isa::encodings()[c.encoding].family;
  if (isa::is_defined(c.word) || (family != "memory" && family != "atomic")) return false;
  const u32 t = c.word & 31, n = c.word >> 5 & 31, t2 = c.word >> 10 & 31, s = c.word >> 16 & 31;
  return t == t2 || n == t || n == t2 || s == t || s == t2 || s == n;
}

bool other_system_register(const Case& c, const Data&) {
  const u32 w = c.word;
  constexpr u32 kMrsNzcv = 0xd53b4200;
  if ((w & ~31u) == kMrsNzcv) return false;  // reads flags, see the table of encodings
  const isa::SystemRegister* r =
      isa::find_system_register(2 + (w >> 19 & 1), w >> 16 & 7, w >> 12 & 15, w >> 8 & 15, w >> 5 & 7);
  return r == nullptr || std::find(std::begin(kComparedSystemRegisters), std::end(kComparedSystemRegisters),
                                   r->reg) == std::end(kComparedSystemRegisters);
}

bool negative_half(const Case& c, const Data&) {
  return bit(c.state.v[c.word >> 5 & 31].lo, 15) != 0;
}

bool flushed_double(const Case& c, const Data&) {
  const u64 fpcr = c.state.get(isa::Reg::FPCR).lo, v = c.state.v[c.word >> 5 & 31].lo;
  return bit(fpcr, 24) != 0 && isobar::bits(v, 62, 52) == 0 && v != 0;
}

bool is_64_bit_vector(const Case& c, const Data&) {
  return (c.word >> 30 & 1) == 0;
}

/// MSR of FPCR or FPSR with bits set that only AArch32 has.
bool aarch32_float_bits(const Case& c, const Data&) {
  const u64 value = c.state.get(isa::x_reg(c.word & 31)).lo;
  constexpr u32 kFpcr = 0xd51b4400, kFpsr = 0xd51b4420;
  return ((c.word & ~31u) == kFpcr && (value & 0x370000) != 0) ||
         ((c.word & ~31u) == kFpsr && (value >> 28 & 15) != 0);
}

constexpr Exclusion kExclusions[] = {
    {"UNALLOCATED", always, "not in our table: SVE, pointer authentication and more, which Unicorn has"},
    {"FCVTZS_scalar_fixed_H", negative_half, "QEMU 5.0 extends a negative 16-bit result to 32 bits"},
    {"FJCVTZS", flushed_double,
     "QEMU 5.0 sets Z for a denormal flushed to zero (Arm ARM J1, FPToFixedJS(): value 0, fraction not)"},
    {"FCMLA_element_half", is_64_bit_vector, "QEMU 5.0 takes exceptions of the upper half too"},
    {"", misaligned,
     "alignment of ordered accesses (Arm ARM B2.2.1): QEMU 5.0 has neither the fault nor FEAT_LSE2"},
    {"", in_code, "access to the code area, which only Unicorn has in its memory"},
    {"", faults_half_way, "what an instruction that faults half way has loaded or stored is not architected"},
    {"", overlapping_registers,
     "CONSTRAINED UNPREDICTABLE (Arm ARM K1.2): UNDEFINED here, executed by Unicorn"},
    {"MRS", other_system_register,
     "what system registers hold and do is a property of the machine, not of step()"},
    {"MSR_reg", other_system_register, "as above"},
    {"MSR_reg", aarch32_float_bits,
     "Len and Stride of FPCR and flags of FPSR, which are RES0 without AArch32"},
    {"TLBI", [](const Case& c, const Data&) { return (c.word >> 8 & 15) == 1; },
     "FEAT_TLBIOS is younger than QEMU 5.0"},
    {"ERET", always, "leaves EL1, and Unicorn's register interface with it"},
    {"MSR_SPSel", always, "Unicorn's SP register is not the bank that PSTATE.SP selects afterwards"},
    {"HVC", always, "undefined at EL1 in Unicorn, which has no EL2 (Arm ARM C6.2, HVC)"},
    {"DC_ZVA", outside, "Unicorn's PC is already at the next instruction when the write faults"},
    {"SMAX_imm", always, "FEAT_CSSC is younger than QEMU 5.0 (Arm ARM C6.2, SMAX (immediate))"},
    {"SMIN_imm", always, "FEAT_CSSC, as above"},
    {"UMAX_imm", always, "FEAT_CSSC, as above"},
    {"UMIN_imm", always, "FEAT_CSSC, as above"},
    {"SMAX_reg", always, "FEAT_CSSC, as above"},
    {"SMIN_reg", always, "FEAT_CSSC, as above"},
    {"UMAX_reg", always, "FEAT_CSSC, as above"},
    {"UMIN_reg", always, "FEAT_CSSC, as above"},
    {"CTZ", always, "FEAT_CSSC is younger than QEMU 5.0 (Arm ARM C6.2, CTZ)"},
    {"CNT", [](const Case& c, const Data&) { return (c.word & 0x7fffffff) >> 21 == 0x2d6; },
     "FEAT_CSSC, as above"},
    {"ABS", [](const Case& c, const Data&) { return (c.word & 0x7fffffff) >> 21 == 0x2d6; },
     "FEAT_CSSC, as above"},
    {"LDIAPP", always, "FEAT_LRCPC3 is younger than QEMU 5.0 (Arm ARM C6.2, LDIAPP)"},
    {"STILP", always, "FEAT_LRCPC3, as above"},
    {"LDAPR_post", always, "FEAT_LRCPC3, as above"},
    {"STLR_pre", always, "FEAT_LRCPC3, as above"},
    {"LDAPUR_fp", always, "FEAT_LRCPC3, as above"},
    {"LDAPUR_q", always, "FEAT_LRCPC3, as above"},
    {"STLUR_fp", always, "FEAT_LRCPC3, as above"},
    {"STLUR_q", always, "FEAT_LRCPC3, as above"},
    {"LDAP1", always, "FEAT_LRCPC3, as above"},
    {"STL1", always, "FEAT_LRCPC3, as above"},
    {"ADDG", always, "FEAT_MTE is younger than QEMU 5.0 (Arm ARM C6.2, ADDG)"},
    {"SUBG", always, "FEAT_MTE, as above"},
    {"IRG", always, "FEAT_MTE, as above"},
    {"GMI", always, "FEAT_MTE, as above"},
    {"SUBP", always, "FEAT_MTE, as above"},
    {"LDG", always, "FEAT_MTE, as above"},
    {"STG", always, "FEAT_MTE, as above"},
    {"STZG", always, "FEAT_MTE, as above"},
    {"ST2G", always, "FEAT_MTE, as above"},
    {"STZ2G", always, "FEAT_MTE, as above"},
    {"DC_GVA", always, "FEAT_MTE, as above"},
    {"DC_GZVA", always, "FEAT_MTE, as above"},
    {"MSR_TCO", always, "FEAT_MTE, as above"},
    {"BC_cond", always, "FEAT_HBC is younger than QEMU 5.0 (Arm ARM C6.2, BC.cond)"},
    {"DSB_nXS", always, "FEAT_XS is younger than QEMU 5.0 (Arm ARM C6.2, DSB)"},
    {"LDSMAX", narrow_extremum,
     "QEMU 5.0 does not extend the operands of its non-parallel minimum and maximum"},
    {"LDSMIN", narrow_extremum, "as above"},
    {"LDUMAX", narrow_extremum, "as above"},
    {"LDUMIN", narrow_extremum, "as above"},
};

}  // namespace

std::span<const Exclusion> exclusions() {
  return kExclusions;
}

const Exclusion* excluded(const Case& c, const Data& data) {
  const std::string_view name = isa::encodings()[c.encoding].name;
  for (const Exclusion& e : kExclusions) {
    if (name.substr(0, std::string_view(e.encoding).size()) == e.encoding && e.applies(c, data)) return &e;
  }
  return nullptr;
}

}  // namespace isobar::differential
