#include "tools/session_analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "isa/assembler.h"
#include "support/diagnostic.h"
#include "tools/contradiction.h"
#include "tools/goal.h"
#include "tools/variation.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

Workload with_caches(const Workload& w, bool idc, bool dic) {
  Workload changed = w;
  model::MachineConfig config = w.machine->config();
  config.idc = idc;
  config.dic = dic;
  changed.machine = std::make_shared<model::Machine>(config, w.machine->program());
  return changed;
}

bool has_shared_code(const Listing& listing) {
  return std::any_of(listing.code().begin(), listing.code().end(),
                     [](const CodeLine& c) { return c.thread == kSharedCode; });
}

/// Machines on which the caches need less maintenance, or more, than on this one.
void add_machines(const std::shared_ptr<const Workload>& w, const Listing& listing, std::vector<serve::Change>& out) {
  if (!has_shared_code(listing)) return;
  const auto add = [&](const char* what, bool idc, bool dic) {
    const model::MachineConfig& now = w->machine->config();
    if (now.idc == idc && now.dic == dic) return;
    out.push_back({what, "machine", [w, idc, dic] { return with_caches(*w, idc, dic); }});
  };
  add("IDC and DIC off", false, false);
  add("IDC on, DIC off", true, false);
  add("IDC and DIC on", true, true);
}

std::vector<serve::Change> changes(const Workload& original) {
  const auto w = std::make_shared<const Workload>(original);
  const Listing listing(*w);
  std::vector<serve::Change> out;
  const auto add = [&](const std::vector<Variation>& all, const char* group) {
    for (const Variation& v : all) {
      const bool tso = v.what.find(": TSO o") != std::string::npos;
      // The variation refers to the workload, which it must keep.
      out.push_back({v.what, tso ? "tso" : group, [w, make = v.make] { return make(); }});
    }
  };
  add(weakenings(*w, listing), "weaker");
  add_machines(w, listing, out);
  add(strengthenings(*w, listing), "stronger");
  return out;
}

/// One of the machines that the file names.
void add_variant_switch(const Workload& w, std::vector<serve::Switch>& out) {
  if (!w.scenario || w.scenario->variants.size() < 2) return;
  serve::Switch s{"machine", "machine", {w.variant}, nullptr};
  for (const scenarios::Variant& v : w.scenario->variants)
    if (v.name != w.variant) s.values.push_back(v.name);
  s.set = [values = s.values](const Workload& base, std::size_t value) {
    Overrides o = base.overrides;
    o.variants = {values[value]};
    return session::parse_workloads(base.text, base.file, o).front();
  };
  out.push_back(std::move(s));
}

/// How the cores offer TSO. The kernel, if there is one, is built for that.
void add_kind_switch(const Workload& w, std::vector<serve::Switch>& out) {
  using model::TsoSupport;
  if (!w.scenario) return;
  static constexpr std::array<std::pair<TsoSupport, const char*>, 4> kKinds{{{TsoSupport::Actlr, "actlr"},
                                                                            {TsoSupport::ActlrReadOnly, "actlr-read-only"},
                                                                            {TsoSupport::Fixed, "fixed"},
                                                                            {TsoSupport::None, "none"}}};
  const model::MachineConfig& config = w.machine->config();
  const TsoSupport first = config.core[0].tso;
  const bool mixed = std::any_of(config.core.begin(), config.core.begin() + config.cores,
                                 [&](const model::CoreConfig& c) { return c.tso != first; });
  serve::Switch s{"kind of all cores", "machine", {}, nullptr};
  if (mixed) s.values.push_back("as it is");
  for (const auto& [kind, name] : kKinds) {
    if (!mixed && kind == first) s.values.insert(s.values.begin(), name);
    else s.values.push_back(name);
  }
  s.set = [values = s.values](const Workload& base, std::size_t value) {
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& k) { return values[value] == k.second; });
    if (kind == kKinds.end()) return base;
    auto scenario = std::make_shared<scenarios::Scenario>(*base.scenario);
    model::MachineConfig& machine = scenario->variants[base.variant_index].machine;
    for (unsigned core = 0; core < machine.cores; ++core) {
      machine.core[core].tso = kind->first;
      machine.core[core].tso_at_reset = machine.core[core].tso_at_reset && kind->first == TsoSupport::Actlr;
    }
    auto build = std::make_shared<scenarios::Build>(scenarios::build(*scenario, base.variant_index));
    Workload out_of = base;
    out_of.observables = build->observables;
    out_of.machine = std::make_shared<model::Machine>(build->config, build->program);
    out_of.build = std::move(build);
    out_of.scenario = std::move(scenario);
    return out_of;
  };
  out.push_back(std::move(s));
}

