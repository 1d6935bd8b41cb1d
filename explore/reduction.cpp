#include "explore/reduction.h"

#include <algorithm>

#include "isa/decoder.h"
#include "model/state/regions.h"
#include "model/thread/guards.h"
#include "support/bits.h"

namespace isobar::explore {

using model::Core;
using model::Entry;
using model::Transition;
using model::TransitionKind;

namespace {

/// Every older access and DC has a known address: nothing older can turn out to overlap, or to be in the same line.
bool older_addresses_known(const Core& c, unsigned slot) {
  return std::all_of(c.window.begin(), c.window.begin() + slot, [](const Entry& q) {
    return !(model::is_access(q) || model::is_data_cache_op(q)) || q.inert || q.address_known;
  });
}

bool is_acquiring_read(const Entry& e) {
  return e.uop->kind == isa::UopKind::Read && (e.uop->mem.acquire || e.uop->mem.acquire_pc);
}

/// Has the entry had an effect that rules out an interrupt before it? As in Machine::enabled().
bool has_happened(const Entry& e) {
  if (e.uop->kind == isa::UopKind::Read) return e.source[0] != model::kUnbound;
  if (e.uop->kind == isa::UopKind::Write) return e.own != 0 || e.fired;
  return (e.uop->kind == isa::UopKind::CacheOp || model::is_system_action(e)) && e.fired;
}

/// Could an interrupt still be taken before `slot`, so that an effect of it would come too early?
bool interruptible_before(const model::Machine& m, const Core& c, unsigned slot) {
  if (!m.program().has_kernel) return false;
  for (unsigned k = slot + 1; k-- > 0;) {
    const Entry& q = c.window[k];
    if (k != slot && has_happened(q)) return false;
    if ((q.context.daif & 2) == 0) return true;
  }
  return false;
}

/// Is every access after `slot` held back by something older than `slot`, whatever is guessed there? Then the
/// guess can wait until it would make a difference, or until there is nothing left to guess: an incomplete
/// barrier, an unsatisfied acquire, any unsatisfied read of a TSO core.
///
/// A guess may also lead to a modifiable word that is then fetched early. From a kernel that executes no such word the way
/// there is an exception return, which waits for the guess if it, or an ISB before it, is a context synchronisation event.
bool guess_changes_nothing(const Core& c, unsigned slot, const Footprint& f) {
  const bool stays_in_kernel = c.window[slot].context.el == 1 && f.returns_synchronise() && !f.any_modifiable_at_el1();
  if (f.any_modifiable() && !stays_in_kernel) return false;
  return std::any_of(c.window.begin(), c.window.begin() + slot, [](const Entry& q) {
    if (q.fired) return false;
    if (q.uop->kind == isa::UopKind::Barrier) return q.uop->barrier_op() != isa::BarrierOp::DmbStore;
    return is_acquiring_read(q) || (q.uop->kind == isa::UopKind::Read && q.context.tso);
  });
}

/// Would fetching the next instruction end a time in which an interrupt can be taken? It masks interrupts, or
/// raises an exception while one may come.
bool closes_interrupt_window(const model::Machine& m, const model::MachineState& s, unsigned core) {
  const Core& c = s.core[core];
  if (!m.program().has_kernel || (c.context.daif & 2) != 0) return false;
  const u32 word = static_cast<u32>(model::read_memory(s.storage, m.image(), c.pc & ~u64{3}, 4).lo);
  const isa::Uop& u = isa::decode_cached(word).uops[0];
  if (u.kind == isa::UopKind::SysWrite && u.sys == isa::Reg::DAIF) return true;
  const model::Interrupts& irq = s.storage.irq;
  return u.kind == isa::UopKind::Exception && (irq.pending[core] != 0 || irq.ticks[core] != 0);
}

bool fetch_is_eager(const model::Machine& m, const model::MachineState& s,
                    const std::vector<Transition>& enabled, std::size_t i, const Footprint& f) {
  const Core& c = s.core[enabled[i].core];
  if (f.is_modifiable(c.pc) || closes_interrupt_window(m, s, enabled[i].core)) return false;
  return std::none_of(enabled.begin(), enabled.end(), [&](const Transition& t) {
    return t.core == enabled[i].core && (t.kind == TransitionKind::SystemEffect ||
                                         (t.kind == TransitionKind::Fetch && t.choice != enabled[i].choice));
  });
}

bool is_eager(const model::Machine& m, const model::MachineState& s, const Footprint& f,
              const std::vector<Transition>& enabled, std::size_t i) {
  const Transition& t = enabled[i];
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::Fetch: return fetch_is_eager(m, s, enabled, i, f);
    case TransitionKind::HostCall: return true;
    case TransitionKind::Translate:
      return !f.is_descriptor_written(m.program().pages[c.window[t.slot].page - 1u].descriptor);
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead: {
      const Entry& e = c.window[t.slot];
      return f.is_private(e.addr, e.uop->mem.size) && older_addresses_known(c, t.slot);
    }
    case TransitionKind::PropagateWrite: {
      const Entry& e = c.window[t.slot];
      return f.is_private(e.addr, e.uop->mem.size) && !f.is_modifiable(e.addr) &&
             older_addresses_known(c, t.slot) && !interruptible_before(m, c, t.slot);
    }
    case TransitionKind::CleanData: {
      const Entry& e = c.window[t.slot];
      const unsigned bytes = m.config().line_bytes;
      return !f.has_modifiable(align_down(e.addr, bytes), bytes) && older_addresses_known(c, t.slot) &&
             !interruptible_before(m, c, t.slot);
    }
    case TransitionKind::SystemAction:
      // Only a later interrupt of the same core can tell when an interrupt was ended.
      return c.window[t.slot].uop->sys == isa::Reg::ICC_EOIR1_EL1 && !interruptible_before(m, c, t.slot);
    case TransitionKind::InvalidateInstruction:
      return t.choice == 0 && !f.any_modifiable() && m.program().pages.empty() && !interruptible_before(m, c, t.slot);
    default: return false;
  }
}

}  // namespace

