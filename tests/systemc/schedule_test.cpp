// Timed runs as functions of scenario and seed: order of construction (C3), snapshots (C6), limits, loops,
// interrupts.
#include <gtest/gtest.h>

#include "explore/search.h"
#include "isa/assembler.h"
#include "model/systemc/timed_run.h"
#include "support/diagnostic.h"
#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

using model::Machine;
using model::TransitionKind;
using systemc::PlatformConfig;
using systemc::RunLimits;
using systemc::RunResult;
using systemc::RunStatus;
using systemc::TimedRun;
using systemc::TimedState;

u64 count(const RunResult& r, TransitionKind k) {
  return r.statistics.transitions[static_cast<std::size_t>(k)];
}

TestProgram increments(const std::string& body, unsigned cores, unsigned rounds) {
  TestProgram t;
  t.name = "increments";
  t.threads.assign(cores,
                   "mov w20, #" + std::to_string(rounds) + "\n5:\n" + body + "\nsubs w20, w20, #1\n b.ne 5b");
  t.locations = {kX};
  return t;
}

const std::string kExclusive = "1: ldxr w1, [x10]\n add w1, w1, #1\n stxr w2, w1, [x10]\n cbnz w2, 1b";
const std::string kCas =
    "1: ldr w1, [x10]\n add w2, w1, #1\n mov w3, w1\n cas w3, w2, [x10]\n cmp w3, w1\n b.ne 1b";
const std::string kLse = "mov w1, #1\n stadd w1, [x10]";
const std::string kSpinlock =
    "1: mov w1, #1\n swpa w1, w2, [x11]\n cbnz w2, 1b\n ldr w3, [x10]\n add w3, w3, #1\n"
    " str w3, [x10]\n stlr wzr, [x11]";

TEST(Schedule, LoopsOfAtomicsNeverLoseAnIncrement) {
  for (const std::string& body : {kExclusive, kCas, kLse, kSpinlock}) {
    const TestProgram t = increments(body, 4, 20);
    const Machine m = make_machine(t, model::Speculation::Squash);
    TimedRun run(m, PlatformConfig{}, 0, platforms().natural);
    for (u64 seed = 1; seed <= 4; ++seed) {
      run.reset(seed);
      const RunResult r = run.run();
      ASSERT_EQ(r.status, RunStatus::Finished) << body;
      EXPECT_EQ(explore::observe(m, r.state, observables(t)).values[0].lo, 80u) << body;
      EXPECT_EQ(r.statistics.forced, 0u) << body;
    }
  }
}

TEST(Schedule, SameSeedSameRunOtherSeedOtherSchedule) {
  const TestProgram t = increments(kSpinlock, 3, 10);
  const Machine m = make_machine(t, model::Speculation::Squash);
  TimedRun run(m, PlatformConfig{}, 1, platforms().natural);
  const Digest first = run.run().digest;
  run.reset(2);
  const Digest other = run.run().digest;
  run.reset(1);
  EXPECT_EQ(run.run().digest, first);
  EXPECT_NE(first, other);
}

TEST(Schedule, ConstructionOrderChangesNothing) {
  std::vector<TestProgram> programs = classics();
  programs.push_back(increments(kExclusive, 4, 5));
  for (const TestProgram& t : programs) {
    SCOPED_TRACE(t.name);
    const Machine m = make_machine(t, model::Speculation::Squash);
    for (u64 seed = 1; seed <= 3; ++seed) {
      const RunResult natural = TimedRun(m, PlatformConfig{}, seed, platforms().natural).run();
      for (const auto& p : platforms().permuted) {
        const RunResult permuted = TimedRun(m, PlatformConfig{}, seed, *p).run();
        EXPECT_EQ(natural.digest, permuted.digest);
        EXPECT_EQ(natural.statistics.platform.dcache_hits, permuted.statistics.platform.dcache_hits);
      }
    }
  }
}

