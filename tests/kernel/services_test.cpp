// cacheflush, modify_code and the emulation of DC and IC: arguments, errors, whom they interrupt (CF- rules). What they
// guarantee is in scenarios/services.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "isa/assembler.h"
#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

constexpr u64 kEfault = static_cast<u64>(-14);
constexpr unsigned kCacheflush = 2, kModifyCode = 3;

/// A call with these arguments; the result goes to register `result`.
std::string service(unsigned number, const std::string& x0, const std::string& x1, u64 x2, unsigned result) {
  return fmt::format(" mov x0, {}\n mov x1, {}\n mov x2, #{}\n mov w8, #{}\n movk w8, #15, lsl #16\n svc #0\n mov x{}, x0\n",
                     x0, x1, x2, number, result);
}

TEST(Services, CF_1_arguments_of_cacheflush) {
  for (const bool uci : {true, false}) {
    System s(2);
    s.machine_config.uci = uci;
    s.thread("a", s.process("p"), 0,
             " mov x11, #11\n mov x12, #12\n add x3, x20, #64\n" + service(kCacheflush, "x20", "x3", 0, 13) +
                 service(kCacheflush, "x20", "x3", 1, 14) + service(kCacheflush, "x3", "x20", 0, 15) +
                 service(kCacheflush, "x20", "x3", 2, 16) + service(kCacheflush, "x20", "x20", 0, 17) +
                 " mov x4, #0x7000\n" + service(kCacheflush, "x4", "x20", 0, 18) + kExit);
    s.build();
    for (u64 seed = 0; seed < 5; ++seed) {
      s.run(seed);
      for (const unsigned r : {13u, 14u, 17u}) EXPECT_EQ(s.x("a", r), 0u) << r;
      for (const unsigned r : {15u, 16u}) EXPECT_EQ(s.x("a", r), kEinval) << r;
      EXPECT_EQ(s.x("a", 18), kEfault);
      EXPECT_EQ(s.x("a", 11), 11u);
      EXPECT_EQ(s.x("a", 12), 12u);
    }
  }
}

TEST(Services, modify_code_writes_words_or_fails) {
  System s(2);
  s.thread("a", s.process("p"), 0,
           " mov x11, #11\n mov x12, #12\n add x3, x20, #128\n mov x4, #0x7000\n mov x5, #7\n str x5, [x20, #8]\n" +
               service(kModifyCode, "x3", "x20", 12, 13) + service(kModifyCode, "x3", "x20", 6, 14) +
               service(kModifyCode, "x4", "x20", 4, 15) + service(kModifyCode, "x3", "x4", 4, 16) +
               service(kModifyCode, "x3", "x20", 0, 17) + kExit);
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed);
    EXPECT_EQ(s.x("a", 13), 0u);
    EXPECT_EQ(s.memory(kData + 136), 7u);
    EXPECT_EQ(s.x("a", 14), kEinval);
    EXPECT_EQ(s.x("a", 15), kEfault);
    EXPECT_EQ(s.x("a", 16), kEfault);
    EXPECT_EQ(s.x("a", 17), 0u);
    EXPECT_EQ(s.x("a", 11), 11u);
    EXPECT_EQ(s.x("a", 12), 12u);
  }
}

