// Does every value make sense? Recomputes registers instruction by instruction from what the reads returned.
//
// Owns: the sequential reading of an execution. Must not know: orders, clauses. Registers whose value cannot be known
// (not given, set by an exception, by a host service, by hardware) make what depends on them unchecked, never wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trace/execution.h"

namespace isobar::axiomatic {

/// Something in an execution that no memory and no core may do.
struct ValueFault {
  u8 core = 0;
  u32 instruction = 0;
  std::string text;  ///< "stores 0x2, but its operands make 0x1"
};

/// What recomputation settled about one instruction.
struct Resolved {
  bool first_arm = true;  ///< a pick: which operand was chosen
  u8 cas = trace::kCasEqualOld;  ///< CasChoice
  bool stored = false;    ///< STXR: success
};

struct Values {
  std::vector<std::vector<Resolved>> resolved;  ///< per core, per instruction
  std::optional<ValueFault> fault;              ///< the first one found
};

/// Recomputes everything. `e` must be well-formed (trace::malformed).
Values recompute(const trace::Execution& e);

/// Whether every byte read is the byte that its source wrote, initial contents included; sources that are
/// trace::kUnknownWrite are skipped.
std::optional<ValueFault> check_sources(const trace::Execution& e);

/// The value of byte `byte` that write `source` left there; nullopt for the initial contents if they are not known.
std::optional<u8> written_byte(const trace::Execution& e, i32 source, u64 byte);

}  // namespace isobar::axiomatic
