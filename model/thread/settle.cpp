#include "model/thread/settle.h"

#include "isa/alu_op.h"
#include "isa/evaluate.h"
#include "model/state/flags.h"
#include "model/state/mutation.h"
#include "model/storage/tags.h"
#include "model/thread/exceptions.h"
#include "model/thread/guards.h"
#include "model/thread/system_registers.h"
#include "model/thread/tags.h"
#include "model/thread/translation.h"
#include "model/thread/window.h"

namespace isobar::model {

using isa::Inputs;
using isa::Reg;
using isa::UopKind;

namespace {

/// Settles one core. Slots are visited oldest first, again until a pass changes nothing for slots that it is past. What a
/// slot does hangs on no younger instruction, so a pass begins at the oldest one that may have changed.
class Settler {
 public:
  Settler(const SettleContext& ctx, MachineState& s, unsigned core) : ctx_(ctx), s_(s), core_(core), c_(s.core[core]) {}

  Settled run(unsigned first, u64 touched) {
    constexpr unsigned kNothing = ~0u;
    Settled result = Settled::nothing();
    while (first != kNothing) {
      unsigned next = kNothing;
      for (unsigned i = c_.window.next_open(first); i < c_.window.size(); i = c_.window.next_open(i + 1)) {
        changed_ = false;
        const std::size_t size = c_.window.size();
        const u32 seq = c_.window[i].seq;
        step(i);
        if (s_.dead) return {};
        if (i < c_.window.size() && is_settled(c_.window[i])) c_.window.close(i);
        if (!changed_) continue;
        touched |= u64{1} << i;
        const unsigned from = i < c_.window.size() ? instruction_start(c_, i) : i;
        if (c_.window.size() != size || c_.window[i].seq != seq || may_concern_older(c_.window[i])) next = std::min(next, from);
      }
      result.followed_by({0, concerned(ctx_.config, ctx_.program, c_, touched), 0});
      touched = 0;
      const unsigned retired = retire_complete();
      result.followed_by({retired, {}, 0});
      first = retired == 0 || next == kNothing ? next : next - std::min(next, retired);
      // A fault of a tag check waits until it is the oldest, a DSB for translations anywhere.
      if (retired != 0 && (ctx_.config.tagging || !ctx_.program.pages.empty())) first = 0;
    }
    if (c_.window.size() < 64) result.slots.changed |= ~u64{0} << c_.window.size();
    return result;
  }

 private:
  /// Parts of one instruction wait for each other in both directions only if it is an atomic or has a tag check.
  bool may_concern_older(const Entry& e) const {
    if (ctx_.config.tagging) return true;
    const UopKind k = e.uop->kind;
    if (k == UopKind::Alu || k == UopKind::Branch || k == UopKind::Select) return false;
    return !is_access(e) || e.uop->mem.atomic || e.uop->mem.exclusive;
  }

  void step(unsigned i) {
    Entry& e = c_.window[i];
    switch (e.uop->kind) {
      case UopKind::Alu: return alu(i);
      case UopKind::Select: return select(i);
      case UopKind::Branch: return branch(i);
      case UopKind::Read: return read(i);
      case UopKind::Write: return write(i);
      case UopKind::Status: return status(e);
      case UopKind::CasResult: return cas_result(e);
      case UopKind::Barrier: return barrier(i);
      case UopKind::Isb: return isb(i);
      case UopKind::CacheOp: return cache_op(i);
      case UopKind::SysRead: return system_read(i);
      case UopKind::SysWrite: return system_write(i);
      case UopKind::Exception: return exception(i);
      case UopKind::Eret: return eret(i);
      case UopKind::Hint:
      case UopKind::ClearExclusive: e.known = true; return;
    }
  }

  void alu(unsigned i) {
    Entry& e = c_.window[i];
    if (e.known) return;
    if (!ctx_.config.tagging && is_tag_operation(e)) return undefined(i);
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_src, in);
    if (!o.known) return;
    if (isa::alu_op(*e.uop) == isa::AluOp::TagRandom) {
      if (!e.guessed) return;
      in[3].lo = e.choice;
      e.resolved = true;
    }
    const isa::AluResult r = isa::evaluate(*e.uop, in, e.pc);
    e.value = r.dst[0];
    e.value2 = r.dst[1];
    e.nzcv = r.flags;
    know(e, o.guess);
  }

