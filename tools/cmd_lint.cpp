#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/batch.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/lint.h"
#include "tools/search_flags.h"

namespace isobar::tools {

namespace {

struct LintFlags {
  std::vector<std::string> paths;
  LintOptions lint;
  Overrides overrides;
  OutputOptions output;
};

/// The first variant unless some are named: variants of a test of modified code mostly differ in the caches,
/// of which every kind is tried anyway.
std::vector<CaseReport> lint_file(const LintFlags& options, const std::string& file, ProgressLine& progress) {
  std::vector<CaseReport> reports;
  for (const Workload& w : load_workloads(file, options.overrides)) {
    reports.push_back(lint_workload(w, options.lint, progress));
    if (w.scenario && options.overrides.variants.empty()) break;
  }
  return reports;
}

ExitStatus lint_files(const LintFlags& options) {
  ProgressLine progress;
  ReportPrinter printer(options.output);
  for (const std::string& file : expand_paths(options.paths, {".litmus", ".yaml"})) {
    const std::vector<CaseReport> reports =
        guarded(kLintFormat, file, [&] { return lint_file(options, file, progress); });
    progress.erase();
    printer.print(reports);
  }
  return printer.finish();
}

}  // namespace

void add_lint(CLI::App& app, Action& chosen) {
  CLI::App* sub =
      app.add_subcommand("lint", "Which maintenance a program that modifies code lacks or does not need");
  auto options = std::make_shared<LintFlags>();
  options->output.suite = "isobar lint";
  options->lint.search.max_states = 5'000'000;
  options->lint.search.timeout_seconds = 60;
  sub->add_option("FILE", options->paths, "Litmus tests (.litmus) and scenarios (.yaml)")->required();
  sub->add_option("--outcome", options->lint.outcome,
                  "The state that must not be, as 'isobar explore' prints it (default: the condition)")
      ->type_name("STATE");
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/lint.md)");
  sub->add_option("--junit", options->output.junit_file, "Write a JUnit report")->type_name("FILE");
  const std::string group = "Search";
  sub->add_option("--max-states", options->lint.search.max_states,
                  "Give up after N states per search (default 5000000)")
      ->type_name("N")
      ->group(group);
  sub->add_option("--timeout", options->lint.search.timeout_seconds,
                  "Give up after S seconds per search (default 60)")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9))
      ->group(group);
  add_machine_flags(*sub, options->overrides);
  sub->callback([&chosen, options] { chosen = [options] { return lint_files(*options); }; });
}

}  // namespace isobar::tools
