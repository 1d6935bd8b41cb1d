#include "tools/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "explore/shortest.h"
#include "support/diagnostic.h"
#include "tools/contradiction.h"
#include "tools/exploration.h"
#include "tools/goal.h"
#include "tools/interrupt.h"
#include "tools/listing.h"
#include "tools/progress.h"
#include "tools/recording.h"
#include "tools/stale.h"
#include "tools/variation.h"
#include "tools/walk.h"
#include "tools/warnings.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kTrialSeconds = 10;       ///< at most for one changed test
constexpr double kAllTrialsSeconds = 120;  ///< no further changed test is begun after so long

class Explanation {
 public:
  Explanation(const Workload& w, const ExplainOptions& options, ProgressLine& progress)
      : w_(w), options_(options), progress_(progress), listing_(w) {}

  CaseReport run() {
    const explore::SearchResult seen = explore_workload(w_, options_.search, true, progress_);
    const Goal goal = goal_of(w_, options_.outcome, seen);
    const auto* found = first_match(goal, seen);
    report_.file = w_.file;
    report_.name = w_.title();
    report_.seconds = seen.seconds;
    report_.json = {{"format", kExplainFormat}, {"name", w_.name}, {"file", w_.file}};
    if (!w_.variant.empty()) report_.json["variant"] = w_.variant;
    report_.json["goal"] = goal.text;
    if (found != nullptr) {
      allowed(goal, *found);
    } else if (seen.status == explore::Status::Complete) {
      forbidden(goal);
    } else {
      undetermined(goal, seen);
    }
    return std::move(report_);
  }

 private:
  using Found = std::pair<const trace::Outcome, explore::OutcomeInfo>;

  const Found* first_match(const Goal& goal, const explore::SearchResult& seen) const {
    const Found* best = nullptr;
    for (const Found& f : seen.outcomes) {
      const bool better = best == nullptr || f.second.witness.size() < best->second.witness.size();
      if (better && goal.holds(w_, f.first)) best = &f;
    }
    return best;
  }

  void say(const std::string& line) { report_.text += line + "\n"; }
  void headline(const char* word, const Goal& goal) {
    say(fmt::format("Test {}\n{}: {}", w_.title(), word, goal.text));
    report_.json["status"] = word == std::string("Undetermined") ? "undetermined" : "complete";
    report_.json["allowed"] = word == std::string("Allowed");
  }

  void undetermined(const Goal& goal, const explore::SearchResult& seen) {
    headline("Undetermined", goal);
    report_.json["allowed"] = nullptr;
    say(fmt::format("The state was not found, but the search was not complete: {} after {} states.",
                    seen.reason, with_thousands(seen.states)));
    report_.verdict = Verdict::Undetermined;
    report_.findings.push_back(seen.reason);
    report_.json["reason"] = seen.reason;
  }

  void allowed(const Goal& goal, const Found& found) {
    headline("Allowed", goal);
    explore::ShortestOptions limits;
    limits.interrupt = &interrupt_flag();
    limits.timeout_seconds = std::min(10.0, options_.search.timeout_seconds);
    std::optional<std::vector<model::Transition>> run = explore::shortest_run(
        *w_.machine,
        [&](const model::MachineState& s) {
          return goal.holds(w_, explore::observe(*w_.machine, s, w_.observables));
        },
        limits);
    const bool shortest = run.has_value();
    if (!run) run = found.second.witness;
    tell_walk(*run, shortest);
    if (options_.repair) repair(goal);
  }

