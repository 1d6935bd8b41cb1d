// The closure of the guard rows, needed only while a guess is open: a store must not become visible before the
// guesses of every read that is ordered before it are checked (G5; pick-lob in the Arm model).
#include "model/state/mutation.h"
#include "model/thread/guards.h"
#include "model/thread/tags.h"

namespace isobar::model {

using isa::UopKind;

namespace {

constexpr u64 slot_bit(unsigned j) { return u64{1} << j; }

u64 strict_reads(const Core& c, const Entry& e, unsigned first, unsigned last);

/// Reads that the result of slot `p` needs, through registers.
u64 result_reads(const Core& c, unsigned p) {
  const Entry& e = c.window[p];
  const isa::Uop& u = *e.uop;
  switch (u.kind) {
    case UopKind::Read: return slot_bit(p);
    case UopKind::Select: {
      const unsigned arm = e.choice == 1 ? 0 : 1;
      return strict_reads(c, e, arm, arm + 1);
    }
    case UopKind::Status: return 0;
    case UopKind::CasResult:
      return c.window[e.partner].choice == kCasEqualOld ? strict_reads(c, e, 0, 1)
                                                        : slot_bit(c.window[e.partner].partner);
    default: return strict_reads(c, e, 0, u.n_src);
  }
}

u64 strict_reads(const Core& c, const Entry& e, unsigned first, unsigned last) {
  u64 set = 0;
  for (unsigned s = first; s < last; ++s)
    if (e.producer[s] < kMonitorSlot) set |= result_reads(c, e.producer[s]);
  return set;
}

u64 address_reads(const Core& c, const Entry& e) { return strict_reads(c, e, 0, e.uop->n_addr); }
u64 data_reads(const Core& c, const Entry& e) {
  return strict_reads(c, e, e.uop->n_addr, unsigned{e.uop->n_addr} + e.uop->n_data);
}

/// Unpropagated own stores that read `e` takes bytes from.
template <typename F>
void for_each_forwarder(const Entry& e, F f) {
  u64 seen = 0;
  for (u8 s : e.source)
    if (s < kMonitorSlot && (seen & slot_bit(s)) == 0) {
      seen |= slot_bit(s);
      f(s);
    }
}

bool barrier_between(const Core& c, unsigned p, unsigned q) {
  for (unsigned b = p + 1; b < q; ++b) {
    const isa::Uop& u = *c.window[b].uop;
    if (u.kind == UopKind::Barrier && barrier_waits_for(u.barrier_op(), c.window[p]) &&
        barrier_holds(u.barrier_op(), c.window[q])) return true;
  }
  return false;
}

/// Slots that must happen before slot `i` by one row of the guard table.
u64 direct_predecessors(const MachineConfig& config, const Core& c, unsigned i) {
  const Entry& e = c.window[i];
  u64 set = address_reads(c, e);
  for (unsigned j = 0; j < i; ++j) {
    const Entry& q = c.window[j];
    const bool branches = q.uop->kind == UopKind::Branch || q.uop->kind == UopKind::Eret;
    if (is_write(e) && branches) set |= strict_reads(c, q, 0, q.uop->n_src);
    if (!is_access(q) || q.inert) continue;
    if (is_write(e)) set |= address_reads(c, q);
    if (is_access(e) && ordered(config, c, q, e)) set |= slot_bit(j);
    if (barrier_between(c, j, i)) set |= slot_bit(j);
    if (is_write(e) && is_precise_check(q) && holds(Rule::G21Guess)) set |= slot_bit(j);
    if (is_write(e) && q.address_known && overlaps(q.addr, q.uop->mem.size, e.addr, e.uop->mem.size))
      set |= slot_bit(j);
  }
  if (is_write(e)) {
    set |= data_reads(c, e);
    if (e.partner < kMonitorSlot) set |= slot_bit(e.partner);
  } else if (is_read(e)) {
    for_each_forwarder(e, [&](u8 slot) {
      const Entry& z = c.window[slot];
      set |= address_reads(c, z) | data_reads(c, z);
      const bool acquire = e.uop->mem.acquire || e.uop->mem.acquire_pc;
      if (acquire && z.partner < kMonitorSlot) set |= slot_bit(z.partner);
    });
  }
  return set;
}

u64 guesses_of(const Core& c, const Entry& e) {
  u64 mask = e.guess_addr;
  if (is_read(e) && holds(Rule::G5Forward))
    for_each_forwarder(e, [&](u8 slot) { mask |= store_guesses(c, slot); });
  return mask;
}

bool any_open_guess(const Core& c, unsigned i) {
  for (unsigned j = 0; j < i; ++j)
    if (c.window[j].guessed && !(c.window[j].resolved && guesses_resolved(c, c.window[j].guess_cond))) return true;
  return false;
}

}  // namespace

u64 store_guesses(const Core& c, unsigned z) {
  const Entry& w = c.window[z];
  u64 mask = w.guess_addr | w.guess_cond | w.guess;
  for (unsigned s = w.uop->n_addr; s < unsigned{w.uop->n_addr} + w.uop->n_data; ++s) mask |= operand(c, w, s).guess;
  return w.guessed || w.resolved ? mask | slot_bit(z) : mask;
}

bool preceding_guesses_resolved(const MachineConfig& config, const Core& c, unsigned i) {
  if (!holds(Rule::G5Chain) || !any_open_guess(c, i)) return true;
  u64 done = 0;
  u64 todo = slot_bit(i);
  while (todo != 0) {
    const unsigned j = static_cast<unsigned>(__builtin_ctzll(todo));
    done |= slot_bit(j);
    if (!guesses_resolved(c, guesses_of(c, c.window[j]))) return false;
    todo = (todo | direct_predecessors(config, c, j)) & ~done;
  }
  return true;
}

}  // namespace isobar::model
