#include "model/thread/guards.h"

#include "model/state/mutation.h"
#include "model/thread/tags.h"

namespace isobar::model {

using isa::BarrierOp;
using isa::Reg;
using isa::UopKind;

namespace {

constexpr Wait wait(Row row, unsigned slot) { return {row, static_cast<u8>(slot)}; }

/// G7: an acquire before everything.
bool acquires(const isa::MemoryAttributes& m) {
  return (m.acquire && holds(Rule::G7Acquire)) || (m.acquire_pc && holds(Rule::G7AcquirePc));
}
/// G10: a load-acquire, but no load-acquirePC, waits for store-releases.
bool waits_for_release(const isa::MemoryAttributes& m) {
  return (m.acquire && holds(Rule::G10)) || (m.acquire_pc && !holds(Rule::G10NotPc));
}

const Entry* partner_read(const Core& c, const Entry& w) {
  return w.partner >= kMonitorSlot ? nullptr : &c.window[w.partner];
}

bool same_line(const MachineConfig& config, u64 a, u64 b) {
  return align_down(a, config.line_bytes) == align_down(b, config.line_bytes);
}
bool touches_line(const MachineConfig& config, const Entry& access, u64 line) {
  return overlaps(access.addr, access.uop->mem.size, align_down(line, config.line_bytes), config.line_bytes);
}

/// An exception return that is no context synchronisation event may be guessed like an indirect branch.
bool branch_resolved(const Core& c, const Entry& b) { return b.resolved && guesses_resolved(c, b.guess_cond); }

bool address_resolved(const Core& c, const Entry& a) {
  return a.address_known && !a.faulting && guesses_resolved(c, a.guess_addr);
}

/// G4 for the older access `q` of a store.
bool lets_store_pass(const Core& c, const Entry& q) {
  if (holds(Rule::G4Permitted) && q.faulting) return false;
  return !holds(Rule::G4Known) || (q.address_known && guesses_resolved(c, q.guess_addr));
}

/// Have the bytes of `q` that `e` overlaps happened?
bool overlap_happened(const Entry& q, const Entry& e) {
  if (q.fired) return true;
  for (unsigned b = 0; b < q.uop->mem.size; ++b) {
    if (!covers(e, q.addr + b)) continue;
    if (is_read(q) ? q.source[b] == kUnbound : (q.own >> b & 1) == 0) return false;
  }
  return true;
}

Wait commit_wait(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j)
    if (is_uncommitted(c.window[j])) return wait(Row::Committed, j);
  return {};
}

Row row_of(BarrierOp op) {
  switch (op) {
    case BarrierOp::DmbFull: return Row::G11;
    case BarrierOp::DmbLoad: return Row::G12;
    case BarrierOp::DmbStore: return Row::G13;
    default: return Row::G14;
  }
}

/// Why store `e` may not pass the older `q`.
Row store_row(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e) {
  switch (q.uop->kind) {
    case UopKind::Branch:
    case UopKind::Eret: return holds(Rule::G3Write) && !branch_resolved(c, q) ? Row::G3 : Row::None;
    case UopKind::Read:
    case UopKind::Write:
      if (q.inert) return Row::None;
      if (!lets_store_pass(c, q)) return Row::G4;
      if (holds(Rule::G21) && is_open_check(q)) return Row::G21;
      if (q.fired) return Row::None;
      if (const Row row = order_row(config, c, q, e); row != Row::None) return row;
      return holds(Rule::G6) && overlaps(q.addr, q.uop->mem.size, e.addr, e.uop->mem.size) && !overlap_happened(q, e)
                 ? Row::G6
                 : Row::None;
    case UopKind::Barrier:
      return !q.fired && barrier_holds(q.uop->barrier_op(), e) ? row_of(q.uop->barrier_op()) : Row::None;
    case UopKind::CacheOp:
      return holds(Rule::G22Write) && is_data_cache_op(q) && !q.fired && q.address_known &&
                     touches_line(config, e, q.addr)
                 ? Row::G22
                 : Row::None;
    default: return Row::None;
  }
}

}  // namespace

bool is_data_cache_op(const Entry& e) {
  return e.uop->kind == UopKind::CacheOp && e.uop->cache_op() <= isa::CacheOpKind::DcIvac;
}

