// Which steps a state allows. One function per kind of step; the guards they use are in model/thread/guards.h.
#include <optional>

#include "isa/alu_op.h"
#include "isa/evaluate.h"
#include "model/machine/steps.h"
#include "model/state/mutation.h"
#include "model/state/regions.h"
#include "model/thread/exceptions.h"
#include "model/thread/guards.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"

namespace isobar::model {

using isa::Reg;
using isa::UopKind;

namespace {

constexpr unsigned kTimerIntid = 27;

/// Steps of these hang on how many guesses are open.
bool may_be_guessed(const Entry& e) {
  switch (e.uop->kind) {
    case UopKind::Branch:
    case UopKind::Select: return !e.guessed && !e.resolved;
    case UopKind::Write: return is_undecided(e);
    case UopKind::Eret: return !e.fired;
    case UopKind::Alu: return !e.known;
    default: return false;
  }
}

class Enumerator {
 public:
  Enumerator(const MachineConfig& config, const Program& program, const Image& image, const MachineState& s,
             unsigned core, std::vector<Transition>& out)
      : config_(config), program_(program), image_(image), s_(s), c_(s.core[core]), core_(static_cast<u8>(core)), out_(out) {}

  void run(u64 slots) {
    if (!program_.reset[core_].running) return;
    for (unsigned i : each_one(cases(slots))) slot(i);
    fetch();
    system_effect();
    interrupt();
    timer();
  }

 private:
  void add(TransitionKind k, unsigned slot, unsigned choice) {
    out_.push_back({k, core_, static_cast<u8>(slot), static_cast<u16>(choice)});
  }

  /// Mask of those of `slots` that may have steps.
  u64 cases(u64 slots) {
    u64 result = 0;
    for (unsigned i : each_one(slots & all_slots()))
      if (!has_nothing_to_choose(c_.window[i])) result |= u64{1} << i;
    return result;
  }

  // What the steps below need to know about the window, looked for when the first of them asks.

  bool may_guess() {
    if (!has_few_guesses(config_)) return true;
    if (!may_guess_) {
      unsigned open = 0;
      for (const Entry& e : c_.window) open += e.guessed && !e.resolved;
      may_guess_ = open < config_.max_guesses;
    }
    return *may_guess_;
  }

  u64 sources() {
    if (!sources_) sources_ = source_slots(c_);
    return *sources_;
  }

  /// Slot of the oldest that is_uncommitted(), the size of the window if none is.
  unsigned first_uncommitted() {
    if (!first_uncommitted_)
      first_uncommitted_ = first_of(~c_.window.arithmetic(), [](const Entry& e) { return is_uncommitted(e); });
    return *first_uncommitted_;
  }

  /// Slot of the oldest that loads may have to wait for, the size of the window if there is none.
  unsigned first_holding_loads() {
    if (!first_holding_loads_)
      first_holding_loads_ = first_of(~c_.window.plain(), [](const Entry& e) { return may_hold_loads(e); });
    return *first_holding_loads_;
  }

  /// Mask of those that stores may have to wait for.
  u64 holding_stores() {
    if (!holding_stores_) {
      holding_stores_ = 0;
      for (unsigned i : each_one((c_.window.writes() | ~c_.window.plain()) & all_slots()))
        *holding_stores_ |= u64{may_hold_stores(c_.window[i])} << i;
    }
    return *holding_stores_;
  }

  u64 all_slots() const { return ones(static_cast<unsigned>(c_.window.size())); }

  template <class Test>
  unsigned first_of(u64 slots, Test test) const {
    for (unsigned i : each_one(slots & all_slots()))
      if (test(c_.window[i])) return i;
    return static_cast<unsigned>(c_.window.size());
  }

  /// may_satisfy(), for which most loads need not look at the window.
  bool may_read(unsigned i) {
    const Entry& e = c_.window[i];
    if (!e.context.tso && e.address_known && !e.faulting && i <= first_holding_loads()) return true;
    return may_satisfy(config_, c_, i);
  }

  /// may_propagate(), for which most stores of a core that repairs its guesses need not.
  bool may_write(unsigned i) {
    const Entry& e = c_.window[i];
    if (config_.speculation == Speculation::Squash) {
      if (first_uncommitted() < i) return false;
      const bool plain = !e.uop->mem.exclusive && e.uop->mem.rmw == isa::RmwOp::Plain;
      if (plain && e.address_known && e.known && !e.faulting) return may_pass(config_, c_, i, holding_stores());
    }
    return may_propagate(config_, c_, i);
  }

  /// Most of the window: looked at before the cases below because it is cheap.
  static bool has_nothing_to_choose(const Entry& e) {
    return e.fired || (e.known && (e.uop->kind == UopKind::Alu || e.uop->kind == UopKind::Hint));
  }

