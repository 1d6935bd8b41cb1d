#include <iostream>
#include <memory>

#include "tools/command.h"
#include "tools/conform.h"
#include "tools/search_flags.h"

namespace isobar::tools {

void add_conform(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("conform", "Compare outcome sets with recorded ones");
  auto options = std::make_shared<ConformOptions>();
  auto no_reduction = std::make_shared<bool>(false);
  sub->add_option("DIR", options->directory, "Folder with outcomes.jsonl and the tests it names")
      ->type_name("")
      ->required();
  sub->add_option("--group", options->groups,
                  "Only these groups (first part of a test's path); may be repeated")
      ->type_name("G[,G]")
      ->delimiter(',')
      ->take_all();
  sub->add_option("--match", options->match, "Only tests whose path contains TEXT")->type_name("TEXT");
  sub->add_flag("--list", options->list, "Name every test that is not exact, with what is missing and extra");
  sub->add_flag("--load-only", options->load_only, "Read and assemble the tests, explore nothing");
  add_jobs_flag(*sub, options->jobs);
  sub->add_flag("--no-reduction", *no_reduction, "Every interleaving, also of steps nothing can observe");
  sub->add_option("--max-states", options->max_states, "Give up after N states per test")->type_name("N");
  sub->add_option("--timeout", options->timeout_seconds, "Give up after S seconds per test")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9).description(""));
  sub->callback([&chosen, options, no_reduction] {
    chosen = [options, no_reduction] {
      options->reduction = !*no_reduction;
      return run_conform(*options, std::cout);
    };
  });
}

}  // namespace isobar::tools
