#include "model/systemc/policy.h"

#include <algorithm>

#include "model/machine/steps.h"
#include "model/thread/exceptions.h"
#include "model/thread/guards.h"
#include "model/thread/window.h"

namespace isobar::systemc {

using isa::UopKind;
using model::AccessKind;
using model::Core;
using model::Entry;
using model::MachineState;
using model::Transition;
using model::TransitionKind;

namespace {

/// Gives a trial step the bytes that memory holds now, and lets nothing happen.
class PeekFabric final : public model::Fabric {
 public:
  PeekFabric(const model::Storage& storage, const model::Image& image) : storage_(storage), image_(image) {}
  void access(model::Storage&, model::Access& a) override {
    if (a.kind == AccessKind::Read) a.data = model::read_memory(storage_, image_, a.addr, a.size);
  }

 private:
  const model::Storage& storage_;
  const model::Image& image_;
};

bool has_entry(TransitionKind kind) {
  switch (kind) {
    case TransitionKind::Fetch:
    case TransitionKind::SystemEffect:
    case TransitionKind::TakeInterrupt:
    case TransitionKind::TimerTick: return false;
    default: return true;
  }
}

/// See Proposal::part(). The version of a fetch and the place of an interrupt are chosen when they are granted.
u16 part(const Transition& t) {
  if (t.kind == TransitionKind::Fetch) return 0;
  return t.kind == TransitionKind::ForwardRead ? static_cast<u16>(model::forward_first(t.choice)) : t.choice;
}

/// An access is cut at multiples of this many bytes when it is not single-copy atomic: its pieces within one granule go
/// together, those of different granules take a latency of their own.
constexpr u64 kGranule = 8;

/// Which granule of its access a step is about, counted from the first; 0 for everything that is no access.
u64 granule(const MachineState& s, const Transition& t) {
  const Core& c = s.core[t.core];
  if (!has_entry(t.kind) || !model::is_access(c.window[t.slot]) || t.kind == TransitionKind::Predict) return 0;
  const u64 addr = c.window[t.slot].addr;
  return (addr + part(t)) / kGranule - addr / kGranule;
}

const Entry* find_seq(const Core& c, u32 seq, unsigned* slot) {
  for (unsigned i = 0; i < c.window.size(); ++i) {
    if (c.window[i].seq != seq) continue;
    *slot = i;
    return &c.window[i];
  }
  return nullptr;
}

/// The write that makes one piece with the step on `e`: of an LSE read, or of the exclusive store
/// itself.
const Entry* write_of(const Core& c, unsigned slot) {
  const Entry& e = c.window[slot];
  if (model::is_write(e)) return &e;
  for (unsigned j = slot + 1; j < c.window.size(); ++j)
    if (model::is_write(c.window[j]) && c.window[j].uop->mem.atomic && c.window[j].partner == slot)
      return &c.window[j];
  return nullptr;
}

/// Is some older step of the core still missing that every store waits for? Cheap test before a trial.
bool older_open(const Core& c, unsigned slot) {
  for (unsigned j = 0; j < slot; ++j) {
    const Entry& q = c.window[j];
    if (model::is_read(q) && !q.fired) return true;
    if (q.uop->kind == UopKind::Branch && !q.resolved) return true;
  }
  return false;
}

bool is_exclusive_guess(const Entry& e) {
  return model::is_write(e) && e.uop->mem.exclusive && e.uop->mem.rmw != isa::RmwOp::CompareAndSwap;
}

}  // namespace

unsigned rank(TransitionKind kind) {
  switch (kind) {
    case TransitionKind::TimerTick: return 0;
    case TransitionKind::TakeInterrupt: return 1;
    case TransitionKind::PropagateWrite: return 2;
    case TransitionKind::CleanData:
    case TransitionKind::InvalidateInstruction:
    case TransitionKind::SystemAction:
    case TransitionKind::SystemEffect:
    case TransitionKind::HostCall: return 3;
    case TransitionKind::Translate:
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead: return 4;
    case TransitionKind::Predict: return 5;
    case TransitionKind::Fetch: return 6;
  }
  return 6;
}

unsigned width(const Widths& widths, Port port) {
  switch (port) {
    case Port::Fetch: return widths.fetch;
    case Port::Load: return widths.load;
    case Port::Store: return widths.store;
    case Port::Other: return widths.other;
  }
  return 1;
}

Policy::Policy(const model::Machine& machine, Platform& platform, u64 seed)
    : machine_(machine), platform_(platform), seed_(seed) {
  trial_.core.resize(machine.config().cores);
}

void Policy::propose(const MachineState& s, unsigned core, CoreSchedule& schedule, const model::Settled& settled) {
  enabled_.clear();
  sources_.reset();
  previous_.clear();
  model::Settled left = settled;
  // Another direction may be wanted now of branches that have been looked at.
  if (schedule.predictor.take_change()) left.slots.changed = ~u64{0};
  keep(schedule, left);
  machine_.enabled(s, core, enabled_, machine_.to_look_at(s, core, left, schedule.slots));
  kept_ = schedule.proposals.size();
  note_interrupt(s, core, schedule);
  const PipelineConfig& pipeline = platform_.config().pipeline;
  if (pipeline.on) {
    schedule.pipeline.look(pipeline, machine_.config(), s.core[core], s.storage.time,
                           [&](unsigned slot) { return first_look(s, core, slot); });
  }
  for (const Transition& t : enabled_) consider(s, t, schedule);
}

void Policy::keep(CoreSchedule& schedule, const model::Settled& settled) {
  std::vector<Proposal>& all = schedule.proposals;
  const auto rest = all.begin() + static_cast<std::ptrdiff_t>(schedule.keepable);
  if (settled.retired == 0 && (settled.slots.changed & schedule.slots) == 0) {  // so it is after most steps
    previous_.assign(rest, all.end());
    all.erase(rest, all.end());
    return;
  }
  schedule.slots = 0;
  auto kept = all.begin();
  for (auto p = all.begin(); p != all.end(); ++p) {
    if (p < rest && machine_.still_enabled(p->step, settled)) {
      schedule.slots |= u64{1} << p->step.slot;
      if (kept != p) *kept = *p;
      ++kept;
    } else {
      previous_.push_back(*p);
    }
  }
  all.erase(kept, all.end());
  schedule.keepable = all.size();
}

/// An interrupt travels to its core while the core has it masked. If the way began where it is unmasked, a core that
/// unmasks interrupts for a few instructions only, as the idle loop does, would never take it.
void Policy::note_interrupt(const MachineState& s, unsigned core, CoreSchedule& schedule) const {
  if (s.storage.irq.pending[core] == 0 || s.storage.irq.active[core] != 0)
    schedule.interrupt_ready.reset();
  else if (!schedule.interrupt_ready)
    schedule.interrupt_ready = s.storage.time + platform_.config().interrupt_latency +
                               jitter(core, 0, TransitionKind::TakeInterrupt);
}

void Policy::consider(const MachineState& s, const Transition& t, CoreSchedule& schedule) {
  if (!wanted(s, t, schedule)) return;
  const Core& c = s.core[t.core];
  Proposal p;
  p.step = t;
  p.port = static_cast<u8>(port(t.kind));
  const u32 seq = t.kind == TransitionKind::Fetch ? c.next_seq : has_entry(t.kind) ? c.window[t.slot].seq : 0;
  p.order = order_of(t, seq, part(t));
  const auto same = [&p](const Proposal& q) { return q.order == p.order; };
  // Versions of a word, places of an interrupt, stores that give bytes of one piece: several steps for one wish. What was kept
  // is about other slots, or of other kinds.
  const bool several = t.kind == TransitionKind::Fetch || t.kind == TransitionKind::TakeInterrupt ||
                       t.kind == TransitionKind::ForwardRead;
  const auto fresh = schedule.proposals.begin() + static_cast<std::ptrdiff_t>(kept_);
  if (several && std::any_of(fresh, schedule.proposals.end(), same)) return;
  const auto old = std::find_if(previous_.begin(), previous_.end(), same);
  if (t.kind == TransitionKind::TakeInterrupt) {
    p.ready = *schedule.interrupt_ready;
  } else if (old != previous_.end()) {
    p.ready = old->ready;
    p.ticks = old->ticks;
  } else {
    Way w = way(s, t);
    p.ticks = w.ticks;
    w.ticks += jitter(t.core, seq, t.kind, granule(s, t));
    p.ready = ready(s, t, w, schedule);
  }
  schedule.proposals.push_back(p);
  if (!machine_.may_keep(t.kind)) return;
  std::swap(schedule.proposals[schedule.keepable++], schedule.proposals.back());
  schedule.slots |= u64{1} << t.slot;
}

bool Policy::wanted(const MachineState& s, const Transition& t, const CoreSchedule& schedule) {
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::Predict: {
      const Entry& e = c.window[t.slot];
      // Picks, CAS and indirect branches are waited for: what they hang on always comes.
      if (is_exclusive_guess(e)) return t.choice == 1;
      if (e.uop->kind == UopKind::Alu) return is_random_tag(t, e.seq);
      if (e.uop->kind != UopKind::Branch || e.uop->branch_op() == isa::BranchOp::Indirect) return false;
      if (!platform_.config().predict_branches) return false;
      return (t.choice == 1) == schedule.predictor.predict(e.pc, static_cast<i64>(e.uop->imm));
    }
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead: return read_wanted(c, t);
    case TransitionKind::InvalidateInstruction: return t.choice == 0;
    case TransitionKind::Translate: {  // the walker of a timed core reads memory
      const model::Page& page = platform_.machine().program().pages[c.window[t.slot].page - 1u];
      const model::TableEntry* history = model::find_table(s.storage, page.descriptor);
      return history == nullptr || t.choice + 1u == history->values.size();
    }
    case TransitionKind::Fetch: {
      const PipelineConfig& pipeline = platform_.config().pipeline;
      return !pipeline.on || schedule.pipeline.room(pipeline, c);
    }
    default: return true;
  }
}

