#include <memory>
#include <string>
#include <vector>

#include "tools/batch.h"
#include "tools/command.h"
#include "tools/exploration.h"
#include "tools/files.h"
#include "tools/search_flags.h"
#include "tools/second_route.h"
#include "tools/warnings.h"
#include "tools/witness.h"

namespace isobar::tools {

namespace {

struct ExploreOptions {
  std::vector<std::string> paths;
  Overrides overrides;
  SearchFlags search;
  OutputOptions output;
  WitnessOptions witness;
  unsigned jobs = 1;
};

std::vector<CaseReport> explore_file(const ExploreOptions& options, const std::string& file,
                                     ProgressLine& progress) {
  std::vector<CaseReport> reports;
  Overrides overrides = options.overrides;
  overrides.x86 = !options.witness.wanted() && !options.witness.judge;
  for (const Workload& w : load_workloads(file, overrides)) {
    const explore::SearchResult result =
        explore_workload(w, options.search, options.witness.wanted(), progress);
    const std::vector<StateLine> states = state_lines(w, result);
    reports.push_back(report_exploration(kExploreFormat, w, result, states, false));
    keep_witnesses(options.witness, w, states, reports.back());
    keep_warning_witnesses(options.witness, w, warnings(w, result), reports.back());
    if (options.witness.judge) {
      const bool complete = result.status == explore::Status::Complete;
      compare_routes(w, states, complete, reports.back());
    }
  }
  return reports;
}

ExitStatus explore_files(const ExploreOptions& options) {
  const std::vector<std::string> files = expand_paths(options.paths, {".litmus", ".yaml"});
  prepare(options.witness);
  ProgressLine progress;
  ReportPrinter printer(options.output);
  run_batch(
      files.size(), options.jobs,
      [&](std::size_t i) {
        return guarded(kExploreFormat, files[i], [&] { return explore_file(options, files[i], progress); });
      },
      [&](const std::vector<CaseReport>& reports) {
        progress.erase();
        printer.print(reports);
      });
  return printer.finish();
}

}  // namespace

void add_explore(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("explore", "Every outcome of a litmus test or scenario");
  auto options = std::make_shared<ExploreOptions>();
  options->output.suite = "isobar explore";
  sub->add_option("FILE", options->paths,
                  "Files (.litmus, .yaml), folders with such files, or - for a litmus test")
      ->type_name("")
      ->required();
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/output.md)");
  sub->add_option("--junit", options->output.junit_file, "Write a JUnit report")->type_name("FILE");
  const std::string witness = "Witnesses: one run for every state";
  sub->add_option("--witness", options->witness.trace_folder, "Write traces that 'isobar replay' runs again")
      ->type_name("FOLDER")
      ->group(witness);
  sub->add_option("--dot", options->witness.dot_folder, "Write execution graphs as DOT")
      ->type_name("FOLDER")
      ->group(witness);
  sub->add_option("--svg", options->witness.svg_folder, "Write execution graphs as SVG (needs Graphviz)")
      ->type_name("FOLDER")
      ->group(witness);
  sub->add_option("--relations", options->witness.relations,
                  "Draw only these: po,rf,co,fr,rmw,addr,data,ctrl,barriers")
      ->type_name("R[,R]")
      ->group(witness);
  sub->add_flag("--judge", options->witness.judge, "Judge every witness; let the axioms alone enumerate all outcomes")->group(witness);
  add_jobs_flag(*sub, options->jobs);
  add_search_flags(*sub, options->search);
  add_machine_flags(*sub, options->overrides);
  sub->callback([&chosen, options] { chosen = [options] { return explore_files(*options); }; });
}

}  // namespace isobar::tools