Plan plan(const model::Machine& m, const model::MachineState& s, const Footprint& footprint,
          std::vector<Transition>& enabled) {
  for (std::size_t i = 0; i < enabled.size(); ++i)
    if (is_eager(m, s, footprint, enabled, i)) return {Plan::Kind::Eager, enabled[i]};
  const auto is_guess = [](const Transition& t) { return t.kind == TransitionKind::Predict; };
  const auto is_idle_guess = [&](const Transition& t) {
    return is_guess(t) && guess_changes_nothing(s.core[t.core], t.slot, footprint);
  };
  if (!std::all_of(enabled.begin(), enabled.end(), is_idle_guess)) std::erase_if(enabled, is_idle_guess);
  const auto guess = std::find_if(enabled.begin(), enabled.end(), is_guess);
  if (guess == enabled.end()) return {};
  const Transition first = *guess;
  std::erase_if(enabled, [&](const Transition& t) {
    return t.kind != TransitionKind::Predict || t.core != first.core || t.slot != first.slot;
  });
  return {Plan::Kind::Fork, {}};
}

void record(Footprint& footprint, const model::Machine& m, const model::MachineState& s,
            const Transition& t) {
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::Translate: {
      const u64 descriptor = m.program().pages[c.window[t.slot].page - 1u].descriptor;
      const bool updates = m.config().core[t.core].access_flag_updates;
      footprint.record_access(t.core, descriptor, 8, updates);
      if (updates) footprint.record_descriptor_write(descriptor);
      return;
    }
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite: {
      const Entry& e = c.window[t.slot];
      const bool write = t.kind == TransitionKind::PropagateWrite;
      footprint.record_access(t.core, e.addr, e.uop->mem.size, write);
      for (const model::Page& p : m.program().pages)
        if (write && model::overlaps(p.descriptor, 8, e.addr, e.uop->mem.size))
          footprint.record_descriptor_write(p.descriptor);
      if (write && model::permits(m.program(), e.addr, model::kExecEl0 | model::kExecEl1))
        footprint.record_code_write(e.addr, e.uop->mem.size,
                                    model::permits(m.program(), e.addr, model::kExecEl1));
      return;
    }
    default: return;
  }
}

}  // namespace isobar::explore
