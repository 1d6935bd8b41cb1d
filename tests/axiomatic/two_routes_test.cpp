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

/// The program of a litmus test as the enumeration wants it.
CandidateProgram candidate_program(const scenarios::LitmusProgram& p) {
  CandidateProgram out;
  for (std::size_t t = 0; t < p.program.reset.size(); ++t) {
    const model::ResetState& r = p.program.reset[t];
    out.thread.push_back({r.pc, r.registers, p.config.core[t].tso == model::TsoSupport::Fixed ||
                                                 (p.config.core[t].tso != model::TsoSupport::None &&
                                                  p.config.core[t].tso_at_reset)});
  }
  for (const model::Segment& s : p.program.segments) {
    for (std::size_t b = 0; b < s.bytes.size(); ++b) out.memory[s.base + b] = s.bytes[b];
  }
  out.stop = p.program.stop;
  return out;
}

/// What `observables` show of a finished candidate; nullopt if one of them cannot be told.
std::optional<trace::Outcome> observe(const trace::Execution& e, const CandidateProgram& p,
                                      const std::vector<trace::Observable>& observables) {
  trace::Outcome out;
  for (const trace::Observable& o : observables) {
    Value v;
    if (o.kind == trace::Observable::Kind::Register) {
      for (const auto& [reg, value] : e.final_registers[o.core]) {
        if (reg == o.reg) v = value;
      }
      for (unsigned b = o.size; b < 16; ++b) v.set_byte(b, 0);
    } else if (o.kind == trace::Observable::Kind::Memory) {
      for (unsigned b = 0; b < o.size; ++b) {
        const auto written = e.final_memory.find(o.addr + b);
        const auto initial = p.memory.find(o.addr + b);
        if (written != e.final_memory.end()) {
          v.set_byte(b, written->second);
        } else if (initial != p.memory.end()) {
          v.set_byte(b, initial->second);
        }
      }
    } else if (o.kind == trace::Observable::Kind::FaultAddress) {
      return std::nullopt;
    }
    out.values.push_back(v);
  }
  return out;
}

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
    const CandidateProgram program = candidate_program(*p);
    std::set<std::string> allowed;
    const JudgeOptions judge_with = judge_options(p->config);
    CandidateOptions options;
    options.max_candidates = 20000;
    bool observable = true;
    const CandidateResult r = for_each_candidate(program, options, [&](const trace::Execution& e) {
      const std::optional<trace::Outcome> outcome = observe(e, program, p->observables);
      observable = observable && outcome.has_value();
      if (!outcome) return false;
      const std::string state = scenarios::state_text(*p, *outcome);
      if (allowed.count(state) != 0) return true;
      const Verdict v = judge(e, judge_with);
      EXPECT_FALSE(v.undetermined) << reference.test;
      EXPECT_NE(v.violation.axiom, Axiom::WellFormed) << reference.test << v.text;
      EXPECT_NE(v.violation.axiom, Axiom::Values) << reference.test << v.text;
      if (v.consistent) allowed.insert(state);
      return true;
    });
    candidates += r.candidates;
    if (!observable || r.status != CandidateResult::Status::Complete) {
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
                                         "tso_all", "tso_mix", "tso_t1", "tso_t2", "tso_t3", "tso_core0", "tso_mixedsize"),
                         [](const auto& group) { return std::string(group.param); });

}  // namespace
}  // namespace isobar::axiomatic
