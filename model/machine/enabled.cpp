// Which steps a state allows. One function per kind of step; the guards they use are in model/thread/guards.h.
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

/// May there be more guesses in the window than can be open?
bool has_few_guesses(const MachineConfig& config) { return config.max_guesses < config.window; }

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
    for (u64 left = cases(slots); left != 0; left &= left - 1) slot(static_cast<unsigned>(__builtin_ctzll(left)));
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
    const unsigned size = static_cast<unsigned>(c_.window.size());
    for (u64 left = slots & ones(size); left != 0; left &= left - 1) {
      const unsigned i = static_cast<unsigned>(__builtin_ctzll(left));
      if (!has_nothing_to_choose(c_.window[i])) result |= u64{1} << i;
    }
    if (result != 0) look(has_few_guesses(config_) ? size : 64 - static_cast<unsigned>(__builtin_clzll(result)));
    return result;
  }

  /// What the steps below need to know about the window, as far as slot `end`.
  void look(unsigned end) {
    for (unsigned i = 0; i < end; ++i) {
      const Entry& e = c_.window[i];
      const UopKind kind = e.uop->kind;
      // Most of the window is done and waits for what is older: not looked at any closer, which is measured.
      if (e.known && (kind == UopKind::Alu || (kind == UopKind::Read && e.fired && e.address_known && !e.faulting))) continue;
      const u64 slot = u64{1} << i;
      open_guesses_ += e.guessed && !e.resolved;
      if (is_source(e)) sources_ |= slot;
      if (uncommitted_ == kNone && is_uncommitted(e)) uncommitted_ = i;
      if (holds_loads_ == kNone && may_hold_loads(e)) holds_loads_ = i;
      if (may_hold_stores(e)) hold_stores_ |= slot;
    }
  }

  /// may_satisfy(), for which most loads need not look at the window.
  bool may_read(unsigned i) const {
    const Entry& e = c_.window[i];
    if (i <= holds_loads_ && !e.context.tso && e.address_known && !e.faulting) return true;
    return may_satisfy(config_, c_, i);
  }

  /// may_propagate(), for which most stores of a core that repairs its guesses need not.
  bool may_write(unsigned i) const {
    const Entry& e = c_.window[i];
    if (config_.speculation == Speculation::Squash) {
      if (uncommitted_ < i) return false;
      const bool plain = !e.uop->mem.exclusive && e.uop->mem.rmw == isa::RmwOp::Plain;
      if (plain && e.address_known && e.known && !e.faulting) return may_pass(config_, c_, i, hold_stores_);
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
    if (open_guesses_ >= config_.max_guesses) return;
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
    if (open_guesses_ >= config_.max_guesses) return;
    for (unsigned k = 0; k < program_.indirect_targets.size(); ++k)
      if (!program_.has_kernel || permits(program_, program_.indirect_targets[k], permission))
        add(TransitionKind::Predict, i, k);
  }

  /// Per single-copy-atomic piece one step per source: the bytes that come from memory, all at one instant and before
  /// any other byte of the piece, and those of each own store in the store buffer.
  void read(unsigned i) {
    const ReadSources sources = read_sources(c_, i, sources_);
    if (sources.blocked) return;
    const Entry& e = c_.window[i];
    const unsigned bytes = piece_bytes(e);
    for (unsigned first = 0; first < e.uop->mem.size; first += bytes) {
      u64 stores = 0;
      bool memory = false;
      bool untouched = true;
      for (unsigned b = first; b < first + bytes; ++b) {
        untouched &= e.source[b] == kUnbound;
        memory |= sources.byte[b] == kFromMemory;
        if (sources.byte[b] < kMonitorSlot) stores |= u64{1} << sources.byte[b];
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
    const u64 at = s_.storage.code.empty() ? c_.pc : physical_address(program_, c_, c_.pc, 4);
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
  unsigned open_guesses_ = 0;
  u64 sources_ = 0;  ///< source_slots()
  static constexpr unsigned kNone = ~0u;
  unsigned uncommitted_ = kNone, holds_loads_ = kNone;  ///< first slot of which that is true
  u64 hold_stores_ = 0;                                 ///< slots of which that is true
};

}  // namespace

bool Machine::still_enabled(Transition& t, const Settled& settled) const {
  switch (t.kind) {
    case TransitionKind::Predict:
      if (has_few_guesses(config_)) return false;
      break;
    case TransitionKind::SatisfyRead:
    case TransitionKind::ForwardRead:
    case TransitionKind::PropagateWrite:
    case TransitionKind::CleanData:
    case TransitionKind::InvalidateInstruction:
    case TransitionKind::SystemAction:
    case TransitionKind::Translate: break;
    default: return false;
  }
  const unsigned gone = settled.retired;
  if (t.slot < gone || (settled.slots.changed >> (t.slot - gone) & 1) != 0) return false;
  if (t.kind == TransitionKind::ForwardRead && gone != 0)
    t.choice = forward_choice(static_cast<u8>(forward_slot(t.choice) - gone), forward_first(t.choice));
  t.slot = static_cast<u8>(t.slot - gone);
  return true;
}

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
