#include "tools/mapping_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "explore/search.h"
#include "explore/shortest.h"
#include "scenarios/mapping/retry_loops.h"
#include "tools/interrupt.h"
#include "tools/listing.h"
#include "tools/walk.h"

namespace isobar::tools {

namespace {

constexpr double kTestSeconds = 60;
constexpr u64 kWitnessStates = 200'000;

std::vector<std::string> beyond(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::vector<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

void compare(const X86Test& test, const scenarios::LitmusProgram& p, bool failing_exclusives,
             MappingVerdict& v) {
  const model::Machine machine(p.config, p.program);
  explore::SearchOptions options;
  options.timeout_seconds = kTestSeconds;
  options.witnesses = false;
  options.failing_exclusives = failing_exclusives;
  options.interrupt = &interrupt_flag();
  const explore::SearchResult found = explore::search(machine, p.observables, options);
  std::set<std::string> states;
  for (const auto& [outcome, info] : found.outcomes) {
    if (!scenarios::passes_filter(p, outcome)) continue;
    const std::vector<std::string> faults = scenarios::unexpected_faults(p, outcome);
    if (!faults.empty()) v.reason = faults.front();
    states.insert(scenarios::state_text(p, outcome));
  }
  v.seconds = found.seconds;
  v.x86_states = test.states.size();
  v.arm_states = states.size();
  v.forbidden = beyond(states, test.states);
  v.missing = beyond(test.states, states);
  const bool complete = found.status == explore::Status::Complete && test.limit.empty() && v.reason.empty();
  if (!v.forbidden.empty() && test.limit.empty() && v.reason.empty()) {
    v.fit = MappingFit::Broken;
  } else if (!complete) {
    v.fit = MappingFit::Undetermined;
    if (v.reason.empty()) v.reason = test.limit.empty() ? found.reason : test.limit;
  } else {
    v.fit = v.missing.empty() ? MappingFit::Correct : MappingFit::Stronger;
  }
}

/// Not the shortest, for programs where that is too far to find.
std::vector<model::Transition> some_run(const Workload& w, const std::string& state) {
  explore::SearchOptions options;
  options.timeout_seconds = kTestSeconds;
  options.interrupt = &interrupt_flag();
  const explore::SearchResult found = explore::search(*w.machine, w.observables, options);
  std::vector<model::Transition> best;
  for (const auto& [outcome, info] : found.outcomes) {
    const bool better = best.empty() || info.witness.size() < best.size();
    if (better && state_text(w, outcome) == state) best = info.witness;
  }
  return best;
}

}  // namespace

std::string_view name(MappingFit f) {
  static constexpr std::array<std::string_view, 5> kNames{"correct", "broken", "stronger", "undetermined",
                                                          "unsupported"};
  return kNames.at(static_cast<std::size_t>(f));
}

MappingVerdict judge_mapping(const X86Test& test, const scenarios::Mapping& mapping) {
  MappingVerdict v;
  try {
    const scenarios::Translation t = scenarios::translate(*test.program, mapping);
    compare(test, scenarios::build_translation(*test.program, t),
            !scenarios::failing_exclusives_only_repeat(mapping), v);
  } catch (const scenarios::UnsupportedError& e) {
    v.fit = MappingFit::Unsupported;
    v.reason = e.reason();
  }
  return v;
}

Workload translated_workload(const X86Test& test, const scenarios::Mapping& mapping) {
  const scenarios::Translation t = scenarios::translate(*test.program, mapping);
  Workload w =
      parse_workloads(scenarios::litmus_text(t, mapping), test.file + "+" + mapping.name, {}).front();
  auto program = std::make_shared<scenarios::LitmusProgram>(*w.litmus);
  scenarios::name_as_x86(*program, test.program->program.condition_text);
  w.litmus = std::move(program);
  return w;
}

std::vector<std::string> witness_lines(const X86Test& test, const scenarios::Mapping& mapping,
                                       const std::string& state) {
  const Workload w = translated_workload(test, mapping);
  const auto ends_in_state = [&](const model::MachineState& s) {
    return state_text(w, explore::observe(*w.machine, s, w.observables)) == state;
  };
  explore::ShortestOptions limits;
  limits.timeout_seconds = 0;
  limits.interrupt = &interrupt_flag();
  // A loop of exclusives that goes round again only makes a run longer; without that, more can be looked at.
  limits.failing_exclusives = false;
  limits.max_states = kWitnessStates;
  auto run = explore::shortest_run(*w.machine, ends_in_state, limits);
  limits.failing_exclusives = true;
  limits.max_states = explore::ShortestOptions().max_states;
  if (!run) run = explore::shortest_run(*w.machine, ends_in_state, limits);
  std::vector<std::string> lines;
  const std::vector<model::Transition> steps = run ? *run : some_run(w, state);
  if (steps.empty()) return lines;
  for (const WalkStep& s : walk(w, Listing(w), steps)) {
    lines.push_back(s.what);
    for (const std::string& note : s.notes) lines.push_back("  " + note);
  }
  return lines;
}

}  // namespace isobar::tools
