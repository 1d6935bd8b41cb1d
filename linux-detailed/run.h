// A program on the detailed machine: out-of-order cores with store buffers and incoherent instruction caches on the
// SystemC platform, and the changes between that and execution in order.
//
// Owns: when which of the two runs. Must not know: command line, system calls. Deterministic per seed.
#pragma once

#include <array>
#include <optional>

#include "linux-user/system.h"
#include "model/state/config.h"
#include "model/systemc/platform_config.h"
#include "support/hash.h"

namespace isobar::linux_detailed {

struct DetailedOptions {
  std::array<model::CoreConfig, kMaxCores> core{};
  systemc::PlatformConfig platform;
  bool detailed_at_start = true;
  std::optional<u64> until;  ///< back to execution in order soon after a thread has executed the instruction there
};

/// Latencies drawn from `seed` in wide ranges around the defaults, for other orders of events than those.
systemc::PlatformConfig drawn_platform(u64 seed);

struct DetailedStatistics {
  u64 instructions = 0;  ///< of the program, executed in detail
  u64 ticks = 0;         ///< model time in detail
  unsigned entries = 0;  ///< how often execution in detail began
  Digest digest;         ///< of every step in detail and the registers at its ends
};

/// Runs to the end. In detail from the start, or from Options::stop or functional::kStopHint on, whichever comes first;
/// back in order after `until` or functional::kLeaveHint, and so on.
/// Options::coherent_fetch and Options::tagging are honoured.
linux_user::Outcome run(linux_user::System& system, const DetailedOptions& options, DetailedStatistics& statistics);

}  // namespace isobar::linux_detailed
