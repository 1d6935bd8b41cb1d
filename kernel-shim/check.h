// Contradictions in a ShimConfig that are the user's to repair.
#pragma once

#include "kernel-shim/shim.h"

namespace isobar::kernel {

/// Throws InputError with every contradiction found.
void check(const ShimConfig& config, const model::MachineConfig& machine);

}  // namespace isobar::kernel
