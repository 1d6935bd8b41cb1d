#include "session/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "explore/search.h"
#include "isa/assembler.h"
#include "model/machine/steps.h"
#include "model/thread/guards.h"
#include "model/thread/tags.h"
#include "session/kernel_view.h"
#include "session/waiting.h"

namespace isobar::session {

using isa::UopKind;
using model::Core;
using model::Entry;
using model::MachineState;

namespace {

constexpr unsigned kIntids = 32;  ///< SGIs and PPIs

class Viewer {
 public:
  Viewer(const Stepper& stepper, const MachineState& s)
      : w_(stepper.workload()), listing_(stepper.listing()), s_(s), waiting_(w_, listing_, s) {
    w_.machine->enabled(s, enabled_);
  }

  StateView run() {
    StateView v;
    for (unsigned k = 0; k < s_.core.size(); ++k) v.cores.push_back(core(k));
    memory(v);
    versions(v);
    data_lines(v);
    v.kernel = kernel_view(w_, s_);
    v.status = status();
    if (w_.machine->finished(s_))
      v.outcome = state_text(w_, explore::observe(*w_.machine, s_, w_.observables));
    return v;
  }

 private:
  std::string status() const {
    if (s_.dead) return "given up: a guess was wrong or an order violated; undo, and choose another way";
    if (w_.machine->finished(s_)) return "finished";
    if (enabled_.empty()) return "dead end: nothing can happen any more; undo, and choose another way";
    return "running";
  }

  CoreView core(unsigned k) const {
    const Core& c = s_.core[k];
    CoreView v;
    v.name = listing_.core(k);
    v.next = listing_.instruction(c.pc, word_at(w_.machine->program(), c.pc).value_or(0));
    v.fetch = waiting_.fetch(k);
    if (c.stop.stopped || model::at_stop(w_.machine->program(), c)) v.next.clear();
    v.el = c.context.el;
    v.tso = c.context.tso;
    v.masked = (c.context.daif & 2) != 0;
    for (unsigned n = 0; n < kIntids; ++n) {
      if ((s_.storage.irq.pending[k] >> n & 1) != 0) v.pending.push_back(n);
      if ((s_.storage.irq.active[k] >> n & 1) != 0) v.active.push_back(n);
    }
    for (unsigned i = 0; i < c.window.size(); ++i) {
      if (c.window[i].index == 0) {
        const model::CodeWord* word = model::find_code(s_.storage, c.window[i].pc);
        v.window.push_back({listing_.instruction(c.window[i].pc, c.window[i].word),
                            {},
                            word != nullptr && word->values.back() != c.window[i].word});
      }
      v.window.back().uops.push_back(uop(k, i));
      const Entry& e = c.window[i];
      if (in_store_buffer(e)) v.store_buffer.push_back({listing_.address(e.addr), shown(e.value, e.uop->mem.size)});
    }
    registers(k, v);
    v.interrupt = waiting_.interrupt(k);
    v.instruction_lines = lines([&](const model::CodeWord& word) {
      const model::FetchRange range = model::fetchable(s_.storage, w_.machine->config(), word.addr, k);
      return range.first + 1u < word.values.size();
    });
    return v;
  }

  /// The lines with code that was written; one is old if `is_old` holds for one of its words.
  template <typename Test>
  std::vector<LineView> lines(const Test& is_old) const {
    const u64 bytes = w_.machine->config().line_bytes;
    std::vector<LineView> out;
    u64 line = ~u64{0};
    for (const model::CodeWord& word : s_.storage.code) {
      const std::string name = listing_.address(word.addr);
      if (word.addr / bytes != line) out.push_back({"line of " + name, {}, false});
      line = word.addr / bytes;
      out.back().words.push_back(name);
      out.back().old = out.back().old || is_old(word);
    }
    return out;
  }

  void data_lines(StateView& v) const {
    v.data_lines = lines([&](const model::CodeWord& word) { return word.cleaned + 1u < word.values.size(); });
  }

  static bool in_store_buffer(const Entry& e) {
    return model::is_write(e) && e.address_known && e.known && !e.faulting && !e.fired && !e.inert;
  }

  UopView uop(unsigned k, unsigned i) const {
    const Entry& e = s_.core[k].window[i];
    UopView u{e.seq, i, uop_status(e), "", model::is_complete(e)};
    if (!u.done && !s_.dead && !can_act(k, i)) u.waits = waiting_.slot(k, i);
    return u;
  }

  bool can_act(unsigned k, unsigned i) const {
    return std::any_of(enabled_.begin(), enabled_.end(), [&](const model::Transition& t) {
      if (t.core != k || t.slot != i) return false;
      using Kind = model::TransitionKind;
      return t.kind != Kind::Fetch && t.kind != Kind::SystemEffect && t.kind != Kind::TakeInterrupt &&
             t.kind != Kind::TimerTick;
    });
  }

  std::string shown(const Value& v, unsigned size) const { return listing_.value(v, size); }

  std::string uop_status(const Entry& e) const {
    if (e.faulting) return "raises an exception";
    switch (e.uop->kind) {
      case UopKind::Read: return read_status(e);
      case UopKind::Write: return write_status(e);
      case UopKind::Branch:
        if (e.resolved) return e.choice != 0 ? "taken" : "not taken";
        if (e.guessed) return e.choice != 0 ? "guessed to be taken" : "guessed to be not taken";
        return "not resolved";
      case UopKind::Barrier:
      case UopKind::Isb:
      case UopKind::Exception:
      case UopKind::Eret: return e.fired ? "complete" : "not complete";
      case UopKind::CacheOp: {
        const std::string line = e.address_known && e.uop->n_addr != 0 ? listing_.address(e.addr) + ": " : "";
        return line + (e.inert ? "without effect" : e.fired ? "complete" : "not complete");
      }
      case UopKind::SysWrite:
        return e.known ? fmt::format("{} = {}", isa::name(e.uop->sys), shown(e.value, 8)) : "not computed";
      case UopKind::Hint:
      case UopKind::ClearExclusive: return "done";
      default: return result_status(e);
    }
  }