  void slot(unsigned i) {
    const Entry& e = c_.window[i];
    if (e.translation == Translation::Pending) translate(i);
    switch (e.uop->kind) {
      case UopKind::Alu: return random_tag(i);
      case UopKind::Branch: return predict_branch(i);
      case UopKind::Select:
        if (!e.guessed && !e.resolved) predict(i, 2);
        return;
      case UopKind::Read:
        if (!e.fired && may_read(i)) read(i);
        return;
      case UopKind::Write: return write(i);
      case UopKind::CacheOp: return maintain(i);
      case UopKind::SysRead:
      case UopKind::SysWrite:
        if (is_system_action(e) && !e.fired && may_act(config_, c_, i)) add(TransitionKind::SystemAction, i, 0);
        return;
      case UopKind::Eret:
        // Only one that is no context synchronisation event leaves what follows it free to be fetched early.
        if (!config_.eos && e.context.el == 1 && !e.guessed && !e.fired)
          predict_target(i, kExecEl0);
        return;
      case UopKind::Exception:
        if (i == 0 && !e.fired && !e.faulting && e.uop->exception_op() == isa::ExceptionOp::Hvc && e.context.el == 1)
          add(TransitionKind::HostCall, 0, 0);
        return;
      default: return;
    }
  }

  void translate(unsigned i) {
    const Translations t = translations(config_, program_, image_, s_, core_, i);
    for (u64 mask = t.mask; mask != 0; mask &= mask - 1)
      add(TransitionKind::Translate, i, t.first + static_cast<unsigned>(__builtin_ctzll(mask)));
  }

  void predict(unsigned i, unsigned alternatives) {
    if (!may_guess()) return;
    for (unsigned k = 0; k < alternatives; ++k) add(TransitionKind::Predict, i, k);
  }

  /// IRG: any tag that is not excluded. The excluded ones are known first: the choice itself hangs on nothing.
  void random_tag(unsigned i) {
    const Entry& e = c_.window[i];
    if (isa::alu_op(*e.uop) != isa::AluOp::TagRandom || e.guessed || !config_.tagging) return;
    isa::Inputs in{};
    if (!operands(c_, e, 0, e.uop->n_src, in).known) return;
    const u64 excluded = in[1].lo | in[2].lo;
    if ((excluded & 0xffff) == 0xffff) return add(TransitionKind::Predict, i, 0);
    for (unsigned tag = 0; tag < 16; ++tag)
      if ((excluded >> tag & 1) == 0) add(TransitionKind::Predict, i, tag);
  }

  void predict_branch(unsigned i) {
    const Entry& e = c_.window[i];
    if (e.guessed || e.resolved) return;
    if (e.uop->branch_op() != isa::BranchOp::Indirect) return predict(i, 2);
    predict_target(i, e.context.el == 1 ? kExecEl1 : kExecEl0);
  }

  /// Under a kernel there is no use in guessing a target that `permission` does not allow to execute: the abort waits
  /// for the guess to be checked.
  void predict_target(unsigned i, u8 permission) {
    if (!may_guess()) return;
    for (unsigned k = 0; k < program_.indirect_targets.size(); ++k)
      if (!program_.has_kernel || permits(program_, program_.indirect_targets[k], permission))
        add(TransitionKind::Predict, i, k);
  }

  /// Per single-copy-atomic piece one step per source: the bytes that come from memory, all at one instant and before
  /// any other byte of the piece, and those of each own store in the store buffer.
  void read(unsigned i) {
    const ReadSources from = read_sources(c_, i, sources());
    if (from.blocked) return;
    const Entry& e = c_.window[i];
    const unsigned bytes = piece_bytes(e);
    for (unsigned first = 0; first < e.uop->mem.size; first += bytes) {
      u64 stores = 0;
      bool memory = false;
      bool untouched = true;
      for (unsigned b = first; b < first + bytes; ++b) {
        untouched &= e.source[b] == kUnbound;
        memory |= from.byte[b] == kFromMemory;
        if (from.byte[b] < kMonitorSlot) stores |= u64{1} << from.byte[b];
      }
      untouched |= !holds(Rule::MemoryFirst);
      if (memory && untouched && !overtakes(i, kFromMemory, first)) add(TransitionKind::SatisfyRead, i, first);
      for (; stores != 0; stores &= stores - 1) forward(i, static_cast<u8>(__builtin_ctzll(stores)), first);
    }
  }

  void forward(unsigned i, u8 from, unsigned first) {
    if (!may_forward(c_, from, c_.window[i]) || overtakes(i, from, first)) return;
    add(TransitionKind::ForwardRead, i, forward_choice(from, first));
  }

  /// Would satisfying read `i` from `from` now break coherence of two reads (2.3.5)? Only search forbids the step;
  /// otherwise the younger read is fetched again.
  bool overtakes(unsigned i, u8 from, unsigned first) const {
    return config_.speculation == Speculation::Prune &&
           overtaken_younger_read(c_, i, bytes_from(c_, i, from, first)) != kNoSlot;
  }

