// Both routes to the outcomes of random programs that modify code: what the machine reaches is what the axioms allow, and
// the axioms allow the runs that reach it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "explore/search.h"
#include "tests/axiomatic/fetch_generator.h"
#include "tests/axiomatic/fetch_subject.h"
#include "tests/axiomatic/runs.h"

namespace isobar::axiomatic {
namespace {

constexpr unsigned kChunks = 10;

/// Programs per chunk, so many that 5,000 are compared in all; or as ISOBAR_RANDOM_PROGRAMS says.
unsigned programs() {
  const char* wanted = std::getenv("ISOBAR_RANDOM_PROGRAMS");
  return wanted != nullptr ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 520;
}

class RandomFetches : public testing::TestWithParam<unsigned> {};

TEST_P(RandomFetches, BothRoutesGiveTheSameOutcomes) {
  const unsigned count = programs();
  std::map<std::string, unsigned> features;
  unsigned compared = 0, open = 0;
  u64 outcomes = 0, candidates = 0;
  for (unsigned i = 0; i < count; ++i) {
    const u64 seed = u64{GetParam()} * count + i;
    const FetchProgram program = FetchGenerator(seed).make();
    const Subject subject(program);
    const model::Machine machine(subject.config, subject.program);
    CandidateOptions limits;
    limits.max_candidates = 600;
    limits.max_paths = 150;
    const crosscheck::Allowed allowed = crosscheck::allowed_outcomes(machine, subject.observables, limits);
    if (allowed.status != CandidateResult::Status::Complete) {
      EXPECT_EQ(allowed.status, CandidateResult::Status::Undetermined) << "seed " << seed << ": " << allowed.reason << "\n" << listing(program);
      continue;
    }
    const explore::SearchOptions options;
    const explore::SearchResult found = explore::search(machine, subject.observables, options);
    ASSERT_EQ(found.status, explore::Status::Complete) << "seed " << seed << ": " << found.reason << "\n" << listing(program);
    std::set<trace::Outcome, trace::OutcomeLess> reached;
    for (const auto& [outcome, info] : found.outcomes) {
      reached.insert(outcome);
      const Verdict v = judge(record(machine, info.witness), judge_options(subject.config));
      EXPECT_TRUE(v.consistent) << "seed " << seed << ": the axioms forbid a run\n" << v.text << listing(program);
    }
    if (reached != allowed.outcomes) {
      ADD_FAILURE() << "seed " << seed << ": the machine reaches " << reached.size() << ", the axioms allow "
                    << allowed.outcomes.size() << "\n"
                    << listing(program);
    }
    ++compared;
    open += reached.size() > 1;
    outcomes += reached.size();
    candidates += allowed.candidates;
    for (const std::string& f : std::set<std::string>(program.features.begin(), program.features.end())) ++features[f];
  }
  std::cout << compared << " of " << count << " programs compared, " << open << " with a choice, " << outcomes
            << " outcomes, " << candidates << " candidates;";
  for (const auto& [name, number] : features) std::cout << " " << name << " " << number;
  std::cout << "\n";
  EXPECT_GE(compared, count * 90 / 100);
  if (count < 500) return;
  for (const char* f : {"2 threads", "3 threads", "handshake", "DIC", "IDC", "no DIC, no IDC", "lines of one word", "EL1",
                        "TSO cores", "IC IALLU", "IC IALLUIS", "store of code", "self modification", "half a word of code",
                        "swap of code", "code as data", "branch into modified code", "pointer published",
                        "branch through memory", "address dependency", "data dependency", "control dependency", "no DC",
                        "no IC", "IC before DC", "no DSB between DC and IC", "no DSB after IC", "DMB between DC and IC",
                        "DC alone", "no ISB", "everything", "dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb ld", "dsb st", "isb"}) {
    EXPECT_GT(features[f], 2u) << f;
  }
}

INSTANTIATE_TEST_SUITE_P(Chunk, RandomFetches, testing::Range(0u, kChunks));

}  // namespace
}  // namespace isobar::axiomatic