TEST(Schedule, SavedRunsContinueAsIfNothingHadHappened) {
  std::vector<TestProgram> programs = classics();
  programs.push_back(increments(kSpinlock, 3, 4));
  programs.push_back(increments(kExclusive, 4, 4));
  const TestProgram intruder = increments(kCas, 2, 3);
  const Machine other = make_machine(intruder, model::Speculation::Squash);
  for (const TestProgram& t : programs) {
    SCOPED_TRACE(t.name);
    const Machine m = make_machine(t, model::Speculation::Squash);
    TimedRun run(m, PlatformConfig{}, 7, platforms().natural);
    const RunResult whole = run.run();
    const u64 total = whole.statistics.total();
    for (u64 cut = 1; cut < total; cut += 1 + total / 9) {
      run.reset(7);
      RunLimits until;
      until.transitions = cut;
      EXPECT_EQ(run.run(until).status, RunStatus::TransitionLimit);
      const TimedState saved = run.save();
      TimedRun(other, PlatformConfig{}, 3, platforms().natural).run();
      EXPECT_EQ(run.run().digest, whole.digest) << "continued at " << cut;
      run.restore(saved);
      EXPECT_EQ(run.run().digest, whole.digest) << "restored at " << cut;
      EXPECT_EQ(run.log().size(), total);
    }
  }
}

TEST(Schedule, LimitsEndARun) {
  TestProgram t{"endless", {"1: b 1b"}, {}, {}};
  const Machine m = make_machine(t, model::Speculation::Squash);
  TimedRun run(m, PlatformConfig{}, 1, platforms().natural);
  RunLimits limits;
  limits.transitions = 100;
  RunResult r = run.run(limits);
  EXPECT_EQ(r.status, RunStatus::TransitionLimit);
  EXPECT_EQ(r.statistics.total(), 100u);
  limits.transitions = 0;
  limits.ticks = 5000;
  r = run.run(limits);
  EXPECT_EQ(r.status, RunStatus::TimeLimit);
  EXPECT_LE(r.time, 5000u);
  EXPECT_GT(r.time, 4900u);
}

TEST(Schedule, AMachineThatCannotRepairGuessesIsRefused) {
  const Machine m = make_machine(classics()[0], model::Speculation::Prune);
  EXPECT_THROW(TimedRun(m, PlatformConfig{}, 1, platforms().natural), InputError);
}

/// Cores at EL1 with vectors at kVectors: the IRQ handler acknowledges into X5, counts in X6, ends the
/// interrupt.
constexpr u64 kVectors = 0x20000;
Machine kernel_machine(const std::vector<std::string>& threads) {
  model::MachineConfig config;
  config.cores = static_cast<unsigned>(threads.size());
  config.speculation = model::Speculation::Squash;
  model::Program p;
  p.has_kernel = true;
  p.regions.push_back({0x8000, 0x1000, model::kReadEl1 | model::kWriteEl1, -1, "data"});
  p.regions.push_back({kCode, kCodeStride * config.cores, model::kReadEl1 | model::kExecEl1, -1, "code"});
  p.regions.push_back({kVectors, 0x1000, model::kReadEl1 | model::kExecEl1, -1, "vectors"});
  const isa::Assembly vectors = isa::assemble(
      ".fill 160, 4, 0x14000000\n mrs x5, icc_iar1_el1\n add x6, x6, #1\n mov x7, #0\n msr cntv_ctl_el0, x7\n"
      " msr icc_eoir1_el1, x5\n eret",
      kVectors);
  p.segments.push_back({kVectors, vectors.bytes});
  for (unsigned k = 0; k < config.cores; ++k) {
    const isa::Assembly a =
        isa::assemble("msr vbar_el1, x9\n isb\n msr daifclr, #2\n" + threads[k], kCode + k * kCodeStride);
    p.segments.push_back({a.base, a.bytes});
    p.stop.push_back(a.base + a.bytes.size());
    model::ResetState r;
    r.pc = a.base;
    r.el = 1;
    r.daif = 15;
    r.sp_sel = true;
    r.registers = {{isa::x_reg(9), {kVectors, 0}}, {isa::x_reg(10), {kX, 0}}};
    p.reset.push_back(r);
  }
  std::sort(p.segments.begin(), p.segments.end(),
            [](const model::Segment& a, const model::Segment& b) { return a.base < b.base; });
  return Machine(config, p);
}

u64 x(const RunResult& r, unsigned core, unsigned n) {
  return model::read_register(r.state.core[core], isa::x_reg(n)).lo;
}