/// IRG: one of the tags that it may give, by the seed.
bool Policy::is_random_tag(const Transition& t, u32 seq) const {
  Hasher h;
  h.word(seed_);
  h.word(t.core | u64{seq} << 8);
  const auto alternative = [&t](const Transition& other) { return other.kind == t.kind && other.slot == t.slot; };
  u64 left = h.digest().b % static_cast<u64>(std::count_if(enabled_.begin(), enabled_.end(), alternative));
  const auto chosen = std::find_if(enabled_.begin(), enabled_.end(),
                                   [&](const Transition& other) { return alternative(other) && left-- == 0; });
  return chosen != enabled_.end() && chosen->choice == t.choice;
}

/// A load takes a piece in one go, memory bytes first, once every byte of it can be had: a store that leaves
/// the store buffer in between would otherwise take its bytes away. The read of an LSE operation goes to
/// memory together with its write, once older stores have left.
bool Policy::read_wanted(const Core& c, const Transition& t) {
  const Entry& e = c.window[t.slot];
  if (e.uop->mem.atomic && t.kind == TransitionKind::ForwardRead) return false;
  const unsigned first = part(t);
  if (!sources_) sources_ = model::source_slots(c);
  if ((*sources_ & ones(t.slot)) == 0) return true;
  const model::ReadSources sources = model::read_sources(c, t.slot, *sources_);
  u64 needed = 0;
  bool from_memory = false;
  for (unsigned b = first; b < first + model::piece_bytes(e); ++b) {
    if (sources.byte[b] == model::kFromMemory) from_memory = true;
    if (sources.byte[b] < model::kMonitorSlot) needed |= u64{1} << sources.byte[b];
  }
  if (from_memory && t.kind == TransitionKind::ForwardRead) return false;
  if (needed == 0) return true;
  for (const Transition& other : enabled_)
    if (other.kind == TransitionKind::ForwardRead && other.slot == t.slot && part(other) == first)
      needed &= ~(u64{1} << model::forward_slot(other.choice));
  return needed == 0 || (e.uop->mem.atomic && t.kind == TransitionKind::SatisfyRead);
}

