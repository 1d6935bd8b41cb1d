// Faults in the conditions of litmus tests: what `fault(P0:L0,x,MMU:Translation)` asks for, and how the faults of an
// execution are printed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "support/types.h"

namespace isobar::scenarios {

/// A fault that happened.
struct LitmusFault {
  u64 pc = 0;        ///< of the instruction
  u64 syndrome = 0;  ///< as ESR_EL1
  u64 address = 0;   ///< as FAR_EL1; counts only if has_address()
  bool has_address() const;
};

/// Which faults of a thread a condition asks for. What is not set matches everything.
struct LitmusFaultPattern {
  std::optional<u64> pc;
  std::optional<std::string> location;  ///< name, as written but without a tag
  std::optional<std::string> type;      ///< as written: "MMU:Translation"
  bool sticky = false;                  ///< the thread records faults of tag checks in TFSR too, without their place
};

/// Is `word` the type of a fault that conditions may name?
bool is_fault_type(const std::string& word);

/// "UndefinedInstruction", "D-MMU:Translation" ...
std::string fault_name(u64 syndrome);

/// Is a fault of type `name` (fault_name()) meant by `type` as a condition writes it? "MMU:X" means both sides.
bool is_fault_of_type(const std::string& name, const std::string& type);

}  // namespace isobar::scenarios
