// `machine:`, `kernel:` and `run:`, the sections that a variant may override.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/loader/names.h"
#include "scenarios/loader/sections.h"

namespace isobar::scenarios {

namespace {

const std::vector<std::string>& kind_words() {
  static const std::vector<std::string> words{"none", "actlr", "actlr-read-only", "fixed"};
  return words;
}

constexpr model::TsoSupport kKinds[] = {model::TsoSupport::None, model::TsoSupport::Actlr,
                                        model::TsoSupport::ActlrReadOnly, model::TsoSupport::Fixed};
constexpr model::TsoFlavour kFlavours[] = {model::TsoFlavour::T1, model::TsoFlavour::T2,
                                           model::TsoFlavour::T3};

/// A value for all cores or a list with one per core. False if it has no items or too many.
bool per_core_items(const Node& n, Problems& problems, std::string_view what,
                    std::vector<const Node*>& items) {
  items = one_or_several(n);
  if (!items.empty() && items.size() <= kMaxCores) return true;
  problem(problems, n,
          fmt::format("{} is one value or a list with one value per core (1 to {}), not a list of {}", what,
                      kMaxCores, items.size()));
  return false;
}

template <class T>
T for_core(const std::vector<T>& values, unsigned core) {
  return values.size() == 1 ? values.front() : values.at(core);
}

std::vector<std::string> policy_names() {
  std::vector<std::string> names;
  for (const kernel::PolicyInfo& p : kernel::policies()) names.push_back(p.name);
  return names;
}

void read_knobs(const Node& n, Problems& problems, KernelSection& kernel) {
  std::vector<std::string> names;
  for (const kernel::KnobInfo& k : kernel::knobs()) names.push_back(k.name);
  kernel.knobs.clear();
  for (const Node* item : one_or_several(n)) {
    const std::optional<kernel::Knob> knob = kernel::parse_knob(item->text);
    if (knob) {
      kernel.knobs.insert(*knob);
    } else {
      problem(
          problems, *item,
          fmt::format("{} is not a knob of the kernel{}", scenarios::quoted(item->text), suggestion(item->text, names)));
    }
  }
}

void read_processes(const Node& n, Problems& problems, KernelSection& kernel) {
  kernel.processes.clear();
  if (n.kind != Node::Kind::Map) {
    problem(problems, n, "processes is a map from names to processes, not " + describe(n));
    return;
  }
  for (std::size_t i = 0; i < n.items.size(); ++i) {
    Process p;
    assign(p.name, read_identifier(n.keys[i], problems, "the name of a process"));
    const MapReader map(n.items[i], process_section(), problems);
    static const std::vector<std::string> words{"private_expedited", "sync_core", "rseq", "global_expedited"};
    if (const Node* v = map.find("membarrier")) {
      for (const Node* item : one_or_several(*v)) {
        if (read_word(*item, problems, "membarrier", words)) p.membarrier.push_back(item->text);
      }
    }
    kernel.processes.push_back(std::move(p));
  }
}

void read_kernel_threads(const Node& n, Problems& problems, KernelSection& kernel) {
  kernel.threads.clear();
  if (n.kind != Node::Kind::Map) {
    problem(problems, n, "kernel_threads is a map from names to threads, not " + describe(n));
    return;
  }
  for (std::size_t i = 0; i < n.items.size() && i < kMaxCores; ++i) {
    KernelThread t;
    t.line = n.keys[i].line;
    t.column = n.keys[i].column;
    assign(t.name, read_identifier(n.keys[i], problems, "the name of a kernel thread"));
    const MapReader map(n.items[i], kernel_thread_section(), problems);
    if (const Node* v = map.require("core"))
      assign(t.core, read_integer(*v, problems, "core", 0, kMaxCores - 1));
    if (const Node* v = map.find("first")) assign(t.first, read_bool(*v, problems, "first"));
    if (const Node* v = map.find("asm")) t.assembly = read_assembly(*v, problems);
    if (const Node* v = map.find("registers")) t.registers = read_registers(*v, problems);
    for (const auto& [reg, constant] : t.registers) {
      if (reg >= isa::x_reg(19) && reg <= isa::x_reg(29)) continue;
      problems.add(constant.line, constant.column,
                   fmt::format("a kernel thread starts with X19 to X29 as given, not {}", isa::name(reg)));
    }
    kernel.threads.push_back(std::move(t));
  }
  if (n.items.size() > kMaxCores) problem(problems, n, fmt::format("at most {} kernel threads", kMaxCores));
}

}  // namespace

const Section& machine_section() {
  static const Section s{"machine",
                         {"cores", "kind", "tso", "flavour", "dic", "idc", "line", "eis", "eos", "uci", "cmodx",
                          "window", "timer_ticks", "midr", "mte", "mte_store_only"}};
  return s;
}

const Section& kernel_section() {
  static const Section s{"kernel",
                         {"policy", "knobs", "preemptions", "page_size", "guest", "general_registers", "vector_registers",
                          "processes", "kernel_threads"}};
  return s;
}

const Section& kernel_thread_section() {
  static const Section s{"kernel_thread", {"core", "first", "registers", "asm"}};
  return s;
}

const Section& process_section() {
  static const Section s{"process", {"membarrier"}};
  return s;
}

const Section& run_section() {
  static const Section s{"run", {"how", "seeds", "runs", "pct_depth", "max_states", "timeout", "timing"}};
  return s;
}

void read_machine(const Node& n, Problems& problems, MachineDraft& draft) {
  const MapReader map(n, machine_section(), problems);
  draft.line = n.line;
  draft.column = n.column;
  const auto integer = [&](const char* key, u64 least, u64 most, auto& to) {
    if (const Node* v = map.find(key)) assign(to, read_integer(*v, problems, key, least, most));
  };
  const auto boolean = [&](const char* key, auto& to) {
    if (const Node* v = map.find(key)) assign(to, read_bool(*v, problems, key));
  };
  if (const Node* v = map.find("cores")) {
    const std::optional<u64> cores = read_integer(*v, problems, "cores", 1, kMaxCores);
    if (cores) draft.cores = static_cast<unsigned>(*cores);
  }
  std::vector<const Node*> items;
  if (const Node* v = map.find("kind"); v != nullptr && per_core_items(*v, problems, "kind", items)) {
    draft.kinds.clear();
    draft.kind_line = v->line;
    draft.kind_column = v->column;
    for (const Node* item : items)
      draft.kinds.push_back(kKinds[read_word(*item, problems, "kind", kind_words()).value_or(0)]);
  }
  if (const Node* v = map.find("tso"); v != nullptr && per_core_items(*v, problems, "tso", items)) {
    draft.tso.clear();
    draft.tso_line = v->line;
    draft.tso_column = v->column;
    for (const Node* item : items) draft.tso.push_back(read_bool(*item, problems, "tso").value_or(false));
  }
  if (const Node* v = map.find("flavour")) {
    const std::optional<unsigned> word = read_word(*v, problems, "flavour", {"t1", "t2", "t3"});
    if (word) draft.config.flavour = kFlavours[*word];
  }
  boolean("dic", draft.config.dic);
  boolean("idc", draft.idc);
  integer("line", 4, 2048, draft.config.line_bytes);
  boolean("eis", draft.config.eis);
  boolean("uci", draft.config.uci);
  boolean("eos", draft.config.eos);
  if (const Node* v = map.find("cmodx")) {
    const std::optional<unsigned> word = read_word(*v, problems, "cmodx", {"current", "original"});
    if (word) draft.config.cmodx = *word == 0 ? isa::CmodxList::Current : isa::CmodxList::Original;
  }
  integer("window", 16, 64, draft.config.window);
  integer("timer_ticks", 0, 255, draft.config.timer_ticks);
  if (const Node* v = map.find("mte"); v != nullptr && per_core_items(*v, problems, "mte", items)) {
    draft.mte.clear();
    draft.mte_line = v->line;
    draft.mte_column = v->column;
    for (const Node* item : items)
      draft.mte.push_back(read_word(*item, problems, "mte", {"none", "unchecked", "sync", "async", "asym"}).value_or(0));
  }
  if (const Node* v = map.find("mte_store_only")) {
    const bool store_only = read_bool(*v, problems, "mte_store_only").value_or(false);
    for (model::CoreConfig& c : draft.config.core) c.tag_store_only = store_only;
  }
  if (const Node* v = map.find("midr")) {
    for (model::CoreConfig& c : draft.config.core)
      assign(c.midr, read_integer(*v, problems, "midr", 0, 0xffff'ffff));
  }
}

model::MachineConfig finish_machine(const MachineDraft& draft, unsigned cores, Problems& problems) {
  model::MachineConfig config = draft.config;
  config.cores = cores;
  // A fetch cannot see stores that are not at the point of unification, so DIC brings IDC along.
  config.idc = draft.idc.value_or(config.dic);
  if (draft.kinds.size() != 1 && draft.kinds.size() != cores) {
    problems.add(draft.kind_line, draft.kind_column,
                 fmt::format("kind lists {} cores, the machine has {}", draft.kinds.size(), cores));
    return config;
  }
  if (draft.tso.size() != 1 && draft.tso.size() != cores) {
    problems.add(draft.tso_line, draft.tso_column,
                 fmt::format("tso lists {} cores, the machine has {}", draft.tso.size(), cores));
    return config;
  }
  if (draft.mte.size() != 1 && draft.mte.size() != cores) {
    problems.add(draft.mte_line, draft.mte_column,
                 fmt::format("mte lists {} cores, the machine has {}", draft.mte.size(), cores));
    return config;
  }
  const bool without = std::find(draft.mte.begin(), draft.mte.end(), 0u) != draft.mte.end();
  config.tagging = draft.mte.front() != 0;
  if (without && draft.mte.size() != 1)
    problems.add(draft.mte_line, draft.mte_column,
                 "all cores have memory tagging or none has; unchecked is a core that does not check");
  for (unsigned c = 0; c < cores; ++c) {
    const unsigned mode = for_core(draft.mte, c);
    config.core[c].tag_checks = mode < 2 ? model::TagChecks::Off : static_cast<model::TagChecks>(mode - 1);
    config.core[c].tso = for_core(draft.kinds, c);
    config.core[c].tso_at_reset = for_core(draft.tso, c);
    if (config.core[c].tso_at_reset && config.core[c].tso != model::TsoSupport::Actlr) {
      problems.add(
          draft.tso_line, draft.tso_column,
          fmt::format("tso sets the bit of core {} at reset, which only exists with kind: actlr", c));
    }
  }
  const std::string invalid = config.invalid();
  if (!invalid.empty()) problems.add(draft.line, draft.column, "machine: " + invalid);
  return config;
}

void read_kernel(const Node& n, Problems& problems, KernelSection& kernel) {
  kernel.enabled = true;
  if (n.kind == Node::Kind::Null) return;
  const MapReader map(n, kernel_section(), problems);
  if (const Node* v = map.find("policy")) {
    const std::optional<unsigned> word = read_word(*v, problems, "policy", policy_names());
    if (word) kernel.policy = kernel::policies()[*word].policy;
  }
  if (const Node* v = map.find("knobs")) read_knobs(*v, problems, kernel);
  if (const Node* v = map.find("preemptions")) {
    assign(kernel.preemptions, read_integer(*v, problems, "preemptions", 0, 16));
  }
  if (const Node* v = map.find("page_size")) {
    const std::optional<unsigned> word = read_word(*v, problems, "page_size", {"4096", "16384", "65536"});
    if (word) kernel.page_size = 4096u << (2 * *word);
  }
  if (const Node* v = map.find("guest")) assign(kernel.guest, read_bool(*v, problems, "guest"));
  if (const Node* v = map.find("processes")) read_processes(*v, problems, kernel);
  if (const Node* v = map.find("general_registers"))
    assign(kernel.general_registers, read_integer(*v, problems, "general_registers", 1, 31));
  if (const Node* v = map.find("vector_registers")) {
    const std::optional<u64> count = read_integer(*v, problems, "vector_registers", 0, 32);
    if (count) kernel.vector_registers = static_cast<unsigned>(*count);
  }
  if (const Node* v = map.find("kernel_threads")) read_kernel_threads(*v, problems, kernel);
}

void read_run(const Node& n, Problems& problems, RunSection& run) {
  const MapReader map(n, run_section(), problems);
  if (const Node* v = map.find("how")) {
    const std::optional<unsigned> word = read_word(*v, problems, "how", {"explore", "random", "timed"});
    if (word) run.how = static_cast<How>(*word);
  }
  if (const Node* v = map.find("seeds")) {
    run.seeds.clear();
    for (const Node* item : one_or_several(*v)) {
      if (const std::optional<u64> seed = read_integer(*item, problems, "a seed", 0, ~u64{0}))
        run.seeds.push_back(*seed);
    }
    if (run.seeds.empty() || run.seeds.size() > 1000) problem(problems, *v, "seeds lists 1 to 1000 numbers");
  }
  if (const Node* v = map.find("runs"))
    assign(run.runs, read_integer(*v, problems, "runs", 1, 1'000'000'000));
  if (const Node* v = map.find("pct_depth"))
    assign(run.pct_depth, read_integer(*v, problems, "pct_depth", 0, 100));
  if (const Node* v = map.find("max_states"))
    assign(run.max_states, read_integer(*v, problems, "max_states", 0, ~u64{0}));
  if (const Node* v = map.find("timeout")) assign(run.timeout_seconds, read_seconds(*v, problems, "timeout"));
  if (const Node* v = map.find("timing")) {
    assign(run.timing, read_text(*v, problems, "timing"));
    run.timing_line = v->line;
    run.timing_column = v->column;
  }
}

}  // namespace isobar::scenarios
