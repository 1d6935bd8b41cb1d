#include "tools/stale.h"

#include <fmt/format.h>

#include "axiomatic/judge.h"
#include "axiomatic/staleness.h"
#include "crosscheck/second_route.h"
#include "model/machine/recorder.h"
#include "tools/recording.h"

namespace isobar::tools {

std::vector<StaleExecution> stale_executions(const Workload& w, const Listing& listing,
                                             const std::vector<model::Transition>& transitions) {
  if (!crosscheck::beyond_axioms(*w.machine).empty()) return {};
  model::Recorder recorder(*w.machine);
  const model::MachineState end = run_steps(w, untimed(transitions), &recorder);
  const axiomatic::JudgeOptions options = crosscheck::judge_options(w.machine->config());
  const axiomatic::Verdict v = axiomatic::judge(recorder.finish(end), options);
  const auto name = [&](const axiomatic::Event& e) {
    return fmt::format("{}: {}", listing.core(e.core), listing.instruction(e.pc, e.word));
  };
  std::vector<StaleExecution> out;
  axiomatic::Staleness staleness(v.program, {options.flavour, options.caches});
  for (const axiomatic::StaleFetch& s : staleness.all()) {
    if (s.expected == axiomatic::kNoEvent) continue;
    const axiomatic::Event& fetch = v.program.event[s.fetch];
    const axiomatic::StaleText text = axiomatic::tell(v.program, s, name);
    out.push_back({listing.core(fetch.core), listing.address(fetch.pc), listing.instruction(fetch.pc, fetch.word),
                   text.since, name(v.program.event[s.expected]), text.missing});
  }
  return out;
}

}  // namespace isobar::tools
