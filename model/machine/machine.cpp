#include "model/machine/machine.h"

#include "isa/decoder.h"
#include "model/machine/steps.h"
#include "model/thread/exceptions.h"
#include "model/thread/guards.h"
#include "model/thread/settle.h"
#include "model/thread/system_registers.h"
#include "model/thread/tags.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"
#include "support/diagnostic.h"

namespace isobar::model {

using isa::Reg;
using isa::UopKind;

namespace {

/// A fetch outside executable memory or from a misaligned PC, or behind a branch that its target refuses: the exception
/// itself, as an entry.
const isa::Instruction& abort_instruction() {
  static const isa::Instruction abort = [] {
    isa::Instruction i;
    i.count = 1;
    i.uops[0].kind = UopKind::Exception;
    i.uops[0].op = static_cast<u16>(isa::ExceptionOp::Undefined);
    return i;
  }();
  return abort;
}

/// Takes one step of one core. Each function is one row of the list of transitions in docs/semantics.md.
class Step {
 public:
  Step(const SettleContext& ctx, MachineState& s, const Transition& t, Fabric& fabric, const HostServices* host)
      : ctx_(ctx), s_(s), t_(t), core_(t.core), c_(s.core[t.core]), fabric_(fabric), host_(host) {}

  /// Mask of the other cores whose windows a write has changed.
  u16 disturbed() const { return disturbed_; }

  void run() {
    switch (t_.kind) {
      case TransitionKind::Fetch: return fetch();
      case TransitionKind::Predict: return predict();
      case TransitionKind::Translate: return translate();
      case TransitionKind::SatisfyRead: return satisfy();
      case TransitionKind::ForwardRead: return forward();
      case TransitionKind::PropagateWrite: return propagate();
      case TransitionKind::CleanData:
      case TransitionKind::InvalidateInstruction: return maintain();
      case TransitionKind::SystemAction: return act();
      case TransitionKind::SystemEffect:
        c_.context.tso = tso_after_synchronisation(ctx_.config, c_, core_);
        return;
      case TransitionKind::TakeInterrupt: return interrupt();
      case TransitionKind::TimerTick: return tick();
      case TransitionKind::HostCall: return host_call();
    }
  }

 private:
  Entry& entry() { return c_.window[t_.slot]; }

  Access access(AccessKind kind, u64 addr, unsigned size) const {
    Access a;
    a.kind = kind;
    a.core = t_.core;
    a.addr = addr;
    a.size = static_cast<u8>(size);
    return a;
  }

  void fetch() {
    const std::size_t before = c_.window.size();
    c_.waiting = false;
    const bool aligned = (c_.pc & 3) == 0;
    const Place place =
        aligned ? find_place(ctx_.program, c_, c_.context, c_.pc, 4, kExecEl0) : Place{kAlignmentFault, 0};
    if (place.fault != 0) {
      append(c_, abort_instruction(), c_.pc);
      Entry& e = c_.window.back();
      e.faulting = true;
      e.value2.hi = place.fault;
    } else {
      Access a = access(AccessKind::Fetch, place.physical, 4);
      a.version = t_.choice;
      fabric_.access(s_.storage, a);
      const u32 word = static_cast<u32>(a.data.lo);
      const bool refused = refuses_branch(ctx_.program, c_, word);
      append(c_, refused ? abort_instruction() : isa::decode_cached(word), c_.pc);
      if (ctx_.program.map != nullptr) c_.context = context_behind(ctx_.program, c_, c_.window.back());
      if (refused) {
        c_.window.back().faulting = true;
        c_.window.back().value2.hi = kBranchTargetFault;
      }
      c_.window[before].unordered =
          !s_.storage.code.empty() && fetch_conflicts(s_.storage, ctx_.config, place.physical, t_.choice, core_);
    }
    c_.pc += 4;
    const isa::Uop& last = *c_.window.back().uop;
    if (last.kind == UopKind::Hint && last.hint_op() == isa::HintOp::Wfi) c_.waiting = true;
    if (ctx_.observer != nullptr)
      for (std::size_t j = before; j < c_.window.size(); ++j) ctx_.observer->fetched(core_, c_.window[j]);
  }

