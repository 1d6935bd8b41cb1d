// Warnings of the machine against the axioms: a fetch and a write of its word that ordered-before does not order.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "axiomatic/maintenance_order.h"
#include "explore/search.h"
#include "isa/concurrent_modification.h"
#include "tests/axiomatic/fetch_generator.h"
#include "tests/axiomatic/fetch_subject.h"
#include "tests/axiomatic/runs.h"

namespace isobar::axiomatic {
namespace {

constexpr unsigned kWarningChunks = 5;

unsigned warning_programs() {
  const char* wanted = std::getenv("ISOBAR_RANDOM_PROGRAMS");
  return wanted != nullptr ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 200;
}

bool restricted(u32 word) { return !isa::is_concurrently_modifiable(word, isa::CmodxList::Current); }

/// Is there an order of cache maintenance that the axioms allow in which `from` may come before `to`?
bool may_come_before(const Program& p, const Relations& r, const Implementation& i, EventId from, EventId to) {
  OrderedBefore ob = ordered_before(p, r, i);
  ob.graph.add_edge(from, to, 0);
  if (choose_maintenance_order(p, r, i.caches, {}, ob) == Choice::GivenUp) ADD_FAILURE() << "too many orders";
  return ob.graph.acyclic();
}

/// Is there a fetch that a newer write is not ordered with, one of the two instructions being outside the list?
bool violates(const Program& p, const JudgeOptions& options) {
  const Implementation i{options.flavour, options.caches};
  const Relations r = relate(p.event, p.of_write);
  for (EventId f = 0; f < p.event.size(); ++f) {
    const Event& fetch = p.event[f];
    if (fetch.kind != Event::Kind::Fetch) continue;
    const std::vector<EventId>& writes = r.coherence.writes(fetch.addr);
    for (auto n = static_cast<std::size_t>(r.coherence.position(fetch.addr, fetch.source[0]) + 1); n < writes.size(); ++n) {
      const Event& w = p.event[writes[n]];
      if (!restricted(fetch.word) && !restricted(static_cast<u32>(w.value.lo))) continue;
      if (may_come_before(p, r, i, f, writes[n]) && may_come_before(p, r, i, writes[n], f)) return true;
    }
  }
  return false;
}

constexpr u32 kHint = 0xd503271f;  // HINT #56, does nothing: may not be modified while it is executed
constexpr u32 kTbz = 0x3600005f;   // TBZ WZR, #0, .+8, always taken: may be modified

/// Is each word stored once at most? A fetch that could have read either of two equal words tells nothing.
bool has_distinct_stores(const FetchProgram& p) {
  std::map<std::string, unsigned> stores;
  for (const std::string& t : p.threads)
    for (const char* word : {"w6", "w7", "w8"})
      for (const char* use : {"str ", "stlr ", "swp ", "add w14, "})
        for (std::size_t at = t.find(std::string(use) + word); at != std::string::npos;
             at = t.find(std::string(use) + word, at + 1))
          if (++stores[word] > 1) return false;
  return std::find(p.features.begin(), p.features.end(), "half a word of code") == p.features.end();
}

/// With YIELD for NOP, and words to store that stand nowhere.
Subject subject_of(FetchProgram p) {
  const auto replace = [](std::string& text) {
    for (std::size_t at = text.find("nop"); at != std::string::npos; at = text.find("nop", at)) text.replace(at, 3, "yield");
  };
  replace(p.functions);
  for (std::string& t : p.threads) replace(t);
  Subject subject(p);
  for (model::ResetState& r : subject.program.reset) {
    for (auto& [reg, value] : r.registers) {
      if (reg == isa::x_reg(6)) value.lo = kHint;
      if (reg == isa::x_reg(7)) value.lo = kTbz;
    }
  }
  return subject;
}

const explore::FlagInfo& of_violations(const explore::OutcomeInfo& info) {
  std::size_t i = 0;
  while (model::kFlagNames[i].flag != model::kFlagCmodx) ++i;
  return info.flags[i];
}

class RandomWarnings : public testing::TestWithParam<unsigned> {};

TEST_P(RandomWarnings, AreThoseOfTheAxioms) {
  unsigned compared = 0, warned = 0, both = 0;
  for (unsigned k = 0; k < warning_programs(); ++k) {
    const u64 seed = 100'000 + u64{GetParam()} * warning_programs() + k;
    const FetchProgram program = FetchGenerator(seed).make();
    if (!has_distinct_stores(program)) continue;
    const Subject subject = subject_of(program);
    const model::Machine machine(subject.config, subject.program);
    const JudgeOptions options = judge_options(subject.config);
    const CandidateProgram candidates = crosscheck::candidate_program(subject.config, subject.program);
    CandidateOptions limits;
    limits.max_candidates = 400;
    limits.max_paths = 100;
    std::map<trace::Outcome, bool, trace::OutcomeLess> expected;
    const CandidateResult all = for_each_candidate(candidates, limits, [&](const trace::Execution& e) {
      if (!crosscheck::is_permitted(e, subject.program)) return true;
      const Verdict v = judge(e, options);
      if (!v.consistent) return true;
      bool& flag = expected[crosscheck::outcome_of(e, candidates, subject.observables)];
      flag = flag || violates(v.program, options);
      return true;
    });
    if (all.status != CandidateResult::Status::Complete) continue;
    const explore::SearchResult found = explore::search(machine, subject.observables, {});
    ASSERT_EQ(found.status, explore::Status::Complete);
    ++compared;
    bool with = false, without = false;
    for (const auto& [outcome, info] : found.outcomes) {
      const explore::FlagInfo& flag = of_violations(info);
      (flag.count != 0 ? with : without) = true;
      if (flag.count == 0) {
        EXPECT_FALSE(expected[outcome]) << "seed " << seed << ": not warned of\n" << listing(program);
      } else {
        const Verdict v = judge(record(machine, flag.witness), options);
        EXPECT_TRUE(violates(v.program, options)) << "seed " << seed << ": warned of for nothing\n" << listing(program);
      }
    }
    warned += with;
    both += with && without;
  }
  std::cout << compared << " programs compared, " << warned << " with a warning, " << both
            << " of them not for every outcome\n";
  if (warning_programs() < 100) return;  // too few to say what share of them is of use
  EXPECT_GE(compared, warning_programs() / 2);
  EXPECT_GT(both, 0u);
}

INSTANTIATE_TEST_SUITE_P(Chunk, RandomWarnings, testing::Range(0u, kWarningChunks));

}  // namespace
}  // namespace isobar::axiomatic
