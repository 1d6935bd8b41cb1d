// Exact state sets of recorded litmus tests; needs ISOBAR_CONFORMANCE, the folder with outcomes.jsonl.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "explore/search.h"
#include "model/machine/machine.h"
#include "scenarios/import/reference_outcomes.h"

namespace isobar::scenarios {
namespace {

class Conformance : public testing::TestWithParam<const char*> {};

TEST_P(Conformance, StateSetsAreEqual) {
  const char* directory = std::getenv("ISOBAR_CONFORMANCE");
  if (!directory) GTEST_SKIP() << "ISOBAR_CONFORMANCE is not set";
  unsigned compared = 0;
  for (const ReferenceOutcome& reference : read_reference_outcomes(directory)) {
    if (reference.group != GetParam()) continue;
    const LitmusProgram p = load_reference_test(directory, reference);
    const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
    ASSERT_EQ(r.status, explore::Status::Complete) << reference.test << ": " << r.reason;
    std::set<std::string> states, flags(p.flags.begin(), p.flags.end());
    for (const auto& [outcome, info] : r.outcomes) {
      states.insert(state_text(p, outcome));
      for (std::size_t i = 0; i < model::kFlagNames.size(); ++i)
        if (info.flags[i].count != 0) flags.emplace(model::kFlagNames[i].name);
    }
    EXPECT_EQ(std::vector<std::string>(flags.begin(), flags.end()), reference.flags) << reference.test;
    const StateDifference d = compare_states(reference.states, {states.begin(), states.end()});
    EXPECT_TRUE(d.exact()) << reference.test << ": missing " << testing::PrintToString(d.missing) << " extra "
                           << testing::PrintToString(d.extra);
    ++compared;
  }
  EXPECT_GT(compared, 0u);
}

INSTANTIATE_TEST_SUITE_P(Groups, Conformance, testing::Values("base", "cyc", "ifetch", "ifx", "rndfetch", "selfinst", "tso_all", "tso_mix"),
                         [](const auto& group) { return std::string(group.param); });

}  // namespace
}  // namespace isobar::scenarios
