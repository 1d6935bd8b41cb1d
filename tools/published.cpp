#include "tools/published.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "scenarios/loader/reader.h"
#include "support/diagnostic.h"
#include "tools/cost.h"
#include "tools/files.h"
#include "tools/mapping_suite.h"

namespace isobar::tools {

namespace {

using scenarios::MapReader;
using scenarios::Node;
using scenarios::Problems;
using Unit = Publication::Unit;

const std::vector<std::string> kUnits{"cycles", "ns", "percent", "ratio"};

bool compares(Unit u) {
  return u == Unit::Percent || u == Unit::Ratio;
}

Publication read_publication(const Node& n, Problems& problems) {
  static const scenarios::Section section{
      "publication", {"what", "timing", "published", "unit", "source", "workload", "per", "mapping", "to"}};
  const MapReader map(n, section, problems);
  Publication p;
  const auto text = [&](const char* key, bool required, std::string& to) {
    if (const Node* v = required ? map.require(key) : map.find(key))
      scenarios::assign(to, scenarios::read_text(*v, problems, key));
  };
  text("what", true, p.what);
  text("timing", true, p.timing);
  text("published", true, p.value);
  text("source", true, p.source);
  if (const Node* v = map.require("unit"))
    if (const auto unit = scenarios::read_word(*v, problems, "unit", kUnits))
      p.unit = static_cast<Unit>(*unit);
  text("mapping", compares(p.unit), p.mapping);
  text("to", compares(p.unit), p.to);
  if (const Node* v = map.find("per")) {
    if (compares(p.unit)) scenarios::problem(problems, *v, "per goes with cycles and ns only");
    scenarios::assign(p.per, scenarios::read_integer(*v, problems, "per", 1, 1000));
  }
  if (const Node* v = map.require("workload"))
    for (const Node* one : scenarios::one_or_several(*v))
      if (const auto name = scenarios::read_text(*one, problems, "workload"))
        p.workloads.push_back(data_folder() + "/timing/" + *name + ".litmus");
  return p;
}

/// Measures, and remembers what it has measured.
class Bench {
 public:
  Bench(const TimingChanges& changes, ProgressLine& progress) : changes_(changes), progress_(progress) {}

  const Timing& timing(const std::string& name) {
    const auto found = timings_.find(name);
    return found != timings_.end() ? found->second
                                   : timings_.emplace(name, find_timing(name, changes_)).first->second;
  }
  double ticks(const Publication& p, const std::string& workload, const std::string& mapping) {
    const std::string key = p.timing + "\n" + workload + "\n" + mapping;
    if (const auto found = ticks_.find(key); found != ticks_.end()) return found->second;
    const CostWorkload w = parse_cost_workload(read_file(workload), workload);
    if (w.translated != !mapping.empty())
      throw InputError(Diagnostic{
          {workload, 0, 0}, w.translated ? "expected a mapping" : "is not translated, and has no mapping"});
    Cost c;
    if (mapping.empty()) {
      c = measure_cost(w, nullptr, timing(p.timing), progress_);
    } else {
      const scenarios::Mapping m = find_mapping(mapping);
      c = measure_cost(w, &m, timing(p.timing), progress_);
    }
    if (!c.unsupported.empty()) throw InputError(Diagnostic{{workload, 0, 0}, c.unsupported});
    return ticks_[key] = c.ticks;
  }

 private:
  const TimingChanges& changes_;
  ProgressLine& progress_;
  std::map<std::string, Timing> timings_;
  std::map<std::string, double> ticks_;
};

double model_of(const Publication& p, Bench& bench) {
  double logarithms = 0;
  for (const std::string& w : p.workloads) {
    const double ticks = bench.ticks(p, w, p.mapping);
    logarithms += std::log(compares(p.unit) ? ticks / bench.ticks(p, w, p.to) : ticks / p.per);
  }
  const double mean = std::exp(logarithms / static_cast<double>(p.workloads.size()));
  constexpr double kHundred = 100, kThousand = 1000;
  switch (p.unit) {
    case Unit::Cycles: return mean;
    case Unit::Nanoseconds: return mean * kThousand / bench.timing(p.timing).megahertz;
    case Unit::Percent: return kHundred * (mean - 1);
    case Unit::Ratio: return mean;
  }
  return mean;
}

/// Whether `text` is nothing but a number.
bool is_number(const std::string& text, double* value) {
  char* end = nullptr;
  *value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

const std::string& name_of(Unit u) {
  return kUnits[static_cast<std::size_t>(u)];
}

}  // namespace

std::vector<Publication> parse_publications(std::string_view text, const std::string& file) {
  Problems problems(file);
  const Node root = scenarios::parse_yaml(text, problems);
  std::vector<Publication> all;
  for (const Node* n : scenarios::one_or_several(root)) all.push_back(read_publication(*n, problems));
  problems.throw_if_any();
  return all;
}

void measure(std::vector<Publication>& all, const TimingChanges& changes, ProgressLine& progress) {
  Bench bench(changes, progress);
  for (Publication& p : all) p.model = model_of(p, bench);
}

std::string publications_text(const std::vector<Publication>& all) {
  std::string out = fmt::format("{:<66} {:<16} {:>13} {:>9}\n", "", "timing", "published", "the model");
  for (const Publication& p : all)
    out += fmt::format("{:<66} {:<16} {:>13} {:>9.2f} {}\n", p.what, p.timing, p.value, p.model,
                       name_of(p.unit));
  return out;
}

std::string publications_lines(const std::vector<Publication>& all) {
  std::string out;
  for (const Publication& p : all) {
    nlohmann::ordered_json j{
        {"format", kCostFormat}, {"status", "published"}, {"what", p.what}, {"timing", p.timing}};
    double number = 0;
    if (is_number(p.value, &number) && number == std::floor(number))
      j["published"] = static_cast<i64>(number);
    else if (is_number(p.value, &number))
      j["published"] = number;
    else
      j["published"] = p.value;
    j.update({{"model", p.model}, {"unit", name_of(p.unit)}, {"source", p.source}});
    out += j.dump() + "\n";
  }
  return out;
}

}  // namespace isobar::tools
