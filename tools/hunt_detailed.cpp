#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "support/diagnostic.h"
#include "tools/hunt_program.h"
#include "tools/interrupt.h"
#include "tools/program_machine.h"

namespace isobar::tools {

#if ISOBAR_HAS_SYSTEMC

namespace {

/// What decides a run in detail.
struct DetailedCourse {
  u64 seed = 1;
  unsigned cores = 2;
  bool draws_latencies = false;
};

linux_hunt::Run run_course(linux_hunt::Target target, const ProgramFlags& program, const DetailedCourse& course) {
  linux_hunt::Run run;
  target.cores = course.cores;
  linux_user::Options options = linux_hunt::options_of(target, course.seed, run.output);
  set_memory_model(program.tso, options);
  options.interrupt = &interrupt_flag();
  linux_user::System system(*target.image, options);
  linux_detailed::DetailedOptions detailed =
      detailed_options(program.tso, course.cores, course.draws_latencies ? std::optional(course.seed) : std::nullopt);
  detailed.detailed_at_start = program.mode == "detailed";
  linux_detailed::DetailedStatistics statistics;
  run.outcome = linux_detailed::run(system, detailed, statistics);
  linux_hunt::judge(target, run);
  return run;
}

/// Fewer cores and the usual latencies, where the program fails in the same way.
u64 simplify(const linux_hunt::Target& target, const ProgramFlags& program, DetailedCourse& course, linux_hunt::Run& run) {
  u64 tried = 0;
  // Cores that --tso names have to exist.
  const bool names_cores = !program.tso.empty() && program.tso != "all" && program.tso != "none";
  for (unsigned cores = names_cores ? course.cores : 1; cores <= course.cores; ++cores) {
    for (const bool draws : {false, true}) {
      if (cores == course.cores && draws == course.draws_latencies) return tried;
      if (interrupt_flag()) return tried;
      if (draws && !course.draws_latencies) continue;
      ++tried;
      linux_hunt::Run simpler = run_course(target, program, {course.seed, cores, draws});
      if (simpler.kind != run.kind) continue;
      course.cores = cores;
      course.draws_latencies = draws;
      run = std::move(simpler);
      return tried;
    }
  }
  return tried;
}

}  // namespace

CaseReport hunt_in_detail(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                          ProgressLine& progress) {
  const Stopwatch watch;
  const std::string& file = program.arguments.front();
  const linux_user::ElfImage image = linux_user::parse_elf(file, contents);
  const linux_hunt::Target target = target_of(image, program);
  std::set<std::string> results;
  linux_hunt::Run run;
  DetailedCourse course;
  u64 runs = 0, instructions = 0;
  bool stopped = false;
  while (run.failure.empty() && runs < flags.runs && !stopped) {
    course = {flags.seed + runs, program.cores, runs % 2 != 0};
    run = run_course(target, program, course);
    stopped = interrupt_flag() || (flags.timeout_seconds > 0 && watch.seconds() > flags.timeout_seconds);
    if (interrupt_flag()) break;
    ++runs;
    instructions += run.outcome.instructions;
    results.insert(run.failure + "\n" + run.output);
    progress.update(fmt::format("{}: {} runs, {:.0f}/s, {} distinct results", file, runs,
                                static_cast<double>(runs) / std::max(watch.seconds(), 1e-3), results.size()));
  }
  const bool found = !run.failure.empty() && !interrupt_flag();
  stopped = stopped && !found && runs < flags.runs;
  CaseReport r;
  r.file = r.name = file;
  r.text = fmt::format("Hunt {}\nIn detail{}, seeds {} to {}\nRuns {} of {}, {} instructions, distinct outputs and exits {}\n", file,
                       program.tso.empty() ? "" : ", TSO " + program.tso, flags.seed,
                       flags.seed + std::max<u64>(runs, 1) - 1, runs, flags.runs, instructions, results.size());
  r.json = {{"format", kHuntFormat},
            {"name", file},
            {"file", file},
            {"mode", "detailed"},
            {"strategy", "random"},
            {"seed", flags.seed},
            {"runs", runs},
            {"instructions", instructions},
            {"results", results.size()},
            {"status", found ? "found" : stopped ? "stopped" : "nothing found"},
            {"seconds", 0.0}};
  if (found) {
    tell_found(run, runs, course.seed, r);
    if (flags.shrink) {
      const DetailedCourse before = course;
      const u64 tried = simplify(target, program, course, run);
      const auto latencies = [](const DetailedCourse& c) { return c.draws_latencies ? "drawn" : "usual"; };
      r.text += fmt::format("Simplified {} -> {} cores, {} -> {} latencies ({} runs tried); the order of accesses is not shrunk\n",
                            before.cores, course.cores, latencies(before), latencies(course), tried);
      const auto json = [&](const DetailedCourse& c) -> nlohmann::ordered_json {
        return {{"cores", c.cores}, {"latencies", latencies(c)}};
      };
      r.json["shrunk"] = {{"before", json(before)}, {"after", json(course)}, {"tried", tried}};
    }
    std::string command = "isobar run-elf";
    command += program.mode == "detailed" ? " --mode detailed" : "";
    command += program.markers ? " --markers" : "";
    if (!program.tso.empty()) command += " --tso " + program.tso;
    command += fmt::format(" --cores {} --seed {}", course.cores, course.seed);
    if (course.draws_latencies) command += fmt::format(" --latencies {}", course.seed);
    command += option_words(program) + words_of(program.arguments);
    tell_command(command, run, r);
  } else {
    tell_nothing_found(stopped, r);
  }
  r.json["seconds"] = r.seconds = watch.seconds();
  return r;
}

#else

CaseReport hunt_in_detail(const std::string&, const HuntFlags&, const ProgramFlags&, ProgressLine&) {
  throw InputError(Diagnostic{{}, "this isobar was built without SystemC, which execution in detail needs"});
}

#endif

}  // namespace isobar::tools
