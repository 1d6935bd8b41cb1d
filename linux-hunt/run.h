// One run of a program in order: by the seed, by turns, or along a given schedule.
//
// Owns: executing a run and what is kept of it. Must not know: how many runs there are, reports.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "linux-hunt/schedule.h"
#include "linux-hunt/turns.h"
#include "linux-hunt/watch.h"

namespace isobar::linux_hunt {

/// What is hunted. `image` outlives the runs.
struct Target {
  const linux_user::ElfImage* image = nullptr;
  linux_user::Options options;  ///< what is not said here: features, folder, environment
  std::vector<std::string> arguments;
  unsigned cores = 2;
  u64 limit = 0;            ///< instructions of a run
  int exit_status = 0;      ///< the expected one
  const std::atomic<bool>* interrupt = nullptr;  ///< a run ends (LimitReached) soon after it has become true
  bool checks_races = false;  ///< of `race_free` and of what the program names itself
  std::vector<RaceFree> race_free;
};

struct Run {
  linux_user::Outcome outcome;
  std::string failure;      ///< empty: the run is as it should be
  std::string kind;         ///< of the failure, equal for what counts as the same one
  std::string output;       ///< of both streams, up to 1 MiB
  std::vector<Slice> slices;
  std::vector<u64> places;  ///< the PC behind each slice
  u64 events = 0;
  unsigned threads = 0;
  std::vector<u64> found;   ///< memory that was not known to be shared
  Digest interleaving;
};

/// What a run of the target gets; its output goes to `output`, up to 1 MiB.
linux_user::Options options_of(const Target& target, u64 seed, std::string& output);
/// Says of a run with an outcome whether it failed.
void judge(const Target& target, Run& run);

/// Time slices of random length from the seed, round robin, as `isobar run-elf --seed` has them.
Run run_by_seed(const Target& target, u64 seed, const Granules& shared);
/// The program gets `seed` for its own random numbers.
Run run_by_turns(const Target& target, u64 seed, const TurnOptions& turns, const Granules& shared);
/// Along the slices as far as they can be executed: what cannot run is left out. Afterwards threads run in the order of
/// their numbers until they wait.
Run run_along(const Target& target, u64 seed, const std::vector<Slice>& slices, const Granules& shared);
/// Exactly along the schedule, without looking at accesses. Throws InputError if that is not possible.
Run run_again(const Target& target, const Schedule& schedule);

}  // namespace isobar::linux_hunt
