#include "tools/program_machine.h"

#include <algorithm>

#include "support/diagnostic.h"

namespace isobar::tools {

namespace {

bool is_switchable(const std::string& tso) { return tso == "all" || tso == "none"; }

/// Bit n: core n is always TSO.
u64 fixed_cores(const std::string& text, unsigned cores) {
  u64 mask = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, end - at);
    const bool number = !part.empty() && part.size() <= 2 && part.find_first_not_of("0123456789") == std::string::npos;
    if (!number || std::stoul(part) >= cores)
      throw InputError(Diagnostic{{}, "--tso " + text + ": expected all, none or numbers of cores below " +
                                          std::to_string(cores) + ", such as 0,2"});
    mask |= u64{1} << std::stoul(part);
    at = end + 1;
  }
  return mask;
}

}  // namespace

void set_memory_model(const std::string& tso, linux_user::Options& options) {
  using linux_user::MemoryModel;
  if (tso.empty()) return;
  const bool all_fixed = !is_switchable(tso) && fixed_cores(tso, options.cores) == (u64{1} << options.cores) - 1;
  options.memory_model = is_switchable(tso) ? MemoryModel::Switchable : all_fixed ? MemoryModel::FixedTso : MemoryModel::Absent;
  options.tso_at_start = tso == "all";
}

#if ISOBAR_HAS_SYSTEMC
linux_detailed::DetailedOptions detailed_options(const std::string& tso, unsigned cores, std::optional<u64> latencies) {
  linux_detailed::DetailedOptions detailed;
  const u64 fixed = is_switchable(tso) || tso.empty() ? 0 : fixed_cores(tso, cores);
  for (unsigned core = 0; core < cores; ++core) {
    model::CoreConfig& c = detailed.core[core];
    c.tso = is_switchable(tso)             ? model::TsoSupport::Actlr
            : (fixed >> core & 1) != 0 ? model::TsoSupport::Fixed
                                           : model::TsoSupport::None;
    c.tso_at_reset = tso == "all";
  }
  if (latencies) detailed.platform = linux_detailed::drawn_platform(*latencies);
  return detailed;
}
#endif

}  // namespace isobar::tools
