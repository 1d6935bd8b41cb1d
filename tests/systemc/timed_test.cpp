// Timed runs: within the explored outcomes, replayable, deterministic, resumable.
#include <gtest/gtest.h>

#include "explore/search.h"
#include "model/systemc/timed_run.h"
#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

using model::Machine;
using systemc::PlatformConfig;
using systemc::RunResult;
using systemc::RunStatus;
using systemc::TimedRun;

/// Platforms that differ in everything that may only change the schedule.
std::vector<PlatformConfig> configurations() {
  PlatformConfig slow_drain;
  slow_drain.drain_delay = 300;
  PlatformConfig tiny;
  tiny.icache = tiny.dcache = {1, 1};
  tiny.prefetched_lines = 16;
  PlatformConfig noisy;
  noisy.jitter = 400;
  noisy.start_skew = 800;
  PlatformConfig flat;
  flat.prefetched_lines = 0;
  flat.memory_latency = flat.interconnect_latency = flat.snoop_latency = flat.jitter = flat.start_skew = 0;
  flat.predict_branches = false;
  return {PlatformConfig{}, slow_drain, tiny, noisy, flat};
}

/// (C2) for one program: returns the outcomes that timed runs showed.
std::size_t check_runs(const TestProgram& t, unsigned seeds) {
  SCOPED_TRACE(t.name);
  const Machine searched = make_machine(t, model::Speculation::Prune);
  const Machine timed = make_machine(t, model::Speculation::Squash);
  const auto looked_at = observables(t);
  explore::SearchOptions options;
  options.timeout_seconds = 60;
  const explore::SearchResult all = explore::search(searched, looked_at, options);
  EXPECT_EQ(all.status, explore::Status::Complete);
  std::set<std::vector<std::pair<u64, u64>>> seen;
  for (const PlatformConfig& config : configurations()) {
    TimedRun run(timed, config, 0, platforms().natural);
    for (u64 seed = 1; seed <= seeds; ++seed) {
      run.reset(seed);
      const RunResult r = run.run();
      EXPECT_EQ(r.status, RunStatus::Finished);
      EXPECT_EQ(r.statistics.forced, 0u);
      const trace::Outcome outcome = explore::observe(timed, r.state, looked_at);
      EXPECT_TRUE(all.outcomes.contains(outcome)) << "seed " << seed;
      model::DirectFabric direct = timed.direct_fabric();
      EXPECT_EQ(model::digest(systemc::replay(timed, run.log(), direct)), model::digest(r.state))
          << "seed " << seed;
      std::vector<std::pair<u64, u64>> key;
      for (const Value& v : outcome.values) key.emplace_back(v.lo, v.hi);
      seen.insert(key);
    }
  }
  EXPECT_LE(seen.size(), all.outcomes.size());
  return seen.size();
}

TEST(Timed, OutcomesOfClassicsAreExploredOnesAndReplay) {
  for (const TestProgram& t : classics()) {
    const std::size_t seen = check_runs(t, 40);
    std::printf("%-32s %zu outcomes seen\n", t.name.c_str(), seen);
    EXPECT_GE(seen, 1u);
  }
}

/// Accesses in several pieces. Each is written as all ones and read by the other core as a number of bytes set.
std::vector<TestProgram> torn_programs() {
  const std::string ones = "mov x1, #-1\n dup v0.2d, x1\n";
  const auto two = [](const char* name, const std::string& writer, const std::string& reader) {
    return TestProgram{name, {writer, reader}, {{1, 2}, {1, 3}}, {kX + 8, kX + 16}};
  };
  return {two("halfword across 16 bytes", ones + "strh w1, [x10, #15]", "ldurh w2, [x10, #15]"),
          two("halfword across a line", ones + "sturh w1, [x10, #63]", "ldurh w2, [x10, #63]"),
          two("pair", ones + "stp x1, x1, [x10]", "ldp x2, x3, [x10]"),
          two("vector", ones + "str q0, [x10]", "ldr q1, [x10]\n umov x2, v1.d[0]\n umov x3, v1.d[1]")};
}

TEST(Timed, AccessesInPiecesAreTornByTheSeed) {
  for (const TestProgram& t : torn_programs()) {
    SCOPED_TRACE(t.name);
    check_runs(t, 20);
    const Machine timed = make_machine(t, model::Speculation::Squash);
    TimedRun run(timed, PlatformConfig{}, 0, platforms().natural);
    unsigned torn = 0;
    for (u64 seed = 1; seed <= 200; ++seed) {
      run.reset(seed);
      const trace::Outcome o = explore::observe(timed, run.run().state, observables(t));
      const u64 first = o.values[0].lo, second = o.values[1].lo;
      const bool halves = t.name == "pair" || t.name == "vector";
      torn += halves ? first != second : first != 0 && first != 0xffff;
    }
    std::printf("%-32s torn in %u of 200 runs\n", t.name.c_str(), torn);
    EXPECT_GT(torn, 0u);
    EXPECT_LT(torn, 200u);
  }
}

TEST(Timed, PiecesOfWhichAnOwnStoreGivesAByte) {
  check_runs({"own store below a torn load",
              {"mov w1, #-1\n sturh w1, [x10, #15]\n ldurh w4, [x10, #15]\n str x4, [x11]",
               "mov w4, #3\n strb w4, [x10, #16]\n ldurh w2, [x10, #15]\n ldr x3, [x11]"},
              {{1, 2}, {1, 3}},
              {kX + 8, kX + 16}},
             40);
}

TEST(Timed, OutcomesOfRandomProgramsAreExploredOnesAndReplay) {
  for (u64 seed = 100; seed < 130; ++seed) check_runs(random_program(seed, 3 + seed % 2), 8);
}

}  // namespace
}  // namespace isobar::test