  void predict() {
    Entry& e = entry();
    e.guessed = true;
    e.choice = static_cast<u8>(t_.choice);
    if (e.uop->kind == UopKind::Branch) {
      const bool indirect = e.uop->branch_op() == isa::BranchOp::Indirect;
      e.addr = indirect ? ctx_.program.indirect_targets[t_.choice] : t_.choice == 1 ? e.pc + e.uop->imm : e.pc + 4;
      c_.pc = e.addr;
    } else if (e.uop->kind == UopKind::Eret) {
      e.addr = ctx_.program.indirect_targets[t_.choice];
      c_.pc = e.addr;
      c_.context = guessed_return(c_.context);
    } else if (is_write(e)) {
      const bool cas = e.uop->mem.rmw == isa::RmwOp::CompareAndSwap;
      e.inert = cas ? e.choice == kCasUnequal : e.choice == 0;
    }
  }

  /// The descriptor stays in `value2.hi` until settle() has turned it into an address or a fault.
  void translate() {
    Entry& e = entry();
    const u64 at = ctx_.program.pages[e.page - 1u].descriptor;
    Access a = access(AccessKind::ReadDescriptor, at, 8);
    a.version = t_.choice;
    fabric_.access(s_.storage, a);
    const TableEntry* history = find_table(s_.storage, at);
    const bool newest = history == nullptr || t_.choice + 1u == history->values.size();
    const Descriptor d = updated_descriptor(ctx_.config.core[core_], {a.data.lo}, translates_for_store(c_, t_.slot));
    if (d.bits != a.data.lo) update_descriptor(at, e.page, d.bits);
    set_translation(c_, t_.slot, d, newest ? Translation::Current : Translation::Outdated);
  }

  /// The walk writes the descriptor it has just read. The write belongs to no store of the core.
  void update_descriptor(u64 at, unsigned page, u64 bits) {
    Access a = access(AccessKind::Write, at, 8);
    a.atomic = true;
    a.data.lo = bits;
    fabric_.access(s_.storage, a);
    for (unsigned k = 0; k < s_.core.size(); ++k) landed(k, at, 8, false);
    mark_outdated(s_, page);
  }

  Access access(AccessKind kind, const Entry& e, unsigned first) const {
    const isa::MemoryAttributes& m = e.uop->mem;
    Access a = access(kind, e.addr + first, piece_bytes(e));
    a.acquire = m.acquire || m.acquire_pc;
    a.release = m.release;
    a.exclusive = m.exclusive;
    a.atomic = m.atomic;
    return a;
  }

  void satisfy() {
    const u16 mask = bytes_from(c_, t_.slot, kFromMemory, t_.choice);
    if (repair_overtaken(mask)) return;
    Entry& e = entry();
    Access a = access(AccessKind::Read, e, t_.choice);
    fabric_.access(s_.storage, a);
    if (mask == all_bytes(e)) {
      std::fill_n(e.source.begin(), e.uop->mem.size, kFromMemory);
      e.raw = a.data;
    } else {
      for (unsigned b : each_one(mask)) {
        e.source[b] = kFromMemory;
        e.raw.set_byte(b, a.data.byte(b - t_.choice));
      }
    }
    bound(mask, -1);
  }

  void forward() {
    const u8 from = forward_slot(t_.choice);
    const u16 mask = bytes_from(c_, t_.slot, from, forward_first(t_.choice));
    if (repair_overtaken(mask)) return;
    Entry& e = entry();
    for (unsigned b : each_one(mask)) e.source[b] = from;
    note_read(s_.storage, core_);
    bound(mask, c_.window[from].seq);
  }

