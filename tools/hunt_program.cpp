#include "tools/hunt_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <set>
#include <thread>

#include "linux-user/system.h"
#include "support/diagnostic.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {

using Kind = linux_user::Outcome::Kind;

/// Of the output of a failing run, its end.
constexpr std::size_t kShownBytes = 2000;
/// Of the output of a run, what is kept.
constexpr std::size_t kKeptBytes = 1 << 20;

struct ProgramRun {
  linux_user::Outcome outcome;
  std::string output;  ///< of both streams
  std::exception_ptr error;
};

ProgramRun run_seed(const linux_user::ElfImage& image, const ProgramFlags& program, u64 seed) {
  ProgramRun run;
  try {
    linux_user::Options options;
    options.cores = program.cores;
    options.seed = seed;
    options.limit = program.limit;
    options.arguments = program.arguments;
    options.write = [&run](int, const std::string& bytes) {
      if (run.output.size() < kKeptBytes) run.output += bytes;
    };
    options.read = [](u64) { return std::string(); };
    linux_user::System system(image, options);
    run.outcome = system.run();
  } catch (...) {
    run.error = std::current_exception();
  }
  return run;
}

/// Empty if the run is as it should be.
std::string failure(const linux_user::Outcome& o) {
  switch (o.kind) {
    case Kind::Exited: return o.status == 0 ? "" : fmt::format("exit status {}", o.status);
    case Kind::Killed: return fmt::format("killed by signal {}", o.status);
    case Kind::Deadlock: return o.message;
    case Kind::LimitReached: return "limit: " + o.message;
    case Kind::OutOfMemory: return "memory: " + o.message;
    case Kind::Unsupported: return "not modelled: " + o.message;
  }
  return "";
}

std::string command_of(const ProgramFlags& program, u64 seed) {
  std::string text = fmt::format("isobar run-elf --seed {} --cores {} --limit {}", seed, program.cores, program.limit);
  for (const std::string& a : program.arguments) text += " " + a;
  return text;
}

}  // namespace

bool is_program(const std::string& contents) { return contents.compare(0, 4, "\177ELF") == 0; }

CaseReport hunt_program(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                        ProgressLine& progress) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const std::string& file = program.arguments.front();
  const linux_user::ElfImage image = linux_user::parse_elf(file, contents);
  std::set<std::string> results;
  u64 runs = 0, instructions = 0, seed = flags.seed;
  std::string what, output;
  bool stopped = false;
  while (what.empty() && runs < flags.runs && !stopped) {
    std::vector<ProgramRun> batch(std::min<u64>(std::max(flags.jobs, 1u), flags.runs - runs));
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < batch.size(); ++i)
        threads.emplace_back([&, i] { batch[i] = run_seed(image, program, flags.seed + runs + i); });
    }
    for (const ProgramRun& run : batch) {
      if (run.error) std::rethrow_exception(run.error);
      seed = flags.seed + runs++;
      instructions += run.outcome.instructions;
      what = failure(run.outcome);
      results.insert(what + "\n" + run.output);
      output = run.output;
      if (!what.empty()) break;
    }
    progress.update(fmt::format("{}: {} runs, {:.0f}/s, {} distinct results", file, runs,
                                static_cast<double>(runs) / std::max(seconds(), 1e-3), results.size()));
    stopped = interrupt_flag() || (flags.timeout_seconds > 0 && seconds() > flags.timeout_seconds);
  }
  stopped = stopped && what.empty() && runs < flags.runs;

  CaseReport r;
  r.file = r.name = file;
  r.seconds = seconds();
  r.text = fmt::format("Hunt {}\nStrategy random, seeds {} to {}\nRuns {} of {}, {} instructions\nResults {} distinct outputs and exits\n",
                       file, flags.seed, flags.seed + std::max<u64>(runs, 1) - 1, runs, flags.runs, instructions, results.size());
  r.json = {{"format", kHuntFormat},
            {"name", file},
            {"file", file},
            {"strategy", "random"},
            {"seed", flags.seed},
            {"runs", runs},
            {"instructions", instructions},
            {"results", results.size()},
            {"status", !what.empty() ? "found" : stopped ? "stopped" : "nothing found"},
            {"seconds", r.seconds}};
  if (!what.empty()) {
    const std::string command = command_of(program, seed);
    r.verdict = Verdict::Differs;
    r.findings.push_back(fmt::format("run {}: {}", runs, what));
    r.text += fmt::format("Found in run {}: {}\n", runs, what);
    if (output.size() > kShownBytes) output = "..." + output.substr(output.size() - kShownBytes);
    r.text += output;
    if (!output.empty() && output.back() != '\n') r.text += '\n';
    r.text += "Again with " + command + "\n";
    r.json["found"] = {{"run", runs}, {"seed", seed}, {"what", what}, {"output", output}, {"command", command}};
  } else {
    tell_nothing_found(stopped, r);
  }
  return r;
}

}  // namespace isobar::tools
