#include "model/thread/guards.h"

#include "model/state/mutation.h"
#include "model/thread/tags.h"

namespace isobar::model {

using isa::BarrierOp;
using isa::Reg;
using isa::UopKind;

namespace {

bool is_data_cache_op(const Entry& e) {
  return e.uop->kind == UopKind::CacheOp && e.uop->cache_op() <= isa::CacheOpKind::DcIvac;
}

bool is_acquire(const Entry& e) { return e.uop->mem.acquire || e.uop->mem.acquire_pc; }

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

/// Speculation::Squash: nothing older can still be discarded (operational-model.md 2.7, taken conservatively).
bool committed(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    const UopKind k = q.uop->kind;
    if (k == UopKind::Read && (!q.fired || !q.known)) return false;
    if (k == UopKind::Write && (is_undecided(q) || (!q.inert && !q.fired &&
                                                    (q.uop->mem.atomic || q.uop->mem.exclusive)))) return false;
    if ((k == UopKind::Select || k == UopKind::Branch) && !q.resolved) return false;
    if (is_access(q) && (!q.address_known || q.faulting)) return false;
  }
  return true;
}

}  // namespace

bool is_acquire_release_atomic(const Core& c, const Entry& w) {
  const Entry* r = partner_read(c, w);
  return is_write(w) && w.uop->mem.atomic && w.uop->mem.release && r != nullptr && r->uop->mem.acquire;
}

bool ordered(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e) {
  const isa::MemoryAttributes& qm = q.uop->mem;
  const isa::MemoryAttributes& em = e.uop->mem;
  const bool tso = e.context.tso && ((!is_tag_check(q) && !is_tag_check(e)) || !holds(Rule::TagTso));
  if (is_tag_check(q) && holds(Rule::TagSelf) && q.seq - q.index == e.seq - e.index) return false;    // program order is between instructions
  if (is_read(q)) {
    return acquires(qm)                                                       // G7: R with A or Q before everything
           || (is_write(e) && em.release && holds(Rule::G9Read))              // everything before W with L
           || (tso && holds(is_read(e) ? Rule::TRead : Rule::TWriteAfterRead));
  }
  return (is_acquire_release_atomic(c, q) && holds(Rule::G8))                 // an AL atomic before everything
         || (is_write(e) && em.release && holds(Rule::G9Write))
         || (is_read(e) && qm.release && waits_for_release(em))               // G10: W with L before R with A
         || (tso && is_write(e) && holds(Rule::TWriteAfterWrite))
         || (tso && is_read(e) && config.flavour == TsoFlavour::T2 && em.acquire && holds(Rule::T2))
         || (tso && is_read(e) && config.flavour == TsoFlavour::T3 && (qm.atomic || em.atomic) && holds(Rule::T3));
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

bool barrier_complete(const Core& c, unsigned i) {
  const BarrierOp op = c.window[i].uop->barrier_op();
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (!q.fired && !q.inert && barrier_waits_for(op, q)) return false;
  }
  return true;
}

bool is_system_action(const Entry& e) {
  if (e.uop->kind != UopKind::SysRead && e.uop->kind != UopKind::SysWrite) return false;
  return e.uop->sys == Reg::ICC_IAR1_EL1 || e.uop->sys == Reg::ICC_EOIR1_EL1 || e.uop->sys == Reg::ICC_SGI1R_EL1;
}

bool synchronised(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Branch:
      case UopKind::Eret:
        if (holds(Rule::G15Branch) && !branch_resolved(c, q)) return false;
        break;
      case UopKind::Read:
        if (!holds(Rule::G15NotLoads) && !q.fired) return false;
        if (holds(Rule::G15Tag) && is_open_check(q)) return false;
        [[fallthrough]];
      case UopKind::Write:
        if (holds(Rule::G15Address) && !q.inert && !address_resolved(c, q)) return false;
        break;
      case UopKind::Barrier:
        if (holds(Rule::G15Barrier) && q.uop->barrier_op() >= BarrierOp::DsbFull && !q.fired) return false;
        break;
      case UopKind::SysWrite:
        if (holds(Rule::G15Register) && (!q.known || !guesses_resolved(c, q.guess))) return false;
        break;
      default: break;
    }
  }
  return true;
}

bool may_satisfy(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if ((!e.address_known && holds(Rule::G1Read)) || e.faulting) return false;
  for (unsigned j = i; j-- > 0;) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Read:
      case UopKind::Write:
        if (!q.fired && !q.inert && ordered(config, c, q, e)) return false;  // G7, G8, G10, T-R
        break;
      case UopKind::Barrier:
        if (!q.fired && barrier_holds(q.uop->barrier_op(), e)) return false;  // G11, G12, G14
        break;
      case UopKind::CacheOp:
        if (holds(Rule::G22Read) && is_data_cache_op(q) && !q.fired && q.address_known && touches_line(config, e, q.addr))
          return false;
        break;
      default: break;
    }
  }
  return true;
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

