// What the outcomes of a run say about the expectations of a scenario.
#pragma once

#include <string>
#include <vector>

#include "scenarios/loader/build.h"
#include "scenarios/loader/scenario.h"

namespace isobar::scenarios {

/// How much of what a machine can do the outcomes show.
enum class Coverage : u8 {
  Complete,  ///< every outcome there is
  Partial,   ///< a search that hit a limit, or random schedules: there may be more
  Timed,     ///< the runs of the timed machine, which is deterministic: all there is for these seeds
};

/// What a driver saw.
struct Seen {
  struct State {
    trace::Outcome outcome;  ///< values of Build::observables
    u64 count = 0;           ///< search: final states that show it; runs: how often it came
  };
  std::vector<State> states;  ///< in the order of trace::OutcomeLess
  Coverage coverage = Coverage::Complete;
  std::string limit;  ///< Partial: what ended it, such as "10000000 states"
  u64 explored = 0;   ///< states of a search, or steps of runs; for the report only
  double seconds = 0;
};

/// From explore::SearchResult or anything shaped like it (a template keeps this folder independent of the
/// explorer). `complete`: the search ended by itself.
template <class Result>
Seen seen_by_search(const Result& r, bool complete) {
  Seen s;
  for (const auto& [outcome, info] : r.outcomes) s.states.push_back({outcome, info.count});
  s.coverage = complete ? Coverage::Complete : Coverage::Partial;
  s.limit = r.reason;
  s.explored = r.states;
  s.seconds = r.seconds;
  return s;
}

enum class Verdict : u8 { Pass, Fail, Undetermined };
std::string_view name(Verdict v);

/// One expectation judged.
struct ExpectationVerdict {
  unsigned expectation = 0;  ///< index into Scenario::expectations
  Verdict verdict = Verdict::Pass;
  std::string text;              ///< "never P1.X0 == 1 && P1.X2 == 0"
  std::string reason;            ///< one sentence: what was seen, or why nothing can be said
  std::vector<unsigned> states;  ///< indexes of the states that satisfy it (States: that are not in its list)
  int example = -1;              ///< state that decided a failure or a `sometimes`; -1: none
};

struct StateReport {
  trace::Outcome outcome;
  std::vector<Value> values;  ///< of Scenario::observed
  std::string text;
  u64 count = 0;
  std::vector<unsigned> expectations;  ///< those whose condition holds here (States: that list it)
};

/// The judgement of one variant of a scenario.
struct Report {
  std::string file, scenario, variant;
  std::string description;
  Verdict verdict = Verdict::Pass;  ///< Fail if anything fails, else Undetermined if anything is
  Coverage coverage = Coverage::Complete;
  std::string limit;
  std::vector<StateReport> states;
  std::vector<ExpectationVerdict> expectations;
  std::vector<std::string>
      surprises;  ///< faults and endless waits that no expectation speaks of; each is a failure
  u64 explored = 0;
  double seconds = 0;
};

/// Judges every expectation that applies to `variant`. `never` and `always` pass only on complete outcomes,
/// `sometimes` fails only on complete ones; what was seen always counts.
Report judge(const Scenario& scenario, unsigned variant, const Build& b, const Seen& seen);

/// For people, in the order: states, expectations with their why, result. Ends with a newline. `seconds` are
/// left out, so that equal runs give equal text.
std::string render_text(const Report& report, const Scenario& scenario);

}  // namespace isobar::scenarios
