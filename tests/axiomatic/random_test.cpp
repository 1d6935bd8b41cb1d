// Random programs: what the machine does, the judge accepts; what the judge's own enumeration allows, the machine
// reaches; and executions that were tampered with are refused.
#include <gtest/gtest.h>

#include <set>

#include "axiomatic/candidates.h"
#include "explore/search.h"
#include "tests/axiomatic/random_program.h"
#include "tests/axiomatic/runs.h"
#include "tests/axiomatic/small_program.h"

namespace isobar::axiomatic {
namespace {

std::vector<trace::Observable> everything(const SmallProgram& p) {
  std::vector<trace::Observable> out;
  for (unsigned t = 0; t < p.config.cores; ++t) {
    for (unsigned r = 4; r < 31; ++r) out.push_back({trace::Observable::Kind::Register, static_cast<u8>(t), isa::x_reg(r), 0, 8, ""});
  }
  for (unsigned l = 0; l < 2; ++l) {
    out.push_back({trace::Observable::Kind::Memory, 0, isa::Reg::None, kLocation + l * kLocationStride, 4, ""});
  }
  return out;
}

trace::Outcome observe(const trace::Execution& e, const std::vector<trace::Observable>& observables) {
  trace::Outcome out;
  for (const trace::Observable& o : observables) {
    Value v;
    if (o.kind == trace::Observable::Kind::Register) {
      for (const auto& [reg, value] : e.final_registers[o.core]) {
        if (reg == o.reg) v = value;
      }
    } else {
      for (unsigned b = 0; b < o.size; ++b) {
        const auto byte = e.final_memory.find(o.addr + b);
        if (byte != e.final_memory.end()) v.set_byte(b, byte->second);
      }
    }
    out.values.push_back(v);
  }
  return out;
}

std::string joined(const std::vector<std::string>& threads) {
  std::string out;
  for (const std::string& t : threads) out += t + "---\n";
  return out;
}

/// One run that takes any enabled step; nullopt if it ends on a dead path.
std::optional<trace::Execution> random_run(const model::Machine& machine, std::mt19937_64& random) {
  model::MachineState s = machine.initial();
  model::DirectFabric fabric = machine.direct_fabric();
  model::Recorder recorder(machine);
  std::vector<model::Transition> enabled;
  for (unsigned step = 0; step < 10'000; ++step) {
    enabled.clear();
    machine.enabled(s, enabled);
    if (enabled.empty()) break;
    machine.apply(s, enabled[random() % enabled.size()], fabric, &recorder);
    if (s.dead) return std::nullopt;
  }
  if (!machine.finished(s)) return std::nullopt;
  return recorder.finish(s);
}

std::vector<bool> random_tso(unsigned seed) { return {seed % 3 == 1, seed % 5 == 1, seed % 7 == 1}; }

TEST(RandomPrograms, RandomRunsAreConsistent) {
  unsigned judged = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    const std::vector<std::string> threads = RandomProgram(seed).threads();
    SmallProgram p(threads, random_tso(seed));
    p.config.flavour = static_cast<model::TsoFlavour>(seed % 3);
    for (model::Speculation mode : {model::Speculation::Prune, model::Speculation::Squash}) {
      p.config.speculation = mode;
      const model::Machine machine(p.config, p.program);
      std::mt19937_64 random(seed);
      for (unsigned run = 0; run < 20; ++run) {
        const std::optional<trace::Execution> e = random_run(machine, random);
        if (!e) continue;
        const Verdict v = judge(*e, judge_options(p.config));
        ASSERT_TRUE(v.consistent) << "seed " << seed << "\n" << joined(threads) << v.text;
        ++judged;
      }
    }
  }
  EXPECT_GT(judged, 1000u);
}

TEST(RandomPrograms, BothRoutesGiveTheSameOutcomes) {
  unsigned compared = 0;
  u64 outcomes = 0;
  for (unsigned seed = 1000; seed < 1100; ++seed) {
    const std::vector<std::string> threads = RandomProgram(seed).threads();
    SmallProgram p(threads, random_tso(seed));
    p.config.flavour = static_cast<model::TsoFlavour>(seed % 3);
    const std::vector<trace::Observable> observables = everything(p);
    CandidateOptions limits;
    limits.max_candidates = 3000;
    std::set<trace::Outcome, trace::OutcomeLess> allowed;
    const CandidateResult r = for_each_candidate(p.candidates, limits, [&](const trace::Execution& e) {
      const trace::Outcome outcome = observe(e, observables);
      if (allowed.count(outcome) == 0 && judge(e, judge_options(p.config)).consistent) allowed.insert(outcome);
      return true;
    });
    if (r.status != CandidateResult::Status::Complete) continue;
    const explore::SearchResult found = explore::search(model::Machine(p.config, p.program), observables, {});
    ASSERT_EQ(found.status, explore::Status::Complete);
    std::set<trace::Outcome, trace::OutcomeLess> reached;
    for (const auto& [outcome, info] : found.outcomes) reached.insert(outcome);
    EXPECT_EQ(reached, allowed) << "seed " << seed << ": the machine reaches " << reached.size() << ", the axioms allow "
                                << allowed.size() << "\n" << joined(threads);
    ++compared;
    outcomes += allowed.size();
  }
  EXPECT_GT(compared, 60u);
  EXPECT_GT(outcomes, 300u);
}

/// Every execution of a few random programs, for tampering.
template <class F>
void for_each_execution(F f) {
  for (unsigned seed = 2000; seed < 2060; ++seed) {
    SmallProgram p(RandomProgram(seed).threads(), random_tso(seed));
    const model::Machine machine(p.config, p.program);
    std::mt19937_64 random(seed);
    for (unsigned run = 0; run < 5; ++run) {
      const std::optional<trace::Execution> e = random_run(machine, random);
      if (e) f(*e, judge_options(p.config));
    }
  }
}

trace::AccessRecord& access_of(trace::Execution& e, std::size_t write) {
  const trace::WriteRecord& w = e.writes[write];
  return e.core[w.core][w.instruction].access[w.access];
}

TEST(Tampering, AValueThatNobodyWroteIsRefused) {
  unsigned tried = 0;
  for_each_execution([&](const trace::Execution& good, const JudgeOptions& options) {
    for (std::size_t c = 0; c < good.core.size(); ++c) {
      for (std::size_t i = 0; i < good.core[c].size(); ++i) {
        for (std::size_t a = 0; a < good.core[c][i].access.size(); ++a) {
          trace::Execution bad = good;
          trace::AccessRecord& access = bad.core[c][i].access[a];
          access.value.set_byte(0, static_cast<u8>(access.value.byte(0) ^ 0x40));
          EXPECT_EQ(judge(bad, options).violation.axiom, Axiom::Values);
          ++tried;
        }
      }
    }
  });
  EXPECT_GT(tried, 100u);
}

TEST(Tampering, ASourceWithAnotherValueIsRefused) {
  unsigned tried = 0;
  for_each_execution([&](const trace::Execution& good, const JudgeOptions& options) {
    for (std::size_t c = 0; c < good.core.size(); ++c) {
      for (std::size_t i = 0; i < good.core[c].size(); ++i) {
        for (std::size_t a = 0; a < good.core[c][i].access.size(); ++a) {
          const trace::AccessRecord& read = good.core[c][i].access[a];
          if (read.kind != trace::AccessRecord::Kind::Read) continue;
          for (std::size_t w = 0; w < good.writes.size(); ++w) {
            trace::Execution bad = good;
            const trace::AccessRecord& write = access_of(bad, w);
            if (write.addr != read.addr || write.size != read.size || write.value == read.value) continue;
            bad.core[c][i].access[a].source.assign(read.size, static_cast<i32>(w));
            EXPECT_EQ(judge(bad, options).violation.axiom, Axiom::Values);
            ++tried;
          }
        }
      }
    }
  });
  EXPECT_GT(tried, 100u);
}

TEST(Tampering, StoresOfOneCoreInTheWrongOrderAreRefused) {
  unsigned tried = 0, harmless = 0;
  for_each_execution([&](const trace::Execution& good, const JudgeOptions& options) {
    for (std::size_t w = 1; w < good.writes.size(); ++w) {
      trace::Execution swapped = good;
      trace::AccessRecord &a = access_of(swapped, w - 1), &b = access_of(swapped, w);
      const bool same_core = good.writes[w].core == good.writes[w - 1].core;
      const bool same_location = a.addr == b.addr;
      std::swap(a.write, b.write);
      std::swap(swapped.writes[w - 1], swapped.writes[w]);
      for (auto& code : swapped.core) {
        for (trace::InstructionRecord& i : code) {
          for (trace::AccessRecord& x : i.access) {
            for (i32& s : x.source) {
              if (s == static_cast<i32>(w)) {
                s = static_cast<i32>(w - 1);
              } else if (s == static_cast<i32>(w - 1)) {
                s = static_cast<i32>(w);
              }
            }
          }
        }
      }
      if (!same_location) {
        // The order of writes to different locations means nothing.
        EXPECT_TRUE(judge(swapped, options).consistent);
        ++harmless;
      } else if (same_core) {
        swapped.final_memory.clear();
        EXPECT_EQ(judge(swapped, options).violation.axiom, Axiom::Internal);
        ++tried;
      }
    }
  });
  EXPECT_GT(tried, 20u);
  EXPECT_GT(harmless, 20u);
}

TEST(Tampering, UnknownSourcesAreFoundAgain) {
  unsigned tried = 0;
  for_each_execution([&](const trace::Execution& good, const JudgeOptions& options) {
    trace::Execution unknown = good;
    for (auto& code : unknown.core) {
      for (trace::InstructionRecord& i : code) {
        for (trace::AccessRecord& a : i.access) {
          for (i32& s : a.source) s = trace::kUnknownWrite;
        }
      }
    }
    const Verdict v = judge(unknown, options);
    EXPECT_TRUE(v.consistent) << v.text;
    ++tried;
  });
  EXPECT_GT(tried, 50u);
}

}  // namespace
}  // namespace isobar::axiomatic
