// Which registers the programs of a configuration use.
#pragma once

#include "kernel-shim/shim.h"

namespace isobar::kernel {

/// ShimConfig::general_registers, or what it stands for if it is 0.
unsigned general_registers(const ShimConfig& config);
/// ShimConfig::vector_registers, or what it stands for if it is not given.
unsigned vector_registers(const ShimConfig& config);

}  // namespace isobar::kernel
