// A user's memory or interconnect in place of ours: data comes from it, and the judge tells whether it is
// right.
#include <gtest/gtest.h>

#include "axiomatic/judge.h"
#include "explore/search.h"
#include "model/machine/recorder.h"
#include "model/systemc/timed_run.h"
#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

using model::Machine;
using systemc::PlatformConfig;
using systemc::RunResult;
using systemc::RunStatus;
using systemc::TimedRun;

struct Judged {
  RunResult run;
  axiomatic::Verdict verdict;
};

Judged run_and_judge(const TestProgram& t, systemc::Platform& platform, u64 seed, model::Sources sources) {
  const Machine m = make_machine(t, model::Speculation::Squash);
  model::Recorder recorder(m, sources);
  TimedRun run(m, PlatformConfig{}, seed, platform);
  run.set_observer(&recorder);
  Judged j;
  j.run = run.run();
  j.verdict = axiomatic::judge(recorder.finish(j.run.state));
  return j;
}

const TestProgram kOwnStores{"own stores",
                             {"mov w1, #1\n str w1, [x10]\n dmb sy\n ldr w2, [x10]\n mov w1, #2\n dmb sy\n "
                              "str w1, [x10]\n dmb sy\n ldr w3, [x10]",
                              "ldr w2, [x10]\n dmb sy\n ldr w3, [x10]"},
                             {{0, 2}, {0, 3}, {1, 2}, {1, 3}},
                             {kX}};

const TestProgram kPair{"16 bytes",
                        {"mov x0, #0\n mov x1, #0\n mov x2, #1\n mov x3, #1\n casp x0, x1, x2, x3, [x10]",
                         "1: ldxp x4, x5, [x10]\n cbz x4, 1b\n ldxp x6, x7, [x10]"},
                        {{1, 4}, {1, 5}, {1, 6}, {1, 7}},
                        {}};

TEST(UserParts, OwnPlatformIsConsistent) {
  for (const TestProgram& t : classics()) {
    SCOPED_TRACE(t.name);
    for (u64 seed = 1; seed <= 5; ++seed) {
      const Judged j = run_and_judge(t, platforms().natural, seed, model::Sources::FromOrder);
      EXPECT_EQ(j.run.status, RunStatus::Finished);
      EXPECT_TRUE(j.verdict.consistent) << j.verdict.text;
    }
  }
}

TEST(UserParts, RightMemoryGivesExploredOutcomesAndIsConsistent) {
  for (const TestProgram& t : classics()) {
    if (t.writable_code) continue;  // data memory alone does not know versions of code
    SCOPED_TRACE(t.name);
    const auto looked_at = observables(t);
    const Machine searched = make_machine(t, model::Speculation::Prune);
    const explore::SearchResult all = explore::search(searched, looked_at, {});
    for (u64 seed = 1; seed <= 5; ++seed) {
      platforms().user_memory.clear(UserMemory::Fault::None);
      const Judged j = run_and_judge(t, *platforms().with_user_memory, seed, model::Sources::Unknown);
      EXPECT_GT(platforms().user_memory.accesses, 0u);
      EXPECT_EQ(j.run.status, RunStatus::Finished);
      EXPECT_TRUE(all.outcomes.contains(explore::observe(searched, j.run.state, looked_at)));
      EXPECT_TRUE(j.verdict.consistent) << j.verdict.text;
    }
  }
}

/// At least `least` of ten schedules show the fault; in the others nobody looks at the wrong moment.
void expect_caught(const TestProgram& t, UserMemory::Fault fault, unsigned least) {
  unsigned caught = 0;
  for (u64 seed = 1; seed <= 10; ++seed) {
    platforms().user_memory.clear(fault);
    const Judged j = run_and_judge(t, *platforms().with_user_memory, seed, model::Sources::Unknown);
    EXPECT_EQ(j.run.status, RunStatus::Finished);
    EXPECT_FALSE(j.verdict.undetermined);
    if (j.verdict.consistent) continue;
    ++caught;
    EXPECT_FALSE(j.verdict.text.empty());
  }
  EXPECT_GE(caught, least);
}

