#include "session/narrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/assembler.h"
#include "model/thread/tags.h"

namespace isobar::session {

namespace {

using isa::UopKind;
using model::Core;
using model::Entry;
using model::MachineState;
using model::Transition;
using model::TransitionKind;

bool overlaps(const Entry& e, u64 word) {
  return e.addr < word + 4 && word < e.addr + e.uop->mem.size;
}

}  // namespace

bool is_routine(TransitionKind k) { return k == TransitionKind::Fetch || k == TransitionKind::HostCall; }

WalkStep Narrator::tell(const MachineState& before, const Transition& t, const Effects& effects,
                        const MachineState& after) const {
  const Core& c = before.core[t.core];
  switch (t.kind) {
    case TransitionKind::Fetch: return fetch(before, t);
    case TransitionKind::HostCall: return {who_what(c, t) + " is served by the host", {}};
    case TransitionKind::Predict: return guess(c, t);
    case TransitionKind::Translate: return translate(before, t);
    case TransitionKind::SatisfyRead: return read(c, t, effects);
    case TransitionKind::ForwardRead: return read(c, t, effects);
    case TransitionKind::PropagateWrite: return write(before, t, effects);
    case TransitionKind::CleanData:
      return {fmt::format("{} takes effect: memory that fetches read gets {}", who_what(c, t),
                          listing_.address(c.window[t.slot].addr)),
              {}};
    case TransitionKind::InvalidateInstruction: return invalidate(c, t);
    case TransitionKind::SystemAction: return {who_what(c, t) + " takes effect outside the core", {}};
    case TransitionKind::SystemEffect: return system_effect(t, after);
    case TransitionKind::TakeInterrupt: return interrupt(c, t);
    case TransitionKind::TimerTick: return {fmt::format("the timer of {} fires", listing_.core(t.core)), {}};
  }
  return {};
}

std::string Narrator::instruction(const Entry& e) const { return listing_.instruction(e.pc, e.word); }
std::string Narrator::who(const Transition& t) const { return listing_.core(t.core); }
std::string Narrator::who_what(const Core& c, const Transition& t) const {
  return fmt::format("{}: {}", who(t), instruction(c.window[t.slot]));
}
std::string Narrator::shown(const Value& v, unsigned first, unsigned size) const {
  Value piece;
  for (unsigned b = 0; b < size; ++b) piece.set_byte(b, v.byte(first + b));
  return listing_.value(piece, size);
}

WalkStep Narrator::fetch(const MachineState& before, const Transition& t) const {
  const u64 pc = before.core[t.core].pc;
  const u32 initial = word_at(w_.machine->program(), pc).value_or(0);
  const model::CodeWord* versions = model::find_code(before.storage, pc);
  if (versions == nullptr && modified_.count(pc) == 0)
    return {fmt::format("{} fetches {}", who(t), listing_.instruction(pc, initial)), {}};
  if (versions == nullptr) {
    return {fmt::format("{} fetches {}: {}, which nobody has changed yet", who(t), listing_.address(pc),
                        isa::disassemble(initial, pc)),
            {}};
  }
  const u32 word = versions->values[t.choice];
  WalkStep s{fmt::format("{} fetches {}: {}", who(t), listing_.address(pc), isa::disassemble(word, pc)), {}};
  if (t.choice + 1u < versions->values.size()) {
    s.notes.push_back(
        fmt::format("stale: memory already holds {}", isa::disassemble(versions->values.back(), pc)));
  }
  return s;
}

WalkStep Narrator::translate(const MachineState& before, const Transition& t) const {
  const Core& c = before.core[t.core];
  const model::Page& page = w_.machine->program().pages[c.window[t.slot].page - 1u];
  WalkStep s{fmt::format("{} looks up its translation in {}", who_what(c, t), listing_.address(page.descriptor)), {}};
  const model::TableEntry* history = model::find_table(before.storage, page.descriptor);
  if (history != nullptr && t.choice + 1u < history->values.size())
    s.notes.push_back("from the TLB: memory already holds a newer descriptor");
  return s;
}

std::string Narrator::target_guess(const std::string& branch, const Transition& t) const {
  return fmt::format("guesses that {} goes to {}", branch,
                     listing_.address(w_.machine->program().indirect_targets[t.choice]));
}

WalkStep Narrator::guess(const Core& c, const Transition& t) const {
  const Entry& e = c.window[t.slot];
  const std::string i = instruction(e);
  const auto say = [&](const std::string& what) {
    return WalkStep{fmt::format("{} {}", who(t), what), {}};
  };
  switch (e.uop->kind) {
    case UopKind::Alu: return say(fmt::format("chooses tag {}: {}", t.choice, i));
    case UopKind::Branch:
      if (e.uop->branch_op() == isa::BranchOp::Indirect) return say(target_guess(i, t));
      return say(fmt::format("guesses that {} is {}", i, t.choice != 0 ? "taken" : "not taken"));
    case UopKind::Eret: return say(target_guess(i, t));
    case UopKind::Write:
      if (e.uop->mem.rmw != isa::RmwOp::CompareAndSwap)
        return say(fmt::format("{}: the exclusive store will {}", i, t.choice != 0 ? "succeed" : "fail"));
      return say(fmt::format("guesses that the comparison of {} is {}", i,
                             t.choice < model::kCasUnequal ? "equal" : "unequal"));
    default:
      return say(
          fmt::format("guesses that {} takes its {} operand", i, t.choice != 0 ? "first" : "second"));
  }
}

WalkStep Narrator::read(const Core& c, const Transition& t, const Effects& effects) const {
  const Entry& e = effects.entry ? *effects.entry : c.window[t.slot];
  const unsigned first = effects.bytes == 0 ? 0 : static_cast<unsigned>(__builtin_ctz(effects.bytes));
  unsigned size = 0;
  while (first + size < 16 && (effects.bytes >> (first + size) & 1) != 0) ++size;
  const std::string what = fmt::format("{} {} = {}", model::is_tag_check(e) ? "checks" : "reads",
                                       listing_.address(e.addr + first), shown(e.raw, first, size));
  WalkStep s;
  if (t.kind == TransitionKind::ForwardRead) {
    const Entry& from = c.window[model::forward_slot(t.choice)];
    s.what = fmt::format("{} {} from its own store buffer: {}", who(t), what, instruction(e));
    s.notes.push_back(fmt::format("forwarded from {}, which no other core can see yet", instruction(from)));
  } else {
    s.what = fmt::format("{} {} from memory: {}", who(t), what, instruction(e));
  }
  const u8 source = t.kind == TransitionKind::ForwardRead ? model::forward_slot(t.choice) : model::kNoSlot;
  overtakes(c, t, source, "early: ", s);
  return s;
}

/// Notes on what is older than slot t.slot and not done.
void Narrator::overtakes(const Core& c, const Transition& t, u8 except, const std::string& prefix,
               WalkStep& s) const {
  const u64 own = c.window[t.slot].pc;
  for (unsigned k = 0; k < t.slot; ++k) {
    const Entry& q = c.window[k];
    if (k == except || q.inert || q.pc == own) continue;
    if (model::is_tag_check(q) && !q.fired) {
      s.notes.push_back(fmt::format("{}the tags of the older {} are not checked yet", prefix, instruction(q)));
    } else if (q.uop->kind == UopKind::Read && !q.fired) {
      s.notes.push_back(
          fmt::format("{}the older load {} has not been satisfied yet", prefix, instruction(q)));
    } else if (q.uop->kind == UopKind::Write && !q.fired) {
      s.notes.push_back(prefix +
                        (q.known && q.address_known
                             ? fmt::format("the older store {} stays in the store buffer", instruction(q))
                             : fmt::format("the older store {} does not have its {} yet", instruction(q),
                                           q.address_known ? "data" : "address")));
    } else if (q.uop->kind == UopKind::Branch && !q.resolved && !q.known) {
      s.notes.push_back(fmt::format("{}{} is only guessed", prefix, instruction(q)));
    }
  }
}

WalkStep Narrator::write(const MachineState& before, const Transition& t, const Effects& effects) const {
  const Core& c = before.core[t.core];
  const Entry& e = effects.entry ? *effects.entry : c.window[t.slot];
  const unsigned size = e.own == 0 ? e.uop->mem.size
                                   : static_cast<unsigned>(__builtin_popcount(e.own)) -
                                         static_cast<unsigned>(__builtin_popcount(c.window[t.slot].own));
  WalkStep s;
  s.what = fmt::format("{} writes {} = {} to memory: {}", who(t), listing_.address(e.addr + t.choice),
                       shown(e.value, t.choice, size), instruction(e));
  overtakes(c, t, model::kNoSlot, "early: ", s);
  for (unsigned other = 0; other < before.core.size(); ++other) {
    for (const Entry& q : before.core[other].window) {
      if (q.index == 0 && overlaps(e, q.pc)) {
        s.notes.push_back(fmt::format("{} has already fetched the old instruction at {}",
                                      listing_.core(other), listing_.address(q.pc)));
      }
    }
  }
  return s;
}

WalkStep Narrator::invalidate(const Core& c, const Transition& t) const {
  if (t.choice != 0) return {who_what(c, t) + " has no effect: no DSB waits for it", {}};
  return {who_what(c, t) + " takes effect: later fetches read the line again", {}};
}

WalkStep Narrator::system_effect(const Transition& t, const MachineState& after) const {
  return {fmt::format("{} starts to obey what was written to ACTLR_EL1: TSO is now {}, ahead of a context "
                      "synchronisation event",
                      who(t), after.core[t.core].context.tso ? "on" : "off"),
          {}};
}

WalkStep Narrator::interrupt(const Core& c, const Transition& t) const {
  if (t.slot >= c.window.size()) return {fmt::format("{} takes an interrupt", who(t)), {}};
  return {fmt::format("{} takes an interrupt before {}", who(t), instruction(c.window[t.slot])), {}};
}

}  // namespace isobar::session
