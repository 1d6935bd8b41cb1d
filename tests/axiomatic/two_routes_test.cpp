// The judge's own enumeration of candidate executions allows exactly the recorded outcomes of litmus tests. Needs
// ISOBAR_CONFORMANCE, the folder with outcomes.jsonl.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "axiomatic/candidates.h"
#include "scenarios/import/reference_outcomes.h"
#include "tests/axiomatic/runs.h"

namespace isobar::axiomatic {
namespace {

/// The generated groups are large: every 20th test, or as ISOBAR_EVERY says (1: all).
unsigned sample_stride(const std::string& group) {
  static const std::set<std::string> large{"cyc",    "rnd",    "rndmixed", "tso_all",   "tso_mix",
                                           "tso_t1", "tso_t2", "tso_t3",   "tso_core0", "tso_mixedsize"};
  if (large.count(group) == 0) return 1;
  const char* every = std::getenv("ISOBAR_EVERY");
  return every != nullptr ? static_cast<unsigned>(std::max(1, std::atoi(every))) : 20;
}

class TwoRoutes : public testing::TestWithParam<const char*> {};

TEST_P(TwoRoutes, CandidatesAllowTheRecordedStates) {
  const char* directory = std::getenv("ISOBAR_CONFORMANCE");
  if (!directory) GTEST_SKIP() << "ISOBAR_CONFORMANCE is not set";
  const unsigned stride = sample_stride(GetParam());
  unsigned compared = 0, number = 0, skipped = 0;
  u64 candidates = 0;
  for (const scenarios::ReferenceOutcome& reference : scenarios::read_reference_outcomes(directory)) {
    if (reference.group != GetParam() || number++ % stride != 0) continue;
    std::optional<scenarios::LitmusProgram> p;
    try {
      p = scenarios::load_reference_test(directory, reference);
    } catch (const scenarios::UnsupportedError&) {
      continue;
    }
    if (!p->program.pages.empty() || p->config.tagging) continue;  // the judge knows neither
    const CandidateProgram program = crosscheck::candidate_program(p->config, p->program);
    std::set<std::string> allowed;
    const JudgeOptions judge_with = judge_options(p->config);
    CandidateOptions options;
    options.max_candidates = 20000;
    bool faults = false;
    const CandidateResult r = for_each_candidate(program, options, [&](const trace::Execution& e) {
      const std::string state = scenarios::state_text(*p, crosscheck::outcome_of(e, program, p->observables));
      if (allowed.count(state) != 0) return true;
      const Verdict v = judge(e, judge_with);
      EXPECT_FALSE(v.undetermined) << reference.test;
      EXPECT_NE(v.violation.axiom, Axiom::WellFormed) << reference.test << v.text;
      EXPECT_NE(v.violation.axiom, Axiom::Values) << reference.test << v.text;
      faults = faults || (v.consistent && !crosscheck::is_permitted(e, p->program));
      if (v.consistent) allowed.insert(state);
      return !faults;
    });
    candidates += r.candidates;
    if (faults || r.status != CandidateResult::Status::Complete) {
      ++skipped;
      continue;
    }
    const scenarios::StateDifference d = scenarios::compare_states(reference.states, {allowed.begin(), allowed.end()});
    EXPECT_TRUE(d.exact()) << reference.test << ": missing " << testing::PrintToString(d.missing) << " extra "
                           << testing::PrintToString(d.extra);
    ++compared;
  }
  std::cout << compared << " tests compared, " << skipped << " skipped, " << candidates << " candidates\n";
  EXPECT_GT(compared, 0u);
}

INSTANTIATE_TEST_SUITE_P(Groups, TwoRoutes,
                         testing::Values("base", "pick", "cas", "guide", "oneleg", "oban", "mixed", "cyc", "rnd", "rndmixed",
                                         "tso_all", "tso_mix", "tso_t1", "tso_t2", "tso_t3", "tso_core0", "tso_mixedsize", "ifetch",
                                         "ifetch00", "ifetch01", "ifetch11", "ifx", "esop", "rndfetch", "rndfetch2", "selfinst"),
                         [](const auto& group) { return std::string(group.param); });

}  // namespace
}  // namespace isobar::axiomatic
