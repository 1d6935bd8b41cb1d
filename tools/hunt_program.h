// What 'isobar hunt' does with a Linux program.
#pragma once

#include <string>
#include <vector>

#include "tools/hunting.h"

namespace isobar::tools {

struct ProgramFlags {
  std::vector<std::string> arguments;  ///< argv, the program first
  unsigned cores = 2;
  u64 limit = 200'000'000;  ///< instructions of a run; more is a failure
  int exit_status = 0;      ///< the expected one
};

bool is_program(const std::string& contents);

/// Runs the program, each time with other turns of its threads, until a run ends with another exit status than the expected
/// one, by a signal, in a deadlock or not within its limits. Output of the program goes nowhere but, from the run that
/// fails, into the report. Writes its schedule, shrunk.
CaseReport hunt_program(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                        ProgressLine& progress);

}  // namespace isobar::tools
