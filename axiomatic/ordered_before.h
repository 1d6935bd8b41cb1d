// Ordered-before as a graph: what each clause orders, apart from the orders of cache maintenance that must be found
// (maintenance_order.h).
#pragma once

#include <vector>

#include "axiomatic/axioms.h"
#include "axiomatic/graph.h"

namespace isobar::axiomatic {

inline constexpr u32 kNoVertex = ~u32{0};

/// The vertex of an event is its number. Stops are memory events, fetches, DC and IC; a load in slices is one stop for
/// each slice and its own number is none.
struct OrderedBefore {
  OrderGraph graph;
  std::vector<EventId> event_of;   ///< per vertex; kNoEvent where it is not a stop
  std::vector<u32> completion;     ///< per event, IC only: the vertex of the DSB that completes it; kNoVertex: none
};

OrderedBefore ordered_before(const Program& p, const Relations& r, const Implementation& implementation,
                             const Omitted& omitted = {});

}  // namespace isobar::axiomatic