TEST(Schedule, TimerInterruptsAtItsTime) {
  const Machine m =
      kernel_machine({"mov x1, #5000\n msr cntv_cval_el0, x1\n mov x1, #1\n msr cntv_ctl_el0, x1\n"
                      " isb\n wfi\n mrs x8, cntvct_el0",
                      "mov x2, #3000\n1: subs x2, x2, #1\n b.ne 1b"});
  TimedRun run(m, PlatformConfig{}, 1, platforms().natural);
  const RunResult r = run.run();
  EXPECT_EQ(r.status, RunStatus::Finished);
  EXPECT_EQ(x(r, 0, 6), 1u);
  EXPECT_EQ(x(r, 0, 5), model::kVirtualTimerIntid);
  EXPECT_GE(x(r, 0, 8), 5000u);
  EXPECT_LE(x(r, 0, 8), 5500u);
  EXPECT_EQ(count(r, TransitionKind::TimerTick), 1u);
  model::DirectFabric direct = m.direct_fabric();
  EXPECT_EQ(model::digest(systemc::replay(m, run.log(), direct)), model::digest(r.state));
}

TEST(Schedule, SoftwareInterruptWakesTheOtherCore) {
  const Machine m = kernel_machine(
      {"mov x1, #2\n movk x1, #0x0300, lsl #16\n dsb sy\n msr icc_sgi1r_el1, x1\n isb", "wfi\n mov x8, #1"});
  for (u64 seed = 1; seed <= 20; ++seed) {
    TimedRun run(m, PlatformConfig{}, seed, platforms().natural);
    const RunResult r = run.run();
    EXPECT_EQ(r.status, RunStatus::Finished);
    EXPECT_EQ(x(r, 1, 6), 1u);
    EXPECT_EQ(x(r, 1, 5), 3u);
    EXPECT_EQ(x(r, 1, 8), 1u);
    EXPECT_EQ(x(r, 0, 6), 0u);
  }
}

/// The idle loop of a kernel: interrupts are masked but for one instruction in each round.
TEST(Schedule, AnInterruptFindsTheShortWindowOfAnIdleLoop) {
  const Machine m = kernel_machine(
      {"mov x2, #300\n1: subs x2, x2, #1\n b.ne 1b\n mov x1, #2\n movk x1, #0x0300, lsl #16\n dsb sy\n"
       " msr icc_sgi1r_el1, x1\n isb",
       "msr daifset, #2\n1: wfi\n msr daifclr, #2\n msr daifset, #2\n cbz x6, 1b"});
  RunLimits limits;
  limits.transitions = 20'000;
  for (u64 seed = 1; seed <= 20; ++seed) {
    TimedRun run(m, PlatformConfig{}, seed, platforms().natural);
    const RunResult r = run.run(limits);
    ASSERT_EQ(r.status, RunStatus::Finished) << "seed " << seed;
    EXPECT_EQ(x(r, 1, 6), 1u);
    EXPECT_EQ(x(r, 1, 5), 3u);
  }
}

/// Receives what the platform tells, and adds up.
class CountingProbe final : public systemc::Probe {
 public:
  void granted(u64 time, u64 ready, const model::Transition&) override {
    EXPECT_LE(last, time);
    EXPECT_LE(ready, time);
    last = time;
    ++grants;
  }
  void transported(u64 time, const model::Access&, const systemc::Reply& reply) override {
    EXPECT_LE(last, time);
    ++transports;
    hits += reply.hit;
  }
  void occupied(u64, unsigned, unsigned window, unsigned store_buffer) override {
    EXPECT_LE(store_buffer, window);
    deepest = std::max(deepest, window);
  }
  u64 last = 0, grants = 0, transports = 0, hits = 0;
  unsigned deepest = 0;
};

TEST(Schedule, ProbesSeeEveryGrant) {
  const Machine m = make_machine(increments(kSpinlock, 2, 5), model::Speculation::Squash);
  TimedRun run(m, PlatformConfig{}, 1, platforms().natural);
  const Digest unobserved = run.run().digest;
  run.reset(1);
  CountingProbe probe;
  run.set_probe(&probe);
  const RunResult r = run.run();
  EXPECT_EQ(r.digest, unobserved);
  EXPECT_EQ(probe.grants, r.statistics.total());
  EXPECT_GT(probe.transports, count(r, TransitionKind::Fetch) / 2);
  EXPECT_EQ(probe.hits, r.statistics.platform.icache_hits + r.statistics.platform.dcache_hits);
  EXPECT_GT(probe.deepest, 4u);
}

}  // namespace
}  // namespace isobar::test
