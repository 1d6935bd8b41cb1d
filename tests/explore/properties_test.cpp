// Properties of the transition system over random programs: (C5), (C6), (C7) and (C8) of the design, and replay.
#include <algorithm>
#include <tuple>

#include "explore/shortest.h"
#include "tests/common/random_program.h"

namespace isobar::model {
namespace {

constexpr unsigned kPrograms = 120;

Bench::States with_tso(Bench b, unsigned mask) {
  for (unsigned k = 0; k < b.config.cores; ++k) b.config.core[k].tso_at_reset = (mask >> k & 1) != 0;
  return b.states();
}

bool includes(const Bench::States& more, const Bench::States& fewer) {
  return std::includes(more.begin(), more.end(), fewer.begin(), fewer.end());
}

RandomProgramOptions shape(u64 seed) {
  return {.threads = 2, .accesses = 2 + static_cast<unsigned>(seed % 2), .atomics = seed % 3 != 0,
          .mixed_sizes = seed % 4 == 0};
}

TEST(Properties, C5_ReductionChangesNoOutcome) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    const Bench b = random_program(seed, {.threads = 2, .accesses = 2, .atomics = true, .mixed_sizes = seed % 4 == 0});
    EXPECT_EQ(b.states(true), b.states(false)) << "seed " << seed;
  }
}

/// An access and a DC of one line, of which one has an address that is known late.
TEST(Properties, C5_ReductionKeepsTheOrderWithinACacheLine) {
  const std::string late = "ldr w1, [x20]\n eor w3, w1, w1\n add x3, x21, w3, uxtw\n";
  for (const std::string line : {"ldr w2, [x3]\n dc cvau, x21\n", "str w2, [x3]\n dc cvau, x21\n", "dc cvau, x3\n ldr w2, [x21]\n",
                                 "dc cvau, x3\n str w2, [x21]\n"}) {
    const Bench b = Bench({late + line, "mov w0, #1\n str w0, [x20]\n"}).observe({"0:X1"});
    EXPECT_EQ(b.states(), (Bench::States{{0}, {1}})) << line;
    EXPECT_EQ(b.states(false), (Bench::States{{0}, {1}})) << line;
  }
}

/// A loop that waits for a store must not keep the search from ever taking that store, however late it comes.
TEST(Properties, AWaitingLoopDoesNotHideTheOtherCores) {
  for (const unsigned before : {0u, 1u, 4u, 16u, 40u}) {
    std::string late;
    for (unsigned i = 0; i < before; ++i) late += "add x2, x2, #1\n";
    for (const char* load : {"ldr", "ldar"}) {
      const std::string wait = std::string("1: ") + load + " w1, [x20]\ncbz w1, 1b\nldr w3, [x21]\n";
      const Bench b = Bench({"mov w9, #1\nstr w9, [x21]\n" + late + "stlr w9, [x20]\n", wait}).observe({"1:X3"});
      EXPECT_EQ(b.states().size(), std::string(load) == "ldar" ? 1u : 2u) << before << " " << load;
    }
  }
}

/// What a driver keeps of the steps that it found before a step, and those it looks for from the first changed slot on,
/// are all steps there are.
TEST(Properties, StepsThatAreKeptAreThoseThatAreEnabled) {
  const auto key = [](const Transition& t) { return std::tuple(t.kind, t.slot, t.choice); };
  u64 kept = 0;
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    Bench b = random_program(seed, shape(seed));
    b.config.speculation = Speculation::Squash;
    const Machine machine(b.config, b.program);
    DirectFabric fabric = machine.direct_fabric();
    MachineState s = machine.initial();
    explore::Random random(seed);
    std::vector<Transition> all;
    for (machine.enabled(s, all); !all.empty(); all.clear(), machine.enabled(s, all)) {
      const Transition t = all[random.below(all.size())];
      const Settled settled = machine.apply(s, t, fabric);
      if (t.kind > TransitionKind::PropagateWrite) continue;
      for (u8 core = 0; core < b.config.cores; ++core) {
        const bool disturbed = (settled.disturbed >> core & 1) != 0;
        const Settled left = core == t.core ? settled : disturbed ? Settled{} : Settled::nothing();
        std::vector<Transition> found, expected;
        machine.enabled(s, core, expected);
        u64 slots = 0;
        for (Transition old : all)
          if (old.core == core && machine.still_enabled(old, left))
            found.push_back(old), slots |= u64{1} << old.slot, ++kept;
        machine.enabled(s, core, found, machine.to_look_at(s, core, left, slots));
        for (auto* steps : {&found, &expected})
          std::sort(steps->begin(), steps->end(), [&](const auto& x, const auto& y) { return key(x) < key(y); });
        ASSERT_EQ(found, expected) << "seed " << seed;
      }
    }
  }
  EXPECT_GT(kept, 100u);
}

