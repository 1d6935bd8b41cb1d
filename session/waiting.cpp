#include "session/waiting.h"

#include <fmt/format.h>

#include <vector>

#include "model/machine/steps.h"
#include "model/thread/guards.h"
#include "model/thread/tags.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"

namespace isobar::session {

using isa::Reg;
using isa::UopKind;
using model::Core;
using model::Entry;
using model::Row;
using model::Wait;

std::string Waiting::instruction(const Entry& e) const { return listing_.instruction(e.pc, e.word); }

std::string Waiting::happens(const Entry& e) const {
  switch (e.uop->kind) {
    case UopKind::Read: return model::is_tag_check(e) ? "has checked its tags" : "is satisfied";
    case UopKind::Write: return "reaches memory";
    default: return "completes";
  }
}

/// "until LDR X0,[X1] (line 3) is satisfied"
std::string Waiting::until(const Core& c, unsigned slot) const {
  const Entry& q = c.window[slot];
  const bool line = q.uop->kind == UopKind::CacheOp && q.address_known && q.uop->n_addr != 0;
  return fmt::format("until {}{} {}", instruction(q), line ? " of " + listing_.address(q.addr) : "", happens(q));
}

/// The first of the operands [first, last) that is not known, and who computes it; empty if all are.
std::string Waiting::value(const Core& c, const Entry& e, unsigned first, unsigned last) const {
  for (unsigned s = first; s < last; ++s) {
    if (model::operand(c, e, s).known) continue;
    const Entry& from = c.window[e.producer[s]];
    if (isa::is_uop_result(e.uop->src[s])) return "for what its own instruction computes first";
    return fmt::format("for the value of {} from {}", isa::name(e.uop->src[s]), instruction(from));
  }
  return "";
}

std::string Waiting::address(const Core& c, const Entry& e) const {
  if (e.translation == model::Translation::Pending) return "for the translation of its address [TR1, TR2]";
  if (e.translation == model::Translation::Shared) return "for the translation of the access that it checks [TR1, TR2]";
  const std::string missing = value(c, e, 0, e.uop->n_addr);
  return missing.empty() ? "" : missing + " for its address [G1]";
}

std::string Waiting::data(const Core& c, const Entry& e) const {
  const std::string missing = value(c, e, e.uop->n_addr, unsigned{e.uop->n_addr} + e.uop->n_data);
  return (missing.empty() ? "for what its own instruction loads" : missing + " to store") + " [G2]";
}

/// Exclusive stores and CAS: what has to be known before it is clear whether the write `e` happens.
std::string Waiting::decision(const Core& c, const Entry& e) const {
  const std::string compared = value(c, e, unsigned{e.uop->n_addr} + e.uop->n_data, e.uop->n_src);
  if (!compared.empty()) return compared + " to compare with [G5]";
  if (e.partner < model::kMonitorSlot && !model::is_complete(c.window[e.partner]))
    return until(c, e.partner) + ", which decides whether it writes [G5]";
  return "until it is decided whether it writes [G5]";
}

/// The oldest guess that has not been checked, up to `slot`.
std::string Waiting::guess(const Core& c, unsigned slot) const {
  for (unsigned j = 0; j < slot; ++j) {
    const Entry& q = c.window[j];
    if (q.guessed && !(q.resolved && model::guesses_resolved(c, q.guess_cond)))
      return fmt::format("until the guess of {} is checked", instruction(q));
  }
  return "until it is decided whether it happens";
}

std::string Waiting::row(const Core& c, unsigned slot, Wait w) const {
  const Entry& e = c.window[slot];
  if (w.row == Row::G1) return address(c, e);
  if (w.row == Row::G2) return data(c, e);
  if (w.row == Row::Inert) return decision(c, e);
  const std::string words = named_row(c, slot, w);
  const bool in_table = w.row < Row::Operand;
  return in_table ? fmt::format("{} [{}]", words, model::name(w.row)) : words;
}

std::string Waiting::named_row(const Core& c, unsigned slot, Wait w) const {
  const Entry& q = c.window[w.slot];
  switch (w.row) {
    case Row::G3: return fmt::format("until {} is resolved", instruction(q));
    case Row::G4: return fmt::format("until the address of {} is known and permitted", instruction(q));
    case Row::G5: return guess(c, slot);
    case Row::G6: return until(c, w.slot) + ", which is older and accesses the same bytes";
    case Row::G7: return until(c, w.slot) + ", which is an acquire";
    case Row::G8: return until(c, w.slot) + ", which acquires and releases";
    case Row::G9: return until(c, w.slot) + ", because it is a release";
    case Row::G10: return until(c, w.slot) + ", which is a release";
    case Row::G11:
    case Row::G12:
    case Row::G13:
    case Row::G14: {
      const Wait inner = model::barrier_wait(c, w.slot);
      return fmt::format("for {}{}", instruction(q), inner.waits() ? " " + until(c, inner.slot) : "");
    }
    case Row::G15:
      if (q.uop->kind == UopKind::Barrier) return until(c, w.slot);
      return model::is_access(q) ? fmt::format("until the address of {} is known", instruction(q))
                                 : fmt::format("until {} is resolved", instruction(q));
    case Row::G15Tags:
    case Row::G21: return fmt::format("until the tags of {} are checked", instruction(q));
    case Row::G16: return "until its own load is satisfied";
    case Row::G17: return until(c, w.slot) + ", the load of the atomic whose store it takes bytes from";
    case Row::G18:
      return fmt::format("until the {} of {}, whose bytes it reads, is known", q.address_known ? "data" : "address",
                         instruction(q));
    case Row::G22: return until(c, w.slot) + ", which is about the same cache line";
    case Row::TRead:
    case Row::TWrite:
    case Row::T2:
    case Row::T3: return until(c, w.slot) + ", because of TSO";
    case Row::Operand: return value(c, c.window[slot], 0, c.window[slot].uop->n_src);
    case Row::InOrder: return until(c, w.slot);
    case Row::Committed: return fmt::format("until {} cannot be discarded any more", instruction(q));
    default: return fmt::format("for the exception of {}", instruction(q));
  }
}

std::string Waiting::read(const Core& c, unsigned slot) const {
  const Entry& e = c.window[slot];
  if (e.fired) return "for the data of the store that it took its bytes from";
  if (const Wait w = model::satisfy_wait(w_.machine->config(), c, slot); w.waits()) return row(c, slot, w);
  const model::ReadSources sources = model::read_sources(c, slot);
  for (unsigned j = slot; sources.blocked && j-- > 0;) {
    if (model::is_undecided(c.window[j]))
      return fmt::format("until it is decided whether {} writes the bytes that it reads", instruction(c.window[j]));
  }
  for (unsigned b = 0; b < e.uop->mem.size; ++b) {
    if (sources.byte[b] >= model::kMonitorSlot) continue;
    if (const Wait w = model::forward_wait(c, sources.byte[b], e); w.waits()) return row(c, slot, w);
  }
  if (model::overtaken_younger_read(c, slot, model::all_bytes(e)) != model::kNoSlot)
    return "for ever: a younger load has read an older value of the same bytes (coherence)";
  return "for ever: bytes that come from memory had to be read before those from the store buffer";
}

std::string Waiting::write(unsigned core, unsigned slot) const {
  const Core& c = s_.core[core];
  const Entry& e = c.window[slot];
  if (e.inert) return "until it is certain that it does not happen";
  if (model::is_undecided(e)) return decision(c, e);
  if (const Wait w = model::propagate_wait(w_.machine->config(), c, slot); w.waits()) return row(c, slot, w);
  return "for ever: another core has written the bytes since its load read them (atomicity)";
}

std::string Waiting::barrier(unsigned core, unsigned slot) const {
  const Core& c = s_.core[core];
  if (const Wait w = model::barrier_wait(c, slot); w.waits())
    return fmt::format("{} [{}]", until(c, w.slot), model::name(w.row));
  return "until accesses of other cores with a translation that is out of date have happened [TR3, TR4]";
}

std::string Waiting::system_register(const Core& c, unsigned slot) const {
  const Entry& e = c.window[slot];
  if (const std::string missing = value(c, e, 0, e.uop->n_src); !missing.empty()) return missing;
  if (model::is_system_action(e)) return row(c, slot, model::act_wait(w_.machine->config(), c, slot));
  const u8 from = model::find_producer(c, e.uop->sys, slot);
  if (from != model::kFromRegisterFile && !c.window[from].known)
    return fmt::format("for the value of {} from {}", isa::name(e.uop->sys), instruction(c.window[from]));
  if (const Wait w = model::synchronisation_wait(c, slot); w.waits()) return row(c, slot, w);
  return "for what is older in its core";
}

std::string Waiting::exception(const Core& c, unsigned slot) const {
  const Entry& e = c.window[slot];
  if (e.uop->kind == UopKind::Eret) {
    if (const std::string missing = value(c, e, 0, e.uop->n_src); !missing.empty()) return missing;
  }
  if (const Wait w = model::synchronisation_wait(c, slot); w.waits()) return row(c, slot, w);
  const u8 vectors = model::find_producer(c, Reg::VBAR_EL1, slot);
  if (vectors != model::kFromRegisterFile && !c.window[vectors].known)
    return fmt::format("for the value of VBAR_EL1 from {}", instruction(c.window[vectors]));
  return "for what is older in its core";
}

std::string Waiting::slot(unsigned core, unsigned slot) const {
  const Core& c = s_.core[core];
  const Entry& e = c.window[slot];
  if (model::is_complete(e)) return "";
  if (e.faulting) return exception(c, slot);
  switch (e.uop->kind) {
    case UopKind::Read: return read(c, slot);
    case UopKind::Write: return write(core, slot);
    case UopKind::CacheOp:
      if (const Wait w = model::maintain_wait(w_.machine->config(), c, slot); w.waits()) return row(c, slot, w);
      return exception(c, slot);
    case UopKind::Barrier: return barrier(core, slot);
    case UopKind::Isb: return row(c, slot, model::synchronisation_wait(c, slot));
    case UopKind::SysRead:
    case UopKind::SysWrite: return system_register(c, slot);
    case UopKind::Exception:
    case UopKind::Eret: return exception(c, slot);
    case UopKind::Status:
    case UopKind::CasResult:
      return fmt::format("until it is decided whether {} writes", instruction(c.window[e.partner]));
    default: break;
  }
  const std::string missing = value(c, e, 0, e.uop->n_src);
  return missing.empty() ? exception(c, slot) : missing;
}

std::string Waiting::fetch(unsigned core) const {
  const Core& c = s_.core[core];
  const model::Program& program = w_.machine->program();
  if (!program.reset[core].running) return "never starts";
  if (c.stop.fault) return "was stopped by an exception";
  if (model::at_stop(program, c)) return "has fetched all its code";
  if (model::may_fetch(w_.machine->config(), program, s_, core)) return "";
  if (!model::frontier_known(program, c)) {
    const Entry& last = c.window.back();
    return last.uop->kind == UopKind::Branch ? fmt::format("waits for the target of {}", instruction(last))
                                             : fmt::format("waits until {} completes", instruction(last));
  }
  if (c.waiting) return "waits for an interrupt";
  return "waits for room in its window";
}

std::string Waiting::interrupt(unsigned core) const {
  const Core& c = s_.core[core];
  const model::Interrupts& irq = s_.storage.irq;
  if (irq.pending[core] == 0 || c.stop.stopped) return "";
  std::vector<model::Transition> enabled;
  w_.machine->enabled(s_, enabled);
  for (const model::Transition& t : enabled)
    if (t.core == core && t.kind == model::TransitionKind::TakeInterrupt) return "";
  if (irq.active[core] != 0) return "until the interrupt that is being handled has ended";
  if (s_.dead) return "";
  // The youngest place where interrupts are not masked: what is missing there.
  const unsigned n = static_cast<unsigned>(c.window.size());
  for (unsigned k = n + 1; k-- > 0;) {
    if (k < n && c.window[k].index != 0) continue;
    const model::Context& at = k < n ? c.window[k].context : c.context;
    if ((at.daif & 2) != 0) continue;
    if (k == n && !model::frontier_known(w_.machine->program(), c)) return fmt::format("until {} completes", instruction(c.window.back()));
    if (const Wait w = model::synchronisation_wait(c, k); w.waits()) return named_row(c, k, w);
    const model::Operand vectors = model::register_operand(c, Reg::VBAR_EL1, k);
    if (!vectors.known) return "until VBAR_EL1 is known";
    return "until younger instructions that others have seen the effects of retire";
  }
  return "while interrupts are masked (PSTATE.I)";
}

}  // namespace isobar::session