  /// Speculation::Squash: a younger read that was satisfied too early is fetched again.
  bool repair_overtaken(u16 mask) {
    const u8 y = overtaken_younger_read(c_, t_.slot, mask);
    if (y == kNoSlot) return false;
    if (ctx_.config.speculation == Speculation::Prune) {
      s_.dead = true;
      return true;
    }
    restart(ctx_, s_, core_, y);
    return false;
  }

  void bound(u16 mask, i64 from) {
    Entry& e = entry();
    e.fired = std::none_of(e.source.begin(), e.source.begin() + e.uop->mem.size, [](u8 x) { return x == kUnbound; });
    if (ctx_.observer != nullptr) ctx_.observer->bound(core_, e, mask, from);
  }

  void propagate() {
    Entry& e = entry();
    Access a = access(AccessKind::Write, e, t_.choice);
    for (unsigned b = 0; b < a.size; ++b) a.data.set_byte(b, e.value.byte(t_.choice + b));
    fabric_.access(s_.storage, a);
    e.own = static_cast<u16>(e.own | piece_mask(e, t_.choice));
    e.fired = e.own == all_bytes(e);
    for (unsigned k = 0; k < s_.core.size(); ++k)
      if (landed(k, a.addr, a.size, k == core_) && k != core_) disturbed_ = static_cast<u16>(disturbed_ | 1u << k);
    for (unsigned p = 0; p < ctx_.program.pages.size(); ++p)
      if (overlaps(ctx_.program.pages[p].descriptor, 8, a.addr, a.size)) mark_outdated(s_, p + 1);
    if (ctx_.observer != nullptr) ctx_.observer->propagated(core_, e);
  }

  /// What the write that just reached memory means for the reads of core `k`. `same`: it is the store at t_.slot of that
  /// core. False if it means nothing.
  bool landed(unsigned k, u64 addr, unsigned size, bool same) {
    Core& c = s_.core[k];
    bool any = false;
    for (unsigned slot : each_one(c.window.reads())) {
      Entry& r = c.window[slot];
      if (!r.address_known || !overlaps(r.addr, r.uop->mem.size, addr, size)) continue;
      any = true;
      const bool rmw = r.uop->mem.atomic || r.uop->mem.exclusive;
      for (unsigned b = 0; b < r.uop->mem.size; ++b) {
        if (r.addr + b < addr || r.addr + b >= addr + size) continue;
        const u16 bit_b = static_cast<u16>(1u << b);
        const bool guarded = !is_tag_check(r) || !holds(Rule::TagHazard);
        if (r.source[b] == kFromMemory && !same && guarded) {
          r.foreign = static_cast<u16>(r.foreign | bit_b);
          c.window.reopen(slot);
        }
        if (r.source[b] == kFromMemory && same && rmw) r.own = static_cast<u16>(r.own | bit_b);
        if (same && r.source[b] == t_.slot) {
          r.source[b] = kFromMemory;
          const Entry& w = entry();
          r.raw.set_byte(b, w.value.byte(static_cast<unsigned>(r.addr + b - w.addr)));
        }
      }
    }
    if (!c.monitor.valid || !overlaps(c.monitor.addr, c.monitor.size, addr, size)) return any;
    for (unsigned b = 0; b < c.monitor.size; ++b) {
      if (c.monitor.addr + b < addr || c.monitor.addr + b >= addr + size) continue;
      u16& mask = same ? c.monitor.own : c.monitor.foreign;
      mask = static_cast<u16>(mask | 1u << b);
    }
    return true;
  }

