#include "hunt/run.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "explore/search.h"
#include "model/machine/recorder.h"

namespace isobar::hunt {

using model::Transition;

namespace {

/// Orders of the cores tried in measuring a program.
constexpr u64 kMeasured = 4;

Failure deadlock(const model::MachineState& s) {
  Failure f{FailureKind::Deadlock, "no step is possible, but work is left on core"};
  for (std::size_t c = 0; c < s.core.size(); ++c) {
    if (!s.core[c].window.empty()) f.what += " " + std::to_string(c);
  }
  return f;
}

/// Adds the words that were executed and those that were written.
void note_modified(const trace::Execution& e, std::set<u64>& code, std::set<u64>& written) {
  for (const auto& instructions : e.core) {
    for (const trace::InstructionRecord& i : instructions) {
      code.insert(i.pc);
      for (const trace::AccessRecord& a : i.access) {
        if (a.kind != trace::AccessRecord::Kind::Write) continue;
        for (u64 word = a.addr & ~u64{3}; word < a.addr + a.size; word += 4) written.insert(word);
      }
    }
  }
}

}  // namespace

std::string_view name(FailureKind k) {
  switch (k) {
    case FailureKind::Assertion: return "assertion";
    case FailureKind::Deadlock: return "deadlock";
    case FailureKind::Race: return "data race";
  }
  return "";
}

Run run_with(const Target& target, u64 max_steps, const Choose& choose) {
  const model::Machine& m = *target.machine;
  Run run;
  model::DirectFabric fabric = m.direct_fabric();
  model::Recorder recorder(m);
  model::MachineState s = m.initial();
  std::vector<Transition> enabled;
  for (;;) {
    enabled.clear();
    m.enabled(s, enabled);
    if (enabled.empty()) break;
    if (run.path.size() >= max_steps) return run;
    const std::optional<std::size_t> i = choose(s, enabled);
    if (!i) return run;
    const Transition t = enabled[*i];
    m.apply(s, t, fabric, &recorder);
    run.path.push_back(t);
    if (s.dead) return run;
  }
  run.ended = true;
  const bool finished = m.finished(s);
  run.execution = recorder.finish(s);
  if (!finished) {
    run.failure = deadlock(s);
    return run;
  }
  run.outcome = explore::observe(m, s, target.observables);
  if (auto what = target.broken(run.outcome)) run.failure = Failure{FailureKind::Assertion, *what};
  if (run.failure) return run;
  if (const std::optional<Race> race = find_race(run.execution, target.races))
    run.failure = Failure{FailureKind::Race, target.tell(*race)};
  return run;
}

Run run_once(const Target& target, const StrategyOptions& options, const Size& size, u64 run) {
  Scheduler scheduler(options, size, target.machine->config().cores, run);
  Run out = run_with(target, target.max_steps, [&](const model::MachineState& s, const std::vector<Transition>& enabled) {
    return std::optional(scheduler.choose(s, enabled));
  });
  out.events = scheduler.events();
  return out;
}

Size measure(const Target& target, u64 seed) {
  Size size;
  std::set<u64> code, written;
  for (u64 i = 0; i < 2 * kMeasured; ++i) {  // the first half finds the words that are written
    const Run run = run_once(target, {Strategy::Pct, 1, seed}, size, i % kMeasured);
    if (i < kMeasured) note_modified(run.execution, code, written);
    if (i + 1 == kMeasured)
      std::set_intersection(code.begin(), code.end(), written.begin(), written.end(), std::back_inserter(size.modified));
    std::vector<bool> acts(target.machine->config().cores, false);
    for (const Transition& t : run.path) acts[t.core] = true;
    size.cores = std::max(size.cores, static_cast<unsigned>(std::count(acts.begin(), acts.end(), true)));
    size.events = std::max(size.events, run.events);
  }
  return size;
}

}  // namespace isobar::hunt
