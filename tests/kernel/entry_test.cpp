// System call entry and exit, exit and faults (E-, TK- rules).
#include <gtest/gtest.h>

#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {


TEST(Entry, E_1_unknown_numbers_give_enosys_and_registers_survive) {
  for (const char* number : {"0", "166", "4095", "-1"}) {
    System s;
    s.thread(
        "a", s.process("p"), 0,
        std::string(
            "mov x9, #9\n mov x10, #10\n mov x11, #11\n mov x30, #30\n mov x1, #1\n cmp x1, #1\n mov w8, #") +
            number + "\n svc #7\n cset x2, eq\n mov x3, x0" + kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 3), static_cast<u64>(-38)) << number;
    EXPECT_EQ(s.x("a", 2), 1u) << "flags";
    for (unsigned n : {9u, 10u, 11u, 30u, 1u}) EXPECT_EQ(s.x("a", n), n);
  }
}

TEST(Entry, E_1_gettid_and_getcpu) {
  System s(2);
  const int p = s.process("p");
  for (const char* name : {"a", "b"}) {
    s.thread(
         name, p, name[0] - 'a',
         std::string("mov w8, #178\n svc #0\n mov x4, x0\n mov x0, x20\n mov x1, #0\n mov w8, #168\n svc #0\n"
                     "mov x5, x0\n ldr w6, [x20]\n mov x0, #8\n mov w8, #168\n svc #0\n mov x7, x0") +
             kExit)
        .registers[0]
        .second += static_cast<u64>(name[0] - 'a') * 128;
  }
  s.build();
  s.run(3);
  EXPECT_EQ(s.x("a", 4), 1u);
  EXPECT_EQ(s.x("b", 4), 2u);
  EXPECT_EQ(s.x("a", 5), 0u);
  EXPECT_EQ(s.x("a", 6), 0u);
  EXPECT_EQ(s.x("b", 6), 1u);
  EXPECT_EQ(s.x("b", 7), static_cast<u64>(-14)) << "EFAULT for an address that is not mapped";
}

TEST(Entry, TK_5_exit_leaves_code_and_idle_core) {
  System s(2);
  s.thread("a", s.process("p"), 1, std::string("mov x0, #42") + kExit);
  s.build();
  s.run(1);
  EXPECT_EQ(s.field("a", "exit"), 42u);
  EXPECT_EQ(s.field("a", "state"), TaskState::Dead);
  EXPECT_EQ(s.field("a", "mm"), 0u);
  EXPECT_EQ(s.symbol("rq1.curr"), s.shim.symbols.at("idle1"));
}

TEST(Entry, SG_4_a_fault_kills_the_thread_and_is_recorded) {
  struct Case {
    const char* text;
    u64 exception_class, pc, far;
  };
  for (const Case& c :
       {Case{"nop\n mov x0, #4096\n ldr x1, [x0]", 0x24, kCode + 8, 4096}, Case{"udf #0", 0x00, kCode, 0},
        Case{"brk #3", 0x3c, kCode, 0}, Case{"mov x0, #4096\n br x0", 0x20, 4096, 4096}}) {
    System s;
    const int p = s.process("p");
    s.thread("a", p, 0, std::string(c.text) + kExit);
    s.thread("b", p, 0, std::string("mov x1, #7") + kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.field("a", "fault_esr") >> 26, c.exception_class) << c.text;
    EXPECT_EQ(s.field("a", "fault_pc"), c.pc) << c.text;
    if (c.far != 0) {
      EXPECT_EQ(s.field("a", "fault_far"), c.far) << c.text;
    }
    EXPECT_EQ(s.field("b", "fault_esr"), 0u);
    EXPECT_EQ(s.x("b", 1), 7u) << "the other thread goes on";
  }
}

}  // namespace
}  // namespace isobar::kernel::test