bool is_acquire_release_atomic(const Core& c, const Entry& w) {
  const Entry* r = partner_read(c, w);
  return is_write(w) && w.uop->mem.atomic && w.uop->mem.release && r != nullptr && r->uop->mem.acquire;
}

Row order_row(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e) {
  const isa::MemoryAttributes& qm = q.uop->mem;
  const isa::MemoryAttributes& em = e.uop->mem;
  const bool tso = e.context.tso && ((!is_tag_check(q) && !is_tag_check(e)) || !holds(Rule::TagTso));
  // Program order is between instructions.
  if (is_tag_check(q) && holds(Rule::TagSelf) && q.seq - q.index == e.seq - e.index) return Row::None;
  if (is_read(q)) {
    if (acquires(qm)) return Row::G7;                                                    // R with A or Q before everything
    if (is_write(e) && em.release && holds(Rule::G9Read)) return Row::G9;                // everything before W with L
    if (tso && is_read(e) && holds(Rule::TRead)) return Row::TRead;
    return tso && !is_read(e) && holds(Rule::TWriteAfterRead) ? Row::TWrite : Row::None;
  }
  if (is_acquire_release_atomic(c, q) && holds(Rule::G8)) return Row::G8;                // an AL atomic before everything
  if (is_write(e) && em.release && holds(Rule::G9Write)) return Row::G9;
  if (is_read(e) && qm.release && waits_for_release(em)) return Row::G10;                // W with L before R with A
  if (!tso) return Row::None;
  if (is_write(e)) return holds(Rule::TWriteAfterWrite) ? Row::TWrite : Row::None;
  if (!is_read(e)) return Row::None;
  if (config.flavour == TsoFlavour::T2 && em.acquire && holds(Rule::T2)) return Row::T2;
  return config.flavour == TsoFlavour::T3 && (qm.atomic || em.atomic) && holds(Rule::T3) ? Row::T3 : Row::None;
}

bool barrier_waits_for(BarrierOp op, const Entry& q) {
  switch (op) {
    case BarrierOp::DmbFull:
      return (is_access(q) && holds(Rule::G11)) || (is_data_cache_op(q) && holds(Rule::G11Clean));
    case BarrierOp::DsbFull:
      return (is_access(q) && holds(Rule::G14Full)) ||
             (q.uop->kind == UopKind::CacheOp && holds(Rule::G14Maintain));
    case BarrierOp::DmbLoad:
    case BarrierOp::DsbLoad:
      return is_read(q) && (!q.uop->mem.no_ret || !holds(Rule::G12NoReturn)) &&
             holds(op == BarrierOp::DmbLoad ? Rule::G12 : Rule::G14Load);
    case BarrierOp::DmbStore:
    case BarrierOp::DsbStore: return is_write(q) && holds(op == BarrierOp::DmbStore ? Rule::G13 : Rule::G14Store);
  }
  return false;
}

bool barrier_holds(BarrierOp op, const Entry& e) {
  switch (op) {
    case BarrierOp::DmbFull:
      return is_access(e) || (is_data_cache_op(e) && holds(Rule::G11HoldsClean)) ||
             (e.uop->kind == UopKind::CacheOp && !is_data_cache_op(e) && !holds(Rule::G11NotInvalidate));
    case BarrierOp::DmbLoad: return is_access(e);
    case BarrierOp::DmbStore: return is_write(e);
    case BarrierOp::DsbFull:
    case BarrierOp::DsbLoad:
    case BarrierOp::DsbStore:
      return is_access(e) || (e.uop->kind == UopKind::CacheOp && holds(Rule::G14HoldsMaintain)) ||
             (is_system_action(e) && holds(Rule::G14HoldsAction));
  }
  return false;
}

Wait barrier_wait(const Core& c, unsigned i) {
  const BarrierOp op = c.window[i].uop->barrier_op();
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (!q.fired && !q.inert && barrier_waits_for(op, q)) return wait(row_of(op), j);
  }
  return {};
}

bool is_system_action(const Entry& e) {
  if (e.uop->kind != UopKind::SysRead && e.uop->kind != UopKind::SysWrite) return false;
  return e.uop->sys == Reg::ICC_IAR1_EL1 || e.uop->sys == Reg::ICC_EOIR1_EL1 || e.uop->sys == Reg::ICC_SGI1R_EL1;
}