  void tell_walk(const std::vector<model::Transition>& run, bool shortest) {
    const std::vector<WalkStep> steps = walk(w_, listing_, run);
    say(fmt::format("\nOne way to get there ({} steps{}):", steps.size(),
                    shortest ? ", as few as possible" : "; perhaps not the shortest"));
    Json list = Json::array();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      say(fmt::format("{:3}. {}", i + 1, steps[i].what));
      for (const std::string& note : steps[i].notes) say("       " + note);
      list.push_back({{"what", steps[i].what}, {"notes", steps[i].notes}});
    }
    Repeater repeat(w_);
    for (const Step& s : untimed(run)) repeat.take(s);
    const std::string state = state_text(w_, explore::observe(*w_.machine, repeat.state(), w_.observables));
    say("End: " + spaced(state));
    const std::vector<std::string> flags = warning_names(repeat.state());
    for (const std::string& flag : flags) say("Flag " + flag);
    report_.json["flags"] = flags;
    report_.example = state;
    report_.json["state"] = state;
    report_.json["shortest"] = shortest;
    report_.json["walk"] = list;
    tell_stale(run);
  }

  void tell_stale(const std::vector<model::Transition>& run) {
    Json list = Json::array();
    const std::vector<StaleExecution> all = stale_executions(w_, listing_, run);
    if (!all.empty()) say("\nStale instructions:");
    for (const StaleExecution& s : all) {
      say(fmt::format("  {} executes the old {} at {}", s.core, s.instruction, s.address));
      say(fmt::format("    not seen: {}", s.since));
      if (s.after != s.since) say(fmt::format("    which comes before {}", s.after));
      say(fmt::format("    missing: {}", s.missing));
      list.push_back({{"core", s.core},
                      {"address", s.address},
                      {"instruction", s.instruction},
                      {"since", s.since},
                      {"after", s.after},
                      {"missing", s.missing}});
    }
    report_.json["stale"] = list;
  }

  void forbidden(const Goal& goal) {
    headline("Forbidden", goal);
    tell_contradiction(contradiction(w_, listing_, goal));
    const std::vector<Variation> all = weakenings(w_, listing_);
    const Trials t = try_out(goal, all, true);
    if (all.empty()) {
      say("\nThere is no barrier, annotation or TSO setting to take away.");
    } else if (t.effective.empty() && t.unchecked == 0) {
      say(fmt::format("\nNo single one of {} ways to weaken a barrier, an annotation or a core allows it.",
                      all.size()));
    } else {
      say(fmt::format("\nAny one of these changes allows it ({} tried):", all.size() - t.unchecked));
    }
    tell_trials(t, all, "weakenings");
    if (options_.repair) say("\nThere is nothing to repair.");
  }

  void tell_contradiction(const Contradiction& c) {
    Json cycle = Json::array();
    if (c.axiom == axiomatic::Axiom::None) {
      say("\nWhy: " + c.reason + ".");
    } else {
      say(fmt::format("\nWhy: {}.", c.headline));
    }
    for (std::size_t i = 0; i < c.cycle.size(); ++i) {
      const ContradictionStep& s = c.cycle[i];
      const bool last = i + 1 == c.cycle.size();
      if (i == 0 || c.cycle[i - 1].to != s.from) say("  " + s.from);
      say(fmt::format("    {}  [{}{}]", s.relation, s.clause,
                      s.because.empty() ? "" : fmt::format("; the barrier is {}", s.because)));
      say(fmt::format("  {}{}", s.to, last && s.to == c.cycle[0].from ? ", the first again" : ""));
      cycle.push_back({{"from", s.from},
                       {"relation", s.relation},
                       {"to", s.to},
                       {"clause", s.clause},
                       {"by", s.because}});
    }
    if (c.candidates > 1)
      say(fmt::format("({} candidate executions end so; this cycle is the shortest.)", c.candidates));
    report_.json["axiom"] = c.axiom == axiomatic::Axiom::None ? Json() : Json(axiomatic::name(c.axiom));
    report_.json["cycle"] = cycle;
    report_.json["candidates"] = c.candidates;
    report_.json["reason"] = c.reason;
  }

  void repair(const Goal& goal) {
    const std::vector<Variation> all = strengthenings(w_, listing_);
    const Trials t = try_out(goal, all, false);
    if (t.effective.empty()) {
      say(fmt::format("\nNo single strengthening forbids it ({} tried).", all.size() - t.unchecked));
      report_.verdict = t.unchecked == 0 ? Verdict::Differs : Verdict::Undetermined;
      report_.findings.push_back("no single strengthening forbids " + goal.text);
    } else {
      say(fmt::format("\nAny one of these changes forbids it, cheapest first ({} tried):",
                      all.size() - t.unchecked));
    }
    tell_trials(t, all, "repairs");
  }

  /// What became of variations.
  struct Trials {
    std::vector<std::size_t> effective;  ///< indices of those that turn the answer round
    std::size_t unchecked = 0;           ///< a limit was hit, or the change cannot be made
  };

  Trials try_out(const Goal& goal, const std::vector<Variation>& all, bool wanted) {
    Trials t;
    const Stopwatch watch;
    SearchFlags flags = options_.search;
    flags.timeout_seconds =
        flags.timeout_seconds > 0 ? std::min(flags.timeout_seconds, kTrialSeconds) : kTrialSeconds;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (watch.seconds() > kAllTrialsSeconds || interrupt_flag()) {
        t.unchecked += all.size() - i;
        break;
      }
      const std::optional<bool> allowed_now = is_allowed(goal, all[i], flags);
      if (!allowed_now) ++t.unchecked;
      if (allowed_now == std::optional<bool>(wanted)) t.effective.push_back(i);
    }
    return t;
  }

  /// nullopt if a limit was hit before the answer was known, or the text cannot be changed so.
  std::optional<bool> is_allowed(const Goal& goal, const Variation& v, const SearchFlags& flags) {
    try {
      const Workload changed = v.make();
      const explore::SearchResult seen = explore_workload(changed, flags, false, progress_);
      for (const auto& [outcome, info] : seen.outcomes) {
        if (goal.holds(changed, outcome)) return true;
      }
      if (seen.status == explore::Status::Complete) return false;
    } catch (const InputError&) {
      // The assembler or the loader refuses the changed text: not a change that can be offered.
    }
    return std::nullopt;
  }

  void tell_trials(const Trials& t, const std::vector<Variation>& all, const char* key) {
    Json list = Json::array();
    for (const std::size_t i : t.effective) {
      const Variation& v = all[i];
      say(v.rank == 0 ? "  " + v.what : fmt::format("  {}  {}", v.rank, v.what));
      list.push_back(v.rank == 0 ? Json{{"change", v.what}}
                                 : Json{{"cost", v.rank}, {"kind", v.kind}, {"change", v.what}});
    }
    if (t.unchecked != 0) say(fmt::format("{} more could not be decided within the limits.", t.unchecked));
    report_.json[key] = list;
    report_.json["undecided"] = t.unchecked;
  }

  const Workload& w_;
  const ExplainOptions& options_;
  ProgressLine& progress_;
  Listing listing_;
  CaseReport report_;
};

}  // namespace

CaseReport explain_workload(const Workload& w, const ExplainOptions& options, ProgressLine& progress) {
  return Explanation(w, options, progress).run();
}

}  // namespace isobar::tools
