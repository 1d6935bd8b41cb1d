#include <memory>
#include <string>
#include <vector>

#include "support/diagnostic.h"
#include "tools/batch.h"
#include "tools/choice.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/hunt_program.h"
#include "tools/search_flags.h"

namespace isobar::tools {

namespace {

struct HuntOptions {
  std::vector<std::string> files;  ///< a scenario, or a program and its arguments
  Overrides overrides;
  HuntFlags hunt;
  ProgramFlags program;
  OutputOptions output;
};

[[noreturn]] void refuse(const std::string& message) { throw InputError(Diagnostic{{}, message}); }

CaseReport hunt_elf(const HuntOptions& options, const std::string& contents, ProgressLine& progress) {
  const HuntFlags& h = options.hunt;
  if (h.outcome || h.sometimes) refuse("--outcome and --sometimes are for scenarios and litmus tests");
  ProgramFlags program = options.program;
  program.arguments = options.files;
  program.tso = options.overrides.tso.value_or("");
  if (program.is_detailed()) {
    if (h.strategy.value_or(hunt::Strategy::Random) != hunt::Strategy::Random || h.depth)
      refuse("in detail programs are hunted by seeds: --strategy random, without --depth");
    if (!program.race_free.empty()) refuse("--race-free is for execution in order");
    return hunt_in_detail(contents, h, program, progress);
  }
  if (!program.tso.empty()) refuse("programs run in order, with or without TSO, unless --mode detailed or --markers is given");
  return hunt_program(contents, h, program, progress);
}

std::vector<CaseReport> hunt_file(const HuntOptions& options, ProgressLine& progress) {
  const std::string& file = options.files.front();
  const std::string contents = file == "-" ? "" : read_file(file);
  if (is_program(contents)) return {hunt_elf(options, contents, progress)};
  if (options.files.size() > 1) refuse("one scenario or litmus test at a time; only programs have arguments");
  Overrides overrides = options.overrides;
  overrides.guesses = Guesses::Squash;
  const std::vector<Workload> workloads = load_workloads(file, overrides);
  const std::string trace = options.hunt.trace_file.empty() ? "hunt.trace" : options.hunt.trace_file;
  std::vector<CaseReport> reports;
  for (const Workload& w : workloads)
    reports.push_back(hunt_workload(w, options.hunt, trace_path(trace, w, workloads.size() > 1), progress));
  return reports;
}

ExitStatus hunt_one(const HuntOptions& options) {
  ProgressLine progress;
  ReportPrinter printer(options.output);
  const std::vector<CaseReport> reports =
      guarded(kHuntFormat, options.files.front(), [&] { return hunt_file(options, progress); });
  progress.erase();
  printer.print(reports);
  return printer.finish();
}

}  // namespace

void add_hunt(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("hunt", "Many random runs until one fails, and the shortest schedule that does");
  auto o = std::make_shared<HuntOptions>();
  o->output.suite = "isobar hunt";
  sub->add_option("FILE", o->files, "A scenario (.yaml), a litmus test, or an AArch64 Linux program and its arguments")
      ->type_name("")
      ->required();
  sub->add_option("--runs", o->hunt.runs, "Runs at most (default 10000)")
      ->check(CLI::Range(u64{1}, u64{1} << 40).description(""))
      ->type_name("N");
  sub->add_option("--strategy", o->hunt.strategy, "random, pct (default) or delay (docs/hunt.md)")
      ->type_name("S")
      ->transform(choice<hunt::Strategy>(
          {{"random", hunt::Strategy::Random}, {"pct", hunt::Strategy::Pct}, {"delay", hunt::Strategy::Delay}}));
  sub->add_option("--depth", o->hunt.depth, "pct: depth of the failures (default 3); delay: delays (default 2)")
      ->check(CLI::Range(1u, 20u).description(""))
      ->type_name("D");
  sub->add_option("--seed", o->hunt.seed, "Of all runs (default 1)")->type_name("N");
  sub->add_option("--outcome", o->hunt.outcome, "The state to look for, instead of what the expectations forbid")
      ->type_name("STATE");
  sub->add_flag("--sometimes", o->hunt.sometimes, "Look for what 'sometimes' expects as well");
  sub->add_option("--trace", o->hunt.trace_file, "Where the failing run goes (default hunt.trace, of programs hunt.schedule)")->type_name("FILE");
  sub->add_flag("!--no-shrink", o->hunt.shrink, "Keep the schedule as it was found");
  sub->add_option("--max-steps", o->hunt.max_steps, "Give a run up after N steps (default 200000)")
      ->check(CLI::Range(u64{1}, u64{1} << 40).description(""))
      ->type_name("N");
  sub->add_option("--timeout", o->hunt.timeout_seconds, "Stop after S seconds per variant")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->type_name("S");
  add_jobs_flag(*sub, o->hunt.jobs);
  sub->add_flag("--json", o->output.json, "One JSON object per line (docs/output.md)");
  const std::string programs = "Programs";
  sub->add_option("--cores", o->program.cores, "Cores that threads run on (default 2)")
      ->check(CLI::Range(1u, kMaxCores).description(""))
      ->type_name("N")
      ->group(programs);
  sub->add_option("--limit", o->program.limit, "Instructions of a run; more is a failure (default 200000000)")
      ->check(CLI::Range(u64{1}, ~u64{0}).description(""))
      ->type_name("N")
      ->group(programs);
  sub->add_option("--exit", o->program.exit_status, "The exit status that is no failure (default 0)")
      ->check(CLI::Range(0, 255).description(""))
      ->type_name("STATUS")
      ->group(programs);
  sub->add_option("--race-free", o->program.race_free, "Accesses to this memory must be ordered, else the run fails")
      ->type_name("SYMBOL[+SIZE]")
      ->allow_extra_args(false)
      ->group(programs);
  sub->add_option("--root", o->program.root, "Folder whose files the program can read (default: none)")
      ->check(CLI::ExistingDirectory.description(""))
      ->type_name("DIR")
      ->group(programs);
  sub->add_option("--env", o->program.environment, "Environment variable of the program")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group(programs);
  sub->add_flag("--dic", o->program.dic, "Instruction caches see every store (CTR_EL0.DIC)")->group(programs);
  sub->add_flag("--mte", o->program.mte, "Memory tagging exists (FEAT_MTE)")->group(programs);
  sub->add_flag("--bti", o->program.bti, "Branch target identification exists (FEAT_BTI)")->group(programs);
  sub->add_option("--mode", o->program.mode, "functional: in order (default); detailed: out of order, weak")
      ->check(CLI::IsMember({"functional", "detailed"}).description(""))
      ->type_name("MODE")
      ->group(programs);
  sub->add_flag("--markers", o->program.markers, "In detail from HINT #96 to HINT #97 of the program")->group(programs);
  add_machine_flags(*sub, o->overrides);
  sub->callback([&chosen, o] { chosen = [o] { return hunt_one(*o); }; });
}

}  // namespace isobar::tools
