// Exceptions that stop a thread of a machine without a kernel, by the names used in conditions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/types.h"

namespace isobar::scenarios {

/// Columns: name in C++, name in conditions. Which exception syndromes belong to each: Arm ARM D24.2.40
/// (ESR_EL1).
#define ISOBAR_FAULT_KINDS(X)   \
  X(Any, "any")                 \
  X(Translation, "translation") \
  X(Permission, "permission")   \
  X(Alignment, "alignment")     \
  X(Tag, "tag")                 \
  X(Fetch, "fetch")             \
  X(Undefined, "undefined")     \
  X(Svc, "svc")                 \
  X(Hvc, "hvc")                 \
  X(Smc, "smc")                 \
  X(Brk, "brk")                 \
  X(Other, "other")

enum class FaultKind : u8 {
#define X(name, text) name,
  ISOBAR_FAULT_KINDS(X)
#undef X
};

std::string_view name(FaultKind k);
std::optional<FaultKind> parse_fault_kind(std::string_view text);
std::vector<std::string> fault_kind_names();

/// What is known of the fault of one thread.
struct FaultReport {
  bool faulted = false;
  u64 esr = 0;      ///< exception syndrome, as ESR_EL1
  u64 pc = 0;       ///< address of the instruction
  u64 address = 0;  ///< FAR_EL1 for aborts and alignment faults, without the address tag; meaningless otherwise
};

/// From the values of trace::Observable::Kind::Fault and FaultAddress.
FaultReport fault_report(const Value& fault, const Value& address);

/// Is the fault one of kind `k`? `Any` matches every fault, `Fetch` every fault of an instruction fetch.
bool matches(const FaultReport& f, FaultKind k);

/// "none", "undefined", "translation", "fetch translation" ...
std::string describe(const FaultReport& f);

}  // namespace isobar::scenarios
