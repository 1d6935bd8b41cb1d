#include "tools/code_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "isa/assembler.h"
#include "isa/concurrent_modification.h"
#include "isa/decoder.h"
#include "model/state/regions.h"
#include "support/bits.h"

namespace isobar::tools {

namespace {

using isa::UopKind;
using model::AccessKind;
using model::Entry;

bool is_context_synchronisation(const Entry& e, const model::MachineConfig& config) {
  if (e.uop->kind == UopKind::Isb) return true;
  if (e.uop->kind == UopKind::Eret) return config.eos;
  return e.uop->kind == UopKind::SysWrite && e.word == 0 && config.eis;  // exception entry
}

}  // namespace

CodeReport::CodeReport(const Workload& w, std::function<const model::MachineState&()> state)
    : w_(w),
      listing_(w),
      state_(std::move(state)),
      in_flight_(w.machine->config().cores),
      synchronised_(w.machine->config().cores) {}

Moment CodeReport::now() {
  return {++steps_, state_().storage.time};
}

bool CodeReport::executable(u64 addr) const {
  return model::permits(w_.machine->program(), addr, model::kExecEl0 | model::kExecEl1);
}

u32 CodeReport::word_before(u64 addr) const {
  if (const auto found = by_word_.find(addr); found != by_word_.end())
    return stores_[found->second.back()].after;
  u32 word = 0;
  for (unsigned b = 4; b-- > 0;) word = word << 8 | w_.machine->image().byte(addr + b);
  return word;
}

/// Until the first store to code nothing is recorded: what is in flight then is found in the windows.
void CodeReport::watch_windows() {
  const model::MachineState& s = state_();
  for (unsigned core = 0; core < s.core.size(); ++core)
    for (const Entry& e : s.core[core].window)
      if (e.index == 0) in_flight_[core][e.seq] = {e.pc, e.word, {}};
}

void CodeReport::fetched(unsigned core, const Entry& e) {
  if (stores_.empty()) return;
  if (is_context_synchronisation(e, w_.machine->config()) && e.word == 0) synchronised_[core] = now();
  if (e.index == 0 && e.word != 0) in_flight_[core][e.seq] = {e.pc, e.word, now()};
}

void CodeReport::squashed(unsigned core, u32 first_seq) {
  auto& all = in_flight_[core];
  all.erase(all.lower_bound(first_seq), all.end());
}

void CodeReport::propagated(unsigned core, const Entry& e) {
  if (!executable(e.addr)) return;
  if (stores_.empty()) watch_windows();
  for (u64 word = align_down(e.addr, 4); word < e.addr + e.uop->mem.size; word += 4) add_store(core, e, word);
}

void CodeReport::add_store(unsigned core, const Entry& e, u64 addr) {
  CodeStore s;
  s.at = now();
  s.core = core;
  s.pc = e.pc;
  s.word = e.word;
  s.addr = addr;
  s.before = word_before(addr);
  s.after = static_cast<u32>(model::read_memory(state_().storage, w_.machine->image(), addr, 4).lo);
  if (s.after == s.before) return;  // also the later pieces of an access that reaches memory in pieces
  by_word_[addr].push_back(stores_.size());
  stores_.push_back(s);
  for (unsigned k = 0; k < in_flight_.size(); ++k)
    for (const auto& [seq, f] : in_flight_[k])
      if (f.addr == addr && f.word == s.before && (k != core || seq > e.seq))
        note_unsafe(stores_.size() - 1, k, true);
}

void CodeReport::performed(unsigned core, const Entry& e, const model::Access& a) {
  const bool maintains = a.kind == AccessKind::CleanData || a.kind == AccessKind::InvalidateLine ||
                         a.kind == AccessKind::InvalidateAllLocal || a.kind == AccessKind::InvalidateAll;
  if (stores_.empty() || !maintains) return;
  maintenance_.push_back({now(), {}, core, a.kind, align_down(e.addr, w_.machine->config().line_bytes)});
}

void CodeReport::retired(unsigned core, const Entry& e) {
  if (stores_.empty()) return;
  if (e.index == 0) {
    if (const auto f = in_flight_[core].find(e.seq); f != in_flight_[core].end()) {
      execute(core, f->second);
      in_flight_[core].erase(f);
    }
  }
  if (e.word != 0 && is_context_synchronisation(e, w_.machine->config())) synchronised_[core] = now();
  if (e.uop->kind != UopKind::Barrier || e.uop->barrier_op() != isa::BarrierOp::DsbFull) return;
  const Moment at = now();
  for (Maintenance& m : maintenance_)
    if (m.core == core && !m.completed) m.completed = at;
}

void CodeReport::execute(unsigned core, const Fetched& f) {
  const auto found = by_word_.find(f.addr);
  if (found == by_word_.end() || stores_[found->second.back()].after == f.word) return;
  const std::vector<std::size_t>& history = found->second;
  StaleInstruction s;
  s.core = core;
  s.addr = f.addr;
  s.word = f.word;
  s.fetched = f.at;
  s.executed = now();
  s.newest = history.back();
  s.since = history.front();
  for (std::size_t i = history.size(); i-- > 0;) {
    if (stores_[history[i]].after != f.word) continue;
    s.since = history[i + 1];
    break;
  }
  const Moment& synchronised = synchronised_[core];
  if (f.at && synchronised.step < stores_[s.since].at.step && f.at.step > stores_[s.since].at.step)
    note_unsafe(s.since, core, false);
  const auto same = std::find_if(stale_.begin(), stale_.end(), [&](const StaleInstruction& x) {
    return x.core == s.core && x.addr == s.addr && x.word == s.word && x.since == s.since;
  });
  if (same != stale_.end()) {
    ++same->count;
    return;
  }
  explain(s, synchronised);
  stale_.push_back(std::move(s));
}

void CodeReport::note_unsafe(std::size_t store, unsigned core, bool in_flight) {
  const CodeStore& s = stores_[store];
  const isa::CmodxList list = w_.machine->config().cmodx;
  if (isa::is_concurrently_modifiable(s.before, list) && isa::is_concurrently_modifiable(s.after, list))
    return;
  const bool known = std::any_of(unsafe_.begin(), unsafe_.end(), [&](const UnsafeModification& u) {
    return u.store == store && u.core == core;
  });
  if (!known) unsafe_.push_back({store, core, in_flight});
}

/// The first DC (`clean`) or IC after `from` that acts on the word for its core.
const CodeReport::Maintenance* CodeReport::first_after(bool clean, const StaleInstruction& s,
                                                       const Moment& from) const {
  const u64 line = align_down(s.addr, w_.machine->config().line_bytes);
  for (const Maintenance& m : maintenance_) {
    if ((m.kind == AccessKind::CleanData) != clean || m.at.step < from.step) continue;
    const bool by_line = m.kind == AccessKind::CleanData || m.kind == AccessKind::InvalidateLine;
    if (by_line ? m.line == line : m.kind == AccessKind::InvalidateAll || m.core == s.core) return &m;
  }
  return nullptr;
}

/// Follows the way that the new instruction would have had to go, step by step, and says where it ended.
void CodeReport::explain(StaleInstruction& s, const Moment& synchronised) const {
  const model::MachineConfig& config = w_.machine->config();
  const std::string core = listing_.core(s.core);
  const auto done = [&](const char* what, const Maintenance& m) {
    s.steps.push_back(fmt::format("{} was done by {} {}", what, listing_.core(m.core), when(m.at)));
  };
  const auto late = [&](const Maintenance& m) { return s.fetched && m.at.step > s.fetched.step; };
  Moment from = stores_[s.since].at;
  if (!config.idc && !config.dic) {
    const Maintenance* clean = first_after(true, s, from);
    if (clean == nullptr) {
      s.missing.push_back("DC CVAU was not done");
    } else {
      done("DC CVAU", *clean);
      from = clean->at;
    }
  }
  if (!config.dic) {
    const Maintenance* early = first_after(false, s, stores_[s.since].at);
    const Maintenance* ic = s.missing.empty() ? first_after(false, s, from) : nullptr;
    if (ic != nullptr) {
      done("IC IVAU", *ic);
      if (late(*ic)) s.missing.push_back(fmt::format("{} had fetched the instruction before that", core));
      if (!ic->completed) s.missing.push_back("the DSB after IC IVAU was not complete");
      from = ic->at;
    } else if (early != nullptr) {
      done("IC IVAU", *early);
      s.missing.push_back(config.idc ? "IC IVAU was done too early" : "IC IVAU was not done after DC CVAU");
    } else {
      s.missing.push_back("IC IVAU was not done");
    }
  }
  const bool before = !s.fetched || s.fetched.step < from.step;
  if (synchronised.step > from.step && synchronised.step < s.executed.step && !before) return;
  if (before || config.dic)
    s.missing.push_back(fmt::format("no context synchronisation event made {} fetch it again", core));
  if (s.missing.empty()) s.missing.push_back("the instruction cache still had the old line");
}

std::string CodeReport::when(const Moment& m) const {
  if (!m) return "before that";
  return m.time != 0 ? fmt::format("at {} ticks", m.time) : fmt::format("in step {}", m.step);
}

/// With a branch target as a place of the test.
std::string CodeReport::instruction(u32 word, u64 addr) const {
  std::string text = isa::disassemble(word, addr);
  std::replace(text.begin(), text.end(), '\t', ' ');
  const isa::Instruction& i = isa::decode_cached(word);
  const isa::Uop& last = i.uops[i.count - 1];
  const std::size_t target = text.rfind("0x");
  if (last.kind != UopKind::Branch || last.branch_op() == isa::BranchOp::Indirect || target == std::string::npos)
    return text;
  return text.substr(0, target) + listing_.address(addr + last.imm);
}

std::string CodeReport::store_text(const CodeStore& s) const {
  return fmt::format("{} wrote {} over {} {} ({})", listing_.core(s.core), instruction(s.after, s.addr),
                     instruction(s.before, s.addr), when(s.at), listing_.instruction(s.pc, s.word));
}

std::string CodeReport::stale_text(const StaleInstruction& s) const {
  std::string text =
      fmt::format("Stale: {} executed {} at {} {}", listing_.core(s.core), instruction(s.word, s.addr),
                  listing_.address(s.addr), when(s.executed));
  if (s.count > 1) text += fmt::format(", and {} times more", s.count - 1);
  text += fmt::format(", after {}", store_text(stores_[s.since]));
  if (s.newest != s.since)
    text += fmt::format("; memory holds {}", instruction(stores_[s.newest].after, s.addr));
  std::vector<std::string> all = s.steps;
  all.insert(all.end(), s.missing.begin(), s.missing.end());
  return fmt::format("{}: {}\n", text, fmt::join(all, "; "));
}

std::string CodeReport::unsafe_text(const UnsafeModification& u) const {
  const CodeStore& s = stores_[u.store];
  return fmt::format(
      "Unsafe: {} at {}, which may not be modified while {} {}\n", store_text(s), listing_.address(s.addr),
      listing_.core(u.core),
      u.in_flight ? "executes it: it was in flight" : "executes it: it was executed afterwards");
}

std::string CodeReport::text() const {
  std::string all;
  for (const UnsafeModification& u : unsafe_) all += unsafe_text(u);
  for (const StaleInstruction& s : stale_) all += stale_text(s);
  return all;
}

nlohmann::ordered_json CodeReport::json() const {
  using Json = nlohmann::ordered_json;
  if (stores_.empty()) return nullptr;
  const auto moment = [](const Moment& m) { return m ? Json{{"step", m.step}, {"ticks", m.time}} : Json(); };
  Json stores = Json::array(), stale = Json::array(), unsafe = Json::array();
  for (const CodeStore& s : stores_)
    stores.push_back({{"core", s.core},
                      {"at", moment(s.at)},
                      {"store", listing_.instruction(s.pc, s.word)},
                      {"address", s.addr},
                      {"place", listing_.address(s.addr)},
                      {"before", instruction(s.before, s.addr)},
                      {"after", instruction(s.after, s.addr)}});
  for (const StaleInstruction& s : stale_)
    stale.push_back({{"core", s.core},
                     {"address", s.addr},
                     {"place", listing_.address(s.addr)},
                     {"executed", instruction(s.word, s.addr)},
                     {"at", moment(s.executed)},
                     {"fetched", moment(s.fetched)},
                     {"count", s.count},
                     {"since", s.since},
                     {"newest", s.newest},
                     {"done", s.steps},
                     {"missing", s.missing}});
  for (const UnsafeModification& u : unsafe_)
    unsafe.push_back({{"store", u.store}, {"core", u.core}, {"in_flight", u.in_flight}});
  return {{"stores", stores}, {"stale", stale}, {"unsafe", unsafe}};
}

std::unique_ptr<CodeReport> code_report(const Workload& w, const std::vector<Step>& steps) {
  Repeater run(w);
  auto report =
      std::make_unique<CodeReport>(w, [&run]() -> const model::MachineState& { return run.state(); });
  for (const Step& step : steps)
    if (!run.take(step, report.get())) break;
  return report;
}

}  // namespace isobar::tools