/// TSO on one core from the start, where no kernel decides about it.
void add_tso_switches(const Workload& w, const Listing& listing, std::vector<serve::Switch>& out) {
  if (w.machine->program().has_kernel) return;
  for (unsigned core = 0; core < w.machine->config().cores; ++core) {
    const bool on = starts_with_tso(w.machine->config().core[core]);
    serve::Switch s{fmt::format("{}: TSO", listing.core(core)), "tso", {"off", "on"}, nullptr};
    if (on) std::swap(s.values[0], s.values[1]);
    s.set = [values = s.values, core](const Workload& base, std::size_t value) {
      if (base.machine->program().has_kernel || core >= base.machine->config().cores)
        throw InputError(Diagnostic{{base.file, 0, 0}, "on this machine threads choose TSO by system calls"});
      return with_tso(base, core, values[value] == "on");
    };
    out.push_back(std::move(s));
  }
}

void add_cache_switch(const Workload& w, const Listing& listing, std::vector<serve::Switch>& out) {
  if (!has_shared_code(listing)) return;
  const std::array<std::string, 3> names{"both off", "IDC only", "both on"};
  const model::MachineConfig& config = w.machine->config();
  serve::Switch s{"IDC and DIC", "machine", {names[config.dic ? 2 : config.idc ? 1 : 0]}, nullptr};
  for (const std::string& name : names)
    if (name != s.values[0]) s.values.push_back(name);
  s.set = [values = s.values, names](const Workload& base, std::size_t value) {
    return with_caches(base, values[value] != names[0], values[value] == names[2]);
  };
  out.push_back(std::move(s));
}

/// Barriers, acquire and release as they are, or as weak as they can be made.
void add_code_switches(const Workload& w, const Listing& listing, std::vector<serve::Switch>& out) {
  for (const CodeLine& c : listing.code()) {
    const std::vector<u32> weaker = weaker_words(c.word);
    if (weaker.empty()) continue;
    const std::string owner = c.thread == kSharedCode ? "shared code"
                              : w.scenario            ? w.scenario->threads[c.thread].name
                                                      : fmt::format("P{}", c.thread);
    std::string weakest = isa::disassemble(weaker.back(), c.pc);
    std::replace(weakest.begin(), weakest.end(), '\t', ' ');
    serve::Switch s{fmt::format("{}: {}", owner, listing.instruction(c.pc, c.word)), "code", {"as it is", weakest}, nullptr};
    s.set = [thread = c.thread, index = c.index, was = c.word, word = weaker.back()](const Workload& base, std::size_t value) {
      if (value == 0) return base;
      const Listing now(base);
      for (const CodeLine& other : now.code())
        if (other.thread == thread && other.index == index && other.word == was) return with_word(base, other.pc, word);
      throw InputError(Diagnostic{{base.file, 0, 0}, "this machine has other code"});
    };
    out.push_back(std::move(s));
  }
}

std::vector<serve::Switch> offered_switches(const Workload& w) {
  const Listing listing(w);
  std::vector<serve::Switch> out;
  add_variant_switch(w, out);  // first: it starts from the file
  add_kind_switch(w, out);  // builds the program anew
  add_tso_switches(w, listing, out);
  add_cache_switch(w, listing, out);
  add_code_switches(w, listing, out);
  return out;
}

Json why_forbidden(const Workload& w, const std::string& outcome, const explore::SearchResult& seen) {
  const Goal goal = goal_of(w, outcome.empty() ? std::nullopt : std::optional(outcome), seen);
  Json out = {{"goal", goal.text}};
  for (const auto& [o, info] : seen.outcomes) {
    if (!goal.holds(w, o)) continue;
    out["allowed"] = true;
    return out;
  }
  if (seen.status != explore::Status::Complete) {
    out["allowed"] = nullptr;
    out["reason"] = seen.reason;
    return out;
  }
  out["allowed"] = false;
  const Contradiction c = contradiction(w, Listing(w), goal);
  Json cycle = Json::array();
  for (const ContradictionStep& s : c.cycle) {
    cycle.push_back(
        {{"from", s.from}, {"relation", s.relation}, {"to", s.to}, {"clause", s.clause}, {"by", s.because}});
  }
  out["headline"] = c.headline;
  out["cycle"] = cycle;
  out["reason"] = c.reason;
  return out;
}

}  // namespace

serve::Analysis session_analysis() { return {changes, offered_switches, why_forbidden}; }

}  // namespace isobar::tools
