// Exceptions, hints, barriers, system registers, cache and TLB maintenance (Arm ARM C4.1.93, C5).
#include "isa/semantics/lowering.h"

namespace isobar::isa {
namespace {

using namespace field;

Uop make(UopKind kind, unsigned op = 0) {
  Uop u;
  u.kind = kind;
  u.op = static_cast<u16>(op);
  return u;
}

const SystemRegister* system_register(u32 w) {
  return find_system_register(2 + get(w, 19, 19), get(w, 18, 16), get(w, 15, 12), get(w, 11, 8),
                              get(w, 7, 5));
}

constexpr unsigned kGmid = 0x4804;          ///< op0 to op2 of GMID_EL1, S3_1_C0_C0_4, as in bits 19:5
constexpr u64 kGmidBlockSize = 3;           ///< GMID_EL1.BS: LDGM and STGM are for 32 bytes (isa/semantics/tags.cpp)

/// Bits of a register that are not reserved. Exception traps of FPCR are not supported: these bits stay 0.
u64 implemented_bits(Reg r) {
  if (r == Reg::FPCR) return 0x07c8'0000;  // AHP, DN, FZ, RMode, FZ16
  if (r == Reg::FPSR) return 0x0800'009f;  // QC, IDC, IXC, UFC, OFC, DZC, IOC
  return ~u64{0};
}

}  // namespace

bool lower_undefined(u32 w, Instruction& out) {
  append(out, make_exception(ExceptionOp::Undefined, w));
  return true;
}

bool lower_exception(u32 w, Instruction& out) {
  constexpr ExceptionOp kCalls[4] = {ExceptionOp::Undefined, ExceptionOp::Svc, ExceptionOp::Hvc,
                                     ExceptionOp::Smc};
  const unsigned opc = get(w, 23, 21);
  const ExceptionOp op = opc == 0 ? kCalls[get(w, 1, 0)] : opc == 1 ? ExceptionOp::Brk : ExceptionOp::Hlt;
  append(out, make_exception(op, get(w, 20, 5)));
  return true;
}

bool lower_eret(u32, Instruction& out) {
  Uop u = make(UopKind::Eret);
  add_data_input(u, Reg::ELR_EL1);
  add_data_input(u, Reg::SPSR_EL1);
  append(out, u);
  return true;
}

bool lower_hint(u32 w, Instruction& out) {
  constexpr HintOp kOps[6] = {HintOp::Nop, HintOp::Yield, HintOp::Wfe,
                              HintOp::Wfi, HintOp::Sev,   HintOp::Sevl};
  const unsigned n = get(w, 11, 5);
  append(out, make_hint(n < 6 ? kOps[n] : HintOp::Other));
  return true;
}

bool lower_clrex(u32, Instruction& out) {
  append(out, make(UopKind::ClearExclusive));
  return true;
}

/// SB, SSBB and PSSBB restrict speculation that the model's outcomes do not show.
bool lower_speculation_barrier(u32, Instruction& out) {
  append(out, make_hint(HintOp::Other));
  return true;
}

/// DMB and DSB: shareability is not modelled (all cores share one domain); reserved CRm values execute as SY.
bool lower_data_barrier(u32 w, Instruction& out) {
  constexpr BarrierOp kDmb[4] = {BarrierOp::DmbFull, BarrierOp::DmbLoad, BarrierOp::DmbStore,
                                 BarrierOp::DmbFull};
  constexpr BarrierOp kDsb[4] = {BarrierOp::DsbFull, BarrierOp::DsbLoad, BarrierOp::DsbStore,
                                 BarrierOp::DsbFull};
  const unsigned op2 = get(w, 7, 5), types = get(w, 9, 8);
  BarrierOp op = BarrierOp::DsbFull;  // DSB nXS exists in the full form only
  if (op2 == 4) op = kDsb[types];
  if (op2 == 5) op = kDmb[types];
  append(out, make(UopKind::Barrier, static_cast<unsigned>(op)));
  return true;
}

bool lower_isb(u32, Instruction& out) {
  append(out, make(UopKind::Isb));
  return true;
}

bool lower_msr_immediate(u32 w, Instruction& out) {
  Uop u = make(UopKind::SysWrite);
  const unsigned op2 = get(w, 7, 5);
  if (op2 == 4) {
    u.sys = Reg::TCO;
    u.imm = u64{get(w, 8, 8)} << 25;
    append(out, u);
    return true;
  }
  const bool sp_sel = op2 == 5;
  u.sys = sp_sel ? Reg::SPSel : Reg::DAIF;
  u.imm = sp_sel ? get(w, 8, 8) : get(w, 11, 8);
  u.imm2 = sp_sel ? 0 : op2 == 6 ? 1 : 2;
  append(out, u);
  return true;
}

bool lower_mrs(u32 w, Instruction& out) {
  if (get(w, 19, 5) == kGmid) {
    // A constant that EL0 may not read: GCR_EL1 is read for the check of the exception level.
    Uop check = make(UopKind::SysRead);
    check.sys = Reg::GCR_EL1;
    append(out, check);
    Uop value = make_alu(AluOp::Constant, 64, {}, x_dst(rt(w)));
    value.imm = kGmidBlockSize;
    append(out, value);
    return true;
  }
  const SystemRegister* r = system_register(w);
  if (r == nullptr || r->min_read_el > 1) return false;
  Uop u = make(UopKind::SysRead);
  u.sys = r->reg;
  u.dst[0] = x_dst(rt(w));
  append(out, u);
  return true;
}

bool lower_msr_register(u32 w, Instruction& out) {
  const SystemRegister* r = system_register(w);
  if (r == nullptr || r->min_write_el > 1) return false;
  Uop u = make(UopKind::SysWrite);
  u.sys = r->reg;
  Reg value = x_reg(rt(w));
  if (const u64 kept = implemented_bits(r->reg); kept != ~u64{0}) {
    Uop mask = make_alu(AluOp::And, 64, {value}, Reg::None);
    mask.imm = kept;
    append(out, mask);
    value = uop_result(0);
  }
  add_data_input(u, value);
  append(out, u);
  return true;
}

bool lower_mrs_flags(u32 w, Instruction& out) {
  append(out, make_alu(AluOp::FlagsToRegister, 64, {Reg::N, Reg::Z, Reg::C, Reg::V}, x_dst(rt(w))));
  return true;
}

bool lower_msr_flags(u32 w, Instruction& out) {
  Uop u = make_alu(AluOp::RegisterToFlags, 64, {x_reg(rt(w))}, Reg::None);
  u.flags_out = kFlagsAll;
  append(out, u);
  return true;
}

bool lower_cache_all(u32 w, Instruction& out) {
  const CacheOpKind op = get(w, 11, 8) == 1 ? CacheOpKind::IcIalluis : CacheOpKind::IcIallu;
  append(out, make(UopKind::CacheOp, static_cast<unsigned>(op)));
  return true;
}

/// Cleaning to the point of persistence or deep persistence is cleaning to the point of coherency here.
bool lower_cache_by_address(u32 w, Instruction& out) {
  CacheOpKind op = CacheOpKind::DcCvac;
  switch (get(w, 11, 8)) {
    case 5: op = CacheOpKind::IcIvau; break;
    case 6: op = CacheOpKind::DcIvac; break;
    case 11: op = CacheOpKind::DcCvau; break;
    case 14: op = CacheOpKind::DcCivac; break;
    default: break;
  }
  Uop u = make(UopKind::CacheOp, static_cast<unsigned>(op));
  u.src[0] = x_reg(rt(w));
  u.n_src = u.n_addr = 1;
  append(out, u);
  return true;
}

/// DC ZVA on the 64-byte block that DCZID_EL0 announces.
bool lower_zero_block(u32 w, Instruction& out) {
  constexpr unsigned kBlock = 64, kStep = 16;
  for (unsigned offset = 0; offset < kBlock; offset += kStep) {
    Uop u = make_access(UopKind::Write, {.base = x_reg(rt(w)), .offset = offset}, kStep);
    u.imm2 = kBlock - 1;
    add_data_input(u, Reg::XZR);
    append(out, u);
  }
  return true;
}

/// EL1 translation invalidations (Arm ARM C5.5): local (CRm 7), Inner Shareable (3) and Outer Shareable (1). Those by
/// address (VAE1, VAAE1, VALE1, VAALE1) take bits 43:0 of the operand as bits 55:12 of the address and whatever ASID
/// stands above; VMALLE1 and ASIDE1 act on every page.
bool lower_tlbi(u32 w, Instruction& out) {
  const unsigned crm = get(w, 11, 8), op2 = get(w, 7, 5);
  if ((crm != 1 && crm != 3 && crm != 7) || op2 == 4 || op2 == 6) return false;
  const bool local = crm == 7, by_page = (op2 & 1) != 0;
  const CacheOpKind kind = by_page ? (local ? CacheOpKind::TlbiPageLocal : CacheOpKind::TlbiPage)
                                   : (local ? CacheOpKind::TlbiAllLocal : CacheOpKind::TlbiAll);
  Uop u = make(UopKind::CacheOp, static_cast<unsigned>(kind));
  if (by_page) {
    u.src[0] = x_reg(rt(w));
    u.n_src = u.n_addr = 1;
  }
  append(out, u);
  return true;
}

}  // namespace isobar::isa
