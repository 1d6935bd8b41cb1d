// The guard table: when may an effect happen? One function per effect; row names (G1 ...) are those of
// docs/semantics.md, which gives the clause of the Arm model that each row stands for.
//
// A guard looks at older slots of the same core only: order between cores is time itself, because storage is
// multi-copy atomic. Pure functions.
#pragma once

#include "model/state/machine_state.h"
#include "model/thread/window.h"

namespace isobar::model {

/// Rows G7 to G10 and the TSO rows: must `e` wait for the older access `q` of the same core to happen?
bool ordered(const MachineConfig& config, const Core& c, const Entry& q, const Entry& e);

/// An LSE write with release whose read has acquire: a full barrier for what follows it.
bool is_acquire_release_atomic(const Core& c, const Entry& w);

/// Does barrier `op` wait for the older effect `q`, and must the younger effect `e` wait for it (G11 to G14)?
bool barrier_waits_for(isa::BarrierOp op, const Entry& q);
bool barrier_holds(isa::BarrierOp op, const Entry& e);

/// A barrier is complete when everything it waits for has happened.
bool barrier_complete(const Core& c, unsigned i);

/// G15: may a context synchronisation event at slot `i` (or at the frontier, i == window size) complete?
bool synchronised(const Core& c, unsigned i);

/// A load may be satisfied (its address is known and every row for R holds).
bool may_satisfy(const MachineConfig& config, const Core& c, unsigned i);
/// A store may leave the store buffer.
bool may_propagate(const MachineConfig& config, const Core& c, unsigned i);
/// DC or IC may take effect.
bool may_maintain(const MachineConfig& config, const Core& c, unsigned i);
/// A system register access with an effect outside the core may take effect.
bool may_act(const MachineConfig& config, const Core& c, unsigned i);

/// G5, second part: guesses of every read that must precede store `i` through any chain of rows are checked.
bool preceding_guesses_resolved(const MachineConfig& config, const Core& c, unsigned i);

/// Guesses that a load which takes bytes from store `z` (in the store buffer) comes to hang on: those of the store's
/// address, data and condition, and whether it happens at all.
u64 store_guesses(const Core& c, unsigned z);

/// Atomicity: has no other core's write landed between the read and now for the write of an RMW or of a successful
/// exclusive at slot `i` (operational-model.md 2.4.3)? True for other writes.
bool atomic_now(const Core& c, unsigned i);

/// System registers whose access reaches outside the core.
bool is_system_action(const Entry& e);

/// May store `z` (older, in the store buffer) give its data to load `e` (G17, G18)?
bool may_forward(const Core& c, const Entry& z, const Entry& e);

/// Are the inputs of the stored data known (the value itself may still hang on the read of an RMW)?
bool store_operands_known(const Core& c, const Entry& w);

}  // namespace isobar::model
