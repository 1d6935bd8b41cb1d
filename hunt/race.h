// Data races on memory that must have none.
//
// Owns: what a data race is. Must not know: scenarios, schedules. The order that counts is the architecture's
// (axiomatic/ordered_before.h), without what the memory in question itself would order.
#pragma once

#include <optional>
#include <vector>

#include "axiomatic/axioms.h"
#include "axiomatic/dependencies.h"
#include "trace/execution.h"

namespace isobar::hunt {

struct ByteRange {
  u64 begin = 0, end = 0;
};

struct RaceRules {
  std::vector<ByteRange> race_free;  ///< memory without races; empty: nothing is checked
  axiomatic::Implementation implementation;
  axiomatic::DependencyOptions dependencies;
};

/// Two accesses that conflict: of different cores, to a byte in common, one of them a write.
struct Race {
  struct Access {
    u8 core = 0;
    bool write = false;
    u8 size = 0;
    u32 word = 0;  ///< the instruction
    u64 pc = 0, addr = 0;
  };
  Access first, second;  ///< by core
};

/// The first conflict in `e` on race-free memory, by cores and program order, that ordered-before decides in neither
/// direction when reads-from, coherence and from-reads between cores count on other memory only.
std::optional<Race> find_race(const trace::Execution& e, const RaceRules& rules);

}  // namespace isobar::hunt