bool is_complete(const Entry& e) {
  switch (e.uop->kind) {
    case UopKind::Select:
    case UopKind::Branch: return e.known && e.resolved;
    case UopKind::Read: return e.fired && e.known && !e.faulting;
    case UopKind::Write: return e.fired || (e.inert && e.resolved);
    case UopKind::Barrier:
    case UopKind::Isb:
    case UopKind::Eret: return e.fired;
    case UopKind::CacheOp: return e.fired;
    case UopKind::Exception: return e.fired;
    case UopKind::SysRead:
    case UopKind::SysWrite: return e.known && ((!is_system_action(e) && e.page == 0) || e.fired);
    default: return e.known;
  }
}

Wait synchronisation_wait(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Branch:
      case UopKind::Eret:
        if (holds(Rule::G15Branch) && !branch_resolved(c, q)) return wait(Row::G15, j);
        break;
      case UopKind::Read:
        if (!holds(Rule::G15NotLoads) && !q.fired) return wait(Row::G15, j);
        if (holds(Rule::G15Tag) && is_open_check(q)) return wait(Row::G15Tags, j);
        [[fallthrough]];
      case UopKind::Write:
        if (holds(Rule::G15Address) && !q.inert && !address_resolved(c, q)) return wait(Row::G15, j);
        break;
      case UopKind::Barrier:
        if (holds(Rule::G15Barrier) && q.uop->barrier_op() >= BarrierOp::DsbFull && !q.fired) return wait(Row::G15, j);
        break;
      case UopKind::SysWrite:
        if (holds(Rule::G15Register) && (!q.known || !guesses_resolved(c, q.guess))) return wait(Row::G15, j);
        break;
      default: break;
    }
  }
  return {};
}

Wait satisfy_wait(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if (!e.address_known && holds(Rule::G1Read)) return wait(Row::G1, i);
  if (e.faulting) return wait(Row::Faulting, i);
  for (unsigned j = i; j-- > 0;) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Read:
      case UopKind::Write:
        if (q.fired || q.inert) break;
        if (const Row row = order_row(config, c, q, e); row != Row::None) return wait(row, j);
        break;
      case UopKind::Barrier:
        if (!q.fired && barrier_holds(q.uop->barrier_op(), e)) return wait(row_of(q.uop->barrier_op()), j);
        break;
      case UopKind::CacheOp:
        if (holds(Rule::G22Read) && is_data_cache_op(q) && !q.fired && q.address_known && touches_line(config, e, q.addr))
          return wait(Row::G22, j);
        break;
      default: break;
    }
  }
  return {};
}

bool store_operands_known(const Core& c, const Entry& w) {
  for (unsigned s = w.uop->n_addr; s < unsigned{w.uop->n_addr} + w.uop->n_data; ++s)
    if (!operand(c, w, s).known) return false;
  return true;
}

bool atomic_now(const Core& c, unsigned i) {
  const Entry& w = c.window[i];
  const isa::MemoryAttributes& m = w.uop->mem;
  if (!m.exclusive && m.rmw == isa::RmwOp::Plain) return true;
  const bool gone = w.partner == kMonitorSlot;
  const u16 foreign = gone ? c.monitor.foreign : c.window[w.partner].foreign;
  const u16 own = gone ? c.monitor.own : c.window[w.partner].own;
  if (!holds(Rule::Atomic)) return true;
  if (!holds(Rule::AtomicOwnStore)) return (foreign & all_bytes(w)) == 0;
  return (foreign & ~own & all_bytes(w)) == 0;
}

Wait forward_wait(const Core& c, unsigned from, const Entry& e) {
  const Entry& z = c.window[from];
  if (!z.address_known) return wait(Row::G18, from);
  // A CAS that writes back what it read has no data operand to wait for.
  const bool write_back = z.uop->mem.rmw == isa::RmwOp::CompareAndSwap && z.choice == kCasWriteBack;
  if (holds(Rule::G18) && !write_back && !store_operands_known(c, z)) return wait(Row::G18, from);
  if (!holds(Rule::G18Pending) && !z.known) return wait(Row::G18, from);
  if (holds(Rule::G17) && is_acquire(e) && (z.uop->mem.atomic || z.uop->mem.exclusive)) {
    const Entry* r = partner_read(c, z);
    if (r != nullptr && !r->fired) return wait(Row::G17, z.partner);
  }
  return {};
}

