#include "tools/hunting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>

#include "crosscheck/second_route.h"
#include "hunt/shrink.h"
#include "scenarios/loader/verdict.h"
#include "support/diagnostic.h"
#include "tools/exploration.h"
#include "tools/files.h"
#include "tools/goal.h"
#include "tools/interrupt.h"
#include "tools/listing.h"
#include "tools/recording.h"
#include "tools/walk.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;
using scenarios::Expectation;

/// Steps of a shrunk run that are told in words; the rest is in the trace.
constexpr std::size_t kTold = 60;

bool asserts(Expectation::Kind k) { return k != Expectation::Kind::Sometimes; }

/// Does the variant say of any state that it must not be? If not, what `sometimes` names is what there is to find.
bool has_assertions(const Workload& w) {
  const auto& all = w.scenario->expectations;
  const auto& memory = w.scenario->memory;
  return std::any_of(memory.begin(), memory.end(), [](const auto& m) { return m.race_free; }) || std::any_of(all.begin(), all.end(), [&](const Expectation& e) {
    return e.applies_to(w.variant_index) && asserts(e.kind);
  });
}

std::optional<std::string> broken_expectation(const Workload& w, bool assertions, const trace::Outcome& o) {
  scenarios::Seen seen;
  seen.states.push_back({o, 1});
  seen.coverage = scenarios::Coverage::Partial;
  const scenarios::Report r = scenarios::judge(*w.scenario, w.variant_index, *w.build, seen);
  for (const scenarios::ExpectationVerdict& v : r.expectations) {
    if (v.verdict == scenarios::Verdict::Fail) return v.text;
    if (!assertions && v.verdict == scenarios::Verdict::Pass) return v.text;
  }
  if (!r.surprises.empty()) return r.surprises.front();
  return std::nullopt;
}

/// Remembers what was said of an outcome: there are few of them and many runs.
class Judgements {
 public:
  explicit Judgements(std::function<std::optional<std::string>(const trace::Outcome&)> judge)
      : judge_(std::move(judge)) {}

  std::optional<std::string> operator()(const trace::Outcome& o) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = known_.find(o);
    if (known != known_.end()) return known->second;
    return known_[o] = judge_(o);
  }

 private:
  std::function<std::optional<std::string>(const trace::Outcome&)> judge_;
  std::mutex mutex_;
  std::map<trace::Outcome, std::optional<std::string>, trace::OutcomeLess> known_;
};

std::function<std::optional<std::string>(const trace::Outcome&)> judge_of(const Workload& w,
                                                                          const HuntFlags& flags) {
  if (flags.outcome || w.litmus) {
    const Goal goal = goal_of(w, flags.outcome, {});
    return [&w, goal](const trace::Outcome& o) -> std::optional<std::string> {
      if (!is_counted(w, o) || !goal.holds(w, o)) return std::nullopt;
      return goal.text;
    };
  }
  const bool assertions = has_assertions(w) && !flags.sometimes;
  return [&w, assertions](const trace::Outcome& o) { return broken_expectation(w, assertions, o); };
}

/// Memory that the scenario says is free of races, and the order that counts on this machine.
hunt::RaceRules race_rules(const Workload& w) {
  hunt::RaceRules rules;
  if (!w.scenario) return rules;
  for (const scenarios::MemoryLocation& m : w.scenario->memory) {
    if (m.race_free) rules.race_free.push_back({m.address, m.address + m.bytes()});
  }
  const std::string beyond = crosscheck::beyond_axioms(*w.machine);
  if (!rules.race_free.empty() && !beyond.empty())
    throw InputError(Diagnostic{{w.file, 0, 0}, "race_free: the order of accesses is not known with " + beyond});
  const axiomatic::JudgeOptions judge = crosscheck::judge_options(w.machine->config());
  rules.implementation = {judge.flavour, judge.caches};
  rules.dependencies = judge.dependencies;
  return rules;
}

std::string race_text(const Listing& listing, const hunt::Race& race) {
  const auto side = [&](const hunt::Race::Access& a) {
    return fmt::format("{} {} {}: {}", listing.core(a.core), a.write ? "writes" : "reads", listing.address(a.addr),
                       listing.instruction(a.pc, a.word));
  };
  return side(race.first) + " and " + side(race.second) + " are not ordered";
}

/// How likely one run of a strategy is to find a failure of its depth, at least; 0: nothing is promised.
double promise(const HuntFlags& flags, const hunt::Size& size) {
  if (flags.the_strategy() != hunt::Strategy::Pct) return 0;
  double p = 1;
  for (unsigned n = 2; n <= size.cores; ++n) p /= n;
  return p / std::pow(2.0 * static_cast<double>(size.events), flags.the_depth() - 1.0);
}

std::string cost_text(const hunt::Shrunk& s) {
  return fmt::format("Shrunk {} -> {} steps, {} -> {} switches between cores, {} -> {} overtaken accesses ({} schedules tried)\n",
                     s.before.steps, s.after.steps, s.before.switches, s.after.switches, s.before.overtakes,
                     s.after.overtakes, s.tried);
}

Json cost_json(const hunt::Cost& c) {
  return {{"steps", c.steps}, {"switches", c.switches}, {"overtakes", c.overtakes}};
}

std::string told(const Workload& w, const std::vector<model::Transition>& path) {
  const Listing listing(w);
  const std::vector<WalkStep> steps = walk(w, listing, path);
  std::string text;
  for (std::size_t i = 0; i < std::min(steps.size(), kTold); ++i) {
    text += fmt::format("{:4}  {}\n", i + 1, steps[i].what);
    for (const std::string& note : steps[i].notes) text += "        " + note + "\n";
  }
  if (steps.size() > kTold) text += fmt::format("      ... and {} more\n", steps.size() - kTold);
  return text;
}

