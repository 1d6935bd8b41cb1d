#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/diagnostic.h"
#include "tools/batch.h"
#include "tools/choice.h"
#include "tools/command.h"
#include "tools/exploration.h"
#include "tools/files.h"
#include "tools/recording.h"
#include "tools/search_flags.h"
#include "tools/timed.h"
#include "tools/timing.h"

namespace isobar::tools {

namespace {

using scenarios::How;

struct RunOptions {
  std::vector<std::string> paths;
  Overrides overrides;
  std::optional<How> how;
  std::optional<u64> seed, max_states;
  std::optional<double> timeout;
  bool no_reduction = false;
  std::string trace_file;
  std::string timing_name;
  std::optional<Timing> timing;
  OutputOptions output;
  unsigned jobs = 1;
};

/// How one workload is run: what its scenario says, unless the command line says otherwise.
scenarios::RunSection run_section(const RunOptions& options, const Workload& w) {
  scenarios::RunSection run;
  if (w.scenario) {
    run = w.scenario->variants[w.variant_index].run;
  } else {
    run.max_states = 0;
    run.timeout_seconds = 0;
  }
  if (options.how) run.how = *options.how;
  if (options.seed) run.seeds = {*options.seed};
  if (options.max_states) run.max_states = *options.max_states;
  if (options.timeout) run.timeout_seconds = *options.timeout;
  return run;
}

/// A run to be written as a trace.
struct Recording {
  std::string driver;
  u64 seed = 0;
  std::vector<Step> steps;
  bool complete = true;
};

/// What a workload came to.
struct Result {
  CaseReport report;
  std::optional<Recording> recording;
};

/// The state that decided, else the first.
const StateLine* most_interesting(const CaseReport& report, const std::vector<StateLine>& states) {
  for (const StateLine& s : states) {
    if (s.text == report.example) return &s;
  }
  return states.empty() ? nullptr : &states.front();
}

Result finish_search(const RunOptions& options, const Workload& w, const explore::SearchResult& found,
                     const std::string& driver, u64 seed) {
  const std::vector<StateLine> states = state_lines(w, found);
  Result r;
  r.report = report_exploration(kRunFormat, w, found, states, true);
  const StateLine* kept = options.trace_file.empty() ? nullptr : most_interesting(r.report, states);
  if (kept != nullptr) r.recording = Recording{driver, seed, untimed(kept->witness), true};
  return r;
}

Result run_explore(const RunOptions& options, const Workload& w, const scenarios::RunSection& run,
                   ProgressLine& progress) {
  SearchFlags flags;
  flags.no_reduction = options.no_reduction;
  flags.max_states = run.max_states;
  flags.timeout_seconds = run.timeout_seconds;
  return finish_search(options, w, explore_workload(w, flags, !options.trace_file.empty(), progress),
                       "search", 0);
}

Result run_random(const RunOptions& options, const Workload& w, const scenarios::RunSection& run,
                  ProgressLine& progress) {
  explore::SearchResult all;
  all.status = explore::Status::Undetermined;
  for (const u64 seed : run.seeds) {
    SearchFlags flags;
    flags.random_runs = run.runs;
    flags.pct_depth = run.pct_depth;
    flags.seed = seed;
    const explore::SearchResult one = explore_workload(w, flags, !options.trace_file.empty(), progress);
    all.reason = one.reason;
    all.states += one.states;
    all.transitions += one.transitions;
    all.seconds += one.seconds;
    for (const auto& [outcome, info] : one.outcomes) {
      explore::OutcomeInfo& sum = all.outcomes[outcome];
      sum.count += info.count;
      if (sum.witness.empty()) sum.witness = info.witness;
      for (std::size_t i = 0; i < info.flags.size(); ++i) {
        sum.flags[i].count += info.flags[i].count;
        if (sum.flags[i].witness.empty()) sum.flags[i].witness = info.flags[i].witness;
      }
    }
  }
  return finish_search(options, w, all, "random", run.seeds.front());
}

CaseReport report_timed(const Workload& w, const scenarios::Seen& seen,
                        const std::vector<TimedReport>& runs) {
  CaseReport r;
  if (w.scenario) {
    r = report_scenario(kRunFormat, w, seen);
  } else {
    r.file = w.file;
    r.name = w.name;
    r.seconds = seen.seconds;
    r.text = fmt::format("Test {} timed\n", w.name);
    r.json = {{"format", kRunFormat}, {"name", w.name}, {"file", w.file}, {"seconds", seen.seconds}};
    if (seen.coverage == scenarios::Coverage::Partial) {
      r.verdict = Verdict::Undetermined;
      r.findings.push_back(seen.limit);
    }
  }
  auto list = nlohmann::ordered_json::array();
  for (const TimedReport& t : runs) {
    const std::string state = state_text(w, t.outcome), digest = trace::to_text(t.digest);
    list.push_back({{"seed", t.seed},
                    {"digest", digest},
                    {"state", state},
                    {"ticks", t.ticks},
                    {"instructions", t.instructions},
                    {"transitions", t.transitions},
                    {"ipis", t.ipis},
                    {"flags", t.flags},
                    {"code", t.code},
                    {"deadlocked", t.deadlocked},
                    {"limit", t.limit}});
    const std::string ipis = t.ipis == 0 ? "" : fmt::format(", {} IPI{}", t.ipis, t.ipis == 1 ? "" : "s");
    r.text += fmt::format("Run seed {}: {} ticks, {} instructions, {} transitions{}, digest {}{}\n", t.seed,
                          t.ticks, t.instructions, t.transitions, ipis, digest,
                          t.limit.empty() ? "" : ", stopped: " + t.limit);
    if (!w.scenario) r.text += "  " + spaced(state) + "\n";
    r.text += t.code_text;
  }
  r.json["runs"] = list;
  return r;
}

/// The timing model of the command line, else that of the scenario.
std::optional<Timing> timing_of(const RunOptions& options, const Workload& w, const scenarios::RunSection& run) {
  if (options.timing || run.timing.empty()) return options.timing;
  try {
    return find_timing(run.timing);
  } catch (const InputError& e) {
    if (e.diagnostics().front().where.line != 0) throw;
    throw InputError(Diagnostic{{w.file, run.timing_line, run.timing_column}, fmt::format("timing: {}", e.diagnostics().front().message)});
  }
}

Result run_timed_seeds(const RunOptions& options, const Workload& w, const scenarios::RunSection& run,
                       ProgressLine& progress) {
  TimedLimits limits;
  limits.seconds = run.timeout_seconds;
  std::vector<TimedReport> runs;
  const std::optional<Timing> timing = timing_of(options, w, run);
  scenarios::Seen seen;
  seen.coverage = scenarios::Coverage::Timed;
  if (w.scenario && w.scenario->variants[w.variant_index].run.how != How::Timed) {
    // Expectations about everything that can happen: a run of the timed machine can refute them, not confirm
    // them.
    seen.coverage = scenarios::Coverage::Partial;
    seen.limit = "timed runs instead of a search";
  }
  std::map<trace::Outcome, u64, trace::OutcomeLess> outcomes;
  for (const u64 seed : run.seeds) {
    runs.push_back(run_timed(w, seed, limits, !options.trace_file.empty(), progress, nullptr,
                             timing ? &timing->platform : nullptr));
    const TimedReport& t = runs.back();
    seen.seconds += t.seconds;
    seen.explored += t.transitions;
    if (t.limit.empty()) {
      ++outcomes[t.outcome];
    } else {
      seen.coverage = scenarios::Coverage::Partial;
      seen.limit = t.limit;
    }
  }
  for (const auto& [outcome, count] : outcomes) seen.states.push_back({outcome, count});
  Result r;
  r.report = report_timed(w, seen, runs);
  const TimedReport& last = runs.back();
  if (!options.trace_file.empty())
    r.recording = Recording{"timed", last.seed, last.steps, last.limit.empty()};
  return r;
}

Result run_workload(const RunOptions& options, const Workload& w, ProgressLine& progress) {
  const scenarios::RunSection run = run_section(options, w);
  switch (run.how) {
    case How::Explore: return run_explore(options, w, run, progress);
    case How::Random: return run_random(options, w, run, progress);
    case How::Timed: return run_timed_seeds(options, w, run, progress);
  }
  throw InternalError("a way to run that does not exist");
}

std::vector<CaseReport> run_file(const RunOptions& options, const std::string& file, bool several_files,
                                 ProgressLine& progress) {
  const std::vector<Workload> workloads = load_workloads(file, options.overrides);
  std::vector<CaseReport> reports;
  for (const Workload& w : workloads) {
    const Result r = run_workload(options, w, progress);
    reports.push_back(r.report);
    if (!r.recording) continue;
    const Recording& x = *r.recording;
    const std::string path = trace_path(options.trace_file, w, several_files || workloads.size() > 1);
    write_file(path, to_text(make_trace(w, x.driver, x.seed, x.steps, x.complete)));
    reports.back().text += "Trace " + path + "\n";
    reports.back().json["trace"] = path;
  }
  return reports;
}

ExitStatus run_files(RunOptions options) {
  if (options.how) {
    options.overrides.guesses = *options.how == How::Timed ? Guesses::Squash : Guesses::Prune;
  } else {
    options.overrides.guesses = Guesses::ByRun;
  }
  if (!options.timing_name.empty()) options.timing = find_timing(options.timing_name);
  const std::vector<std::string> files = expand_paths(options.paths, {".yaml"});
  ProgressLine progress;
  ReportPrinter printer(options.output);
  run_batch(
      files.size(), options.jobs,
      [&](std::size_t i) {
        return guarded(kRunFormat, files[i],
                       [&] { return run_file(options, files[i], files.size() > 1, progress); });
      },
      [&](const std::vector<CaseReport>& reports) {
        progress.erase();
        printer.print(reports);
      });
  return printer.finish();
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("run", "Run scenarios as they say and judge their expectations");
  auto options = std::make_shared<RunOptions>();
  options->output.suite = "isobar run";
  sub->add_option("PATH", options->paths, "Scenarios (.yaml), litmus tests, or folders with scenarios")
      ->type_name("")
      ->required();
  sub->add_option("--how", options->how, "Instead of what the scenario says: explore, random or timed")
      ->type_name("WAY")
      ->transform(choice<How>({{"explore", How::Explore}, {"random", How::Random}, {"timed", How::Timed}}));
  sub->add_option("--seed", options->seed, "Seed of timed and random runs, instead of the scenario's")
      ->type_name("N");
  sub->add_option("--timing", options->timing_name, "Timing model of timed runs: a file or a name (docs/cost.md)")
      ->type_name("T");
  sub->add_option("--trace", options->trace_file, "Record a run: the last seed, or the run that decides")
      ->type_name("FILE");
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/output.md)");
  sub->add_option("--junit", options->output.junit_file, "Write a JUnit report")->type_name("FILE");
  add_jobs_flag(*sub, options->jobs);
  const std::string search = "Search";
  sub->add_flag("--no-reduction", options->no_reduction,
                "Every interleaving, also of steps nothing can observe")
      ->group(search);
  sub->add_option("--max-states", options->max_states,
                  "Give up after N states; the result is then undetermined")
      ->type_name("N")
      ->group(search);
  sub->add_option("--timeout", options->timeout, "Give up after S seconds per scenario and variant")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->group(search);
  add_machine_flags(*sub, options->overrides);
  sub->callback([&chosen, options] { chosen = [options] { return run_files(*options); }; });
}

}  // namespace isobar::tools
