#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/batch.h"
#include "tools/command.h"
#include "tools/explanation.h"
#include "tools/files.h"
#include "tools/search_flags.h"

namespace isobar::tools {

namespace {

struct ExplainFlags {
  std::vector<std::string> paths;
  std::optional<std::string> outcome;
  bool repair = false;
  Overrides overrides;
  SearchFlags search;
  OutputOptions output;
};

std::vector<CaseReport> explain_file(const ExplainFlags& options, const std::string& file,
                                     ProgressLine& progress) {
  std::vector<CaseReport> reports;
  for (const Workload& w : load_workloads(file, options.overrides)) {
    reports.push_back(explain_workload(w, {options.outcome, options.repair, options.search}, progress));
  }
  return reports;
}

ExitStatus explain_files(const ExplainFlags& options) {
  ProgressLine progress;
  ReportPrinter printer(options.output);
  for (const std::string& file : expand_paths(options.paths, {".litmus", ".yaml"})) {
    const std::vector<CaseReport> reports =
        guarded(kExplainFormat, file, [&] { return explain_file(options, file, progress); });
    progress.erase();
    printer.print(reports);
  }
  return printer.finish();
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  CLI::App* sub =
      app.add_subcommand("explain", "Why an outcome is allowed or forbidden, and what would change it");
  auto options = std::make_shared<ExplainFlags>();
  options->output.suite = "isobar explain";
  options->search.max_states = 5'000'000;
  options->search.timeout_seconds = 60;
  sub->add_option("FILE", options->paths, "Litmus tests (.litmus) and scenarios (.yaml)")->required();
  sub->add_option("--outcome", options->outcome,
                  "The state to explain, as 'isobar explore' prints it (default: the condition)")
      ->type_name("STATE");
  sub->add_flag("--repair", options->repair, "Look for one barrier or annotation that forbids the state");
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/explain.md)");
  const std::string group = "Search";
  sub->add_option("--max-states", options->search.max_states,
                  "Give up after N states per search (default 5000000)")
      ->type_name("N")
      ->group(group);
  sub->add_option("--timeout", options->search.timeout_seconds,
                  "Give up after S seconds per search (default 60)")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9))
      ->group(group);
  add_machine_flags(*sub, options->overrides);
  sub->callback([&chosen, options] { chosen = [options] { return explain_files(*options); }; });
}

}  // namespace isobar::tools
