// Pure evaluation of micro-ops: values in, values out. No memory, no machine state.
#pragma once

#include <array>

#include "isa/uop.h"

namespace isobar::isa {

/// Inputs in the order of Uop::src. General registers in `lo` (a W view is taken by `width`), flags 0 or 1 in
/// `lo`.
using Inputs = std::array<Value, 6>;

struct AluResult {
  std::array<Value, 2> dst{};  ///< for a destination FPSR: the bits to set, see accumulates() in isa/register.h
  u8 flags = 0;  ///< NZCV as 8/4/2/1; only bits of Uop::flags_out are meaningful
};

/// Alu micro-ops, and Select when the condition is known (both arms in inputs).
AluResult evaluate(const Uop& u, const Inputs& in, u64 pc);
/// The condition of Select (true: src[0]); reads only the flag inputs, which follow the two arms.
bool select_condition(const Uop& u, const Inputs& in);
/// The value of one arm of a Select whose condition is assumed (CSINC and friends transform the second arm).
Value select_arm(const Uop& u, const Inputs& in, bool first);

struct BranchResult {
  bool taken = true;
  u64 target = 0;  ///< where execution goes if taken; otherwise pc + 4
};
BranchResult evaluate_branch(const Uop& u, const Inputs& in, u64 pc);

/// Address of a Read, Write or CacheOp from its address inputs.
u64 evaluate_address(const Uop& u, const Inputs& in, u64 pc);
/// Registers loaded by a Read from the raw little-endian bytes.
std::array<Value, 2> evaluate_load(const Uop& u, const Value& raw);
/// Bytes stored by a Write; `read` is what the read of the same instruction returned (RMW only, else
/// ignored).
Value evaluate_store(const Uop& u, const Inputs& in, const Value& read);
/// Does CAS succeed: compare operand (inputs from n_addr + n_data on) against the bytes read.
bool compare_and_swap_equal(const Uop& u, const Inputs& in, const Value& read);
/// What CasResult leaves in dst: the bytes read, or, if the comparison succeeded, the inputs' compare value
/// truncated to the access (the same number, but without a dependency on the read). `read` is the result of
/// the Read.
std::array<Value, 2> evaluate_cas_result(const Uop& u, const Inputs& in, bool equal,
                                         const std::array<Value, 2>& read);
/// Whether A64 condition `cond` holds for NZCV packed as 8/4/2/1.
bool condition_holds(unsigned cond, unsigned nzcv);
/// The flags (mask 8/4/2/1) that condition `cond` reads; 0 for AL and NV.
unsigned condition_flags(unsigned cond);

}  // namespace isobar::isa
