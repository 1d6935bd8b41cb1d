// Options that every command with a search shares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "explore/search.h"
#include "tools/progress.h"
#include "tools/workload.h"

namespace isobar::tools {

struct SearchFlags {
  bool no_reduction = false;
  u64 max_states = 0;          ///< 0: no limit
  double timeout_seconds = 0;  ///< 0: no limit
  u64 random_runs = 0;         ///< 0: exhaustive
  unsigned pct_depth = 0;      ///< 0: uniform
  u64 seed = 1;
};

/// Adds --no-reduction, --max-states, --timeout, --random, --pct and --seed.
void add_search_flags(CLI::App& command, SearchFlags& flags);
/// Adds --variant, --tso and --tso-flavour.
void add_machine_flags(CLI::App& command, Overrides& overrides);
/// Adds --jobs; the default is 1.
void add_jobs_flag(CLI::App& command, unsigned& jobs);

/// The same for an x86 test, on the x86-TSO machine; without witnesses.
explore::SearchResult explore_x86(const scenarios::X86Program& x86, const SearchFlags& flags);

/// Explores `w` as the flags say, showing progress and minding Ctrl-C.
explore::SearchResult explore_workload(const Workload& w, const SearchFlags& flags, bool witnesses,
                                       ProgressLine& progress);

}  // namespace isobar::tools
