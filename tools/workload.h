// What every command that runs something starts from: the names of session/workload.h, and reading files.
#pragma once

#include <string>
#include <vector>

#include "session/workload.h"

namespace isobar::tools {

using session::Guesses;
using session::is_counted;
using session::Overrides;
using session::parse_workloads;
using session::state_text;
using session::Workload;

/// Everything in one file, as parse_workloads(). Throws InputError.
std::vector<Workload> load_workloads(const std::string& file, const Overrides& overrides);

/// Where a trace of `w` goes: `given`, or "mp.tso.trace" for the variant "tso" when one command makes `several` of them.
std::string trace_path(const std::string& given, const Workload& w, bool several);

}  // namespace isobar::tools