bool may_pass(const MachineConfig& config, const Core& c, unsigned i, u64 slots) {
  const Entry& e = c.window[i];
  // One plain store waits for another because of its bytes only.
  const u64 plain = (c.window.plain() >> i & 1) != 0 ? c.window.plain() & c.window.writes() : 0;
  for (unsigned j : each_one(slots & ones(i))) {
    const Entry& q = c.window[j];
    if ((plain >> j & 1) != 0 && !overlaps(q.addr, q.uop->mem.size, e.addr, e.uop->mem.size)) continue;
    if (store_row(config, c, q, e) != Row::None) return false;
  }
  return true;
}

Wait propagate_wait(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if (!e.address_known && holds(Rule::G1Write)) return wait(Row::G1, i);
  if (!e.known && holds(Rule::G2)) return wait(Row::G2, i);
  if (e.faulting) return wait(Row::Faulting, i);
  if (e.inert || is_undecided(e)) return wait(Row::Inert, i);
  const bool conditional = e.uop->mem.exclusive || e.uop->mem.rmw == isa::RmwOp::CompareAndSwap;
  if (conditional && !e.resolved && holds(Rule::G5Condition)) return wait(Row::G5, i);
  if (holds(Rule::G5Own) && !guesses_resolved(c, e.guess | e.guess_addr | e.guess_cond)) return wait(Row::G5, i);
  if (const Entry* r = partner_read(c, e); r != nullptr && !r->fired && holds(Rule::G16)) return wait(Row::G16, e.partner);
  for (unsigned j = i; j-- > 0;)
    if (const Row row = store_row(config, c, c.window[j], e); row != Row::None) return wait(row, j);
  if (config.speculation == Speculation::Squash) {
    if (const Wait w = commit_wait(c, i); w.waits()) return w;
  }
  return preceding_guesses_resolved(config, c, i) ? Wait{} : wait(Row::G5, i);
}

u8 read_that_missed(const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  for (unsigned j : each_one(c.window.reads() & ~ones(instruction_end(c, i)))) {
    const Entry& y = c.window[j];
    for (unsigned b = 0; b < y.uop->mem.size; ++b) {
      if (y.source[b] == kUnbound || !covers(e, y.addr + b)) continue;
      if (y.source[b] < kMonitorSlot && y.source[b] >= i) continue;
      return static_cast<u8>(j);
    }
  }
  return kNoSlot;
}

Wait maintain_wait(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if (!e.address_known && holds(Rule::G1Maintain)) return wait(Row::G1, i);
  if (e.faulting) return wait(Row::Faulting, i);
  if (holds(Rule::G5Maintain) && !guesses_resolved(c, e.guess_addr)) return wait(Row::G5, i);
  const bool data = is_data_cache_op(e);
  for (unsigned j = i; j-- > 0;) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Branch:
      case UopKind::Eret:
        if (holds(Rule::G3Maintain) && !branch_resolved(c, q)) return wait(Row::G3, j);
        break;
      case UopKind::Read:
      case UopKind::Write:
        if (q.faulting) return wait(Row::Faulting, j);
        if (holds(Rule::G22Before) && data && !q.fired && !q.inert && q.address_known && touches_line(config, q, e.addr))
          return wait(Row::G22, j);
        break;
      case UopKind::CacheOp:
        if (data && is_data_cache_op(q) && !q.fired && q.address_known && same_line(config, q.addr, e.addr))
          return wait(Row::G22, j);
        break;
      case UopKind::Barrier:
        if (!q.fired && barrier_holds(q.uop->barrier_op(), e)) return wait(row_of(q.uop->barrier_op()), j);
        break;
      default: break;
    }
  }
  return config.speculation == Speculation::Squash ? commit_wait(c, i) : Wait{};
}

Wait act_wait(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if (e.uop->kind == UopKind::SysWrite && !e.known) return wait(Row::Operand, i);
  if (!guesses_resolved(c, e.guess)) return wait(Row::G5, i);
  if (const Wait w = synchronisation_wait(c, i); w.waits()) return w;
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (is_system_action(q) && !q.fired) return wait(Row::InOrder, j);
    if (q.uop->kind == UopKind::Barrier && !q.fired && barrier_holds(q.uop->barrier_op(), e))
      return wait(row_of(q.uop->barrier_op()), j);
  }
  return config.speculation == Speculation::Squash ? commit_wait(c, i) : Wait{};
}

}  // namespace isobar::model
