// Which thread of a program runs when, as data: what a hunt changes, shrinks and stores.
//
// Owns: the list of slices, its text form, executing it. Must not know: strategies, command line.
#pragma once

#include <string>
#include <vector>

#include "linux-hunt/races.h"
#include "linux-user/system.h"

namespace isobar::linux_hunt {

/// A thread runs on a core for so many instructions, or until it cannot go on.
struct Slice {
  i32 thread = 0;
  unsigned cpu = 0;
  u64 instructions = 0;
  friend bool operator==(const Slice&, const Slice&) = default;
};

/// Changes from one thread to another.
u64 switches(const std::vector<Slice>& slices);

/// A run of a program in order. Slices that follow each other belong together only if a thread went on in between without
/// losing its reservation (LDXR), so they are stored as they were.
struct Schedule {
  std::string program;                 ///< digest of the file, as digest_of() gives it
  std::vector<std::string> arguments;  ///< argv
  unsigned cores = 1;
  u64 seed = 1;
  std::string failure;                 ///< what the run showed, for people
  bool checks_races = false;           ///< of `race_free` and of what the program names itself
  std::vector<RaceFree> race_free;
  std::vector<Slice> slices;
};

/// "data race on counter: thread 1001 writes it at count+0x10, ..."
std::string race_text(const linux_user::ElfImage& image, const Race& race);

/// System::run_slice(), behind which no signal is left that the thread would take next: so whether a slice ended by its
/// length or for another reason makes no difference.
u64 run_slice(linux_user::System& system, linux_user::Thread& t, u64 instructions);

/// 32 hexadecimal digits.
std::string digest_of(const std::string& contents);

std::string to_text(const Schedule& schedule);
/// Throws InputError with line and column.
Schedule parse_schedule(const std::string& file, const std::string& text);

/// Executes the slices one after the other, then the rest of the program, if there is any, round robin. Throws InputError
/// at the line of a slice whose thread cannot run: another program, or other arguments or input.
linux_user::Outcome replay(linux_user::System& system, const Schedule& schedule, const std::string& file);

}  // namespace isobar::linux_hunt