Way Policy::quote(const model::Storage& s, AccessKind kind, unsigned core, u64 addr, unsigned size) {
  const PlatformConfig& config = platform_.config();
  const u64 hit = kind == AccessKind::Read ? config.load_latency : config.store_latency;
  if (const std::optional<u64> ticks = platform_.hit_latency(kind, core, addr)) return {*ticks, false, hit};
  model::Access a;
  a.kind = kind;
  a.core = static_cast<u8>(core);
  a.addr = addr;
  a.size = static_cast<u8>(size);
  const Reply r = platform_.quote(s, a);
  return {r.ticks, !r.hit, hit};
}

Way Policy::read_way(const MachineState& s, unsigned core, unsigned slot, unsigned part) {
  const Entry& e = s.core[core].window[slot];
  const PipelineConfig& pipeline = platform_.config().pipeline;
  const isa::MemoryAttributes& m = e.uop->mem;
  Way w = quote(s.storage, m.atomic ? AccessKind::Write : AccessKind::Read, core, e.addr + part, 1);
  if (m.atomic) {
    const Entry* write = write_of(s.core[core], slot);
    w.add(pipeline.atomic + (write != nullptr && write->uop->mem.release ? pipeline.atomic_release : 0));
  } else if (m.acquire || m.acquire_pc) {
    w.add(pipeline.acquire);
  }
  return w;
}

