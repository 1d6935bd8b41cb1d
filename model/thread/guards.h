// The guard table: when may an effect happen? One function per effect; row names (G1 ...) are those of
// docs/semantics.md, which gives the clause of the Arm model that each row stands for.
//
// Each guard comes in two forms: what it waits for, and whether it holds. It looks at older slots of the same core only:
// order between cores is time itself, because storage is multi-copy atomic. Pure functions.
#pragma once

#include "model/state/machine_state.h"
#include "model/thread/wait.h"
#include "model/thread/window.h"

namespace isobar::model {

/// Rows G7 to G10 and the TSO rows: the one by which `e` must wait for the older access `q` of the same core to happen.
Row order_row(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e);
inline bool ordered(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e) {
  return order_row(config, c, q, e) != Row::None;
}

/// DC by address.
bool is_data_cache_op(const Entry& e);

/// An LSE write with release whose read has acquire: a full barrier for what follows it.
bool is_acquire_release_atomic(const Core& c, const Entry& w);

/// Does barrier `op` wait for the older effect `q`, and must the younger effect `e` wait for it (G11 to G14)?
bool barrier_waits_for(isa::BarrierOp op, const Entry& q);
bool barrier_holds(isa::BarrierOp op, const Entry& e);

/// A barrier is complete when everything it waits for has happened.
Wait barrier_wait(const Core& c, unsigned i);
inline bool barrier_complete(const Core& c, unsigned i) { return !barrier_wait(c, i).waits(); }

/// G15: may a context synchronisation event at slot `i` (or at the frontier, i == window size) complete?
Wait synchronisation_wait(const Core& c, unsigned i);
inline bool synchronised(const Core& c, unsigned i) { return !synchronisation_wait(c, i).waits(); }

/// A load may be satisfied (its address is known and every row for R holds).
Wait satisfy_wait(const MachineConfig& config, const Core& c, unsigned i);
/// Speculation::Squash: may something that has to do with `q` still discard what is younger (operational-model.md 2.7, taken
/// conservatively)? Stores wait for that.
inline bool is_uncommitted(const Entry& q) {
  switch (q.uop->kind) {
    case isa::UopKind::Read: return !q.fired || !q.known || !q.address_known || q.faulting;
    case isa::UopKind::Write:
      if (!q.address_known || q.faulting || is_undecided(q)) return true;
      return !q.inert && !q.fired && (q.uop->mem.atomic || q.uop->mem.exclusive);
    case isa::UopKind::Select:
    case isa::UopKind::Branch: return !q.resolved;
    default: return false;
  }
}
/// May loads have to wait for `q`? Those of a core that is not TSO wait for nothing else.
inline bool may_hold_loads(const Entry& q) {
  switch (q.uop->kind) {
    case isa::UopKind::Read:
    case isa::UopKind::Write:
      return !q.fired && !q.inert && (q.uop->mem.acquire || q.uop->mem.acquire_pc || q.uop->mem.release);
    case isa::UopKind::Barrier:
    case isa::UopKind::CacheOp: return !q.fired;
    default: return false;
  }
}
/// May stores have to wait for `q`, although nothing older than them is_uncommitted()? They wait for nothing else then.
inline bool may_hold_stores(const Entry& q) {
  switch (q.uop->kind) {
    case isa::UopKind::Write: return !q.fired && !q.inert;
    case isa::UopKind::Barrier:
    case isa::UopKind::CacheOp: return !q.fired;
    case isa::UopKind::Eret: return !q.resolved;
    default: return false;
  }
}

inline bool may_satisfy(const MachineConfig& config, const Core& c, unsigned i) {
  return !satisfy_wait(config, c, i).waits();
}
/// A store may leave the store buffer.
Wait propagate_wait(const MachineConfig& config, const Core& c, unsigned i);
inline bool may_propagate(const MachineConfig& config, const Core& c, unsigned i) {
  return !propagate_wait(config, c, i).waits();
}
/// Of these slots, are there none that the store at slot `i` has to wait for?
bool may_pass(const MachineConfig& config, const Core& c, unsigned i, u64 slots);
/// DC or IC may take effect.
Wait maintain_wait(const MachineConfig& config, const Core& c, unsigned i);
inline bool may_maintain(const MachineConfig& config, const Core& c, unsigned i) {
  return !maintain_wait(config, c, i).waits();
}
/// A system register access with an effect outside the core may take effect.
Wait act_wait(const MachineConfig& config, const Core& c, unsigned i);
inline bool may_act(const MachineConfig& config, const Core& c, unsigned i) { return !act_wait(config, c, i).waits(); }

/// G5, second part: guesses of every read that must precede store `i` through any chain of rows are checked.
bool preceding_guesses_resolved(const MachineConfig& config, const Core& c, unsigned i);

/// The oldest read behind the store at slot `i`, in another instruction, with a byte of it that comes neither from there nor
/// from a store in between; kNoSlot if none.
u8 read_that_missed(const Core& c, unsigned i);

/// Guesses that a load which takes bytes from store `z` (in the store buffer) comes to hang on: those of the store's
/// address, data and condition, and whether it happens at all.
u64 store_guesses(const Core& c, unsigned z);

/// Atomicity: has no other core's write landed between the read and now for the write of an RMW or of a successful
/// exclusive at slot `i` (operational-model.md 2.4.3)? True for other writes.
bool atomic_now(const Core& c, unsigned i);

/// System registers whose access reaches outside the core.
bool is_system_action(const Entry& e);

/// Has the micro-op done all it does? It retires once that is so of everything older and of its whole instruction.
bool is_complete(const Entry& e);

/// May the store at slot `from` (older, in the store buffer) give its data to load `e` (G17, G18)?
Wait forward_wait(const Core& c, unsigned from, const Entry& e);
inline bool may_forward(const Core& c, unsigned from, const Entry& e) { return !forward_wait(c, from, e).waits(); }

/// Are the inputs of the stored data known (the value itself may still hang on the read of an RMW)?
bool store_operands_known(const Core& c, const Entry& w);

}  // namespace isobar::model
