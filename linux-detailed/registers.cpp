#include "linux-detailed/registers.h"

#include <array>

#include "support/bits.h"

namespace isobar::linux_detailed {

namespace {

using isa::Reg;

/// System registers that belong to a thread.
constexpr std::array kOfThread = {Reg::TPIDR_EL0, Reg::FPCR, Reg::FPSR, Reg::GCR_EL1};
constexpr unsigned kGeneral = 31, kVectors = 32;

constexpr u64 kTagCheckOverride = u64{1} << 25;  // PSTATE.TCO, in SPSR_EL1 and in the register TCO

/// SCTLR_EL1.TCF0.
u64 tag_checks(const functional::Core& t) {
  using model::TagChecks;
  const TagChecks checks = !t.checks_tags     ? TagChecks::Off
                           : t.notes_reads  ? TagChecks::Asynchronous
                           : t.notes_writes ? TagChecks::Asymmetric
                                            : TagChecks::Synchronous;
  return static_cast<u64>(checks) << 38;
}

Reg vector(unsigned n) {
  return static_cast<Reg>(isa::index(Reg::V0) + n);
}

}  // namespace

void take_registers(model::Core& c, functional::Core& to) {
  isa::ArchState& s = to.state();
  for (unsigned n = 0; n < kGeneral; ++n) s.x[n] = c.reg[isa::index(isa::x_reg(n))];
  for (unsigned n = 0; n < kVectors; ++n) s.v[n] = c.reg.get(vector(n));
  for (const Reg r : kOfThread) s.set(r, c.reg.get(r));
  s.sp[0] = c.reg[isa::index(Reg::SP_EL0)];
  s.pc = c.reg[isa::index(Reg::ELR_EL1)];
  const u64 status = c.reg[isa::index(Reg::SPSR_EL1)];
  s.nzcv = static_cast<u8>(bits(status, 31, 28));
  to.branch_type = static_cast<u8>(bits(status, 11, 10));
  s.set(Reg::TCO, {status & kTagCheckOverride, 0});
  to.tag_mismatch_noted |= c.reg[isa::index(Reg::TFSRE0_EL1)] != 0;
  c.reg.set(Reg::TFSRE0_EL1, {});
  s.monitor = {};
}

void put_registers(const functional::Core& from, model::Core& c) {
  const isa::ArchState& s = from.state();
  for (unsigned n = 0; n < kGeneral; ++n) c.reg.set(isa::x_reg(n), {s.x[n], 0});
  for (unsigned n = 0; n < kVectors; ++n) c.reg.set(vector(n), s.v[n]);
  for (const Reg r : kOfThread) c.reg.set(r, s.get(r));
  c.reg.set(Reg::SP_EL0, {s.sp[0], 0});
  c.reg.set(Reg::ELR_EL1, {s.pc, 0});
  c.reg.set(Reg::SPSR_EL1, {u64{s.nzcv} << 28 | u64{from.branch_type} << 10 | (s.get(Reg::TCO).lo & kTagCheckOverride), 0});
  c.reg.set(Reg::SCTLR_EL1, {kStackChecks | tag_checks(from), 0});
  c.monitor.valid = false;  // the exception return clears it (Arm ARM B2.12.2)
}

}  // namespace isobar::linux_detailed
