#include "model/machine/steps.h"

#include "model/state/mutation.h"
#include "model/thread/guards.h"
#include "model/thread/settle.h"
#include "model/thread/system_registers.h"
#include "model/thread/tags.h"
#include "model/thread/window.h"

namespace isobar::model {

using isa::Reg;
using isa::UopKind;

namespace {

constexpr u32 kTimerBit = u32{1} << 27;

/// Backward branches in the window that were taken, or guessed so.
unsigned iterations_in_flight(const Core& c) {
  unsigned n = 0;
  for (unsigned i : each_one(c.window.backward_branches())) {
    const Entry& e = c.window[i];
    n += e.choice == 1 && (e.guessed || e.resolved);
  }
  return n;
}

}  // namespace

u64 source_slots(const Core& c) {
  u64 mask = 0;
  for (unsigned j : each_one(c.window.writes())) mask |= u64{is_source(c.window[j])} << j;
  return mask;
}

ReadSources read_sources(const Core& c, unsigned i) { return read_sources(c, i, source_slots(c)); }

/// Stores are visited youngest first: one that covers a byte nobody younger has given is where it comes from.
ReadSources read_sources(const Core& c, unsigned i, u64 stores) {
  const Entry& e = c.window[i];
  ReadSources s;
  s.byte.fill(kUnbound);
  u16 open = unbound_bytes(e);
  const u64 seq_start = e.seq - e.index;
  for (u64 left = stores & ones(i); left != 0 && open != 0;) {
    const unsigned j = 63 - static_cast<unsigned>(__builtin_clzll(left));
    left &= ~(u64{1} << j);
    const Entry& z = c.window[j];
    if (z.seq >= seq_start) continue;
    if (!overlaps(z.addr, z.uop->mem.size, e.addr, e.uop->mem.size)) continue;
    for (unsigned b = 0; b < e.uop->mem.size; ++b) {
      if ((open >> b & 1) == 0 || !covers(z, e.addr + b)) continue;
      open = static_cast<u16>(open & ~(1u << b));
      s.blocked |= is_undecided(z);
      s.byte[b] = (z.own >> (e.addr + b - z.addr) & 1) != 0 ? kFromMemory : static_cast<u8>(j);
    }
  }
  if (open == all_bytes(e)) {
    std::fill_n(s.byte.begin(), e.uop->mem.size, kFromMemory);
    return s;
  }
  for (unsigned b : each_one(open)) s.byte[b] = kFromMemory;
  return s;
}

u16 bytes_from(const Core& c, unsigned i, u8 from, unsigned first) {
  const u16 piece = piece_mask(c.window[i], first);
  const u64 stores = source_slots(c) & ones(i);
  if (stores == 0) return from == kFromMemory ? piece & unbound_bytes(c.window[i]) : 0;
  const ReadSources s = read_sources(c, i, stores);
  u16 mask = 0;
  for (unsigned b : each_one(piece))
    if (s.byte[b] == from) mask = static_cast<u16>(mask | 1u << b);
  return mask;
}

u8 overtaken_younger_read(const Core& c, unsigned i, u16 mask) {
  if (!holds(Rule::HazardRead)) return kNoSlot;
  const Entry& e = c.window[i];
  if (is_tag_check(e) && holds(Rule::TagHazard)) return kNoSlot;
  for (unsigned j : each_one(c.window.reads() & ~ones(i + 1))) {
    const Entry& y = c.window[j];
    if (y.foreign == 0 || !y.address_known) continue;
    for (unsigned b = 0; b < e.uop->mem.size; ++b)
      if ((mask >> b & 1) != 0 && covers(y, e.addr + b) &&
          (holds(Rule::HazardAnyByte) || (y.foreign >> (e.addr + b - y.addr) & 1) != 0)) return static_cast<u8>(j);
  }
  return kNoSlot;
}

bool at_stop(const Program& program, const Core& c) {
  return c.stop.stopped || std::find(program.stop.begin(), program.stop.end(), c.pc) != program.stop.end();
}

bool frontier_known(const Program&, const Core& c) {
  if (c.stop.stopped) return false;
  if (c.window.empty()) return true;
  const Entry& e = c.window.back();
  switch (e.uop->kind) {
    case UopKind::Branch: return e.guessed || e.resolved;
    case UopKind::Isb: return e.fired || !holds(Rule::G19);
    case UopKind::Eret: return e.fired || e.guessed;
    case UopKind::Exception: return e.fired;
    case UopKind::SysWrite: return !is_pstate_write(e) || e.known;
    default: return true;
  }
}

bool may_fetch(const MachineConfig& config, const Program& program, const MachineState& s, unsigned core) {
  const Core& c = s.core[core];
  const unsigned most = isa::kMaxUops + (config.tagging ? 1u : 0u);
  if (c.window.size() + most > config.window) return false;
  if (!frontier_known(program, c) || at_stop(program, c)) return false;
  if (c.waiting && s.storage.irq.pending[core] == 0) return false;
  return c.window.size() <= config.max_iterations || iterations_in_flight(c) <= config.max_iterations;
}

bool tso_effect_pending(const MachineConfig& config, const Core& c, unsigned core) {
  if (config.core[core].tso != TsoSupport::Actlr) return false;
  const Operand actlr = register_operand(c, Reg::ACTLR_EL1, static_cast<unsigned>(c.window.size()));
  return actlr.known && (actlr.value.lo >> 1 & 1) != u64{c.context.tso} && guesses_resolved(c, actlr.guess);
}

bool interrupt_due(const MachineState& s, unsigned core) {
  const Core& c = s.core[core];
  return s.storage.irq.pending[core] != 0 && s.storage.irq.active[core] == 0 && (c.context.daif & 2) == 0 &&
         !c.stop.stopped;
}

bool timer_may_fire(const MachineConfig& config, const MachineState& s, unsigned core) {
  const Interrupts& irq = s.storage.irq;
  if (((irq.pending[core] | irq.active[core]) & kTimerBit) != 0) return false;
  const Core& c = s.core[core];
  const u64 control = c.reg[isa::index(Reg::CNTV_CTL_EL0)];
  if ((control & 3) != 1) return false;
  if (config.speculation == Speculation::Prune) return irq.ticks[core] != 0;
  return s.storage.time >= c.reg[isa::index(Reg::CNTV_CVAL_EL0)];
}

}  // namespace isobar::model
