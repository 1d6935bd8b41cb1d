// What 'isobar hunt' does with a Linux program.
#pragma once

#include <string>
#include <vector>

#include "linux-hunt/run.h"
#include "tools/hunting.h"

namespace isobar::tools {

struct ProgramFlags {
  std::vector<std::string> arguments;  ///< argv, the program first
  unsigned cores = 2;
  u64 limit = 200'000'000;  ///< instructions of a run; more is a failure
  int exit_status = 0;      ///< the expected one
  std::vector<std::string> race_free;  ///< SYMBOL, SYMBOL+SIZE or ADDRESS+SIZE
  std::string mode = "functional";  ///< or detailed
  bool markers = false;     ///< in detail from HINT #96 to HINT #97
  std::string tso;          ///< in detail, as 'isobar run-elf' has it
  std::string root;
  std::vector<std::string> environment;
  bool dic = false, mte = false, bti = false;
  bool is_detailed() const { return mode == "detailed" || markers; }
};

bool is_program(const std::string& contents);

/// Runs the program, each time with other turns of its threads, until a run ends with another exit status than the expected
/// one, by a signal, in a deadlock or not within its limits. Output of the program goes nowhere but, from the run that
/// fails, into the report. Writes its schedule, shrunk.
CaseReport hunt_program(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                        ProgressLine& progress);

/// The same on the detailed machine, which is weakly ordered: runs differ by seeds and latencies.
CaseReport hunt_in_detail(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                          ProgressLine& progress);

// What both reports have in common.

/// What is hunted; `image` outlives it.
linux_hunt::Target target_of(const linux_user::ElfImage& image, const ProgramFlags& program);
/// Options of 'isobar run-elf' that are the same, each with a space before it.
std::string option_words(const ProgramFlags& program);
/// Of a failing run, the last 2,000 bytes.
std::string end_of_output(const std::string& output);
/// As a shell reads it.
std::string quoted(const std::string& word);
/// A space before each.
std::string words_of(const std::vector<std::string>& arguments);
/// With its output, and the command that shows it again.
void tell_found(const linux_hunt::Run& run, u64 number, u64 seed, CaseReport& r);
void tell_command(const std::string& command, const linux_hunt::Run& run, CaseReport& r);

}  // namespace isobar::tools
