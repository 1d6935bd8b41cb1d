#include "session/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "explore/search.h"
#include "support/diagnostic.h"
#include "trace/execution.h"

namespace isobar::session {

namespace {

std::optional<model::TransitionKind> kind_of(const std::string& text) {
#define X(kind, words) \
  if (text == (words)) return model::TransitionKind::kind;
  ISOBAR_TRANSITIONS(X)
#undef X
  return std::nullopt;
}

std::string join(const std::vector<std::string>& items) {
  std::string all;
  for (const std::string& item : items) all += (all.empty() ? "" : ",") + item;
  return all;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> items;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) items.push_back(item);
  return items;
}

}  // namespace

std::string describe(const model::Transition& t) {
  return fmt::format("core {} {} slot {} choice {}", t.core, model::name(t.kind), t.slot, t.choice);
}

trace::TraceHeader trace_header(const Workload& w, const std::string& driver, u64 seed) {
  trace::TraceHeader h;
  h.name = w.name;
  h.source_file = w.file;
  h.source_text = w.text;
  h.variant = w.variant;
  h.seed = seed;
  h.driver = driver;
  const Overrides& o = w.overrides;
  if (!o.variants.empty()) h.machine["variants"] = join(o.variants);
  if (o.tso) h.machine["tso"] = *o.tso;
  if (o.tso_flavour) h.machine["tso-flavour"] = *o.tso_flavour;
  h.machine["speculation"] = o.guesses == Guesses::Squash ? "squash" : "prune";
  return h;
}

std::vector<Step> untimed(const std::vector<model::Transition>& transitions) {
  std::vector<Step> steps;
  for (const model::Transition& t : transitions) steps.push_back({0, t});
  return steps;
}

Repeater::Repeater(const Workload& w)
    : machine_(*w.machine), fabric_(w.machine->direct_fabric()), state_(w.machine->initial()) {}

bool Repeater::take(const Step& step, model::Observer* observer) {
  const u64 before = state_.storage.time;
  state_.storage.time = std::max(before, step.time);
  enabled_.clear();
  machine_.enabled(state_, enabled_);
  if (std::find(enabled_.begin(), enabled_.end(), step.transition) == enabled_.end()) {
    state_.storage.time = before;
    return false;
  }
  machine_.apply(state_, step.transition, fabric_, observer);
  return true;
}

model::MachineState run_steps(const Workload& w, const std::vector<Step>& steps, model::Observer* observer) {
  Repeater r(w);
  for (const Step& step : steps) {
    if (!r.take(step, observer)) {
      throw InternalError("a recorded transition is not allowed: " + describe(step.transition));
    }
  }
  return r.state();
}

trace::Trace make_trace(const Workload& w, const std::string& driver, u64 seed,
                        const std::vector<Step>& steps, bool complete) {
  trace::Trace t;
  t.header = trace_header(w, driver, seed);
  for (const auto& [time, x] : steps) {
    t.steps.push_back({std::string(model::name(x.kind)), x.core, x.slot, x.choice, time});
  }
  const model::MachineState end = run_steps(w, steps);
  const trace::Outcome outcome = explore::observe(*w.machine, end, w.observables);
  trace::TraceFooter footer;
  for (std::size_t i = 0; i < w.observables.size(); ++i) {
    footer.outcome.emplace_back(w.observables[i].label, trace::hex(outcome.values[i], 16));
  }
  footer.digest = model::digest(end);
  footer.complete = complete;
  t.footer = footer;
  return t;
}

std::string to_text(const trace::Trace& t) {
  std::ostringstream out;
  trace::write_trace(out, t);
  return out.str();
}

Workload workload_of(const trace::Trace& t, const std::string& trace_file) {
  Overrides o;
  for (const auto& [key, value] : t.header.machine) {
    if (key == "variants") {
      o.variants = split(value);
    } else if (key == "tso") {
      o.tso = value;
    } else if (key == "tso-flavour") {
      o.tso_flavour = value;
    } else if (key == "speculation" && (value == "squash" || value == "prune")) {
      o.guesses = value == "squash" ? Guesses::Squash : Guesses::Prune;
    } else {
      throw InputError(
          Diagnostic{{trace_file, 1, 0},
                     fmt::format("unknown machine parameter '{}={}'; expected variants, tso, tso-flavour or "
                                 "speculation=prune|squash",
                                 key, value)});
    }
  }
  std::vector<Workload> all = parse_workloads(t.header.source_text, t.header.source_file, o);
  for (Workload& w : all) {
    if (w.variant == t.header.variant) return std::move(w);
  }
  throw InputError(Diagnostic{
      {trace_file, 1, 0}, fmt::format("the scenario in the trace has no variant '{}'", t.header.variant)});
}

std::vector<Step> steps_of(const trace::Trace& t, const std::string& trace_file) {
  std::vector<Step> all;
  for (std::size_t i = 0; i < t.steps.size(); ++i) {
    const trace::TraceStep& step = t.steps[i];
    const auto kind = kind_of(step.kind);
    if (!kind) {
      throw InputError(Diagnostic{{trace_file, i < t.line.size() ? t.line[i] : 0, 0},
                                  fmt::format("unknown kind of transition '{}'", step.kind)});
    }
    all.push_back({step.time, {*kind, step.core, step.slot, step.choice}});
  }
  return all;
}

}  // namespace isobar::session
