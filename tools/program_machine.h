// What --tso and --latencies say of the machine below a Linux program.
#pragma once

#include <optional>
#include <string>

#include "linux-user/system.h"
#if ISOBAR_HAS_SYSTEMC
#include "linux-detailed/run.h"
#endif

namespace isobar::tools {

/// `tso`: empty (the machine has no such mode), all or none (prctl sets it), or cores that are always TSO, as in 0,2.
/// Throws InputError for anything else and for cores that there are not.
void set_memory_model(const std::string& tso, linux_user::Options& options);

#if ISOBAR_HAS_SYSTEMC
/// The same for execution in detail; `latencies`: drawn from this seed.
linux_detailed::DetailedOptions detailed_options(const std::string& tso, unsigned cores, std::optional<u64> latencies);
#endif

}  // namespace isobar::tools