/// The address may be in any register, the stashed ones included.
TEST(Services, CF_4_trapped_maintenance_goes_on_behind_it) {
  for (const char* op : {"dc cvau", "dc cvac", "dc civac", "ic ivau"}) {
    std::string text = " mov x6, #0\n";
    for (unsigned n = 7; n < 31; ++n)
      text += fmt::format(" mov x8, x{0}\n mov x{0}, x20\n {1}, x{0}\n mov x{0}, x8\n add x6, x6, #1\n", n, op);
    System s;
    s.machine_config.uci = false;
    std::vector<std::pair<isa::Reg, u64>> registers{{isa::x_reg(20), kData}};
    for (unsigned n = 9; n < 13; ++n) registers.emplace_back(isa::x_reg(n), n);
    s.thread("a", s.process("p"), 0, text + kExit).registers = registers;
    s.build();
    std::set<u64> lines;
    s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
      const bool maintains = t.kind == model::TransitionKind::CleanData ||
                             t.kind == model::TransitionKind::InvalidateInstruction;
      if (maintains) lines.insert(m.core[0].window[t.slot].addr);
    };
    s.run(1);
    EXPECT_EQ(s.x("a", 6), 24u) << op;
    EXPECT_EQ(lines, std::set<u64>{kData}) << op;
    for (unsigned n = 9; n < 13; ++n) EXPECT_EQ(s.x("a", n), n) << op;
    EXPECT_EQ(s.field("a", "fault_esr"), 0u) << op;
  }
}

TEST(Services, CF_4_trapped_maintenance_of_no_memory_kills) {
  for (const char* op : {"dc cvau, x4", "ic ivau, x4", "ic ivau, xzr"}) {
    System s;
    s.machine_config.uci = false;
    const std::string text = std::string(" mov x4, #0x7000\n mov x11, #11\n ") + op;
    const ThreadConfig a = s.thread("a", s.process("p"), 0, text + kExit);
    s.build();
    s.run(1);
    EXPECT_NE(s.field("a", "fault_esr"), 0u) << op;
    EXPECT_EQ(s.field("a", "fault_pc"), a.entry + 8) << op;
    EXPECT_EQ(s.field("a", "fault_far"), std::string(op) == "ic ivau, xzr" ? 0u : 0x7000u) << op;
    EXPECT_EQ(s.x("a", 11), 11u) << op;
  }
}

using PerCore = std::array<unsigned, 4>;

/// Interrupts that each core takes from `call` of a thread on core 0, while cores 1 to 3 run a thread of the same process,
/// of another process, and none.
PerCore interrupted_by(const std::string& call, u64 seed) {
  System s(4);
  const int p = s.process("p", MembarrierState::PrivateExpedited | MembarrierState::SyncCore |
                                   MembarrierState::SyncCoreReady);
  const int q = s.process("q");
  const std::string wait = "1: ldar w1, [x21]\n cbz w1, 1b\n" + std::string(kExit);
  s.thread("a", p, 0, " add x3, x20, #128\n" + call + " mov w1, #1\n stlr w1, [x21]\n" + kExit);
  s.thread("b", p, 1, wait);
  s.thread("c", q, 2, wait);
  s.build();
  PerCore result{};
  s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
    if (t.kind != model::TransitionKind::SystemAction) return;
    result[t.core] += m.core[t.core].window[t.slot].uop->sys == isa::Reg::ICC_IAR1_EL1;
  };
  s.run(seed);
  EXPECT_EQ(s.x("a", 13), 0u) << call;
  return result;
}

TEST(Services, one_call_interrupts_fewer_cores_than_two_steps) {
  const std::string sync_core = " mov w0, #32\n mov w1, #0\n mov w8, #283\n svc #0\n mov x13, x0\n";
  for (u64 seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(interrupted_by(service(kCacheflush, "x20", "x3", 0, 13), seed), (PerCore{0, 0, 0, 0}));
    EXPECT_EQ(interrupted_by(service(kCacheflush, "x20", "x3", 1, 13), seed), (PerCore{0, 1, 0, 0}));
    EXPECT_EQ(interrupted_by(service(kModifyCode, "x3", "x20", 4, 13), seed), (PerCore{0, 1, 0, 0}));
    EXPECT_EQ(interrupted_by(service(kCacheflush, "x20", "x3", 0, 13) + sync_core, seed), (PerCore{1, 1, 0, 0}));
  }
}