/// What settle() does not look at any more has nothing left to do.
TEST(Properties, WhatIsClosedIsSettled) {
  u64 closed = 0;
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    Bench b = random_program(seed, shape(seed));
    b.config.speculation = seed % 2 == 0 ? Speculation::Squash : Speculation::Prune;
    const Machine machine(b.config, b.program);
    DirectFabric fabric = machine.direct_fabric();
    MachineState s = machine.initial();
    explore::Random random(seed);
    std::vector<Transition> all;
    for (machine.enabled(s, all); !all.empty(); all.clear(), machine.enabled(s, all)) {
      machine.apply(s, all[random.below(all.size())], fabric);
      for (const Core& c : s.core) {
        for (unsigned i = 0; i < c.window.size(); ++i) {
          if ((c.window.open() >> i & 1) != 0) continue;
          ASSERT_TRUE(is_settled(c.window[i])) << "seed " << seed;
          ++closed;
        }
      }
    }
  }
  EXPECT_GT(closed, 100u);
}

TEST(Properties, C7_StrongerCoresHaveFewerOutcomes) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    const Bench b = random_program(seed, shape(seed));
    const Bench::States weak = with_tso(b, 0);
    const Bench::States first = with_tso(b, 1);
    const Bench::States both = with_tso(b, 3);
    EXPECT_TRUE(includes(weak, first)) << "seed " << seed;
    EXPECT_TRUE(includes(first, both)) << "seed " << seed;
  }
}

TEST(Properties, C7_FlavoursOfTsoAreOrdered) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    Bench b = random_program(seed, shape(seed));
    const Bench::States t1 = with_tso(b, 3);
    for (TsoFlavour f : {TsoFlavour::T2, TsoFlavour::T3}) {
      b.config.flavour = f;
      EXPECT_TRUE(includes(t1, with_tso(b, 3))) << "seed " << seed;
    }
  }
}

/// Every instruction separated by a full barrier leaves sequentially consistent outcomes only.
TEST(Properties, C7_SequentialConsistencyIsContained) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    explore::Random random(seed);
    std::vector<std::string> plain, fenced;
    const std::string code[] = {"mov w9, #1\nstr w9, [x20]\n", "mov w9, #2\nstr w9, [x21]\n", "ldr w1, [x20]\n",
                                "ldr w2, [x21]\n", "mov w9, #3\nswp w9, w3, [x20]\n"};
    for (unsigned t = 0; t < 2; ++t) {
      std::string a, f;
      for (unsigned k = 0; k < 3; ++k) {
        const std::string& c = code[random.below(5)];
        a += c;
        f += c + "dmb sy\n";
      }
      plain.push_back(a);
      fenced.push_back(f);
    }
    const std::vector<std::string> names{"0:X1", "0:X2", "0:X3", "1:X1", "1:X2", "1:X3", "x", "y"};
    Bench p(plain), s(fenced);
    EXPECT_TRUE(includes(with_tso(p.observe(names), 3), s.observe(names).states())) << "seed " << seed;
  }
}

TEST(Properties, C8_CoherentInstructionCachesAddNoOutcome) {
  const std::string steps[] = {"dc cvau, x0\n", "ic ivau, x0\n", "dsb ish\n", "isb\n", "dmb ish\n", ""};
  for (u64 seed = 0; seed < 60; ++seed) {
    explore::Random random(seed);
    std::string writer = "str w1, [x0]\n";
    for (unsigned k = 0; k < 4; ++k) writer += steps[random.below(6)];
    writer += "mov w2, #1\n str w2, [x20]\n";
    const std::string sync = steps[2 + random.below(4)];
    Bench b({writer, "ldr w1, [x20]\n" + sync + "patch: b skip\n mov w3, #1\n skip:\n"}, true);
    b.program.reset[0].registers.push_back({isa::x_reg(0), {b.labels.at("1:patch"), 0}});
    b.program.reset[0].registers.push_back({isa::x_reg(1), {0xd503201f, 0}});
    b.observe({"1:X1", "1:X3"});
    const Bench::States incoherent = b.states();
    b.config.idc = true;
    const Bench::States clean = b.states();
    b.config.dic = true;
    EXPECT_TRUE(includes(incoherent, clean)) << writer << sync;
    EXPECT_TRUE(includes(clean, b.states())) << writer << sync;
  }
}

/// One random path from `s`; the transitions taken are appended to `path`.
void wander(const Machine& m, MachineState& s, explore::Random& random, std::vector<Transition>& path, unsigned steps) {
  DirectFabric fabric = m.direct_fabric();
  std::vector<Transition> enabled;
  for (unsigned k = 0; k < steps && !s.dead; ++k) {
    enabled.clear();
    m.enabled(s, enabled);
    if (enabled.empty()) return;
    path.push_back(enabled[random.below(enabled.size())]);
    m.apply(s, path.back(), fabric);
  }
}

