// IC-after and DC-after: the orders of cache maintenance that an execution does not tell.
//
// Owns: the choice, for each IC and each fetch of a line it acts on, which of them comes first, and the same for each
// DC and each store to its line; an execution is allowed if some choice leaves ordered-before without a cycle. Must not
// know: how the rest of ordered-before is made.
#pragma once

#include "axiomatic/ordered_before.h"

namespace isobar::axiomatic {

enum class Choice : u8 {
  None,     ///< every choice closes a cycle; one is in the graph, or was there before
  Found,    ///< the graph, with the choice in it, has no cycle
  GivenUp,  ///< too many choices
};

/// Adds the edges of Instr-obs, IC-ca and IC-ob that hang on IC-after and DC-after to `ob`. The recorded order of
/// maintenance is tried first, if there is one, but never trusted.
Choice choose_maintenance_order(const Program& p, const Relations& r, const CacheType& caches, const Omitted& omitted,
                                OrderedBefore& ob);

}  // namespace isobar::axiomatic
