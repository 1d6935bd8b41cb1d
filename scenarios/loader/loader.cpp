#include "scenarios/loader/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "scenarios/loader/sections.h"
#include "scenarios/loader/yaml.h"
#include "support/read_file.h"

namespace isobar::scenarios {

namespace {

/// What `machine:`, `kernel:` and `run:` of one variant say, before the number of cores is known.
struct VariantDraft {
  std::string name;
  MachineDraft machine;
  KernelSection kernel;
  RunSection run;
  const Node* start = nullptr;
};

/// Applies the three sections, as far as they are there, on top of `draft`.
void read_variant_sections(const MapReader& map, Problems& problems, VariantDraft& draft) {
  if (const Node* n = map.find("machine")) read_machine(*n, problems, draft.machine);
  if (const Node* n = map.find("kernel")) read_kernel(*n, problems, draft.kernel);
  if (const Node* n = map.find("run")) read_run(*n, problems, draft.run);
}

std::vector<VariantDraft> read_variants(const MapReader& map, Problems& problems) {
  VariantDraft base;
  base.machine.line = map.node().line;
  base.machine.column = map.node().column;
  read_variant_sections(map, problems, base);
  const Node* n = map.find("variants");
  if (n == nullptr) return {base};
  if (n->kind != Node::Kind::Map || n->items.empty() || n->items.size() > kMaxVariants) {
    problem(problems, *n,
            fmt::format("variants is a map from 1 to {} names to what differs from the base, not {}",
                        kMaxVariants, describe(*n)));
    return {base};
  }
  std::vector<VariantDraft> all;
  for (std::size_t i = 0; i < n->items.size(); ++i) {
    VariantDraft v = base;
    const Node& key = n->keys[i];
    assign(v.name, read_identifier(key, problems, "the name of a variant"));
    if (n->items[i].kind != Node::Kind::Null) {
      const MapReader overrides(n->items[i], variant_section(), problems);
      read_variant_sections(overrides, problems, v);
      v.start = overrides.find("start");
    }
    if (v.kernel.enabled && !base.kernel.enabled) {
      problem(problems, key, "a variant changes the kernel section; it cannot add one to a scenario without");
    }
    all.push_back(std::move(v));
  }
  return all;
}

/// With a kernel, threads that name no core start on core 0. Without one each thread has a core for itself:
/// the one it names, or the first that nobody names.
void assign_cores(Scenario& s, bool kernel, Problems& problems) {
  if (kernel) {
    for (Thread& t : s.threads) t.core = t.core.value_or(0);
    return;
  }
  std::vector<bool> used(kMaxCores, false);
  for (Thread& t : s.threads) {
    if (!t.core) continue;
    if (used[*t.core]) {
      problems.add(t.line, t.column,
                   fmt::format("core {} has two threads, which needs a kernel section", *t.core));
    }
    used[*t.core] = true;
  }
  for (Thread& t : s.threads) {
    if (t.core) continue;
    const auto free = std::find(used.begin(), used.end(), false);
    if (free == used.end()) {
      problems.add(t.line, t.column, fmt::format("no core is left for thread {}", t.name));
      return;
    }
    t.core = static_cast<unsigned>(free - used.begin());
    *free = true;
  }
}

unsigned cores_needed(const Scenario& s, const KernelSection& kernel) {
  unsigned highest = 0;
  for (const Thread& t : s.threads) highest = std::max(highest, t.core.value_or(0));
  for (const KernelThread& t : kernel.threads) highest = std::max(highest, t.core);
  return highest + 1;
}

/// `start:` of a variant, a map from threads to labels. Addresses are not known yet.
std::vector<VariantStart> read_starts(const Node& n, const Scenario& s, Problems& problems) {
  std::vector<VariantStart> starts;
  if (n.kind != Node::Kind::Map) {
    problem(problems, n, "start is a map from threads to the labels at which they start, not " + describe(n));
    return starts;
  }
  std::vector<std::string> names;
  for (const Thread& t : s.threads) names.push_back(t.name);
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    const Node& key = n.keys[i];
    const int thread = s.find_thread(key.text);
    if (thread < 0) {
      problem(problems, key,
              fmt::format("{} is not a thread{}", scenarios::quoted(key.text), suggestion(key.text, names)));
      continue;
    }
    if (const std::optional<std::string> label = read_text(n.items[i], problems, "start"))
      starts.push_back({static_cast<unsigned>(thread), *label, n.items[i].line, n.items[i].column, 0});
  }
  return starts;
}

void finish_variants(const std::vector<VariantDraft>& drafts, Scenario& s, Problems& problems) {
  s.variants.clear();
  for (const VariantDraft& d : drafts) {
    const unsigned needed = cores_needed(s, d.kernel);
    const unsigned cores = d.machine.cores.value_or(needed);
    if (cores < needed) {
      problems.add(
          d.machine.line, d.machine.column,
          fmt::format(
              "the machine has {} core{}, but {} are used{}", cores, cores == 1 ? "" : "s", needed,
              d.kernel.enabled ? "" : " (one per thread; more threads than cores need a kernel section)"));
      continue;
    }
    Variant v{d.name, finish_machine(d.machine, cores, problems), d.kernel, d.run, {}};
    if (d.start != nullptr) v.starts = read_starts(*d.start, s, problems);
    s.variants.push_back(std::move(v));
  }
}

void check_tags(const Scenario& s, Problems& problems) {
  const bool tagging = std::any_of(s.variants.begin(), s.variants.end(), [](const Variant& v) { return v.machine.tagging; });
  for (const MemoryLocation& m : s.memory)
    if (m.tag != 0 && !tagging) problems.add(m.line, m.column, "tag needs a machine with memory tagging (mte)");
}

void parse_expectations(Scenario& s, Problems& problems) {
  for (Expectation& e : s.expectations) {
    if (e.kind != Expectation::Kind::States) {
      if (!e.source.text.empty()) e.condition = parse_condition(e.source, s, problems);
      continue;
    }
    for (const ConditionText& text : e.state_texts) {
      std::vector<unsigned> named;
      e.states.push_back(parse_state(text, s, problems, named));
      if (named.empty()) continue;
      if (e.state_observed.empty()) e.state_observed = named;
      std::vector<unsigned> a = e.state_observed, b = named;
      std::sort(a.begin(), a.end());
      std::sort(b.begin(), b.end());
      if (std::adjacent_find(b.begin(), b.end()) != b.end()) {
        problems.add(text.line, text.column, "the state names something twice");
      } else if (a != b) {
        problems.add(text.line, text.column,
                     "every state names the same registers and locations as the first one");
      }
    }
  }
}

/// Faults and threads that never end are always looked at: one that nobody expects makes a verdict fail
/// instead of passing unseen.
void observe_ends(Scenario& s) {
  for (unsigned t = 0; t < s.threads.size(); ++t) {
    unsigned address = 0;
    observe_fault(s, t, address);
    observe_waiting(s, t);
  }
}

/// `show:` is a list of registers and locations, written as in a condition.
void read_show(const Node& n, Scenario& s, Problems& problems) {
  for (const Node* item : one_or_several(n)) {
    if (item->kind != Node::Kind::Scalar || item->text.empty()) {
      problem(problems, *item,
              "show lists registers and locations such as P0.X1 and x, not " + describe(*item));
      continue;
    }
    parse_observed({item->text, item->text_line, item->text_column, item->verbatim}, s, problems);
  }
}

Scenario read_scenario(const Node& root, const std::string& file, Problems& problems) {
  Scenario s;
  s.file = file;
  s.name = std::filesystem::path(file).stem().string();
  const MapReader map(root, scenario_section(), problems);
  if (root.kind != Node::Kind::Map) problems.throw_if_any();
  if (const Node* n = map.find("name")) assign(s.name, read_text(*n, problems, "name"));
  if (s.name.find('\n') != std::string::npos) problem(problems, *map.find("name"), "name is one line");
  if (const Node* n = map.require("description"))
    assign(s.description, read_text(*n, problems, "description"));

  const std::vector<VariantDraft> drafts = read_variants(map, problems);
  const bool kernel = drafts.front().kernel.enabled;
  Registers shared;
  if (const Node* n = map.find("memory")) read_memory(*n, problems, s);
  if (const Node* n = map.find("registers")) shared = read_registers(*n, problems);
  if (const Node* n = map.require("threads")) read_threads(*n, problems, shared, kernel, s);
  assign_cores(s, kernel, problems);
  finish_variants(drafts, s, problems);
  check_tags(s, problems);
  if (const Node* n = map.find("expect")) read_expectations(*n, problems, s);
  if (const Node* n = map.find("mutations")) read_mutations(*n, problems, s);
  lay_out(s, problems);
  parse_expectations(s, problems);
  if (const Node* n = map.find("show")) read_show(*n, s, problems);
  if (map.find("expect") == nullptr && map.find("show") == nullptr) {
    problem(problems, root, "nothing is looked at: give expect, show or both");
  }
  observe_ends(s);
  return s;
}

}  // namespace

const Section& scenario_section() {
  static const Section s{"scenario",
                         {"name", "description", "machine", "kernel", "memory", "registers", "threads", "run",
                          "variants", "expect", "show", "mutations"}};
  return s;
}

const Section& variant_section() {
  static const Section s{"variant", {"machine", "kernel", "run", "start"}};
  return s;
}

std::vector<Section> accepted_sections() {
  return {scenario_section(), machine_section(),       memory_section(),  thread_section(),
          kernel_section(),   kernel_thread_section(), process_section(), run_section(),
          variant_section(),  expectation_section(),   mutation_section()};
}

Scenario parse_scenario(std::string_view text, const std::string& file) {
  Problems problems(file);
  const Node root = parse_yaml(text, problems);
  Scenario s = read_scenario(root, file, problems);
  problems.throw_if_any();
  return s;
}

Scenario load_scenario(const std::string& path) {
  return parse_scenario(read_file(path), path);
}

}  // namespace isobar::scenarios