bool may_forward(const Core& c, const Entry& z, const Entry& e) {
  if (!z.address_known) return false;
  // A CAS that writes back what it read has no data operand to wait for.
  const bool write_back = z.uop->mem.rmw == isa::RmwOp::CompareAndSwap && z.choice == kCasWriteBack;
  if (holds(Rule::G18) && !write_back && !store_operands_known(c, z)) return false;
  if (!holds(Rule::G18Pending) && !z.known) return false;
  if (holds(Rule::G17) && is_acquire(e) && (z.uop->mem.atomic || z.uop->mem.exclusive)) {
    const Entry* r = partner_read(c, z);
    if (r != nullptr && !r->fired) return false;
  }
  return true;
}

bool may_propagate(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if ((!e.address_known && holds(Rule::G1Write)) || (!e.known && holds(Rule::G2))) return false;
  if (e.faulting || e.inert || is_undecided(e)) return false;
  const bool conditional = e.uop->mem.exclusive || e.uop->mem.rmw == isa::RmwOp::CompareAndSwap;
  if (conditional && !e.resolved && holds(Rule::G5Condition)) return false;
  if (holds(Rule::G5Own) && !guesses_resolved(c, e.guess | e.guess_addr | e.guess_cond)) return false;
  if (const Entry* r = partner_read(c, e); r != nullptr && !r->fired && holds(Rule::G16)) return false;
  for (unsigned j = i; j-- > 0;) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Branch:
      case UopKind::Eret:
        if (holds(Rule::G3Write) && !branch_resolved(c, q)) return false;
        break;
      case UopKind::Read:
      case UopKind::Write:
        if (q.inert) break;
        if (!lets_store_pass(c, q)) return false;
        if (holds(Rule::G21) && is_open_check(q)) return false;
        if (q.fired) break;
        if (ordered(config, c, q, e)) return false;  // G7, G8, G9, T-W
        if (holds(Rule::G6) && overlaps(q.addr, q.uop->mem.size, e.addr, e.uop->mem.size) && !overlap_happened(q, e))
          return false;
        break;
      case UopKind::Barrier:
        if (!q.fired && barrier_holds(q.uop->barrier_op(), e)) return false;  // G11 to G14
        break;
      case UopKind::CacheOp:
        if (holds(Rule::G22Write) && is_data_cache_op(q) && !q.fired && q.address_known &&
            touches_line(config, e, q.addr)) return false;
        break;
      default: break;
    }
  }
  if (config.speculation == Speculation::Squash && !committed(c, i)) return false;
  return preceding_guesses_resolved(config, c, i);
}

bool may_maintain(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if ((!e.address_known && holds(Rule::G1Maintain)) || e.faulting) return false;
  if (holds(Rule::G5Maintain) && !guesses_resolved(c, e.guess_addr)) return false;
  const bool data = is_data_cache_op(e);
  for (unsigned j = i; j-- > 0;) {
    const Entry& q = c.window[j];
    switch (q.uop->kind) {
      case UopKind::Branch:
      case UopKind::Eret:
        if (holds(Rule::G3Maintain) && !branch_resolved(c, q)) return false;
        break;
      case UopKind::Read:
      case UopKind::Write:
        if (q.faulting) return false;
        if (holds(Rule::G22Before) && data && !q.fired && !q.inert && q.address_known && touches_line(config, q, e.addr))
          return false;
        break;
      case UopKind::CacheOp:
        if (data && is_data_cache_op(q) && !q.fired && q.address_known && same_line(config, q.addr, e.addr))
          return false;  // G22
        break;
      case UopKind::Barrier:
        if (!q.fired && barrier_holds(q.uop->barrier_op(), e)) return false;  // G11, G14
        break;
      default: break;
    }
  }
  return config.speculation != Speculation::Squash || committed(c, i);
}

bool may_act(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  if (e.uop->kind == UopKind::SysWrite && !e.known) return false;
  if (!guesses_resolved(c, e.guess) || !synchronised(c, i)) return false;
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    if (is_system_action(q) && !q.fired) return false;
    if (q.uop->kind == UopKind::Barrier && !q.fired && barrier_holds(q.uop->barrier_op(), e)) return false;
  }
  return config.speculation != Speculation::Squash || committed(c, i);
}

}  // namespace isobar::model