TEST(UserParts, StaleReadsAreCaught) {
  expect_caught(kOwnStores, UserMemory::Fault::StaleRead, 10);
}
TEST(UserParts, LostWritesAreCaught) {
  expect_caught(kOwnStores, UserMemory::Fault::LostWrite, 10);
}
TEST(UserParts, TornWritesAreCaught) {
  expect_caught(kPair, UserMemory::Fault::TornWrite, 1);
}

TEST(UserParts, FinalStateShowsWhatTheMemoryHolds) {
  const TestProgram t{
      "two stores", {"mov w1, #1\n str w1, [x10]\n mov w1, #2\n str w1, [x11]"}, {}, {kX, kY}};
  const Machine m = make_machine(t, model::Speculation::Squash);
  platforms().user_memory.clear(UserMemory::Fault::LostWrite);
  TimedRun run(m, PlatformConfig{}, 1, *platforms().with_user_memory);
  const trace::Outcome o = explore::observe(m, run.run().state, observables(t));
  EXPECT_EQ(o.values[0].lo + o.values[1].lo, std::max(o.values[0].lo, o.values[1].lo))
      << "one of the stores is lost";
}

TEST(UserParts, RightInterconnectGivesExploredOutcomesAndIsConsistent) {
  platforms().user_interconnect.fault = UserInterconnect::Fault::None;
  for (const TestProgram& t : classics()) {
    SCOPED_TRACE(t.name);
    const auto looked_at = observables(t);
    const Machine searched = make_machine(t, model::Speculation::Prune);
    const explore::SearchResult all = explore::search(searched, looked_at, {});
    for (u64 seed = 1; seed <= 5; ++seed) {
      const Judged j = run_and_judge(t, *platforms().with_user_interconnect, seed, model::Sources::Unknown);
      EXPECT_EQ(j.run.status, RunStatus::Finished);
      EXPECT_TRUE(all.outcomes.contains(explore::observe(searched, j.run.state, looked_at)));
      EXPECT_TRUE(j.verdict.consistent) << j.verdict.text;
    }
  }
  EXPECT_GT(platforms().user_interconnect.accesses, 0u);
}

TEST(UserParts, WrongDataFromAnInterconnectIsCaught) {
  platforms().user_interconnect.fault = UserInterconnect::Fault::StuckBit;
  const Judged j = run_and_judge(kOwnStores, *platforms().with_user_interconnect, 1, model::Sources::Unknown);
  platforms().user_interconnect.fault = UserInterconnect::Fault::None;
  EXPECT_FALSE(j.verdict.consistent);
  EXPECT_FALSE(j.verdict.text.empty());
}

/// A stale line that a lost broadcast leaves behind really is executed: the core runs what it replaced
/// itself.
TEST(UserParts, LostMaintenanceLeavesStaleCode) {
  const TestProgram t{"own code",
                      {"mov x20, #0\n adr x4, 2f\n"
                       "1: mov w5, #0\n"
                       "2: b 3f\n mov w6, #1\n"
                       "3: mov w7, #0\n"
                       "cbnz x20, 4f\n mov x20, #1\n"
                       "movz w1, #0x201f\n movk w1, #0xd503, lsl #16\n str w1, [x4]\n"
                       "dc cvau, x4\n dsb ish\n ic ivau, x4\n dsb ish\n isb\n b 1b\n"
                       "4: nop"},
                      {{0, 6}},
                      {},
                      true};
  const Machine m = make_machine(t, model::Speculation::Squash);
  TimedRun run(m, PlatformConfig{}, 1, *platforms().with_user_interconnect);
  EXPECT_EQ(explore::observe(m, run.run().state, observables(t)).values[0].lo, 1u);
  platforms().user_interconnect.fault = UserInterconnect::Fault::LostMaintenance;
  run.reset(1);
  EXPECT_EQ(explore::observe(m, run.run().state, observables(t)).values[0].lo, 0u);
  platforms().user_interconnect.fault = UserInterconnect::Fault::None;
}

}  // namespace
}  // namespace isobar::test
