#include "tools/second_route.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crosscheck/second_route.h"

namespace isobar::tools {

namespace {

constexpr u64 kRouteCandidates = 1'000'000;

std::set<std::string> texts(const Workload& w, const crosscheck::Allowed& allowed) {
  std::set<std::string> out;
  for (const trace::Outcome& o : allowed.outcomes) {
    if (is_counted(w, o)) out.insert(state_text(w, o));
  }
  return out;
}

void contradict(CaseReport& report, const std::string& what) {
  report.verdict = Verdict::Internal;
  report.findings.push_back(what);
  report.text += "Axioms " + what + "\n";
}

}  // namespace

void compare_routes(const Workload& w, const std::vector<StateLine>& states, bool complete,
                    CaseReport& report) {
  axiomatic::CandidateOptions limits;
  limits.max_candidates = kRouteCandidates;
  const crosscheck::Allowed allowed = crosscheck::allowed_outcomes(*w.machine, w.observables, limits);
  if (allowed.status != axiomatic::CandidateResult::Status::Complete) {
    report.text += fmt::format("Axioms not compared: the judge does not enumerate {}\n", allowed.reason);
    report.json["second_route"] = {{"status", "not compared"}, {"reason", allowed.reason}};
    return;
  }
  std::set<std::string> found;
  for (const StateLine& s : states) found.insert(s.text);
  const std::set<std::string> by_axioms = texts(w, allowed);
  bool differs = false;
  for (const std::string& s : found) {
    if (by_axioms.count(s) != 0) continue;
    contradict(report, "forbid, but the search found: " + spaced(s));
    differs = true;
  }
  for (const std::string& s : by_axioms) {
    if (!complete || found.count(s) != 0) continue;
    contradict(report, "allow, but the search did not find: " + spaced(s));
    differs = true;
  }
  if (!differs) {
    report.text += fmt::format("Axioms allow {} ({} candidate executions)\n",
                               complete ? "exactly these states" : "all of these states", allowed.candidates);
  }
  report.json["second_route"] = {{"status", differs    ? "differs"
                                            : complete ? "equal"
                                                       : "included"},
                                 {"candidates", allowed.candidates}};
}

}  // namespace isobar::tools
