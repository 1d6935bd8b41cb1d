// What the programs of a configuration use of the kernel: registers and calls that cost something even where they are not.
#pragma once

#include "kernel-shim/shim.h"

namespace isobar::kernel {

/// ShimConfig::general_registers, or what it stands for if it is 0.
unsigned general_registers(const ShimConfig& config);
/// ShimConfig::vector_registers, or what it stands for if it is not given.
unsigned vector_registers(const ShimConfig& config);
/// Does a program or a thread at its start have this number of a system call in X8?
bool names_call(const ShimConfig& config, u64 number);

}  // namespace isobar::kernel