/// prctl(0x46455849, flags, third) with the result in x`result`.
std::string emulate_unaligned(u64 flags, u64 third, unsigned result) {
  return fmt::format(" movz w0, #0x5849\n movk w0, #0x4645, lsl #16\n mov x1, #{}\n mov x2, #{}\n mov x3, #0\n mov x4, #0\n"
                     " mov w8, #167\n svc #0\n mov x{}, x0\n", flags, third, result);
}

TEST(Unaligned, P15_each_instruction) {
  for (const u64 flags : {u64{1}, u64{5}}) {
    System s;
    s.config.policy = Policy::Unaligned;
    ThreadConfig& t = s.thread(
        "a", s.process("p"), 0,
        emulate_unaligned(flags, 0, 10) +
            " add x3, x20, #0x8c\n add x4, x20, #0xee\n mov sp, x3\n movz x5, #0x7788\n movk x5, #0x5566, lsl #32\n"
            " str x5, [x3]\n str x5, [x4]\n ldapr x11, [sp]\n ldar w12, [x4]\n add x6, x4, #1\n ldarh w13, [x6]\n"
            " movz x7, #3, lsl #16\n ldaddal x7, x14, [x3]\n ldr x15, [x3]\n swpal w7, w16, [x4]\n ldr x17, [x4]\n"
            " mov x18, x15\n casal x18, x7, [x3]\n ldr x19, [x3]\n mov x22, #1\n casal x22, x5, [x3]\n ldr x23, [x3]\n"
            " stlr x5, [sp]\n ldr x24, [x3]\n stlrh wzr, [x6]\n ldr x25, [x4]\n ldaddal x7, xzr, [x3]\n ldr x26, [x3]\n" +
            kExit);
    t.registers = {{isa::x_reg(20), kData}};
    s.build();
    s.run(1);
    constexpr u64 v = 0x5566'0000'7788;
    EXPECT_EQ(s.x("a", 10), 0u);
    EXPECT_EQ(s.x("a", 11), v);
    EXPECT_EQ(s.x("a", 12), v & 0xffff'ffff);
    EXPECT_EQ(s.x("a", 13), v >> 8 & 0xffff);
    EXPECT_EQ(s.x("a", 14), v);
    EXPECT_EQ(s.x("a", 15), v + 0x3'0000);
    EXPECT_EQ(s.x("a", 16), v & 0xffff'ffff);
    EXPECT_EQ(s.x("a", 17), (v & ~u64{0xffff'ffff}) | 0x3'0000);
    EXPECT_EQ(s.x("a", 18), v + 0x3'0000) << "compared equal";
    EXPECT_EQ(s.x("a", 19), 0x3'0000u);
    EXPECT_EQ(s.x("a", 22), 0x3'0000u) << "compared different";
    EXPECT_EQ(s.x("a", 23), 0x3'0000u);
    EXPECT_EQ(s.x("a", 24), v);
    EXPECT_EQ(s.x("a", 25), 0x5566'0000'0000u);
    EXPECT_EQ(s.x("a", 26), v + 0x3'0000);
  }
}

TEST(Unaligned, P15_who_asked_and_what_is_left) {
  System s;
  s.config.policy = Policy::Unaligned;
  const int p = s.process("p");
  s.thread("a", p, 0, emulate_unaligned(2, 0, 10) + emulate_unaligned(1, 1, 11) + " add x3, x20, #0x8c\n ldapr x12, [x3]\n");
  s.thread("b", p, 0, emulate_unaligned(1, 0, 10) + " add x3, x20, #0x8c\n ldxr x12, [x3]\n");
  s.build();
  s.run(1);
  for (unsigned r : {10u, 11u}) EXPECT_EQ(s.x("a", r), static_cast<u64>(-22)) << r;
  EXPECT_EQ(s.field("a", "fault_esr") & 0x3f, 0x21u) << "it has not asked";
  EXPECT_EQ(s.x("b", 10), 0u);
  EXPECT_EQ(s.field("b", "fault_esr") & 0x3f, 0x21u) << "exclusives are left";
}

}  // namespace
}  // namespace isobar::kernel::test
