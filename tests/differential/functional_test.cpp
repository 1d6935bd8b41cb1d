// The functional interpreter at EL0 against isa::step() and Unicorn on random single instructions.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <iostream>

#include "functional/core.h"
#include "isa/assembler.h"
#include "tests/differential/exclusions.h"
#include "tests/differential/generator.h"
#include "tests/differential/machines.h"

namespace isobar::differential {
namespace {

constexpr unsigned kWithUnicorn = 100'000;  ///< unless ISOBAR_FUNCTIONAL_COUNT says otherwise

using isa::StepResult;

/// The interpreter on the same page of data; code and data keep their translations from case to case, so that most
/// accesses take the fast way.
class Functional {
 public:
  Functional() : core(memory) {
    memory.map(kCode, kCode + kCodeSize, functional::kExecute);
    memory.map(kData, kData + kDataSize, functional::kRead | functional::kWrite);
  }
  StepResult run(u32 word, isa::ArchState& state) {
    memory.write(state.pc, &word, 4, functional::kExecute);
    memory.invalidate_line(state.pc);
    core.state() = state;
    const StepResult result = core.run(1);
    state = core.state();
    return result;
  }
  void load(const Data& data) { memory.write(kData, data.data(), data.size()); }
  Data data() {
    Data d;
    memory.read(kData, d.data(), d.size());
    return d;
  }

  functional::Memory memory;
  functional::Core core;
};

std::string differences(const isa::ArchState& a, const isa::ArchState& b) {
  std::string out;
  const auto line = [&](const std::string& what, u64 x, u64 y) {
    if (x != y) out += fmt::format("    {:<8} interpreter {:016x}  other {:016x}\n", what, x, y);
  };
  for (unsigned i = 0; i < 31; ++i) line(fmt::format("X{}", i), a.x[i], b.x[i]);
  for (unsigned i = 0; i < 32; ++i) {
    line(fmt::format("V{}.lo", i), a.v[i].lo, b.v[i].lo);
    line(fmt::format("V{}.hi", i), a.v[i].hi, b.v[i].hi);
  }
  line("SP", a.sp[0], b.sp[0]);
  line("PC", a.pc, b.pc);
  line("NZCV", a.nzcv, b.nzcv);
  line("monitor", a.monitor.armed, b.monitor.armed);
  for (unsigned i = 0; i < a.system.size(); ++i) line(fmt::format("system {}", i), a.system[i], b.system[i]);
  return out;
}

/// Generated states are of EL1.
isa::ArchState at_el0(isa::ArchState s) {
  std::swap(s.sp[0], s.sp[1]);
  s.el = 0;
  s.sp_sel = false;
  return s;
}

bool is_undefined(const StepResult& r) {
  return r.kind == StepResult::Kind::Exception && r.exception == isa::ExceptionOp::Undefined;
}

TEST(FunctionalDifferential, AgreesWithStepAndWithUnicorn) {
  Generator generator(0xf0c5);
  Functional functional;
  Ours ours;
  Theirs theirs;
  const char* count = std::getenv("ISOBAR_FUNCTIONAL_COUNT");
  const unsigned long wanted = count != nullptr ? std::strtoul(count, nullptr, 0) : kWithUnicorn;
  unsigned long cases = 0, with_step = 0, with_unicorn = 0;
  for (; with_unicorn < wanted && !testing::Test::HasFailure(); ++cases) {
    if (cases % 256 == 0) {
      generator.fill(ours.data);
      theirs.data() = ours.data;
      functional.load(ours.data);
    }
    const Case c = generator.next(theirs.next_place());
    // The two hints that choose the mode of execution stop the core.
    if (c.setup != 0 || c.word == functional::kStopHint || c.word == functional::kLeaveHint) continue;
    const isa::ArchState before = at_el0(c.state);
    const Data data = ours.data;
    const auto where = [&] {
      return fmt::format("{} {:08x} {}", isa::encodings()[c.encoding].name, c.word,
                         isa::disassemble(c.word, before.pc));
    };
    isa::ArchState mine = before;
    const StepResult result = functional.run(c.word, mine);
    const bool taken_branch_to_nothing = result.kind == StepResult::Kind::Fault && mine.pc != before.pc;
    if (is_undefined(result)) {
      ASSERT_EQ(differences(mine, before), "") << where();
      continue;
    }

    isa::ArchState reference = before;
    const Ending ending = ours.run(c.word, reference);
    if (ending == Ending::Svc || ending == Ending::Smc) reference.pc -= 4;
    const bool completed = result.kind == StepResult::Kind::Completed || result.kind == StepResult::Kind::Hint ||
                           taken_branch_to_nothing;
    // A word of maintenance by address is executed without a page by step(), which knows no mapping.
    const bool maintains = result.fault == isa::FaultKind::Maintenance;
    if (!maintains) {
      ASSERT_EQ(completed, ending == Ending::Completed) << where();
      ASSERT_EQ(differences(mine, reference), "") << where();
      ASSERT_TRUE(functional.data() == ours.data) << where();
      ++with_step;
    }

    if (!completed || excluded(c, data) != nullptr) {
      theirs.data() = ours.data;
      continue;
    }
    isa::ArchState unicorn = c.state;
    if (theirs.run(c.word, unicorn) == Ending::Completed) {
      unicorn = at_el0(unicorn);
      unicorn.monitor = mine.monitor;
      ASSERT_EQ(differences(mine, unicorn), "") << where();
      ASSERT_TRUE(functional.data() == theirs.data()) << where();
      ++with_unicorn;
    }
    theirs.data() = ours.data;
  }
  std::cout << with_step << " compared with isa::step(), " << with_unicorn << " with Unicorn\n";
  EXPECT_GT(with_step, cases / 2);
  EXPECT_GT(with_unicorn, cases / 3);
}

}  // namespace
}  // namespace isobar::differential