  std::string read_status(const Entry& e) const {
    const char* verb = model::is_tag_check(e) ? "check" : "read";
    if (!e.address_known) return fmt::format("{}: address not known", verb);
    const std::string where = listing_.address(e.addr);
    if (!e.fired) {
      const bool part = std::any_of(e.source.begin(), e.source.begin() + e.uop->mem.size,
                                    [](u8 from) { return from != model::kUnbound; });
      return fmt::format("{} {}: {}", verb, where, part ? "in part" : "not yet");
    }
    if (!e.known) return fmt::format("{} {} from a store whose data is not known yet", verb, where);
    return fmt::format("{} {} = {}", verb, where, shown(e.raw, e.uop->mem.size));
  }

  std::string write_status(const Entry& e) const {
    if (e.inert) return "does not write";
    if (!e.address_known) return "write: address not known";
    const std::string where = listing_.address(e.addr);
    if (!e.known) return fmt::format("write {}: data not known", where);
    const std::string what = fmt::format("{} = {}", where, shown(e.value, e.uop->mem.size));
    if (e.fired) return what + " in memory";
    return what + (e.own == 0 ? " in the store buffer" : " partly in memory");
  }

  std::string result_status(const Entry& e) const {
    std::string names;
    for (const isa::Reg r : e.uop->dst) {
      if (r != isa::Reg::None && !isa::is_uop_result(r)) names += (names.empty() ? "" : ", ") + std::string(isa::name(r));
    }
    if (names.empty()) names = e.uop->flags_out != 0 ? "flags" : "result";
    const std::string guessed = e.guessed && !e.resolved ? " (guessed)" : "";
    if (!e.known) return names + " not computed" + guessed;
    if (e.uop->dst[0] == isa::Reg::None) return names + " computed" + guessed;
    return fmt::format("{} = {}{}", names, shown(e.value, 8), guessed);
  }

  void registers(unsigned k, CoreView& v) const {
    std::set<isa::Reg> wanted;
    for (const trace::Observable& o : w_.observables) {
      if (o.kind == trace::Observable::Kind::Register && o.core == k) wanted.insert(o.reg);
    }
    for (unsigned n = 0; n < 31; ++n) {
      if (s_.core[k].reg[n] != 0) wanted.insert(isa::x_reg(n));
    }
    for (unsigned n = 0; n < 32; ++n) {
      const Value value = s_.core[k].reg.get(isa::v_reg(n));
      if ((value.lo | value.hi) != 0) wanted.insert(isa::v_reg(n));
    }
    for (const isa::Reg r : wanted) {
      const Value value = model::read_register(s_.core[k], r);
      v.registers.push_back({std::string(isa::name(r)), shown(value, isa::is_vector(r) ? 16 : 8)});
    }
  }

  void memory(StateView& v) const {
    constexpr u64 kMostElements = 16;
    for (const NamedLocation& l : listing_.locations()) {
      const u64 step = l.element != 0 ? l.element : std::min<u64>(l.bytes, 16);
      if (step == 0 || l.bytes / step > kMostElements) continue;
      for (u64 at = 0; at + step <= l.bytes; at += step) {
        const Value value =
            model::read_memory(s_.storage, w_.machine->image(), l.address + at, static_cast<unsigned>(step));
        v.memory.push_back({listing_.address(l.address + at), shown(value, static_cast<unsigned>(step))});
      }
    }
  }

  void versions(StateView& v) const {
    for (const model::CodeWord& word : s_.storage.code) {
      VersionsView out;
      out.name = listing_.address(word.addr);
      for (const u32 value : word.values) out.versions.push_back(isa::disassemble(value, word.addr));
      out.cleaned = word.cleaned;
      for (unsigned k = 0; k < s_.core.size(); ++k)
        obtainable(out, k, model::fetchable(s_.storage, w_.machine->config(), word.addr, k));
      v.versions.push_back(std::move(out));
    }
    for (const model::TableEntry& entry : s_.storage.tables) {
      VersionsView out;
      out.name = listing_.address(entry.addr);
      for (const u64 value : entry.values) out.versions.push_back(fmt::format("{:#x}", value));
      for (unsigned k = 0; k < s_.core.size(); ++k)
        obtainable(out, k, model::usable_descriptors(s_.storage, entry.addr, k));
      v.versions.push_back(std::move(out));
    }
  }

  void obtainable(VersionsView& out, unsigned core, model::FetchRange range) const {
    std::string list;
    for (unsigned n = 0; n < range.count; ++n) list += (n == 0 ? "" : " | ") + out.versions[range.first + n];
    out.obtainable.push_back({listing_.core(core), list});
  }

  const Workload& w_;
  const Listing& listing_;
  const MachineState& s_;
  Waiting waiting_;
  std::vector<model::Transition> enabled_;
};

}  // namespace

StateView view_at(const Stepper& s, std::size_t n) {
  const MachineState state = s.state_at(n);
  StateView v = Viewer(s, state).run();
  v.position = n;
  v.length = s.length();
  return v;
}

StateView view(const Stepper& s) { return view_at(s, s.position()); }

}  // namespace isobar::session
