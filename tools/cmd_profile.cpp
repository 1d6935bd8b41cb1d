#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "tools/access_profile.h"
#include "tools/batch.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/search_flags.h"
#include "tools/timed.h"

namespace isobar::tools {

namespace {

constexpr const char* kProfileFormat = "isobar-profile/1";

struct ProfileOptions {
  std::vector<std::string> paths;
  Overrides overrides;
  u64 runs = 10, seed = 1;
  unsigned granule = 16;
  double timeout = 60;
  OutputOptions output;
};

CaseReport profile_workload(const ProfileOptions& options, const Workload& w, ProgressLine& progress) {
  AccessProfile profile(w, options.granule);
  CaseReport r;
  r.file = w.file;
  r.name = w.title();
  TimedLimits limits;
  limits.seconds = options.timeout;
  for (u64 k = 0; k < options.runs; ++k) {
    const TimedReport t = run_timed(w, options.seed + k, limits, false, progress, &profile);
    profile.end_run();
    r.seconds += t.seconds;
    if (t.limit.empty()) continue;
    r.verdict = Verdict::Undetermined;
    r.findings.push_back(fmt::format("the run with seed {} was stopped: {}", t.seed, t.limit));
    break;
  }
  r.text = profile.text();
  for (const std::string& f : r.findings) r.text += f + "\n";
  r.json = {{"format", kProfileFormat}, {"name", w.name}, {"file", w.file}, {"variant", w.variant},
            {"status", name(r.verdict)}, {"seconds", r.seconds}};
  r.json.update(profile.json());
  return r;
}

ExitStatus profile_files(ProfileOptions options) {
  options.overrides.guesses = Guesses::Squash;
  ProgressLine progress;
  ReportPrinter printer(options.output);
  for (const std::string& file : expand_paths(options.paths, {".litmus", ".yaml"})) {
    const std::vector<CaseReport> reports = guarded(kProfileFormat, file, [&] {
      std::vector<CaseReport> of_file;
      for (const Workload& w : load_workloads(file, options.overrides))
        of_file.push_back(profile_workload(options, w, progress));
      return of_file;
    });
    progress.erase();
    printer.print(reports);
  }
  return printer.finish();
}

}  // namespace

void add_profile(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("profile", "How often each instruction touches memory that cores share");
  auto options = std::make_shared<ProfileOptions>();
  options->output.suite = "isobar profile";
  sub->add_option("FILE", options->paths, "Litmus tests (.litmus), scenarios (.yaml), folders with such files")
      ->required();
  sub->add_option("--runs", options->runs, "Timed runs, with one seed after the other (default 10)")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000).description(""));
  sub->add_option("--seed", options->seed, "Seed of the first run (default 1)")->type_name("N");
  sub->add_option("--granule", options->granule, "Bytes that are local or shared together: 4 to 4096 (default 16)")
      ->type_name("N")
      ->check(CLI::IsMember({4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}).description(""));
  sub->add_option("--timeout", options->timeout, "Give up after S seconds per run (default 60)")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9).description(""));
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/output.md)");
  add_machine_flags(*sub, options->overrides);
  sub->callback([&chosen, options] { chosen = [options] { return profile_files(*options); }; });
}

}  // namespace isobar::tools