  void maintain() {
    Entry& e = entry();
    e.fired = e.known = true;
    Access a = access(AccessKind::CleanData, e.addr, 1);
    switch (e.uop->cache_op()) {
      case isa::CacheOpKind::DcCvau:
      case isa::CacheOpKind::DcCvac:
      case isa::CacheOpKind::DcCivac:
      case isa::CacheOpKind::DcIvac: break;
      case isa::CacheOpKind::IcIvau: a.kind = AccessKind::InvalidateLine; break;
      case isa::CacheOpKind::IcIallu:
        a.kind = ctx_.config.force_broadcast ? AccessKind::InvalidateAll : AccessKind::InvalidateAllLocal;
        break;
      case isa::CacheOpKind::IcIalluis: a.kind = AccessKind::InvalidateAll; break;
      case isa::CacheOpKind::TlbiPageLocal:
      case isa::CacheOpKind::TlbiPage:
      case isa::CacheOpKind::TlbiAllLocal:
      case isa::CacheOpKind::TlbiAll: a.kind = AccessKind::InvalidateTlb; break;
    }
    if (a.kind == AccessKind::InvalidateTlb && ctx_.program.pages.empty()) return;
    e.inert = t_.choice != 0;
    if (!e.inert) {
      if (a.kind == AccessKind::InvalidateTlb && !invalidate_tlb(a)) return;
      fabric_.access(s_.storage, a);
    }
    if (ctx_.observer != nullptr) ctx_.observer->performed(core_, e, a);
  }

  /// False if the operand names a page that has no descriptor.
  bool invalidate_tlb(Access& a) {
    const isa::CacheOpKind kind = entry().uop->cache_op();
    a.local = kind == isa::CacheOpKind::TlbiPageLocal || kind == isa::CacheOpKind::TlbiAllLocal;
    a.addr = 0;
    unsigned page = 0;
    if (kind == isa::CacheOpKind::TlbiPageLocal || kind == isa::CacheOpKind::TlbiPage) {
      page = page_of(ctx_.program, (entry().addr & ones(44)) << 12);
      if (page == 0) return false;
      a.addr = ctx_.program.pages[page - 1u].descriptor;
    }
    mark_stale(s_, core_, page, a.local);
    return true;
  }

  void act() {
    Entry& e = entry();
    Access a = access(AccessKind::Acknowledge, e.value.lo, 8);
    if (e.uop->sys == Reg::ICC_SGI1R_EL1) a.kind = AccessKind::SendSgi;
    if (e.uop->sys == Reg::ICC_EOIR1_EL1) a.kind = AccessKind::EndOfInterrupt;
    fabric_.access(s_.storage, a);
    if (a.kind == AccessKind::Acknowledge) e.value = {a.data.lo, 0};
    e.known = e.fired = true;
    if (ctx_.observer != nullptr) ctx_.observer->performed(core_, e, a);
  }

  void interrupt() {
    const u64 return_pc = t_.slot < c_.window.size() ? c_.window[t_.slot].pc : c_.pc;
    take_exception(ctx_, s_, core_, t_.slot, return_pc, 0, 0, 0x480);
  }

  void tick() {
    Access a = access(AccessKind::TimerInterrupt, 0, 0);
    fabric_.access(s_.storage, a);
  }

  void host_call() {
    Entry& e = entry();
    const u16 number = static_cast<u16>(e.uop->imm);
    e.fired = e.known = true;
    settle(ctx_, s_, core_);
    if (host_ == nullptr) return;
    host_->call(s_, core_, number);
    disturbed_ = static_cast<u16>(ones(static_cast<unsigned>(s_.core.size())) & ~(u64{1} << core_));
  }

