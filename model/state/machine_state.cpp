#include "model/state/machine_state.h"

#include "model/state/transition.h"

namespace isobar::model {

std::string_view name(TransitionKind k) {
  switch (k) {
#define X(id, text) \
  case TransitionKind::id: return text;
    ISOBAR_TRANSITIONS(X)
#undef X
  }
  return "?";
}

namespace {

u64 pack(const Context& c) {
  return u64{c.el} | u64{c.daif} << 8 | u64{c.sp_sel} << 16 | u64{c.tso} << 17 | u64{c.tags} << 18 |
         u64{c.branch_type} << 22;
}

void hash(const Entry& e, Hasher& h) {
  h.word(e.pc);
  const u64 state = u64{e.known} | u64{e.address_known} << 1 | u64{e.fired} << 2 | u64{e.guessed} << 3 |
                    u64{e.resolved} << 4 | u64{e.faulting} << 5 | u64{e.inert} << 6 | u64{e.unordered} << 7;
  h.word(u64{e.word} << 32 | u64{e.index} << 24 | state << 8 | e.choice);
  h.word(pack(e.context) << 32 | u64{e.nzcv} << 24 | u64{e.partner} << 16);
  u64 producers;
  static_assert(sizeof e.producer == 6);
  producers = 0;
  std::memcpy(&producers, e.producer.data(), 6);
  h.word(producers);
  if (e.address_known) h.word(e.addr);
  if (e.known) h.word(e.value.lo);
  if (e.known && (e.value.hi | e.value2.lo) != 0) {
    h.word(e.value.hi);
    h.word(e.value2.lo);
  }
  if ((e.guess | e.guess_addr | e.guess_cond) != 0) {
    h.word(e.guess);
    h.word(e.guess_addr);
    h.word(e.guess_cond);
  }
  if (e.page != 0) {
    h.word(u64{e.page} << 24 | u64{static_cast<u8>(e.translation)} << 16 | e.stale);
    h.word(e.addr);
    h.word(e.value2.hi);
  }
  if (e.uop->kind == isa::UopKind::Read) {
    h.bytes(e.source.data(), 16);
    h.word(e.raw.lo);
    h.word(e.raw.hi);
    h.word(u64{e.foreign} << 16 | e.own);
  } else if (e.uop->kind == isa::UopKind::Write) {
    h.word(e.own);
  }
}

void hash(const Core& c, Hasher& h) {
  h.word(c.window.size() | u64{c.waiting} << 8 | u64{c.stop.stopped} << 9 | u64{c.stop.fault} << 10 |
         u64{c.monitor.valid} << 11 | u64{c.ineffective_ic} << 12 |
         u64{c.taken.size()} << 13 | pack(c.context) << 16);
  h.word(c.pc);
  for (const Entry& e : c.window) hash(e, h);
  if (c.monitor.valid) {
    h.word(c.monitor.addr);
    h.word(u64{c.monitor.size} << 32 | u64{c.monitor.foreign} << 16 | c.monitor.own);
  }
  if (c.stop.fault) {
    h.word(c.stop.pc);
    h.word(c.stop.esr);
    h.word(c.stop.far);
  }
  for (const TakenFault& f : c.taken) {
    h.word(f.pc);
    h.word(f.esr);
    h.word(f.far);
  }
  c.reg.hash(h);
}

}  // namespace

Digest digest(const MachineState& s) {
  Hasher h;
  for (const Core& c : s.core) hash(c, h);
  hash(s.storage, h, static_cast<unsigned>(s.core.size()));
  h.word(s.host.size());
  h.bytes(s.host.data(), s.host.size() * sizeof(u64));
  return h.digest();
}

Value read_register(const Core& c, isa::Reg r) {
  if (r == isa::Reg::XZR || r == isa::Reg::None) return {};
  if (r == isa::Reg::SP) r = c.context.el == 1 && c.context.sp_sel ? isa::Reg::SP_EL1 : isa::Reg::SP_EL0;
  return c.reg.get(r);
}

}  // namespace isobar::model
