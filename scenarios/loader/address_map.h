// Where the loader puts things. Code below, data above, near enough to each other for ADR (1 MiB either way).
#pragma once

#include "support/types.h"

namespace isobar::scenarios {

inline constexpr u64 kCodeBase = 0x10000;  ///< code areas, then the texts of the threads
inline constexpr u64 kCodeEnd = 0xc0000;
inline constexpr u64 kReservedBase = 0xc0000;  ///< what follows the text of a thread of a kernel
inline constexpr u64 kReservedEnd = 0x100000;
inline constexpr u64 kDataBase = 0x100000;  ///< locations without a fixed address

/// Code of the kernel thread `n`, at most kKernelThreadSize bytes: behind the kernel, whose functions it
/// calls with BL.
inline constexpr u64 kKernelThreadSize = 0x1000;
constexpr u64 kernel_thread_address(u64 n) {
  return 0x4080'0000 + n * kKernelThreadSize;
}

/// Where thread `n` of a kernel goes when its text ends, and where it leaves the registers that are looked
/// at.
inline constexpr u64 kExitStubSize = 0x200;
constexpr u64 exit_stub_address(u64 n) {
  return 0xe0000 + n * kExitStubSize;
}
inline constexpr u64 kResultSize = 0x100;
constexpr u64 result_address(u64 n) {
  return 0xf0000 + n * kResultSize;
}

}  // namespace isobar::scenarios