  const SettleContext& ctx_;
  MachineState& s_;
  const Transition t_;
  unsigned core_;
  Core& c_;
  Fabric& fabric_;
  const HostServices* host_;
  u16 disturbed_ = 0;
};

/// First slot of the oldest instruction of its core that step `t` may change, or that waits for something that it
/// changes. What is older is as settled as before; settling all of the window costs a third of a timed run.
unsigned first_affected(const Program& program, const Core& c, const Transition& t) {
  switch (t.kind) {
    case TransitionKind::Fetch: return static_cast<unsigned>(c.window.size());
    case TransitionKind::Predict:
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite: break;
    default: return 0;
  }
  // A DSB behind a TLBI waits for accesses anywhere.
  if (!program.pages.empty()) return 0;
  const u8 partner = c.window[t.slot].partner;
  return instruction_start(c, std::min<unsigned>(t.slot, partner < kMonitorSlot ? partner : t.slot));
}

/// Mask of the slots that step `t` itself changes.
u64 touched_by(const Core& c, const Transition& t) {
  switch (t.kind) {
    case TransitionKind::Fetch: return c.window.size() >= 64 ? 0 : ~u64{0} << c.window.size();
    case TransitionKind::Predict:
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite: break;
    default: return ~u64{0};
  }
  const u8 partner = c.window[t.slot].partner;
  return u64{1} << t.slot | (partner < kMonitorSlot ? u64{1} << partner : 0);
}

}  // namespace

Machine::Machine(MachineConfig config, Program program, std::shared_ptr<const HostServices> host)
    : config_(std::move(config)), program_(std::move(program)), image_(std::make_unique<Image>(program_)),
      host_(std::move(host)) {
  if (const std::string why = config_.invalid(); !why.empty()) throw InputError(Diagnostic{{}, why});
  if (program_.reset.size() != config_.cores)
    throw InputError(Diagnostic{{}, "the program starts " + std::to_string(program_.reset.size()) +
                                        " cores, the machine has " + std::to_string(config_.cores)});
}

MachineState Machine::initial() const {
  MachineState s;
  s.core.resize(config_.cores);
  s.storage.time = program_.start_time;
  for (unsigned k = 0; k < config_.cores; ++k) {
    const ResetState& r = program_.reset[k];
    Core& c = s.core[k];
    c.window.reserve(config_.window);
    c.pc = r.pc;
    c.context.el = r.el;
    c.context.daif = r.daif;
    c.context.sp_sel = r.sp_sel;
    if (config_.core[k].tso_at_reset && config_.core[k].tso != TsoSupport::None)
      c.reg.set(Reg::ACTLR_EL1, {2, 0});
    c.reg.set(Reg::SCTLR_EL1, {initial_sctlr(config_, config_.core[k]), 0});
    for (const auto& [reg, value] : r.registers) {
      if (const Reg actual = actual_register(reg, c.context); actual != Reg::None) c.reg.set(actual, value);
    }
    c.context.tso = tso_after_synchronisation(config_, c, k);
    c.context.tags = tags_after_synchronisation(config_, c, c.context.el, 0);
    s.storage.irq.ticks[k] = static_cast<u8>(config_.timer_ticks);
  }
  return s;
}

Settled Machine::apply(MachineState& s, const Transition& t, Fabric& fabric, Observer* observer) const {
  const SettleContext ctx{config_, program_, observer};
  const unsigned first = first_affected(program_, s.core[t.core], t);
  const u64 touched = touched_by(s.core[t.core], t);
  Step step(ctx, s, t, fabric, host_.get());
  step.run();
  if (s.dead) return {};
  Settled result = settle(ctx, s, t.core, first, touched);
  result.disturbed = step.disturbed();
  // A DSB after TLBI may wait for an access of another core.
  if (!program_.pages.empty()) result.disturbed = static_cast<u16>(ones(static_cast<unsigned>(s.core.size())) & ~(u64{1} << t.core));
  // A store-exclusive that was let through early may have lost its reservation; see settle().
  const bool writes = t.kind == TransitionKind::PropagateWrite || t.kind == TransitionKind::HostCall;
  const bool lost = config_.speculation == Speculation::Squash && writes;
  if (!lost && program_.pages.empty()) return result;
  for (unsigned k = 0; k < s.core.size() && !s.dead; ++k)
    if ((result.disturbed >> k & 1) != 0) settle(ctx, s, k);
  return result;
}

bool Machine::finished(const MachineState& s) const {
  for (unsigned k = 0; k < s.core.size(); ++k) {
    const Core& c = s.core[k];
    if (!program_.reset[k].running) continue;
    if (!c.window.empty()) return false;
    if (interrupt_due(s, k)) return false;
    if (!at_stop(program_, c) && !(c.waiting && s.storage.irq.pending[k] == 0)) return false;
  }
  return true;
}

}  // namespace isobar::model
