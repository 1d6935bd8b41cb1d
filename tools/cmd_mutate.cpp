#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "explore/search.h"
#include "scenarios/loader/loader.h"
#include "scenarios/loader/verdict.h"
#include "support/diagnostic.h"
#include "tools/batch.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/interrupt.h"
#include "tools/recording.h"
#include "tools/search_flags.h"

namespace isobar::tools {

namespace {

namespace fs = std::filesystem;
using scenarios::Mutation;
using scenarios::Scenario;

constexpr const char* kMutateFormat = "isobar-mutate/1";

struct MutateOptions {
  std::vector<std::string> names;
  std::string folder = "scenarios";
  bool witness = false;
  bool json = false;
  unsigned jobs = 1;
};

/// The scenarios of one file with the mutations that are wanted.
struct Target {
  std::string file, title;  ///< title: the path below the folder without suffix
  std::shared_ptr<const Scenario> scenario;
  std::vector<unsigned> mutations;
};

/// A search of one program, judged by the expectations of one variant.
struct Judged {
  scenarios::Report report;
  explore::SearchResult found;
};

Judged search(const Scenario& s, unsigned program, unsigned judge) {
  const scenarios::Build b = scenarios::build(s, program);
  const model::Machine machine(b.config, b.program);
  explore::SearchOptions options;
  options.max_states = s.variants[judge].run.max_states;
  options.timeout_seconds = s.variants[judge].run.timeout_seconds;
  options.interrupt = &interrupt_flag();
  Judged j;
  j.found = explore::search(machine, b.observables, options);
  j.report = scenarios::judge(
      s, judge, b, scenarios::seen_by_search(j.found, j.found.status == explore::Status::Complete));
  return j;
}

/// The program with the fault, under the expectations of the variant without it.
Judged search_mutated(const Scenario& s, const Mutation& m) {
  if (!m.knob) return search(s, m.by.value_or(m.on), m.on);
  Scenario broken = s;
  broken.variants[m.on].kernel.knobs.insert(*m.knob);
  return search(broken, m.on, m.on);
}

/// What kills a mutation: the expectation that fails, and the shortest run that shows it, if one does.
struct Killer {
  std::string expectation;
  const std::vector<model::Transition>* witness = nullptr;
};

Killer killer(const Judged& j) {
  Killer k;
  if (!j.report.surprises.empty()) k.expectation = j.report.surprises.front();
  for (const scenarios::ExpectationVerdict& e : j.report.expectations) {
    if (e.verdict != scenarios::Verdict::Fail) continue;
    if (k.expectation.empty()) k.expectation = e.text;
    if (e.example < 0) continue;
    const auto& outcome = j.report.states[static_cast<std::size_t>(e.example)].outcome;
    const std::vector<model::Transition>& run = j.found.outcomes.at(outcome).witness;
    if (k.witness != nullptr && k.witness->size() <= run.size()) continue;
    k = {e.text, &run};
  }
  return k;
}

std::string steps_text(std::size_t steps) {
  return fmt::format("{} step{}", steps, steps == 1 ? "" : "s");
}

void tell_killed(const MutateOptions& options, const Judged& j, CaseReport& r) {
  const Killer k = killer(j);
  r.json["expectation"] = k.expectation;
  r.text += fmt::format("killed     {}", k.expectation);
  if (k.witness == nullptr) {
    r.text += "\n";
    return;
  }
  r.json["steps"] = k.witness->size();
  r.text += fmt::format(" ({})\n", steps_text(k.witness->size()));
  if (!options.witness) return;
  auto list = nlohmann::ordered_json::array();
  for (const model::Transition& t : *k.witness) {
    list.push_back(describe(t));
    r.text += "    " + describe(t) + "\n";
  }
  r.json["witness"] = list;
}

CaseReport report(const MutateOptions& options, const Target& target, const Mutation& m, const Judged& without) {
  const std::string& variant = target.scenario->variants[m.on].name;
  const std::string where = target.title + (variant.empty() ? "" : " (" + variant + ")");
  CaseReport r;
  r.file = target.file;
  r.name = m.name;
  r.json = {{"format", kMutateFormat}, {"name", m.name},      {"kind", m.knob ? "knob" : "program"},
            {"file", target.file},     {"variant", variant}, {"status", ""}};
  r.text = fmt::format("{:<30} {:<44} ", m.name, where);
  const auto end = [&](const char* status, Verdict verdict, const std::string& reason) {
    r.json["status"] = status;
    r.verdict = verdict;
    if (reason.empty()) return r;
    r.json["reason"] = reason;
    if (verdict != Verdict::AsExpected) r.findings.push_back(reason);
    r.text += fmt::format("{:<10} {}\n", status, reason);
    return r;
  };
  if (without.report.verdict != scenarios::Verdict::Pass)
    return end("broken", Verdict::Differs, "the expectations do not hold without the fault");
  const Judged with = search_mutated(*target.scenario, m);
  r.seconds = with.report.seconds;
  r.json["states"] = with.found.states;
  if (with.report.verdict == scenarios::Verdict::Undetermined)
    return end("undetermined", Verdict::Undetermined, "a limit was hit: " + with.report.limit);
  const bool seen = with.report.verdict == scenarios::Verdict::Fail;
  if (!m.masked.empty()) {
    if (!seen) return end("masked", Verdict::AsExpected, m.masked);
    return end("seen", Verdict::Differs, "said to be masked, but " + killer(with).expectation + " fails");
  }
  if (!seen) return end("survives", Verdict::Differs, "every expectation holds with the fault");
  tell_killed(options, with, r);
  return end("killed", Verdict::AsExpected, "");
}

std::vector<CaseReport> run_target(const MutateOptions& options, const Target& target) {
  std::map<unsigned, Judged> without;
  std::vector<CaseReport> reports;
  for (const unsigned index : target.mutations) {
    const Mutation& m = target.scenario->mutations[index];
    auto known = without.find(m.on);
    if (known == without.end()) known = without.emplace(m.on, search(*target.scenario, m.on, m.on)).first;
    reports.push_back(report(options, target, m, known->second));
  }
  return reports;
}

bool wanted(const MutateOptions& options, const std::string& name) {
  return options.names.empty() || std::find(options.names.begin(), options.names.end(), name) != options.names.end();
}

/// Every scenario below the folder that names mutations; files without the word are not even parsed.
std::vector<Target> find_targets(const MutateOptions& options) {
  std::vector<Target> targets;
  for (const std::string& file : expand_paths({options.folder}, {".yaml"})) {
    const std::string text = read_file(file);
    if (text.find("\nmutations:") == std::string::npos) continue;
    Target t;
    t.file = file;
    t.title = fs::path(file).lexically_relative(options.folder).replace_extension("").generic_string();
    if (t.title == ".") t.title = stem(file);
    t.scenario = std::make_shared<const Scenario>(scenarios::parse_scenario(text, file));
    for (unsigned m = 0; m < t.scenario->mutations.size(); ++m)
      if (wanted(options, t.scenario->mutations[m].name)) t.mutations.push_back(m);
    if (!t.mutations.empty()) targets.push_back(std::move(t));
  }
  return targets;
}

/// Knobs of the kernel that no scenario names.
std::vector<CaseReport> report_missing(const MutateOptions& options, const std::vector<CaseReport>& found) {
  std::vector<CaseReport> missing;
  for (const kernel::KnobInfo& k : kernel::knobs()) {
    const bool named = std::any_of(found.begin(), found.end(), [&](const CaseReport& r) { return r.name == k.name; });
    if (named || !wanted(options, k.name)) continue;
    CaseReport r;
    r.name = k.name;
    r.verdict = Verdict::Differs;
    r.findings.push_back("no scenario names it");
    r.json = {{"format", kMutateFormat}, {"name", k.name}, {"kind", "knob"}, {"status", "missing"}};
    r.text = fmt::format("{:<30} {:<44} missing    no scenario names it\n", k.name, "-");
    missing.push_back(std::move(r));
  }
  return missing;
}

/// In the order of the knobs; then the faults of programs by name.
void sort_reports(std::vector<CaseReport>& reports) {
  const auto rank = [](const CaseReport& r) {
    const std::optional<kernel::Knob> knob = kernel::parse_knob(r.name);
    return std::tuple(knob ? static_cast<int>(*knob) : 1000, r.name, r.file);
  };
  std::sort(reports.begin(), reports.end(), [&](const CaseReport& a, const CaseReport& b) { return rank(a) < rank(b); });
}

void check_names(const MutateOptions& options, const std::vector<CaseReport>& reports) {
  for (const std::string& name : options.names) {
    const bool known = std::any_of(reports.begin(), reports.end(), [&](const CaseReport& r) { return r.name == name; });
    if (!known) {
      throw InputError(Diagnostic{{}, fmt::format("'{}' is no knob of the kernel, and no scenario in {} names it", name,
                                                 options.folder)});
    }
  }
}

/// A table, and what became of them in one line.
ExitStatus print(const MutateOptions& options, std::vector<CaseReport>& reports) {
  if (options.json) {
    ReportPrinter printer({true, "", ""});
    printer.print(reports);
    return printer.finish();
  }
  std::map<std::string, unsigned> count;
  ExitStatus status = ExitStatus::AsExpected;
  for (const CaseReport& r : reports) {
    std::printf("%s", r.text.c_str());
    ++count[r.json.value("status", "error")];
    status = worst(status, exit_status(r.verdict));
  }
  std::string line = fmt::format("{} mutations:", reports.size());
  for (const auto& [word, n] : count) line += fmt::format(" {} {}{}", n, word, word == count.rbegin()->first ? "" : ",");
  std::printf("%s\n", line.c_str());
  return status;
}

ExitStatus mutate(const MutateOptions& options) {
  const std::vector<Target> targets = find_targets(options);
  std::vector<CaseReport> reports;
  run_batch(
      targets.size(), options.jobs,
      [&](std::size_t i) {
        return guarded(kMutateFormat, targets[i].file, [&] { return run_target(options, targets[i]); });
      },
      [&](const std::vector<CaseReport>& some) { reports.insert(reports.end(), some.begin(), some.end()); });
  const std::vector<CaseReport> missing = report_missing(options, reports);
  reports.insert(reports.end(), missing.begin(), missing.end());
  check_names(options, reports);
  sort_reports(reports);
  return print(options, reports);
}

}  // namespace

void add_mutate(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("mutate", "Break the kernel in every known way; do the scenarios notice?");
  auto options = std::make_shared<MutateOptions>();
  sub->add_option("NAME", options->names, "Knobs of the kernel and other mutations (default: all)")->type_name("");
  sub->add_option("--in", options->folder, "Scenarios to look in (default: scenarios)")->type_name("FOLDER");
  sub->add_flag("--witness", options->witness, "Print the steps of the shortest run that shows each one");
  sub->add_flag("--json", options->json, "One JSON object per line (docs/output.md)");
  add_jobs_flag(*sub, options->jobs);
  sub->callback([&chosen, options] { chosen = [options] { return mutate(*options); }; });
}

}  // namespace isobar::tools