Way Policy::write_way(const MachineState& s, unsigned core, const Entry& e, unsigned part) {
  const PlatformConfig& config = platform_.config();
  const isa::MemoryAttributes& m = e.uop->mem;
  const bool single = m.atomic || m.exclusive;
  Way w = quote(s.storage, AccessKind::Write, core, e.addr + part, 1);
  if (!single) w.add(config.drain_delay + (m.release ? config.pipeline.release : 0));
  return w;
}

/// What an access whose address has just become known would take if nothing had to go before it.
Way Policy::first_look(const MachineState& s, unsigned core, unsigned slot) {
  const Core& c = s.core[core];
  const Entry& e = c.window[slot];
  if (model::is_write(e)) return e.uop->mem.atomic ? Way{} : write_way(s, core, e, 0);
  const u8 from = model::read_sources(c, slot).byte[0];
  return from < model::kMonitorSlot ? Way{platform_.config().forward_latency} : read_way(s, core, slot, 0);
}

/// When step `t`, which is possible from now on and takes `way`, is ready.
u64 Policy::ready(const MachineState& s, const Transition& t, Way way, CoreSchedule& schedule) const {
  const u64 now = s.storage.time;
  const PipelineConfig& config = platform_.config().pipeline;
  if (!config.on) return now + way.ticks;
  if (t.kind == TransitionKind::Fetch) return schedule.pipeline.fetch_ready(now, way.ticks);
  if (!has_entry(t.kind) || !model::is_access(s.core[t.core].window[t.slot])) return now + way.ticks;
  return schedule.pipeline.ready(config, s.core[t.core].window[t.slot], now, way);
}

u64 Policy::ticks_now(const MachineState& s, const Proposal& p) {
  const TransitionKind kind = p.step.kind;
  const bool exclusive = kind == TransitionKind::Predict && is_exclusive_guess(s.core[p.step.core].window[p.step.slot]);
  if (kind != TransitionKind::SatisfyRead && kind != TransitionKind::PropagateWrite && !exclusive) return 0;
  return way(s, p.step).ticks;
}

Way Policy::way(const MachineState& s, const Transition& t) {
  const PlatformConfig& config = platform_.config();
  const Core& c = s.core[t.core];
  switch (t.kind) {
    case TransitionKind::Fetch:
      return quote(s.storage, AccessKind::Fetch, t.core,
                   model::physical_address(platform_.machine().program(), c, c.pc, 4), 4);
    case TransitionKind::Predict: {
      const Entry& e = c.window[t.slot];
      if (!is_exclusive_guess(e) || !e.address_known) return {config.predict_latency};
      Way w = quote(s.storage, AccessKind::Write, t.core, e.addr, 1);
      w.ticks += config.pipeline.atomic;
      return w;
    }
    case TransitionKind::Translate: {
      const model::Program& program = platform_.machine().program();
      return quote(s.storage, AccessKind::Read, t.core, program.pages[c.window[t.slot].page - 1u].descriptor, 1);
    }
    case TransitionKind::SatisfyRead: return read_way(s, t.core, t.slot, part(t));
    case TransitionKind::ForwardRead: return {config.forward_latency};
    case TransitionKind::PropagateWrite: return write_way(s, t.core, c.window[t.slot], part(t));
    case TransitionKind::CleanData:
      return quote(s.storage, AccessKind::CleanData, t.core, c.window[t.slot].addr, 1);
    case TransitionKind::InvalidateInstruction:
      return quote(s.storage, AccessKind::InvalidateLine, t.core, c.window[t.slot].addr, 1);
    case TransitionKind::SystemAction: return quote(s.storage, AccessKind::Acknowledge, t.core, 0, 4);
    case TransitionKind::SystemEffect:
    case TransitionKind::HostCall: return {config.system_latency};
    case TransitionKind::TakeInterrupt:  // see note_interrupt()
    case TransitionKind::TimerTick: return {};
  }
  return {};
}

