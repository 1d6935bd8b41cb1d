// `isobar conform`: every litmus test of a folder of recorded outcomes, explored and compared state by state.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "support/types.h"
#include "tools/exit_status.h"

namespace isobar::tools {

struct ConformOptions {
  std::string directory;            ///< holds outcomes.jsonl and the test files it names
  std::vector<std::string> groups;  ///< only these; empty: all
  std::string match;                ///< only tests whose path contains this text
  unsigned jobs = 1;                ///< tests at the same time, at least 1
  u64 max_states = 0;               ///< per test, 0: no limit
  double timeout_seconds = 0;       ///< per test, 0: no limit
  bool reduction = true;
  bool load_only = false;  ///< read, assemble and lay out the tests, explore nothing
  bool list = false;  ///< name every test that is not exact, with its missing and extra states or the reason
  unsigned list_states = 8;  ///< at most so many states of each kind per listed test
};

/// Prints one line per group: tests, exact, missing (tests that lack a recorded state), extra (tests with a state
/// that is not recorded), flags (tests whose warnings are not those recorded), unsupported, undetermined, error, CPU
/// seconds. Differs if anything is missing or extra, BadInput if a test could not be read, Undetermined if a bound was
/// hit, else AsExpected: unsupported tests and warnings are not failures. Throws InputError if outcomes.jsonl cannot be
/// read or no test is selected. The order of the output does not depend on `jobs`.
ExitStatus run_conform(const ConformOptions& options, std::ostream& out);

}  // namespace isobar::tools