TEST(Properties, C6_ASnapshotContinuesLikeTheOriginal) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    const Bench b = random_program(seed, shape(seed));
    const Machine m(b.config, b.program);
    explore::Random random(seed);
    MachineState original = m.initial();
    std::vector<Transition> path;
    wander(m, original, random, path, static_cast<unsigned>(random.below(20)));
    MachineState snapshot = original;
    EXPECT_EQ(digest(snapshot), digest(original));
    std::vector<Transition> rest;
    wander(m, original, random, rest, 1000);
    DirectFabric fabric = m.direct_fabric();
    for (const Transition& t : rest) m.apply(snapshot, t, fabric);
    EXPECT_EQ(digest(snapshot), digest(original)) << "seed " << seed;
  }
}

TEST(Properties, WitnessesReplayToTheirOutcome) {
  for (u64 seed = 0; seed < kPrograms; ++seed) {
    const Bench b = random_program(seed, shape(seed));
    const Machine m(b.config, b.program);
    const explore::SearchResult r = explore::search(m, b.observables, {});
    DirectFabric fabric = m.direct_fabric();
    for (const auto& [outcome, info] : r.outcomes) {
      MachineState s = m.initial();
      std::vector<Transition> enabled;
      for (const Transition& t : info.witness) {
        enabled.clear();
        m.enabled(s, enabled);
        ASSERT_NE(std::find(enabled.begin(), enabled.end(), t), enabled.end()) << "seed " << seed;
        m.apply(s, t, fabric);
      }
      ASSERT_TRUE(m.finished(s));
      EXPECT_EQ(explore::observe(m, s, b.observables), outcome);
    }
  }
}

TEST(Properties, ShortestRunsMayBeAskedToHaveNoFailingExclusives) {
  const Bench b = Bench({"1: ldxr w1, [x20]\n stxr w3, w9, [x20]\n"}).observe({"0:X3"});
  const Machine m(b.config, b.program);
  for (const u64 status : {0u, 1u}) {
    for (const bool failing : {true, false}) {
      explore::ShortestOptions options;
      options.failing_exclusives = failing;
      const auto ends_with_status = [&](const MachineState& s) {
        return explore::observe(m, s, b.observables).values.front().lo == status;
      };
      const auto run = explore::shortest_run(m, ends_with_status, options);
      EXPECT_EQ(run.has_value(), failing || status == 0);
    }
  }
}

TEST(Properties, RandomSchedulesStayWithinTheSearch) {
  for (u64 seed = 0; seed < 40; ++seed) {
    const Bench b = random_program(seed, shape(seed));
    const Machine m(b.config, b.program);
    const explore::SearchResult all = explore::search(m, b.observables, {});
    for (explore::RandomStrategy strategy : {explore::RandomStrategy::Uniform, explore::RandomStrategy::Pct}) {
      explore::RandomOptions options;
      options.strategy = strategy;
      options.runs = 200;
      options.seed = seed;
      for (const auto& [outcome, info] : explore::sample(m, b.observables, options).outcomes)
        EXPECT_TRUE(all.outcomes.count(outcome)) << "seed " << seed;
    }
  }
}

TEST(Properties, BoundsLeaveTheSearchUndetermined) {
  const Bench b = random_program(3, {.threads = 3, .accesses = 4});
  const Machine m(b.config, b.program);
  explore::SearchOptions options;
  options.max_states = 10;
  const explore::SearchResult r = explore::search(m, b.observables, options);
  EXPECT_EQ(r.status, explore::Status::Undetermined);
  EXPECT_EQ(r.states, 10u);
  EXPECT_EQ(r.reason.rfind("state limit reached; about ", 0), 0u) << r.reason;
  const std::atomic<bool> stop{true};
  options.max_states = 0;
  options.interrupt = &stop;
  const std::string reason = explore::search(m, b.observables, options).reason;
  EXPECT_EQ(reason.rfind("interrupted; about ", 0), 0u) << reason;
}

TEST(Properties, TheEstimatedShareGrows) {
  const Bench b = random_program(3, {.threads = 3, .accesses = 4});
  const Machine m(b.config, b.program);
  const u64 all = explore::search(m, b.observables, {}).states;
  ASSERT_GT(all, 100u);
  double last = 0;
  for (const u64 percent : {25u, 50u, 75u, 95u}) {
    explore::SearchOptions options;
    options.max_states = all * percent / 100;
    const explore::SearchResult r = explore::search(m, b.observables, options);
    ASSERT_EQ(r.status, explore::Status::Undetermined);
    const double share = std::stod(r.reason.substr(r.reason.find("about ") + 6));
    EXPECT_GE(share, last) << percent;
    EXPECT_LE(share, 100);
    last = share;
  }
  EXPECT_GT(last, 20);
}

}  // namespace
}  // namespace isobar::model
