#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/batch.h"
#include "tools/command.h"
#include "tools/exploration.h"
#include "tools/files.h"
#include "tools/search_flags.h"
#include "tools/variation.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFlavoursFormat = "isobar-flavours/1";

struct FlavoursOptions {
  std::vector<std::string> paths;
  std::vector<std::string> variants;
  SearchFlags search;
  OutputOptions output;
};

/// One machine on which the test is explored.
struct Column {
  std::string name;         ///< "weak", "t1", "mixed t1"
  std::string description;  ///< "every core weak"
  std::optional<std::string> tso, flavour;
};

struct Explored {
  Column column;
  std::set<std::string> states;
  std::string limit;  ///< why the search is not complete; empty if it is
  double seconds = 0;
};

std::string upper(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
  return s;
}

/// Cores that start with TSO, if they are some but not all: "P0,P2".
std::string mixed_setting(const Workload& w) {
  const model::MachineConfig& c = w.machine->config();
  std::string who;
  unsigned on = 0;
  for (unsigned core = 0; core < c.cores; ++core) {
    if (!starts_with_tso(c.core[core])) continue;
    ++on;
    std::string name = fmt::format("P{}", core);
    if (w.scenario) {
      for (const scenarios::Thread& t : w.scenario->threads) {
        if (t.core && *t.core == core) name = t.name;
      }
    }
    who += (who.empty() ? "" : ",") + name;
  }
  return on == c.cores ? "" : who;
}

std::vector<Column> columns_for(const Workload& w) {
  std::vector<Column> columns{{"weak", "every core weak", "none", {}}};
  for (const char* f : {"t1", "t2", "t3"})
    columns.push_back({f, fmt::format("every core TSO, flavour {}", upper(f)), "all", f});
  const std::string mixed = mixed_setting(w);
  if (mixed.empty()) return columns;
  for (const char* f : {"t1", "t2", "t3"}) {
    columns.push_back(
        {fmt::format("mixed {}", f), fmt::format("TSO on {} only, flavour {}", mixed, upper(f)), mixed, f});
  }
  return columns;
}

Explored explore_column(const FlavoursOptions& options, const Workload& w, const Column& column,
                        ProgressLine& progress) {
  Overrides o = w.overrides;
  o.tso = column.tso;
  o.tso_flavour = column.flavour;
  if (w.scenario)
    o.variants = w.variant.empty() ? std::vector<std::string>{} : std::vector<std::string>{w.variant};
  const std::vector<Workload> changed = parse_workloads(w.text, w.file, o);
  Explored e;
  e.column = column;
  const explore::SearchResult found = explore_workload(changed.front(), options.search, false, progress);
  for (const StateLine& s : state_lines(changed.front(), found)) e.states.insert(s.text);
  e.seconds = found.seconds;
  if (found.status != explore::Status::Complete)
    e.limit = found.reason.empty() ? "a bound was hit" : found.reason;
  return e;
}

/// The states of `a` that `b` does not have.
std::vector<std::string> beyond(const Explored& a, const Explored& b) {
  std::vector<std::string> out;
  std::set_difference(a.states.begin(), a.states.end(), b.states.begin(), b.states.end(),
                      std::back_inserter(out));
  return out;
}

std::string difference(const Explored& a, const Explored& b) {
  const std::size_t more = beyond(a, b).size(), fewer = beyond(b, a).size();
  if (!a.limit.empty() || !b.limit.empty()) return "?";
  return more + fewer == 0 ? "same" : fmt::format("+{} -{}", more, fewer);
}

std::string table(const std::vector<Explored>& all) {
  std::size_t width = 11;
  for (const Explored& e : all) width = std::max(width, e.column.description.size());
  std::string out =
      fmt::format("{:<9} {:<{}} {:>6}  {:<8} {}\n", "machine", "", width, "states", "vs weak", "vs T1");
  for (const Explored& e : all) {
    out +=
        fmt::format("{:<9} {:<{}} {:>6}  {:<8} {}\n", e.column.name, e.column.description, width,
                    e.limit.empty() ? std::to_string(e.states.size()) : fmt::format(">{}", e.states.size()),
                    &e == &all[0] ? "-" : difference(e, all[0]), &e == &all[1] ? "-" : difference(e, all[1]));
  }
  return out;
}

std::size_t column_width(const Explored& e) {
  return std::max<std::size_t>(e.column.name.size(), 3);
}