/// The failure: shrunk, recorded and told.
void add_failure(const Workload& w, const HuntFlags& flags, const hunt::Target& target, const hunt::Found& found,
                 const std::string& trace_file, ProgressLine& progress, CaseReport& r) {
  std::vector<model::Transition> path = found.path;
  std::string shrunk_text;
  if (flags.shrink) {
    progress.update(w.title() + ": shrinking");
    hunt::ShrinkOptions options;
    options.interrupt = &interrupt_flag();
    hunt::Shrunk shrunk = hunt::shrink(target, path, found.failure, options);
    shrunk_text = cost_text(shrunk);
    r.json["shrunk"] = {{"before", cost_json(shrunk.before)}, {"after", cost_json(shrunk.after)}, {"tried", shrunk.tried}};
    path = std::move(shrunk.path);
  }
  const trace::Trace t = make_trace(w, "hunt", flags.seed, untimed(path), true);
  write_file(trace_file, to_text(t));
  const model::MachineState end = run_steps(w, untimed(path));
  const std::string state = state_text(w, explore::observe(*w.machine, end, w.observables));
  r.example = state;
  r.verdict = Verdict::Differs;
  r.findings.push_back(fmt::format("run {}: {}: {}", found.run, hunt::name(found.failure.kind), found.failure.what));
  r.text += fmt::format("Found in run {}: {}: {}\n{}\n{}{}", found.run, hunt::name(found.failure.kind),
                        found.failure.what, spaced(state), shrunk_text, told(w, path));
  r.text += "Trace " + trace_file + "\n";
  r.json["found"] = {{"run", found.run},
                     {"kind", hunt::name(found.failure.kind)},
                     {"what", found.failure.what},
                     {"state", state}};
  r.json["trace"] = trace_file;
}

}  // namespace

std::string coverage_text(const hunt::Estimate& e) {
  return fmt::format("distinct executions {}, estimated at least {:.0f}; the next run is new with probability {:.2g}",
                     with_thousands(e.distinct), e.total, e.unseen);
}

void tell_nothing_found(bool stopped, CaseReport& r) {
  if (!stopped) {
    r.text += "Nothing found\n";
    return;
  }
  r.verdict = Verdict::Undetermined;
  r.findings.push_back("stopped before all runs were done");
  r.text += "Stopped: nothing found so far\n";
}

CaseReport hunt_workload(const Workload& w, const HuntFlags& flags, const std::string& trace_file,
                         ProgressLine& progress) {
  const auto judgements = std::make_shared<Judgements>(judge_of(w, flags));
  hunt::Target target;
  target.machine = w.machine.get();
  target.observables = w.observables;
  target.broken = [judgements](const trace::Outcome& o) { return (*judgements)(o); };
  target.max_steps = flags.max_steps;
  target.races = race_rules(w);
  const Listing listing(w);
  target.tell = [&listing](const hunt::Race& race) { return race_text(listing, race); };
  hunt::HuntOptions options;
  options.strategy = {flags.the_strategy(), flags.the_depth(), flags.seed};
  options.runs = flags.runs;
  options.jobs = flags.jobs;
  options.timeout_seconds = flags.timeout_seconds;
  options.interrupt = &interrupt_flag();
  options.progress = [&](const hunt::Progress& p) {
    progress.update(fmt::format("{}: {} runs, {:.0f}/s, {}", w.title(), with_thousands(p.runs),
                                p.seconds > 0 ? static_cast<double>(p.runs) / p.seconds : 0,
                                coverage_text(p.estimate)));
  };
  const hunt::HuntResult result = hunt::hunt(target, options);

  CaseReport r;
  r.file = w.file;
  r.name = w.title();
  r.seconds = result.seconds;
  const bool counts = flags.the_strategy() != hunt::Strategy::Random;
  r.text = fmt::format("Hunt {}\nStrategy {}{}, seed {}\n", w.title(), hunt::name(flags.the_strategy()),
                       counts ? fmt::format(", depth {}", flags.the_depth()) : "", flags.seed);
  r.json = {{"format", kHuntFormat},
            {"name", w.name},
            {"file", w.file},
            {"variant", w.variant},
            {"strategy", hunt::name(flags.the_strategy())},
            {"depth", counts ? flags.the_depth() : 0},
            {"seed", flags.seed},
            {"runs", result.runs},
            {"given_up", result.given_up},
            {"cores", result.size.cores},
            {"events", result.size.events},
            {"promise", promise(flags, result.size)},
            {"distinct", result.coverage.distinct},
            {"estimated", result.coverage.total},
            {"unseen", result.coverage.unseen},
            {"status", result.found ? "found" : result.stopped ? "stopped" : "nothing found"},
            {"seconds", result.seconds}};
  r.text += fmt::format("Runs {} of {}{}, {} transitions, final states {}\n", result.runs, flags.runs,
                        result.given_up == 0 ? "" : fmt::format(" ({} given up: too long)", result.given_up),
                        result.transitions, result.outcomes.size());
  r.text += "Coverage " + coverage_text(result.coverage) + "\n";
  if (const double p = promise(flags, result.size); p > 0)
    r.text += fmt::format(
        "Promise a failure of depth {} shows in one of {:.0f} runs or more often (n = {} cores, k = {} events)\n",
        flags.the_depth(), 1 / p, result.size.cores, result.size.events);
  if (result.found) {
    add_failure(w, flags, target, *result.found, trace_file, progress, r);
  } else {
    tell_nothing_found(result.stopped, r);
  }
  return r;
}

}  // namespace isobar::tools
