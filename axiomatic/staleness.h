// Stale fetches: which store an instruction fetch did not see, and what would have made it visible.
//
// Owns: the search for the first missing step between a store and a fetch. Must not know: wording, time; what counts is
// the order that the program guarantees (ordered-before without IC-after and DC-after).
#pragma once

#include <optional>
#include <vector>

#include "axiomatic/ordered_before.h"

namespace isobar::axiomatic {

/// The step that is missing; steps before it were made. Each may be absent, or there but not ordered.
enum class MissingStep : u8 {
  Clean,       ///< DC of the line after the store (IDC = 0)
  Invalidate,  ///< IC of the line after the DC, or after the store with IDC
  Complete,    ///< DSB after the IC
  Tell,        ///< something that the fetching core does before the fetch and that comes after the DSB (DIC: the store)
  Synchronise, ///< context synchronisation on the fetching core, after that and before the fetch
};

struct StaleFetch {
  EventId fetch = kNoEvent;
  EventId since = kNoEvent;  ///< the oldest store that it does not see
  EventId newest = kNoEvent; ///< the newest one
  MissingStep missing = MissingStep::Clean;
  EventId instead = kNoEvent;///< a DC, IC or context synchronisation event that is there but not ordered; kNoEvent: none is
  EventId clean = kNoEvent;  ///< the DC that was made in time
  EventId invalidate = kNoEvent;  ///< the IC that was made in time
  EventId told = kNoEvent;   ///< Synchronise: the first event of the fetching core that comes after all that
  /// The first thing that the core does before the fetch and that comes after `since`, or is it: from there on the program
  /// may expect the new instruction. kNoEvent: store and fetch just race.
  EventId expected = kNoEvent;
};

/// The fetches of an execution that do not see some store, in the order of their events. Sources must be known.
class Staleness {
 public:
  Staleness(const Program& p, const Implementation& implementation);
  /// nullopt if nothing overwrites what `fetch` read.
  std::optional<StaleFetch> of(EventId fetch);
  std::vector<StaleFetch> all();

 private:
  void clean(StaleFetch& s);
  void invalidate(StaleFetch& s, EventId after);
  void tell(StaleFetch& s, u32 from);
  bool further(StaleFetch& best, const StaleFetch& s) const;
  EventId first_after(u32 from, EventId fetch);

  const Program& program_;
  CacheType caches_;
  Relations relations_;
  OrderedBefore ob_;
  Reachability reach_;
};

}  // namespace isobar::axiomatic
