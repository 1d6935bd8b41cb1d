// The window of one core: operands, appending, retiring and discarding micro-ops.
//
// Owns: how slots, producers and masks move. Must not know: guards, storage. Every function keeps these invariants:
// an entry refers only to older slots; an instruction enters, retires and is discarded as a whole.
#pragma once

#include "model/state/machine_state.h"
#include "model/state/mutation.h"
#include "support/bits.h"

namespace isobar::model {

/// One register input of a micro-op as the window knows it now.
struct Operand {
  bool known = false;
  Value value;
  u64 guess = 0;  ///< slots of guesses the value hangs on
};

/// The register an operand name stands for under `ctx` (SP is banked).
isa::Reg actual_register(isa::Reg r, const Context& ctx);

/// Slot of the youngest entry below `end` that writes `r`, or kFromRegisterFile.
u8 find_producer(const Core& c, isa::Reg r, unsigned end);

/// The value that register `r` has for an instruction at slot `end` (a system register read, an exception).
Operand register_operand(const Core& c, isa::Reg r, unsigned end);

/// Input `s` of entry `e`.
Operand operand(const Core& c, const Entry& e, unsigned s);

/// All inputs [first, last) of `e`; known only if all are. `values` gets them at their own index.
Operand operands(const Core& c, const Entry& e, unsigned first, unsigned last, std::array<Value, 6>& values);

/// Are all guesses of `mask` checked, and those that their checks hang on, and so on?
bool guesses_resolved(const Core& c, u64 mask);

/// First slot of the instruction that slot `i` belongs to.
unsigned instruction_start(const Core& c, unsigned i);
/// One past the last slot of the instruction that slot `i` belongs to.
unsigned instruction_end(const Core& c, unsigned i);

/// Appends the micro-ops of one instruction at c.pc under c.context.
void append(Core& c, const isa::Instruction& instruction, u64 pc);

/// Discards every slot from `first` on.
void truncate(Core& c, unsigned first);

/// Removes the oldest `n` slots (whole instructions, complete), writing their results to the register file.
void retire(Core& c, unsigned n);

inline bool is_read(const Entry& e) { return e.uop->kind == isa::UopKind::Read; }
inline bool is_write(const Entry& e) { return e.uop->kind == isa::UopKind::Write; }
inline bool is_access(const Entry& e) { return is_read(e) || is_write(e); }
inline bool is_acquire(const Entry& e) { return e.uop->mem.acquire || e.uop->mem.acquire_pc; }
/// A write whose happening hangs on a guess that has not been made yet.
inline bool is_undecided(const Entry& e) {
  return is_write(e) && !e.guessed && !e.resolved &&
         (e.uop->mem.exclusive || e.uop->mem.rmw == isa::RmwOp::CompareAndSwap);
}
inline bool overlaps(u64 a, unsigned a_size, u64 b, unsigned b_size) { return a < b + b_size && b < a + a_size; }
inline bool covers(const Entry& e, u64 byte) { return e.addr <= byte && byte < e.addr + e.uop->mem.size; }
/// Mask of an access's bytes.
inline u16 all_bytes(const Entry& e) { return static_cast<u16>(ones(e.uop->mem.size)); }
/// Mask of the bytes of a read that are not taken yet.
u16 unbound_bytes(const Entry& e);

/// Bytes of an access that are single-copy atomic together (Arm ARM B2.2, FEAT_LSE2): an element of a structure access,
/// half of a 16-byte vector register, else the whole access; each byte alone if that is misaligned and the access
/// crosses 16 bytes. A piece starts at a multiple of this from the first byte.
inline unsigned piece_bytes(const Entry& e) {
  const isa::MemoryAttributes& m = e.uop->mem;
  const unsigned piece = m.element != 0 ? m.element : m.size == 16 && !m.pair ? 8 : m.size;
  if (!holds(Rule::Pieces)) return (piece + 1) / 2;
  return is_aligned(e.addr, piece) || (e.addr & 15) + m.size <= 16 ? piece : 1;
}
/// Mask of the bytes of the piece that starts at byte `first`.
inline u16 piece_mask(const Entry& e, unsigned first) { return static_cast<u16>(ones(piece_bytes(e)) << first); }

}  // namespace isobar::model
