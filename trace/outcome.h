// What of a final state is looked at, and how it is printed.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "isa/register.h"
#include "support/types.h"

namespace isobar::trace {

/// One thing to observe in a final state. Its value:
/// Register, Memory: the low `size` bytes. Fault: `lo` is the syndrome (as ESR_EL1) of an exception and `hi` the address
/// of its instruction; both 0 if there was none. It is the exception that stopped the core for good, or, where faults
/// are remembered (model::Program::remember_faults), the one with number `index` of those the core took.
/// FaultAddress: `lo` is FAR_EL1 of that exception. Waiting: `lo` is 1 if the core waits for ever (WFI and nothing will wake it), 0 if it reached its end.
/// Flag: `lo` is 1 if the execution carries the warning whose bit (model/state/flags.h) is `addr`.
struct Observable {
  enum class Kind : u8 { Register, Memory, Fault, FaultAddress, Waiting, Flag } kind = Kind::Register;
  u8 core = 0;                     ///< all but Memory and Flag
  isa::Reg reg = isa::Reg::None;   ///< Register
  u64 addr = 0;                    ///< Memory; Flag: a bit
  u8 size = 8;                     ///< bytes looked at: 1, 2, 4, 8, 16
  std::string label;               ///< as printed: "0:X1", "[x]", "fault(P0)"
  u8 index = 0;                    ///< Fault, FaultAddress: which of the core's faults, 0 is the first
};

/// The values of a list of observables, in its order.
struct Outcome {
  std::vector<Value> values;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
struct OutcomeLess {
  bool operator()(const Outcome& a, const Outcome& b) const;
};

}  // namespace isobar::trace
