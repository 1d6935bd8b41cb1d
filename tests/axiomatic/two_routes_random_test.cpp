// Both routes to the outcomes of random cycles: what the machine reaches is what the axioms allow.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "crosscheck/second_route.h"
#include "explore/search.h"
#include "tests/axiomatic/cycle_generator.h"
#include "tests/axiomatic/small_program.h"

namespace isobar::axiomatic {
namespace {

constexpr unsigned kRandomChunks = 20;

/// Programs per chunk, so many that 20,000 are compared in all; or as ISOBAR_RANDOM_PROGRAMS says.
unsigned random_programs() {
  const char* wanted = std::getenv("ISOBAR_RANDOM_PROGRAMS");
  return wanted != nullptr ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 1060;
}

std::vector<trace::Observable> everything(unsigned threads) {
  std::vector<trace::Observable> out;
  for (unsigned t = 0; t < threads; ++t) {
    for (unsigned r = 11; r < 29; ++r)
      out.push_back({trace::Observable::Kind::Register, static_cast<u8>(t), isa::x_reg(r), 0, 8, ""});
  }
  for (unsigned l = 0; l < 3; ++l)
    out.push_back({trace::Observable::Kind::Memory, 0, isa::Reg::None, kLocation + l * kLocationStride, 16, ""});
  return out;
}

class RandomCycles : public testing::TestWithParam<unsigned> {};

TEST_P(RandomCycles, BothRoutesGiveTheSameOutcomes) {
  const unsigned count = random_programs();
  std::map<std::string, unsigned> features;
  unsigned compared = 0;
  u64 outcomes = 0, candidates = 0;
  for (unsigned i = 0; i < count; ++i) {
    const u64 seed = u64{GetParam()} * count + i;
    const CycleProgram cycle = CycleGenerator(seed).make();
    SmallProgram p(cycle.threads, cycle.tso);
    p.config.flavour = static_cast<model::TsoFlavour>(cycle.flavour);
    const model::Machine machine(p.config, p.program);
    const std::vector<trace::Observable> observables = everything(p.config.cores);
    CandidateOptions limits;
    limits.max_candidates = 600;
    limits.max_paths = 150;
    const crosscheck::Allowed allowed = crosscheck::allowed_outcomes(machine, observables, limits);
    if (allowed.status != CandidateResult::Status::Complete) {
      EXPECT_EQ(allowed.status, CandidateResult::Status::Undetermined) << "seed " << seed << ": " << allowed.reason;
      continue;
    }
    explore::SearchOptions options;
    options.witnesses = false;
    const explore::SearchResult found = explore::search(machine, observables, options);
    ASSERT_EQ(found.status, explore::Status::Complete) << "seed " << seed;
    std::set<trace::Outcome, trace::OutcomeLess> reached;
    for (const auto& [outcome, info] : found.outcomes) reached.insert(outcome);
    if (reached != allowed.outcomes) {
      std::string text;
      for (std::size_t t = 0; t < cycle.threads.size(); ++t)
        text += (cycle.tso[t] ? "TSO core:\n" : "weak core:\n") + cycle.threads[t];
      ADD_FAILURE() << "seed " << seed << ", T" << cycle.flavour + 1 << ": the machine reaches " << reached.size()
                    << ", the axioms allow " << allowed.outcomes.size() << "\n"
                    << text;
    }
    ++compared;
    outcomes += reached.size();
    candidates += allowed.candidates;
    for (const std::string& f : std::set<std::string>(cycle.features.begin(), cycle.features.end())) ++features[f];
  }
  std::cout << compared << " of " << count << " programs compared, " << outcomes << " outcomes, " << candidates
            << " candidates;";
  for (const auto& [name, number] : features) std::cout << " " << name << " " << number;
  std::cout << "\n";
  EXPECT_GE(compared, count * 90 / 100);
  if (count < 1000) return;
  for (const char* f :
       {"rf", "fr", "co", "2 threads", "3 threads", "mixed sizes", "unaligned", "weak machine", "TSO machine", "mixed machine",
        "dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb ld", "dsb st", "isb", "control dependency", "control dependency and isb",
        "address dependency", "data dependency", "pick dependency", "ldar", "ldapr", "ldapur", "stlr", "stlur", "ldxr",
        "stxr", "ldadd", "swp", "cas", "stadd", "swp to zero", "pair"}) {
    EXPECT_GT(features[f], 10u) << f;
  }
}

INSTANTIATE_TEST_SUITE_P(Chunk, RandomCycles, testing::Range(0u, kRandomChunks));

}  // namespace
}  // namespace isobar::axiomatic
