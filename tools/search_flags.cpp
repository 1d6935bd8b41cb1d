#include "tools/search_flags.h"

#include "scenarios/import/x86_machine.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {
constexpr double kLongest = 1e9;  // seconds
}

void add_search_flags(CLI::App& command, SearchFlags& flags) {
  const std::string group = "Search";
  command
      .add_flag("--no-reduction", flags.no_reduction, "Every interleaving, also of steps nothing can observe")
      ->group(group);
  command
      .add_option("--max-states", flags.max_states, "Give up after N states; the result is then undetermined")
      ->type_name("N")
      ->group(group);
  command.add_option("--timeout", flags.timeout_seconds, "Give up after S seconds per test")
      ->type_name("S")
      ->check(CLI::Range(0.0, kLongest).description(""))
      ->group(group);
  auto* random = command.add_option("--random", flags.random_runs, "N random schedules instead of all")
                     ->type_name("N")
                     ->group(group);
  command
      .add_option("--pct", flags.pct_depth,
                  "Random schedules by probabilistic concurrency testing of depth D")
      ->type_name("D")
      ->check(CLI::Range(1u, 64u).description(""))
      ->needs(random)
      ->group(group);
  command.add_option("--seed", flags.seed, "Seed of random schedules (default 1)")
      ->type_name("N")
      ->group(group);
}

void add_machine_flags(CLI::App& command, Overrides& overrides) {
  const std::string group = "Machine";
  command
      .add_option("--variant", overrides.variants,
                  "Variants by name: of a litmus test (mixed, ifetch ...), of a scenario")
      ->type_name("V[,V]")
      ->delimiter(',')
      ->group(group);
  command
      .add_option("--tso", overrides.tso,
                  "Cores with ACTLR_EL1.TSO set: all, none, or those of threads P0,P2")
      ->type_name("WHO")
      ->group(group);
  command.add_option("--tso-flavour", overrides.tso_flavour, "Reading of TSO: t1 (default), t2 or t3")
      ->type_name("T")
      ->check(CLI::IsMember({"t1", "t2", "t3"}).description(""))
      ->group(group);
}

void add_jobs_flag(CLI::App& command, unsigned& jobs) {
  command.add_option("-j,--jobs", jobs, "Inputs worked on at the same time (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1u, 256u).description(""));
}

explore::SearchResult explore_x86(const scenarios::X86Program& x86, const SearchFlags& flags) {
  if (flags.random_runs != 0) {
    throw scenarios::UnsupportedError({x86.program.file, 1, 1}, "random schedules of x86 tests");
  }
  const scenarios::X86SearchResult found =
      scenarios::search_x86(x86, {flags.max_states, flags.timeout_seconds, &interrupt_flag()});
  explore::SearchResult r;
  r.status = found.complete ? explore::Status::Complete : explore::Status::Undetermined;
  r.reason = found.reason;
  r.states = found.states;
  r.transitions = found.transitions;
  r.seconds = found.seconds;
  for (const auto& [outcome, count] : found.outcomes) r.outcomes[outcome].count = count;
  return r;
}

explore::SearchResult explore_workload(const Workload& w, const SearchFlags& flags, bool witnesses,
                                       ProgressLine& progress) {
  if (w.x86) return explore_x86(*w.x86, flags);
  const auto show = [&](const explore::Progress& p) { progress.update(w.title(), p); };
  if (flags.random_runs != 0) {
    explore::RandomOptions options;
    options.runs = flags.random_runs;
    options.seed = flags.seed;
    if (flags.pct_depth != 0) {
      options.strategy = explore::RandomStrategy::Pct;
      options.pct_depth = flags.pct_depth;
    }
    options.interrupt = &interrupt_flag();
    if (progress.visible()) options.progress = show;
    return explore::sample(*w.machine, w.observables, options);
  }
  explore::SearchOptions options;
  options.reduction = !flags.no_reduction;
  options.max_states = flags.max_states;
  options.timeout_seconds = flags.timeout_seconds;
  options.witnesses = witnesses;
  options.interrupt = &interrupt_flag();
  if (progress.visible()) options.progress = show;
  return explore::search(*w.machine, w.observables, options);
}

}  // namespace isobar::tools
