// Every execution that the machine produces is accepted by the judge. Needs ISOBAR_CONFORMANCE, the folder with
// outcomes.jsonl.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "axiomatic/judge.h"
#include "explore/search.h"
#include "isa/assembler.h"
#include "model/machine/recorder.h"
#include "scenarios/import/reference_outcomes.h"
#include "tests/axiomatic/runs.h"

namespace isobar::axiomatic {
namespace {

/// nullopt if the test needs something that the model does not have.
std::optional<scenarios::LitmusProgram> load(const char* directory, const scenarios::ReferenceOutcome& reference) {
  try {
    return scenarios::load_reference_test(directory, reference);
  } catch (const scenarios::UnsupportedError&) {
    return std::nullopt;
  }
}

class Recorded : public testing::TestWithParam<const char*> {};

TEST_P(Recorded, EveryWitnessIsConsistent) {
  const char* directory = std::getenv("ISOBAR_CONFORMANCE");
  if (!directory) GTEST_SKIP() << "ISOBAR_CONFORMANCE is not set";
  unsigned judged = 0;
  for (const scenarios::ReferenceOutcome& reference : scenarios::read_reference_outcomes(directory)) {
    if (reference.group != GetParam()) continue;
    const std::optional<scenarios::LitmusProgram> p = load(directory, reference);
    if (!p || !p->program.pages.empty() || p->config.tagging) continue;  // the judge knows neither
    const model::Machine machine(p->config, p->program);
    const explore::SearchResult r = explore::search(machine, p->observables, {});
    for (const auto& [outcome, info] : r.outcomes) {
      const trace::Execution e = record(machine, info.witness);
      const Verdict v = judge(e, judge_options(p->config));
      EXPECT_TRUE(v.consistent) << reference.test << "\n" << v.text;
      ++judged;
    }
  }
  EXPECT_GT(judged, 0u);
}

INSTANTIATE_TEST_SUITE_P(Groups, Recorded,
                         testing::Values("base", "pick", "cas", "guide", "oneleg", "oban", "mixed", "inst", "cyc", "rnd",
                                         "rndmixed", "tso_all", "tso_mix", "tso_t1", "tso_t2", "tso_t3", "tso_core0",
                                         "tso_mixedsize", "neon", "faults", "esop", "ifetch", "ifetch00", "ifetch01",
                                         "ifetch11", "rndfetch"),
                         [](const auto& group) { return std::string(group.param); });

}  // namespace
}  // namespace isobar::axiomatic
