// The part of build() for scenarios with a kernel section.
#pragma once

#include "scenarios/loader/build.h"

namespace isobar::scenarios {

/// Completes `b`, which holds the regions, segments and targets of the user's memory and texts, with the
/// kernel.
void build_kernel(const Scenario& s, const Variant& v, Build& b);

}  // namespace isobar::scenarios
