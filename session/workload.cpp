#include "session/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "scenarios/loader/loader.h"
#include "support/diagnostic.h"

namespace isobar::session {

namespace {

[[noreturn]] void fail(const std::string& file, const std::string& message) {
  throw InputError(Diagnostic{{file, 0, 0}, message});
}

Workload x86_workload(const scenarios::LitmusTest& test, const scenarios::LitmusOptions& options) {
  auto x86 = std::make_shared<scenarios::X86Program>(scenarios::build_x86(test, options));
  Workload w;
  w.name = x86->program.name;
  w.observables = x86->program.observables;
  w.machine = std::make_shared<model::Machine>(x86->program.config, x86->program.program);
  w.litmus = std::shared_ptr<const scenarios::LitmusProgram>(x86, &x86->program);
  w.x86 = std::move(x86);
  return w;
}

Workload litmus_workload(const std::string& text, const std::string& file, const Overrides& overrides) {
  scenarios::LitmusOptions options;
  options.variants = overrides.variants;
  options.tso = overrides.tso;
  options.tso_flavour = overrides.tso_flavour;
  const scenarios::LitmusTest test = scenarios::parse_litmus(text, file);
  if (overrides.x86 && scenarios::is_x86(test)) return x86_workload(test, options);
  auto program = std::make_shared<scenarios::LitmusProgram>(scenarios::build_litmus(test, options));
  if (overrides.guesses == Guesses::Squash) program->config.speculation = model::Speculation::Squash;
  Workload w;
  w.name = program->name;
  w.observables = program->observables;
  w.machine = std::make_shared<model::Machine>(program->config, program->program);
  w.litmus = std::move(program);
  return w;
}

/// Which cores "all", "none" or "P0,writer" means: threads by name, or by number as P0.
std::vector<bool> tso_cores(const scenarios::Scenario& scenario, const std::string& who, unsigned cores) {
  if (who == "all" || who == "none") return std::vector<bool>(cores, who == "all");
  std::vector<bool> set(cores, false);
  std::istringstream in(who);
  for (std::string item; std::getline(in, item, ',');) {
    int thread = scenario.find_thread(item);
    for (std::size_t i = 0; thread < 0 && i < scenario.threads.size(); ++i) {
      if (item == "P" + std::to_string(i)) thread = static_cast<int>(i);
    }
    if (thread < 0)
      fail(scenario.file, fmt::format("--tso: there is no thread '{}'; expected all, none or threads", item));
    const auto core = scenario.threads[static_cast<std::size_t>(thread)].core;
    if (!core) fail(scenario.file, fmt::format("--tso: thread '{}' has no core of its own", item));
    set.at(*core) = true;
  }
  return set;
}

void override_machine(const scenarios::Scenario& scenario, const Overrides& overrides,
                      scenarios::Variant& v) {
  if (overrides.tso) {
    if (v.kernel.enabled)
      fail(scenario.file, "--tso: under a kernel each thread has its own memory model (prctl)");
    const std::vector<bool> set = tso_cores(scenario, *overrides.tso, v.machine.cores);
    for (unsigned i = 0; i < v.machine.cores; ++i) {
      model::CoreConfig& core = v.machine.core[i];
      const bool has_bit = core.tso == model::TsoSupport::Actlr;
      if (set[i] || (core.tso == model::TsoSupport::Fixed && !set[i])) core.tso = model::TsoSupport::Actlr;
      if (set[i] || has_bit) core.tso_at_reset = set[i];
    }
  }
  if (overrides.tso_flavour) {
    const std::string& f = *overrides.tso_flavour;
    v.machine.flavour = f == "t1"   ? model::TsoFlavour::T1
                        : f == "t2" ? model::TsoFlavour::T2
                                    : model::TsoFlavour::T3;
  }
  const bool undo = overrides.guesses == Guesses::Squash ||
                    (overrides.guesses == Guesses::ByRun && v.run.how == scenarios::How::Timed);
  v.machine.speculation = undo ? model::Speculation::Squash : model::Speculation::Prune;
}

void check_variant_names(const scenarios::Scenario& scenario, const std::vector<std::string>& wanted) {
  for (const std::string& name : wanted) {
    const bool known = std::any_of(scenario.variants.begin(), scenario.variants.end(),
                                   [&](const scenarios::Variant& v) { return v.name == name; });
    if (known) continue;
    std::string list;
    for (const scenarios::Variant& v : scenario.variants) list += (list.empty() ? "" : ", ") + v.name;
    fail(scenario.file,
         fmt::format("--variant: there is no variant '{}'{}", name,
                     list.empty() ? "; the scenario has no variants" : "; expected one of " + list));
  }
}

std::vector<Workload> scenario_workloads(const std::string& text, const std::string& file,
                                         const Overrides& overrides) {
  auto scenario = std::make_shared<scenarios::Scenario>(scenarios::parse_scenario(text, file));
  check_variant_names(*scenario, overrides.variants);
  for (scenarios::Variant& v : scenario->variants) override_machine(*scenario, overrides, v);
  std::vector<Workload> all;
  for (unsigned i = 0; i < scenario->variants.size(); ++i) {
    const std::string& name = scenario->variants[i].name;
    const bool wanted =
        overrides.variants.empty() ||
        std::find(overrides.variants.begin(), overrides.variants.end(), name) != overrides.variants.end();
    if (!wanted) continue;
    auto build = std::make_shared<scenarios::Build>(scenarios::build(*scenario, i));
    Workload w;
    w.name = scenario->name;
    w.variant = name;
    w.variant_index = i;
    w.observables = build->observables;
    w.machine = std::make_shared<model::Machine>(build->config, build->program);
    w.build = std::move(build);
    w.scenario = scenario;
    all.push_back(std::move(w));
  }
  return all;
}

}  // namespace

std::vector<Workload> parse_workloads(const std::string& text, const std::string& file,
                                      const Overrides& overrides) {
  std::vector<Workload> all;
  const std::string extension = std::filesystem::path(file).extension().string();
  if (extension == ".yaml" || extension == ".yml") {
    all = scenario_workloads(text, file, overrides);
  } else {
    all.push_back(litmus_workload(text, file, overrides));
  }
  for (Workload& w : all) {
    w.file = file;
    w.text = text;
    w.overrides = overrides;
    w.overrides.guesses =
        w.machine->config().speculation == model::Speculation::Squash ? Guesses::Squash : Guesses::Prune;
  }
  return all;
}

std::string state_text(const Workload& w, const trace::Outcome& o) {
  if (w.litmus) return scenarios::state_text(*w.litmus, o);
  return scenarios::state_text(*w.scenario, *w.build, scenarios::final_values(*w.scenario, *w.build, o));
}

bool is_counted(const Workload& w, const trace::Outcome& o) {
  return !w.litmus || scenarios::passes_filter(*w.litmus, o);
}

}  // namespace isobar::session
