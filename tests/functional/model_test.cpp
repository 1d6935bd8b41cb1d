// The interpreter and the detailed model: the same final state of single threads, and of threads without a race.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "explore/random.h"
#include "functional/core.h"
#include "tests/model/bench.h"

namespace isobar::functional {
namespace {

using model::Bench;

constexpr u32 kBranchToItself = 0x14000000;

/// Runs the threads of a bench in slices of `quantum` instructions; the values that it observes.
std::vector<u64> run_functionally(const Bench& b, u64 quantum) {
  Memory memory;
  memory.map(Bench::kCode, Bench::kCode + 0x10000, kRead | kExecute);
  memory.map(Bench::kData, Bench::kData + kPageSize, kRead | kWrite);
  for (const auto& s : b.program.segments) memory.write(s.base, s.bytes.data(), s.bytes.size(), 0);
  std::vector<std::unique_ptr<Core>> cores;
  for (unsigned k = 0; k < b.program.reset.size(); ++k) {
    memory.write(b.program.stop[k], &kBranchToItself, 4, 0);
    cores.push_back(std::make_unique<Core>(memory));
    cores[k]->state().pc = b.program.reset[k].pc;
    for (const auto& [reg, value] : b.program.reset[k].registers) cores[k]->state().set(reg, value);
  }
  const auto running = [&] {
    for (unsigned k = 0; k < cores.size(); ++k) {
      if (cores[k]->state().pc != b.program.stop[k]) return true;
    }
    return false;
  };
  for (unsigned round = 0; running() && round < 10000; ++round) {
    for (const auto& core : cores) {
      const isa::StepResult r = core->run(quantum);
      EXPECT_TRUE(r.kind == isa::StepResult::Kind::Completed || r.kind == isa::StepResult::Kind::Hint);
      core->state().monitor = {};
    }
  }
  EXPECT_FALSE(running());
  std::vector<u64> values;
  for (const trace::Observable& o : b.observables) {
    u64 v = 0;
    if (o.kind == trace::Observable::Kind::Memory) {
      memory.read(o.addr, &v, o.size);
    } else {
      v = cores[o.core]->state().get(o.reg).lo;
    }
    values.push_back(v);
  }
  return values;
}

void expect_the_same(Bench& b) {
  const Bench::States detailed = b.states();
  ASSERT_EQ(detailed.size(), 1u);
  for (const u64 quantum : {10u, 37u, 1000u}) EXPECT_EQ(run_functionally(b, quantum), *detailed.begin());
}

/// Integer code with accesses to x, y, z through X20 to X22 and forward branches; results in X1 to X8.
std::string random_thread(explore::Random& random) {
  const auto reg = [&] { return "x" + std::to_string(1 + random.below(8)); };
  const auto location = [&] { return "[x" + std::to_string(20 + random.below(3)) + "]"; };
  std::string text;
  for (unsigned i = 0; i < 24; ++i) {
    const std::string d = reg(), n = reg(), m = reg(), l = location();
    switch (random.below(12)) {
      case 0: text += "mov " + d + ", #" + std::to_string(random.below(65536)) + "\n"; break;
      case 1: text += "add " + d + ", " + n + ", " + m + ", lsl #3\n"; break;
      case 2: text += "subs " + d + ", " + n + ", " + m + "\n"; break;
      case 3: text += "eor " + d + ", " + n + ", " + m + "\n"; break;
      case 4: text += "madd " + d + ", " + n + ", " + m + ", " + n + "\n"; break;
      case 5: text += "csinc " + d + ", " + n + ", " + m + ", lt\n"; break;
      case 6: text += "ubfx " + d + ", " + n + ", #5, #17\n"; break;
      case 7: text += "b.cs 1f\n add " + d + ", " + n + ", #1\n1:\n"; break;
      case 8: text += "ldr " + d + ", " + l + "\n"; break;
      case 9: text += "ldadd " + n + ", " + d + ", " + l + "\n"; break;
      case 10: text += "ldrsb " + d + ", " + l + "\n"; break;
      default: text += "str " + d + ", " + l + "\n"; break;
    }
  }
  return text;
}

TEST(FunctionalAndModel, RandomSingleThreadsEndInTheSameState) {
  for (u64 seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    explore::Random random(seed);
    const std::string text = random_thread(random);
    SCOPED_TRACE(text);
    Bench b({text});
    b.observe({"0:X1", "0:X2", "0:X3", "0:X4", "0:X5", "0:X6", "0:X7", "0:X8", "x", "y", "z"});
    expect_the_same(b);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(FunctionalAndModel, MessagePassingThatIsOrdered) {
  Bench b({"mov x1, #42\n str x1, [x20]\n mov x2, #1\n stlr x2, [x21]\n",
           "1: ldar x1, [x21]\n cbz x1, 1b\n ldr x2, [x20]\n"});
  b.observe({"1:X1", "1:X2", "x", "y"});
  expect_the_same(b);
}

TEST(FunctionalAndModel, AddingAtomically) {
  const std::string add = "mov x1, #3\n stadd x1, [x20]\n1: ldxr x2, [x21]\n add x2, x2, #1\n stxr w3, x2, [x21]\n cbnz w3, 1b\n";
  Bench b({add, add});
  b.observe({"x", "y"});
  expect_the_same(b);
}

}  // namespace
}  // namespace isobar::functional