  void select(unsigned i) {
    Entry& e = c_.window[i];
    Inputs in{};
    if (!e.resolved) {
      const Operand flags = operands(c_, e, 2, e.uop->n_src, in);
      if (flags.known && !decide(i, isa::select_condition(*e.uop, in) ? 1 : 0, flags.guess)) return;
    }
    if (e.known || !(e.guessed || e.resolved)) return;
    const unsigned arm = e.choice == 1 ? 0 : 1;
    const Operand o = operand(c_, e, arm);
    if (!o.known) return;
    in[arm] = o.value;
    e.value = isa::select_arm(*e.uop, in, arm == 0);
    know(e, o.guess | u64{1} << i);
  }

  void branch(unsigned i) {
    Entry& e = c_.window[i];
    if (e.resolved) return;
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_src, in);
    if (!o.known) return;
    const isa::BranchResult r = isa::evaluate_branch(*e.uop, in, e.pc);
    const u64 next = r.taken ? r.target : e.pc + 4;
    e.guess_cond = o.guess;
    e.known = e.resolved = changed_ = true;
    e.choice = r.taken;
    if (!e.guessed) {
      c_.pc = next;
    } else if (e.addr != next) {
      if (wrong_guess()) return;
      discard(ctx_, s_, core_, i + 1);
      c_.context = context_behind(ctx_.program, c_, c_.window[i]);
      c_.pc = next;
    }
  }

