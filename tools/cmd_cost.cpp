#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tools/command.h"
#include "tools/cost.h"
#include "tools/files.h"
#include "tools/mapping_suite.h"
#include "tools/published.h"

namespace isobar::tools {

namespace {

/// Plain loads and stores on a weak core, and the LOCK operations that every mapping with LSE has: what ratios are to.
constexpr const char* kPlain = "fex-off-lse";

struct CostOptions {
  std::vector<std::string> workloads;
  std::vector<std::string> mappings{kPlain,         "hardware-tso",    "fex-ldapr",      "fex-ldar-lse",
                                    "fex-half-barrier", "qemu-7.2-lse", "qemu-10.0-lse", "box64-1-weakest", "risotto"};
  std::vector<std::string> timings{"apple-m1-like", "neoverse-n1-like"};
  TimingChanges changes;
  bool published = false;
  bool json = false;
};

/// What an untranslated workload runs under, in tables.
constexpr const char* kUntranslated = "as it is";

std::vector<scenarios::Mapping> mappings_of(const CostOptions& o) {
  if (o.mappings == std::vector<std::string>{"all"}) return all_mappings();
  std::vector<scenarios::Mapping> found;
  for (const std::string& name : o.mappings) found.push_back(find_mapping(name));
  return found;
}

ExitStatus published(const CostOptions& o) {
  const std::string file = data_folder() + "/timing/published.yaml";
  std::vector<Publication> all = parse_publications(read_file(file), file);
  ProgressLine progress;
  measure(all, o.changes, progress);
  progress.erase();
  std::printf("%s", (o.json ? publications_lines(all) : publications_text(all)).c_str());
  return ExitStatus::AsExpected;
}

ExitStatus cost(const CostOptions& o) {
  if (o.published) return published(o);
  const std::vector<scenarios::Mapping> mappings = mappings_of(o);
  const scenarios::Mapping plain = find_mapping(kPlain);
  std::vector<Timing> timings;
  for (const std::string& name : o.timings) timings.push_back(find_timing(name, o.changes));
  std::vector<CostWorkload> workloads;
  for (const std::string& file : find_cost_workloads(o.workloads))
    workloads.push_back(parse_cost_workload(read_file(file), file));
  ProgressLine progress;
  for (const Timing& timing : timings) {
    std::vector<CostTable> tables;
    for (const CostWorkload& w : workloads) {
      CostTable t;
      t.workload = &w;
      t.timing = &timing;
      t.plain = measure_cost(w, w.translated ? &plain : nullptr, timing, progress);
      if (w.translated) {
        for (const scenarios::Mapping& m : mappings) {
          t.mappings.push_back(m.name);
          t.costs.push_back(m.file == plain.file ? t.plain : measure_cost(w, &m, timing, progress));
        }
      } else {
        t.mappings.push_back(kUntranslated);
        t.costs.push_back(t.plain);
      }
      progress.erase();
      std::printf("%s%s", o.json ? cost_lines(t).c_str() : cost_text(t).c_str(), o.json ? "" : "\n");
      if (w.translated) tables.push_back(std::move(t));
    }
    if (tables.size() > 1) std::printf("%s%s", o.json ? mean_lines(tables).c_str() : mean_text(tables).c_str(), o.json ? "" : "\n");
  }
  return ExitStatus::AsExpected;
}

}  // namespace

void add_cost(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("cost", "What mappings cost: cycles per iteration and where they go");
  auto o = std::make_shared<CostOptions>();
  CLI::Option* workloads =
      sub->add_option("WORKLOAD", o->workloads, "Loops: files, folders, names (default: timing/workloads)");
  CLI::Option* mapping =
      sub->add_option("--mapping", o->mappings, "These mappings, or all (default: nine of them)")
          ->type_name("M[,M]")
          ->allow_extra_args(false)
          ->delimiter(',');
  CLI::Option* timing =
      sub->add_option("--timing", o->timings,
                      "Timing models: files or names (default: apple-m1-like,neoverse-n1-like)")
          ->type_name("T[,T]")
          ->allow_extra_args(false)
          ->delimiter(',');
  sub->add_option("--set", o->changes, "Parameters of the timing models in place of theirs")
      ->type_name("KEY=VALUE[,..]")
      ->allow_extra_args(false)
      ->delimiter(',');
  sub->add_flag("--published", o->published,
                "What was published, and the models beside it (timing/published.yaml)")
      ->excludes(workloads, mapping, timing);
  sub->add_flag("--json", o->json, "One JSON object per line (docs/cost.md)");
  sub->callback([&chosen, o] { chosen = [o] { return cost(*o); }; });
}

}  // namespace isobar::tools
