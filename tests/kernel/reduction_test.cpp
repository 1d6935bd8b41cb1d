// The reduction of the search in kernel code, where guesses about the kernel's branches wait although words are modified.
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "isa/assembler.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

using ValueSets = std::set<std::vector<u64>>;

/// Core 0 overwrites the instruction that core 1 executes after `before` and a system call.
ValueSets modified_behind_a_call(const std::string& before, bool eos, bool reduction) {
  System s(2);
  const int p = s.process("p");
  s.machine_config.eos = eos;
  s.config.general_registers = 9;
  const std::string writer = "str w4, [x5]\n dc cvau, x5\n dsb ish\n ic ivau, x5\n dsb ish\n str w4, [x6]\n";
  const std::string reader = before + " svc #0\n patch: mov w3, #1\n";
  s.thread("a", p, 0, writer).registers.clear();
  ThreadConfig& b = s.thread("b", p, 1, reader);
  const isa::Assembly text = isa::assemble(reader, b.entry);
  b.registers = {{isa::x_reg(6), kData}, {isa::x_reg(8), 178}};
  const u64 nop = 0xd503201f;
  s.config.threads[0].registers = {
      {isa::x_reg(4), nop}, {isa::x_reg(5), text.labels.at("patch")}, {isa::x_reg(6), kData}};
  s.build();
  model::Program& program = s.shim.program;
  for (model::Region& r : program.regions)
    if (r.name == "b") r.permissions |= model::kWriteEl0;
  program.stop = {s.config.threads[0].entry + 24, text.base + text.bytes.size()};
  explore::SearchOptions options;
  options.reduction = reduction;
  trace::Observable w2, w3;
  w2.core = w3.core = 1;
  w2.reg = isa::x_reg(2);
  w3.reg = isa::x_reg(3);
  const explore::SearchResult r =
      explore::search(model::Machine(s.machine_config, program), {w2, w3}, options);
  EXPECT_EQ(r.status, explore::Status::Complete) << r.reason;
  ValueSets out;
  for (const auto& [outcome, info] : r.outcomes) out.insert({outcome.values[0].lo, outcome.values[1].lo});
  return out;
}

TEST(Reduction, GuessesOfTheKernelMayWait) {
  const u64 nop = 0xd503201f;
  const std::vector<u64> stale{nop, 1};
  for (const bool eos : {true, false}) {
    for (const char* before : {"ldar w2, [x6]\n", "ldar w2, [x6]\n cbz w2, 1f\n 1:\n", "ldr w2, [x6]\n dsb ish\n"}) {
      const ValueSets all = modified_behind_a_call(before, eos, false);
      EXPECT_EQ(all, modified_behind_a_call(before, eos, true)) << before << eos;
      const bool waits = std::string(before) != "ldar w2, [x6]\n";
      EXPECT_EQ(all.contains(stale), !waits) << before << eos;
    }
  }
}

}  // namespace
}  // namespace isobar::kernel::test