  /// Address generation and permission check, common to accesses and cache maintenance.
  void address(unsigned i, u8 need) {
    Entry& e = c_.window[i];
    if (e.address_known || e.faulting || awaits_translation(e)) return;
    if (e.translation != Translation::None) {
      finish_translation(ctx_.program, s_, core_, i, need);
      changed_ = true;
      return;
    }
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_addr, in);
    if (!o.known) return;
    e.addr = isa::evaluate_address(*e.uop, in, e.pc);
    e.guess_addr = o.guess;
    changed_ = true;
    e.address_known = is_stack_misaligned(c_, e, in[0].lo);
    if (e.address_known) return raise_fault(e, kSpAlignmentFault);
    if (is_tag_check(e)) e.value2.lo = e.addr;
    // TCR_EL1.TBI0 is set where there are tags, and below programs that have a memory of their own.
    if (ctx_.config.tagging || ctx_.program.map != nullptr) e.addr = without_tag(e.addr);
    if (e.uop->mem.tag != isa::TagAccess::None) return place_tag_access(ctx_.program, s_, core_, i, need);
    const bool misaligned = is_misaligned(e);
    if (is_access(e) && !misaligned && begin_translation(ctx_.program, s_, e)) return;
    e.address_known = true;
    const Place place = misaligned ? Place{kAlignmentFault, 0} : place_of(ctx_.program, c_, e, need);
    if (place.fault != 0) return raise_fault(e, place.fault);
    e.addr = place.physical;
  }

  void read(unsigned i) {
    Entry& e = c_.window[i];
    const bool had = e.address_known;
    if (e.uop->mem.tag == isa::TagAccess::Explicit && !ctx_.config.tagging) return undefined(i);
    address(i, e.uop->mem.tag == isa::TagAccess::CheckWrite ? kWriteEl0 : kReadEl0);
    if (e.faulting) return fault(i);
    if (!had && e.address_known && meets_younger_maintenance(i)) return;
    drop_stale_history(i);
    if (!e.fired || e.known) return;
    u64 guess = e.guess_addr;
    for (unsigned b = 0; b < e.uop->mem.size; ++b) {
      if (e.source[b] >= kMonitorSlot) continue;
      const Entry& z = c_.window[e.source[b]];
      if (!z.known) return;
      e.raw.set_byte(b, z.value.byte(static_cast<unsigned>(e.addr + b - z.addr)));
      guess |= store_guesses(c_, e.source[b]);
    }
    if (is_tag_check(e)) {
      if (settle_check(c_, i)) know(e, guess);
      return;
    }
    const std::array<Value, 2> r = isa::evaluate_load(*e.uop, e.raw);
    e.value = r[0];
    e.value2 = r[1];
    know(e, guess);
  }

  void write(unsigned i) {
    Entry& e = c_.window[i];
    const bool had = e.address_known;
    if (e.inert && e.resolved) return;
    address(i, kWriteEl0);
    if (e.faulting && !e.inert) return fault(i);
    decide_condition(i);
    if (s_.dead || e.inert || lost_reservation(i)) return;
    if (!e.known && !is_undecided(e)) store_data(e);
    if (!had && e.address_known && !meets_younger_maintenance(i)) check_younger_reads(i);
  }

  /// Speculation::Squash: another core's write came between the two halves of an atomic. An exclusive fails after all,
  /// an LSE operation is executed again. Nothing younger has had an effect (see commit_wait() in guards.cpp).
  bool lost_reservation(unsigned i) {
    if (ctx_.config.speculation == Speculation::Prune) return false;
    Entry& e = c_.window[i];
    const bool exclusive = e.uop->mem.exclusive && e.guessed && e.choice == 1;
    const bool lse = e.uop->mem.atomic && !is_undecided(e) && c_.window[e.partner].fired;
    if (e.fired || !(exclusive || lse) || atomic_now(c_, i)) return false;
    changed_ = true;
    if (lse) {
      restart(ctx_, s_, core_, i);
    } else {
      e.choice = 0;
      e.inert = e.resolved = true;
      refetch_after(i);
    }
    return true;
  }

  void store_data(Entry& e) {
    Inputs in{};
    const isa::MemoryAttributes& m = e.uop->mem;
    const Entry* r = e.partner < kMonitorSlot ? &c_.window[e.partner] : nullptr;
    const bool cas = m.rmw == isa::RmwOp::CompareAndSwap;
    if (cas && e.choice == kCasWriteBack) {
      if (!r->known) return;
      e.value = r->raw;
      return know(e, r->guess);
    }
    const Operand o = operands(c_, e, e.uop->n_addr, unsigned{e.uop->n_addr} + e.uop->n_data, in);
    if (!o.known) return;
    const bool needs_read = m.rmw != isa::RmwOp::Plain && m.rmw != isa::RmwOp::Swap && !cas;
    if (needs_read && !r->known) return;
    e.value = isa::evaluate_store(*e.uop, in, needs_read ? r->raw : Value{});
    know(e, o.guess | (needs_read ? r->guess : 0));
  }

  /// Exclusives and CAS: check the guess, or find out without one.
  void decide_condition(unsigned i) {
    Entry& e = c_.window[i];
    if (e.resolved) return;
    if (e.uop->mem.exclusive) return decide_exclusive(i);
    if (e.uop->mem.rmw == isa::RmwOp::CompareAndSwap) decide_cas(i);
  }

  void decide_exclusive(unsigned i) {
    Entry& e = c_.window[i];
    const Entry* r = e.partner < kMonitorSlot ? &c_.window[e.partner] : nullptr;
    const unsigned size = r != nullptr ? r->uop->mem.size : c_.monitor.size;
    if (e.partner == kNoSlot || size != e.uop->mem.size) {
      decide(i, 0, 0);
      return;
    }
    if (e.guessed && e.choice == 0) {
      decide(i, 0, 0);
      return;
    }
    const bool reserved_known = r == nullptr || r->address_known;
    if (!e.address_known || !e.known || !reserved_known) return;
    const u64 reserved = r != nullptr ? r->addr : c_.monitor.addr;
    if (reserved != e.addr) {
      decide(i, 0, 0);
    } else if (e.guessed) {
      decide(i, 1, e.guess | e.guess_addr | (r != nullptr ? r->guess_addr : 0));
    }
  }

  void decide_cas(unsigned i) {
    Entry& e = c_.window[i];
    const Entry& r = c_.window[e.partner];
    Inputs in{};
    const Operand compare = operands(c_, e, unsigned{e.uop->n_addr} + e.uop->n_data, e.uop->n_src, in);
    if (!r.known || !compare.known) return;
    // Whether an unequal CAS writes back decides its tag check: that is a choice even when the values are known.
    if (!e.guessed && (e.context.tags & Context::kTagStoreOnly) != 0) return;
    const bool equal = isa::compare_and_swap_equal(*e.uop, in, r.raw);
    u8 choice = equal ? kCasEqualRead : kCasUnequal;
    if (e.guessed && equal == (e.choice <= kCasEqualRead)) choice = e.choice;
    decide(i, choice, compare.guess | r.guess);
  }

  /// Records the true alternative of a guessing entry. False if the guess was wrong and the path is dead.
  bool decide(unsigned i, u8 truth, u64 guess) {
    Entry& e = c_.window[i];
    const bool wrong = e.guessed && e.choice != truth;
    if (wrong && wrong_guess()) return false;
    e.choice = truth;
    e.resolved = changed_ = true;
    e.guess_cond = guess;
    if (is_write(e)) {
      const bool cas = e.uop->mem.rmw == isa::RmwOp::CompareAndSwap;
      e.inert = cas ? truth == kCasUnequal : truth == 0;
    }
    if (wrong) refetch_after(i);
    return true;
  }

  /// After a repaired guess: the rest of the instruction is computed again, everything younger is fetched again.
  void refetch_after(unsigned i) {
    const unsigned end = instruction_end(c_, i);
    c_.window[i].known = c_.window[i].known && is_write(c_.window[i]);
    for (unsigned j = i; j < end; ++j) c_.window.reopen(j);
    for (unsigned j = i + 1; j < end; ++j) c_.window[j].known = false;
    c_.context = context_behind(ctx_.program, c_, c_.window[i]);
    c_.pc = c_.window[i].pc + 4;
    discard(ctx_, s_, core_, end);
  }

  void status(Entry& e) {
    if (e.known) return;
    const Entry& w = c_.window[e.partner];
    if (!w.guessed && !w.resolved) return;
    e.value = {w.choice == 1 ? u64{0} : u64{1}, 0};
    know(e, w.choice == 1 ? u64{1} << e.partner : 0);
  }

  void cas_result(Entry& e) {
    if (e.known) return;
    const Entry& w = c_.window[e.partner];
    if (!w.guessed && !w.resolved) return;
    const Entry& r = c_.window[w.partner];
    const unsigned half = w.uop->mem.pair ? w.uop->mem.size / 2u : w.uop->mem.size;
    if (w.choice == kCasEqualOld) {
      // Rs keeps its old value: the compare operand, as the access width sees it.
      Inputs in{};
      const unsigned compared = unsigned{w.uop->n_addr} + w.uop->n_data;
      const Operand o = operands(c_, w, compared, w.uop->n_src, in);
      if (!o.known) return;
      const Value first = in[compared], second = in[w.uop->n_src - 1u];
      e.value = {first.lo & ones(8 * half), 0};
      e.value2 = {second.lo & ones(8 * half), 0};
      return know(e, o.guess | u64{1} << e.partner);
    }
    if (!r.known) return;
    e.value = {r.raw.lo & ones(8 * half), 0};
    e.value2 = half == 8 ? Value{r.raw.hi, 0} : Value{r.raw.lo >> (8 * half) & ones(8 * half), 0};
    know(e, r.guess);
  }

  void barrier(unsigned i) {
    Entry& e = c_.window[i];
    if (e.fired || !barrier_complete(c_, i)) return;
    const isa::BarrierOp op = e.uop->barrier_op();
    if (op == isa::BarrierOp::DsbFull) {
      if (!ctx_.program.pages.empty() && !stale_accesses_done(s_, core_)) return;
      // An IC that was assumed to stay without effect, although this DSB completes it.
      if (c_.ineffective_ic) s_.dead = true;
      for (unsigned j = 0; j < i; ++j)
        if (c_.window[j].uop->kind == UopKind::CacheOp && c_.window[j].inert) s_.dead = true;
    }
    e.known = e.fired = changed_ = true;
    if (op == isa::BarrierOp::DsbFull || op == isa::BarrierOp::DsbStore) note_dsb(s_.storage, core_);
  }

  void isb(unsigned i) {
    Entry& e = c_.window[i];
    if (e.fired || !synchronised(c_, i)) return;
    e.known = e.fired = changed_ = true;
    order_before_fetches(s_.storage, core_);
    c_.context.tso = tso_after_synchronisation(ctx_.config, c_, core_);
    c_.context.tags = tags_after_synchronisation(ctx_.config, c_, c_.context.el, c_.context.tags);
  }

  void cache_op(unsigned i) {
    Entry& e = c_.window[i];
    const bool by_address = e.uop->n_addr != 0;
    const bool tlbi = e.uop->cache_op() >= isa::CacheOpKind::TlbiPageLocal;
    if (e.context.el == 0 && (tlbi || !by_address)) return undefined(i);
    if (e.context.el == 0 && !ctx_.config.uci) return trapped(i);
    const bool had = e.address_known;
    if (tlbi && by_address)
      operand_address(e);
    else if (by_address)
      address(i, e.uop->cache_op() == isa::CacheOpKind::DcIvac ? kWriteEl0 : kReadEl0);
    else
      e.address_known = true;
    if (e.faulting) return fault(i);
    if (had || !e.address_known || e.uop->cache_op() > isa::CacheOpKind::DcIvac) return;
    if (!holds(Rule::G22AfterLate)) return;
    // Same-line order (G22): a younger access that already happened should have waited for this DC.
    const u64 line = align_down(e.addr, ctx_.config.line_bytes);
    for (unsigned j = i + 1; j < c_.window.size(); ++j) {
      const Entry& y = c_.window[j];
      const bool happened = (is_read(y) && y.source[0] != kUnbound) || (is_write(y) && y.own != 0);
      if (!happened || !overlaps(y.addr, y.uop->mem.size, line, ctx_.config.line_bytes)) continue;
      violated(j);
      return;
    }
  }

  /// The operand of a TLBI names a page; it is not an address that is accessed.
  void operand_address(Entry& e) {
    if (e.address_known) return;
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_addr, in);
    if (!o.known) return;
    e.addr = isa::evaluate_address(*e.uop, in, e.pc);
    e.guess_addr = o.guess;
    e.address_known = changed_ = true;
  }

  void system_read(unsigned i) {
    Entry& e = c_.window[i];
    if (e.known) return;
    const isa::SystemRegister* r = isa::find_system_register(e.uop->sys);
    if (r == nullptr || e.context.el < r->min_read_el) return undefined(i);
    if (is_system_action(e)) return;
    const Operand o = read_system_register(ctx_.config, s_, core_, i);
    if (!o.known) return;
    e.value = o.value;
    know(e, o.guess);
  }

  void system_write(unsigned i) {
    Entry& e = c_.window[i];
    if (e.page != 0 && !e.fired && fault_may_happen(c_, i)) e.fired = changed_ = true;
    if (e.known) return;
    if (e.word == 0 && e.uop->n_src == 4) return save_status(e);
    const isa::SystemRegister* r = isa::find_system_register(e.uop->sys);
    if (r == nullptr || e.context.el < r->min_write_el) return undefined(i);
    if (is_pstate_write(e)) return pstate_write(i);
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_src, in);
    if (!o.known) return;
    e.value = {written_value(ctx_.config, core_, e.uop->sys, in[0].lo, s_.storage.time), 0};
    know(e, o.guess);
  }

  void save_status(Entry& e) {
    Inputs in{};
    const Operand o = operands(c_, e, 0, 4, in);
    if (!o.known) return;
    e.value.lo |= in[0].lo << 31 | in[1].lo << 30 | in[2].lo << 29 | in[3].lo << 28;
    know(e, o.guess);
  }

  /// MSR DAIFSet, DAIFClr, SPSel and MSR DAIF: self-synchronising, so they act when they are the youngest entry.
  void pstate_write(unsigned i) {
    Entry& e = c_.window[i];
    if (i + 1 != c_.window.size()) return;
    Inputs in{};
    const Operand o = operands(c_, e, 0, e.uop->n_src, in);
    if (!o.known) return;
    apply_pstate_write(c_.context, e, in[0].lo);
    know(e, o.guess);
  }

  void exception(unsigned i) {
    Entry& e = c_.window[i];
    if (e.fired) return;
    if (!e.faulting && e.uop->exception_op() == isa::ExceptionOp::Hvc && e.context.el == 1) return;  // host call
    // Without EIS a system call does not wait for anything: it is fetched past like a branch.
    const bool waits = ctx_.config.eis || e.faulting || e.uop->exception_op() != isa::ExceptionOp::Svc ||
                       !ctx_.program.has_kernel || ctx_.program.reset[core_].stops_on_exception;
    if (waits && !synchronised(c_, i)) return;
    if (!register_operand(c_, Reg::VBAR_EL1, i).known) return;
    take_synchronous(ctx_, s_, core_, i);
    changed_ = true;
  }

  void eret(unsigned i) {
    Entry& e = c_.window[i];
    if (e.fired) return;
    if (e.context.el == 0) return undefined(i);
    if (!operand(c_, e, 0).known || !operand(c_, e, 1).known) return;
    if (ctx_.config.eos && !synchronised(c_, i)) return;
    changed_ = true;
    const bool wrong = !return_from_exception(ctx_, s_, core_, i);
    if (wrong && wrong_guess()) return;
    if (wrong) discard(ctx_, s_, core_, i + 1);
  }

  void fault(unsigned i) {
    if (!synchronised_below(i)) return;
    // What is older may still be fetched again; a tag that was read too early would then be no reason to stop.
    if (is_tag_check(c_.window[i]) && ctx_.config.speculation == Speculation::Squash && i != 0) return;
    take_synchronous(ctx_, s_, core_, i);
    changed_ = true;
  }

  void undefined(unsigned i) {
    if (!synchronised_below(i)) return;
    take_undefined(ctx_, s_, core_, i);
    changed_ = true;
  }

  /// A system instruction that EL0 may not use (SCTLR_EL1.UCI).
  void trapped(unsigned i) {
    if (!synchronised_below(i)) return;
    take_trapped(ctx_, s_, core_, i);
    changed_ = true;
  }

  bool synchronised_below(unsigned i) const { return synchronised(c_, instruction_start(c_, i)); }

  /// G22 with a late address: the access should have gone before a DC on its line that has already taken effect.
  bool meets_younger_maintenance(unsigned i) {
    const Entry& e = c_.window[i];
    if (e.inert || !holds(Rule::G22BeforeLate)) return false;
    for (unsigned j = i + 1; j < c_.window.size(); ++j) {
      const Entry& d = c_.window[j];
      if (!is_data_cache_op(d) || !d.fired) continue;
      if (overlaps(e.addr, e.uop->mem.size, align_down(d.addr, ctx_.config.line_bytes), ctx_.config.line_bytes)) {
        s_.dead = true;
        return true;
      }
    }
    return false;
  }

  /// A store whose address becomes known late: younger loads of its bytes must have taken them from it or from a
  /// store in between.
  void check_younger_reads(unsigned i) {
    if (!holds(Rule::HazardWrite)) return;
    if (const u8 j = read_that_missed(c_, i); j != kNoSlot) violated(j);
  }

  /// "Overtaken" matters only while an older load is still to be satisfied, or for an RMW: forget it otherwise, so that
  /// states that can no longer differ are equal.
  void drop_stale_history(unsigned i) {
    Entry& e = c_.window[i];
    if (e.foreign == 0 || e.uop->mem.atomic || e.uop->mem.exclusive) return;
    for (unsigned j : each_one(c_.window.reads() & ones(i)))
      if (!c_.window[j].fired && !is_tag_check(c_.window[j])) return;
    e.foreign = 0;
  }

  /// Order was violated at slot `j`: dead in search, fetched again otherwise.
  void violated(unsigned j) {
    if (ctx_.config.speculation == Speculation::Prune) {
      s_.dead = true;
      return;
    }
    restart(ctx_, s_, core_, j);
    changed_ = true;
  }

  bool wrong_guess() {
    if (ctx_.config.speculation == Speculation::Prune) s_.dead = true;
    return s_.dead;
  }

  void know(Entry& e, u64 guess) {
    e.known = changed_ = true;
    e.guess = guess;
  }

  unsigned retire_complete() {
    unsigned n = 0;
    for (unsigned i = 0; i < c_.window.size() && is_complete(c_.window[i]); ++i)
      if (c_.window[i].last) n = i + 1;
    if (n == 0) return 0;
    if (ctx_.observer != nullptr)
      for (unsigned i = 0; i < n; ++i) ctx_.observer->retired(core_, c_.window[i]);
    for (unsigned i = 0; i < n; ++i) s_.flags = static_cast<u8>(s_.flags | flags_when_retired(c_.window[i]));
    retire(c_, n);
    return n;
  }

  const SettleContext& ctx_;
  MachineState& s_;
  unsigned core_;
  Core& c_;
  bool changed_ = false;
};

}  // namespace

void discard(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first) {
  Core& c = s.core[core];
  if (first >= c.window.size()) return;
  if (ctx.observer != nullptr) ctx.observer->squashed(core, c.window[first].seq);
  truncate(c, first);
}

void restart(const SettleContext& ctx, MachineState& s, unsigned core, unsigned i) {
  Core& c = s.core[core];
  const unsigned first = instruction_start(c, i);
  c.context = c.window[first].context;
  c.pc = c.window[first].pc;
  discard(ctx, s, core, first);
}

Settled settle(const SettleContext& ctx, MachineState& s, unsigned core, unsigned first, u64 touched) {
  return Settler(ctx, s, core).run(first, touched);
}

}  // namespace isobar::model
