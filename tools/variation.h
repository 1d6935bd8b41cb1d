// The same test with one thing changed: an annotation, a barrier, the TSO bit of a core.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

/// Costs of strengthenings, cheapest first: an order of preference, not a measurement.
namespace repair_cost {
enum : unsigned { kDmbSt = 1, kDmbLd, kLdapr, kLdar, kStlr, kDmbSy, kTso };
}

struct Variation {
  std::string what;   ///< "P0: DMB SY (line 8) -> NOP"
  unsigned rank = 0;  ///< strengthenings: repair_cost
  std::string kind;   ///< strengthenings: "DMB ST", "LDAR" ...
  /// Makes the changed test. Throws InputError if it turns out that the text cannot be changed so.
  std::function<Workload()> make;
};

/// Every way to weaken one instruction of the test's own code or one core: barriers to NOP or to a weaker
/// barrier, ISB to NOP, acquire and release dropped or acquire made RCpc, atomics with less of both, TSO of
/// one core cleared. Dependencies stay as they are.
std::vector<Variation> weakenings(const Workload& w, const Listing& listing);

/// Every way to strengthen one place of the test's own code or one core, cheapest first: DMB ST, DMB LD,
/// load-acquire RCpc, load-acquire, store-release, DMB SY, TSO on one core. Barriers are put before a memory
/// access.
std::vector<Variation> strengthenings(const Workload& w, const Listing& listing);

/// `w` with another instruction at `pc`, and with TSO on or off at reset on one core; all else, observables included, is the same.
Workload with_word(const Workload& w, u64 pc, u32 word);
Workload with_tso(const Workload& w, unsigned core, bool on);
/// Is TSO on at reset?
bool starts_with_tso(const model::CoreConfig& c);

/// The words that `word` can be weakened to, strongest first.
std::vector<u32> weaker_words(u32 word);

/// A stronger form of an access.
struct Stronger {
  enum class Kind : u8 { AcquirePc, Acquire, Release } kind = Kind::Acquire;
  u32 word = 0;
};
/// Forms of the same access with more order, same address and size.
std::vector<Stronger> stronger_words(u32 word);

}  // namespace isobar::tools
