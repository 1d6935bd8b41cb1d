#include "model/thread/system_registers.h"

#include "model/state/mutation.h"
#include "model/thread/tags.h"
#include "support/bits.h"

namespace isobar::model {

using isa::Reg;

namespace {

constexpr u64 kActlrTso = u64{1} << 1;
constexpr u64 kAidrTso = u64{1} << 9;

/// DminLine and IminLine count words as powers of two; L1Ip = 3 (PIPT).
u64 cache_type(const MachineConfig& config) {
  u64 line = 0;
  while ((4u << line) < config.line_bytes) ++line;
  return u64{1} << 31 | u64{config.dic} << 29 | u64{config.idc} << 28 | line << 16 | u64{3} << 14 | line;
}

}  // namespace

std::optional<u64> constant_register(const MachineConfig& config, unsigned core, Reg r, const Context& ctx) {
  const CoreConfig& c = config.core[core];
  switch (r) {
    case Reg::MIDR_EL1: return c.midr;
    case Reg::MPIDR_EL1: return u64{1} << 31 | core;
    case Reg::AIDR_EL1:
      return c.tso == TsoSupport::Actlr || c.tso == TsoSupport::ActlrReadOnly ? kAidrTso : 0;
    case Reg::CTR_EL0: return cache_type(config);
    case Reg::DCZID_EL0: return 4;                 // DC ZVA permitted, 64-byte blocks
    case Reg::CNTFRQ_EL0: return config.counter_frequency;
    case Reg::CurrentEL: return u64{ctx.el} << 2;
    case Reg::DAIF: return u64{ctx.daif} << 6;
    case Reg::SPSel: return u64{ctx.sp_sel};
    case Reg::TCO: return u64{(ctx.tags & Context::kTagOverride) != 0} << 25;
    case Reg::ID_AA64PFR0_EL1: return 0x0000'0000'0011'0011;    // EL0 and EL1 AArch64 only, FP and AdvSIMD with FP16
    case Reg::ID_AA64PFR1_EL1: return u64{config.tagging ? 3u : 0u} << 8;  // MTE3
    // AES with PMULL, SHA1, SHA512, CRC32, LSE, RDM, SHA3, SM3, SM4, DotProd, FHM, FlagM2.
    case Reg::ID_AA64ISAR0_EL1: return 0x0021'1111'1021'2120;
    case Reg::ID_AA64ISAR1_EL1: return 0x0000'0001'0021'1000;   // JSCVT, FCMA, RCPC2, FRINTTS
    case Reg::ID_AA64MMFR0_EL1: return u64{config.eis && config.eos ? 0u : 1u} << 44;  // ExS
    case Reg::ID_AA64MMFR1_EL1: return 0;
    case Reg::ID_AA64MMFR2_EL1: return u64{1} << 32;            // LSE2
    default: return std::nullopt;
  }
}

Operand read_system_register(const MachineConfig& config, const MachineState& s, unsigned core, unsigned i) {
  const Core& c = s.core[core];
  const Entry& e = c.window[i];
  const Reg reg = e.uop->sys;
  if (const auto constant = constant_register(config, core, reg, e.context)) return {true, {*constant, 0}, 0};
  const u64 now = s.storage.time;
  if (reg == Reg::CNTVCT_EL0) return {true, {now, 0}, 0};
  if (reg == Reg::CNTV_TVAL_EL0) {
    const u64 deadline = register_operand(c, Reg::CNTV_CVAL_EL0, i).value.lo;
    return {true, {(deadline - now) & 0xffffffff, 0}, 0};
  }
  Operand o = register_operand(c, reg, i);
  if (o.known && holds(Rule::TagStatus) && (reg == Reg::TFSR_EL1 || reg == Reg::TFSRE0_EL1)) {
    const std::optional<u64> pending = mismatches_in_flight(c, reg, i);
    o.known = pending.has_value();
    o.value.lo |= pending.value_or(0);
  }
  return o;
}

bool tso_after_synchronisation(const MachineConfig& config, const Core& c, unsigned core) {
  switch (config.core[core].tso) {
    case TsoSupport::None: return false;
    case TsoSupport::Fixed: return true;
    case TsoSupport::ActlrReadOnly:
    case TsoSupport::Actlr: break;
  }
  return bit(register_operand(c, Reg::ACTLR_EL1, static_cast<unsigned>(c.window.size())).value.lo, 1) != 0;
}

u64 written_value(const MachineConfig& config, unsigned core, Reg r, u64 value, u64 now) {
  if (r == Reg::ACTLR_EL1) {
    switch (config.core[core].tso) {
      case TsoSupport::Actlr: return value;
      case TsoSupport::ActlrReadOnly:
        return (value & ~kActlrTso) | (config.core[core].tso_at_reset ? kActlrTso : 0);
      case TsoSupport::None:
      case TsoSupport::Fixed: return value & ~kActlrTso;
    }
  }
  if (r == Reg::CNTV_TVAL_EL0) return now + sign_extend(value, 32);
  return value;
}

bool is_pstate_write(const Entry& e) {
  return e.uop->sys == Reg::DAIF || e.uop->sys == Reg::SPSel || e.uop->sys == Reg::TCO;
}

void apply_pstate_write(Context& ctx, const Entry& e, u64 operand) {
  const isa::Uop& u = *e.uop;
  if (u.sys == Reg::SPSel) {
    ctx.sp_sel = ((u.n_src == 0 ? u.imm : operand) & 1) != 0;
  } else if (u.sys == Reg::TCO) {
    const bool set = ((u.n_src == 0 ? u.imm : operand) >> 25 & 1) != 0;
    ctx.tags = static_cast<u8>(set ? ctx.tags | Context::kTagOverride : ctx.tags & ~Context::kTagOverride);
  } else if (u.n_src != 0) {
    ctx.daif = static_cast<u8>(operand >> 6 & 15);
  } else if (u.imm2 == 1) {
    ctx.daif = static_cast<u8>(ctx.daif | u.imm);
  } else {
    ctx.daif = static_cast<u8>(ctx.daif & ~u.imm);
  }
}

}  // namespace isobar::model