/// One line for each state that not every machine has: which have it.
std::string matrix(const std::vector<Explored>& all) {
  std::set<std::string> states;
  for (const Explored& e : all) states.insert(e.states.begin(), e.states.end());
  std::string out;
  std::size_t same = 0;
  for (const std::string& s : states) {
    std::string row;
    bool everywhere = true;
    for (const Explored& e : all) {
      const bool has = e.states.count(s) != 0;
      everywhere = everywhere && has;
      row += fmt::format("{:<{}}  ", has ? "yes" : e.limit.empty() ? "no" : "?", column_width(e));
    }
    if (everywhere) {
      ++same;
    } else {
      out += row + spaced(s) + "\n";
    }
  }
  if (out.empty()) return fmt::format("All machines have the same {} states.\n", same);
  std::string header;
  for (const Explored& e : all) header += fmt::format("{:<{}}  ", e.column.name, column_width(e));
  out = header + "state\n" + out;
  if (same != 0) out += fmt::format("{} more state{} all machines have.\n", same, same == 1 ? "" : "s");
  return out;
}

CaseReport report_flavours(const Workload& w, const std::vector<Explored>& all) {
  CaseReport r;
  r.file = w.file;
  r.name = w.title();
  r.text = fmt::format("Test {}\n{}\n{}", w.title(), table(all), matrix(all));
  r.json = {{"format", kFlavoursFormat}, {"name", w.name}, {"file", w.file}};
  if (!w.variant.empty()) r.json["variant"] = w.variant;
  std::string reason;
  Json machines = Json::array();
  for (const Explored& e : all) {
    r.seconds += e.seconds;
    if (!e.limit.empty()) reason = fmt::format("{}: {}", e.column.name, e.limit);
    machines.push_back({{"machine", e.column.name},
                        {"tso", *e.column.tso},
                        {"flavour", e.column.flavour ? Json(*e.column.flavour) : Json()},
                        {"complete", e.limit.empty()},
                        {"states", e.states},
                        {"added_to_weak", beyond(e, all[0])},
                        {"removed_from_weak", beyond(all[0], e)},
                        {"added_to_t1", beyond(e, all[1])},
                        {"removed_from_t1", beyond(all[1], e)}});
  }
  if (!reason.empty()) {
    r.verdict = Verdict::Undetermined;
    r.findings.push_back(reason);
    r.text += fmt::format("Undetermined ({})\n", reason);
  }
  r.json["status"] = reason.empty() ? "complete" : "undetermined";
  r.json["reason"] = reason;
  r.json["machines"] = machines;
  r.json["seconds"] = r.seconds;
  return r;
}

std::vector<CaseReport> compare_file(const FlavoursOptions& options, const std::string& file,
                                     ProgressLine& progress) {
  Overrides overrides;
  overrides.variants = options.variants;
  std::vector<CaseReport> reports;
  for (const Workload& w : load_workloads(file, overrides)) {
    std::vector<Explored> all;
    for (const Column& c : columns_for(w)) all.push_back(explore_column(options, w, c, progress));
    reports.push_back(report_flavours(w, all));
  }
  return reports;
}

ExitStatus compare_files(const FlavoursOptions& options) {
  ProgressLine progress;
  ReportPrinter printer(options.output);
  for (const std::string& file : expand_paths(options.paths, {".litmus", ".yaml"})) {
    const std::vector<CaseReport> reports =
        guarded(kFlavoursFormat, file, [&] { return compare_file(options, file, progress); });
    progress.erase();
    printer.print(reports);
  }
  return printer.finish();
}

}  // namespace

void add_flavours(CLI::App& app, Action& chosen) {
  CLI::App* sub =
      app.add_subcommand("flavours", "What each reading of TSO adds to or removes from the outcomes");
  auto options = std::make_shared<FlavoursOptions>();
  options->output.suite = "isobar flavours";
  sub->add_option("FILE", options->paths,
                  "Litmus tests (.litmus), scenarios (.yaml), folders with such files")
      ->required();
  sub->add_flag("--json", options->output.json, "One JSON object per line (docs/explain.md)");
  sub->add_option("--variant", options->variants, "Variants by name, as for 'isobar explore'")
      ->type_name("V[,V]")
      ->delimiter(',');
  add_search_flags(*sub, options->search);
  sub->callback([&chosen, options] { chosen = [options] { return compare_files(*options); }; });
}

}  // namespace isobar::tools
