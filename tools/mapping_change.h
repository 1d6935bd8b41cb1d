// The same mapping with one sequence made stronger or weaker.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/mapping_verdict.h"

namespace isobar::tools {

struct MappingChange {
  std::string what;   ///< "store: dmb ishst before it"
  unsigned cost = 0;  ///< strengthenings: repair_cost (tools/variation.h)
  scenarios::Mapping changed;
};

/// Every way to strengthen one of `operations` (names of sequences) or a barrier of the blocks in one place,
/// cheapest first.
std::vector<MappingChange> strengthenings(const scenarios::Mapping& m,
                                          const std::set<std::string>& operations);

/// Ways to weaken one barrier or annotation.
struct MappingWeakening {
  std::string operation;             ///< whose sequence it is; empty: a barrier of the blocks
  std::vector<MappingChange> least;  ///< as weak as can be: a barrier dropped, an access made plain
  std::vector<MappingChange> partly;
};
/// Of every barrier or annotation of `operations` and of the blocks.
std::vector<MappingWeakening> weakenings(const scenarios::Mapping& m,
                                         const std::set<std::string>& operations);

struct MappingRepair {
  std::vector<std::string> what;  ///< one change, or two
  unsigned cost = 0;
};
/// The cheapest one or two strengthenings after which the test is no longer broken; nullopt if there are
/// none, or none among the first 1,500 that cost least.
std::optional<MappingRepair> cheapest_repair(const X86Test& test, const scenarios::Mapping& m);

}  // namespace isobar::tools