  void write(unsigned i) {
    const Entry& e = c_.window[i];
    if (is_undecided(e)) {
      if (e.uop->mem.rmw == isa::RmwOp::CompareAndSwap) return predict(i, 4);
      if (e.partner != kNoSlot) predict(i, 2);
      return;
    }
    if (e.fired || e.inert) return;
    if (!may_write(i)) return;
    if (!atomic_now(c_, i)) return;
    for (unsigned first = 0; first < e.uop->mem.size; first += piece_bytes(e))
      if ((e.own >> first & 1) == 0) add(TransitionKind::PropagateWrite, i, first);
  }

  void maintain(unsigned i) {
    const Entry& e = c_.window[i];
    if (e.fired || !may_maintain(config_, c_, i)) return;
    if (e.uop->cache_op() <= isa::CacheOpKind::DcIvac) return add(TransitionKind::CleanData, i, 0);
    add(TransitionKind::InvalidateInstruction, i, 0);
    // Without a DSB to complete it an IC may as well have no effect; a DSB after it rules that path out. It matters
    // only once some word has been modified.
    const bool tlbi = e.uop->cache_op() >= isa::CacheOpKind::TlbiPageLocal;
    if (config_.speculation == Speculation::Prune && (!tlbi || !program_.pages.empty()))
      add(TransitionKind::InvalidateInstruction, i, 1);
  }

  void fetch() {
    if (!may_fetch(config_, program_, s_, core_)) return;
    if (s_.storage.code.empty()) return add(TransitionKind::Fetch, static_cast<unsigned>(c_.window.size()), 0);
    const u64 at = physical_address(program_, c_, c_.pc, 4);
    const FetchRange range = fetchable(s_.storage, config_, at, core_);
    for (unsigned k = 0; k < range.count; ++k) add(TransitionKind::Fetch, c_.window.size(), range.first + k);
  }

  void system_effect() {
    if (tso_effect_pending(config_, c_, core_)) add(TransitionKind::SystemEffect, 0, 0);
  }

  /// An IRQ may be taken between any two instructions in flight, as long as nothing younger has had an effect that others
  /// can see. What younger instructions have read is forgotten: search takes reads of private memory as soon as they can be
  /// taken, and must not lose the runs in which the interrupt comes first.
  void interrupt() {
    if (s_.storage.irq.pending[core_] == 0 || s_.storage.irq.active[core_] != 0 || c_.stop.stopped) return;
    const unsigned n = static_cast<unsigned>(c_.window.size());
    for (unsigned k = n + 1; k-- > 0;) {
      if (k < n && has_happened(c_.window[k])) return;
      if (k < n && c_.window[k].index != 0) continue;
      const Context& at = k < n ? c_.window[k].context : c_.context;
      if ((at.daif & 2) != 0) continue;
      if (k == n && !frontier_known(program_, c_)) continue;
      if (!synchronised(c_, k)) continue;
      if (!register_operand(c_, Reg::VBAR_EL1, k).known) continue;
      add(TransitionKind::TakeInterrupt, k, 0);
    }
  }

  bool has_happened(const Entry& e) const {
    if (is_write(e)) return e.own != 0 || e.fired;
    return (e.uop->kind == UopKind::CacheOp || is_system_action(e)) && e.fired;
  }

  void timer() {
    if (!timer_may_fire(config_, s_, core_)) return;
    add(TransitionKind::TimerTick, 0, kTimerIntid);
  }

  const MachineConfig& config_;
  const Program& program_;
  const Image& image_;
  const MachineState& s_;
  const Core& c_;
  u8 core_;
  std::vector<Transition>& out_;
  std::optional<bool> may_guess_;
  std::optional<u64> sources_, holding_stores_;
  std::optional<unsigned> first_uncommitted_, first_holding_loads_;
};

}  // namespace

u64 Machine::to_look_at(const MachineState& s, unsigned core, const Settled& settled, u64 kept) const {
  u64 slots = settled.slots.changed | (settled.slots.awaited & ~kept);
  if (!has_few_guesses(config_)) return slots;
  const Core& c = s.core[core];
  for (unsigned i = 0; i < c.window.size(); ++i) slots |= u64{may_be_guessed(c.window[i])} << i;
  return slots;
}

void Machine::enabled(const MachineState& s, std::vector<Transition>& out) const {
  for (unsigned core = 0; core < s.core.size(); ++core) enabled(s, core, out);
}

void Machine::enabled(const MachineState& s, unsigned core, std::vector<Transition>& out, u64 slots) const {
  if (!s.dead) Enumerator(config_, program_, *image_, s, core, out).run(slots);
}

}  // namespace isobar::model