u64 Policy::jitter(unsigned core, u32 seq, TransitionKind kind, u64 which) const {
  const PlatformConfig& config = platform_.config();
  const bool start = kind == TransitionKind::Fetch && seq == 0;
  // A pipeline stage takes the time it takes; what leaves the core meets other traffic.
  const bool inside =
      kind == TransitionKind::Fetch || kind == TransitionKind::Predict || kind == TransitionKind::TimerTick;
  const u64 most = start ? config.start_skew : inside ? 0 : config.jitter;
  if (most == 0) return 0;
  Hasher h;
  h.word(seed_);
  h.word(core | u64{seq} << 8 | u64{static_cast<u8>(kind)} << 40);
  if (which != 0) h.word(which);
  return h.digest().a % (most + 1);
}

std::optional<Transition> Policy::decide(const MachineState& s, const Proposal& p) {
  Transition t = p.step;
  const Core& c = s.core[t.core];
  if (t.kind == TransitionKind::Fetch && s.storage.code.empty()) {
    t.choice = 0;
    return t;
  }
  if (t.kind == TransitionKind::Fetch) {
    model::Access a;
    a.kind = AccessKind::Fetch;
    a.core = t.core;
    a.addr = model::physical_address(platform_.machine().program(), c, c.pc, 4);
    a.size = 4;
    platform_.quote(s.storage, a);
    t.choice = a.version;
    return t;
  }
  const bool guess = t.kind == TransitionKind::Predict && is_exclusive_guess(c.window[t.slot]);
  const bool lse = t.kind == TransitionKind::SatisfyRead && c.window[t.slot].uop->mem.atomic;
  if (!guess && !lse) return t;
  if (guess && !model::atomic_now(c, t.slot)) {
    t.choice = 0;  // somebody else has written since the load-exclusive: this store can never succeed
    return t;
  }
  if (older_open(c, t.slot) || !completes_at_once(s, t)) return std::nullopt;
  return t;
}

bool Policy::completes_at_once(const MachineState& s, const Transition& t) {
  const Entry* write = write_of(s.core[t.core], t.slot);
  if (write == nullptr) return true;
  trial_.core[t.core] = s.core[t.core];
  trial_.storage.irq = s.storage.irq;
  trial_.storage.time = s.storage.time;
  trial_.dead = false;
  PeekFabric peek(s.storage, machine_.image());
  machine_.apply(trial_, t, peek);
  const Core& c = trial_.core[t.core];
  unsigned slot = 0;
  const Entry* w = find_seq(c, write->seq, &slot);
  if (w == nullptr || (w->inert && w->resolved)) return true;  // nothing is written: a CAS that fails
  return model::may_propagate(machine_.config(), c, slot) && model::atomic_now(c, slot);
}

std::optional<Transition> Policy::follow_up(const MachineState& s, const Proposal& p) {
  const TransitionKind kind = p.step.kind;
  if (kind != TransitionKind::SatisfyRead && kind != TransitionKind::ForwardRead &&
      kind != TransitionKind::Predict)
    return std::nullopt;
  const Core& c = s.core[p.step.core];
  unsigned slot = 0;
  const Entry* e = find_seq(c, p.seq(), &slot);
  if (e == nullptr || !model::is_access(*e)) return std::nullopt;
  if (kind != TransitionKind::Predict && !e->uop->mem.atomic) return rest_of_read(s, p, slot);
  const Entry* w = write_of(c, slot);
  if (w == nullptr) return std::nullopt;
  slot = static_cast<unsigned>(w - &c.window[0]);
  if (w->inert || w->fired || !model::may_propagate(machine_.config(), c, slot) ||
      !model::atomic_now(c, slot))
    return std::nullopt;
  return Transition{TransitionKind::PropagateWrite, p.step.core, static_cast<u8>(slot), 0};
}

std::optional<Transition> Policy::rest_of_read(const MachineState& s, const Proposal& p, unsigned slot) {
  const Entry& e = s.core[p.step.core].window[slot];
  const auto begin = e.source.begin() + p.part();
  if (std::find(begin, begin + model::piece_bytes(e), model::kUnbound) == begin + model::piece_bytes(e))
    return std::nullopt;
  enabled_.clear();
  machine_.enabled(s, p.step.core, enabled_);
  for (const Transition& t : enabled_)
    if (t.kind == TransitionKind::ForwardRead && t.slot == slot && part(t) == p.part()) return t;
  return std::nullopt;
}

}  // namespace isobar::systemc
