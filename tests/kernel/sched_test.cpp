// Context switches, lazy mm, preemption, migration, clone, rseq (CS-, TK-, RS- rules).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernel-shim/layout.h"
#include "support/diagnostic.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {


std::string fill_registers(unsigned base) {
  std::string s;
  for (unsigned n = 1; n < 31; ++n) {
    if (n != 8) s += fmt::format(" mov x{}, #{}\n", n, base + n);
  }
  return s + fmt::format(" msr tpidr_el0, x1\n mov x0, #{}\n mov sp, x0\n cmp x1, x1\n", base * 16);
}

void expect_registers(const System& s, const char* thread, unsigned base) {
  for (unsigned n = 1; n < 31; ++n) {
    if (n == 8) continue;
    EXPECT_EQ(s.x(thread, n), base + n) << thread << " x" << n;
  }
}

TEST(Switch, CS_yield_preserves_all_registers_of_both_threads) {
  System s;
  const int p = s.process("p");
  s.thread("a", p, 0, fill_registers(100) + kYield + kYield + " mov x0, sp\n" + kExit);
  s.thread("b", p, 0, fill_registers(200) + kYield + " mov x0, sp\n" + kExit);
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed);
    expect_registers(s, "a", 100);
    expect_registers(s, "b", 200);
    EXPECT_EQ(s.field("a", "exit"), 1600u);
    EXPECT_EQ(s.field("b", "exit"), 3200u);
  }
}

TEST(Switch, CS_timer_preempts_a_thread_that_never_yields) {
  System s;
  s.machine_config.counter_frequency = 1000;
  s.config.timer_period = 200;
  const int p = s.process("p");
  s.thread("a", p, 0,
           fill_registers(100) +
               " adr x0, 1f\n1: ldr x8, [x0, #64]\n nop\n movz x8, #8, lsl #16\n"
               "2: ldr w0, [x8]\n cbz w0, 2b\n" +
               kExit);
  s.thread("b", p, 0, " mov w0, #1\n str w0, [x20]\n" + std::string(kExit));
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed);
    expect_registers(s, "a", 100);
  }
}

std::string fill_vectors(unsigned base) {
  std::string s;
  for (unsigned n = 0; n < 32; ++n) s += fmt::format(" mov x1, #{}\n dup v{}.2d, x1\n", base + n, n);
  return s + fmt::format(" mov x1, #{}\n msr fpcr, x1\n mov x1, #{}\n msr fpsr, x1\n", (base & 31) << 22, base >> 5 & 31);
}

/// Both halves of every register, FPCR and FPSR added up, so that any one that changed shows: in x9.
constexpr char kSumVectors[] =
    " mov x9, #0\n mov x10, #1\n"
    " .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
    " fmov x1, d\\n\n mov x2, v\\n\\().d[1]\n add x1, x1, x2, lsl #1\n madd x9, x1, x10, x9\n add x10, x10, #1\n .endr\n"
    " mrs x1, fpcr\n add x9, x9, x1\n mrs x1, fpsr\n add x9, x9, x1, lsl #48\n";

u64 sum_of_vectors(u64 base) {
  u64 sum = ((base & 31) << 22) + ((base >> 5 & 31) << 48);
  for (u64 n = 0; n < 32; ++n) sum += 3 * (base + n) * (n + 1);
  return sum;
}

TEST(Switch, CS_vector_registers_belong_to_threads) {
  for (const bool lost : {false, true}) {
    System s;
    if (lost) s.config.knobs = {Knob::vectors_not_switched};
    const int p = s.process("p");
    s.thread("a", p, 0, fill_vectors(100) + kYield + kSumVectors + kExit);
    s.thread("b", p, 0, fill_vectors(200) + kYield + kSumVectors + kExit);
    s.kernel_thread("k", 0, "bl kthread_yield\n b kthread_exit");
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 9), sum_of_vectors(lost ? 200 : 100));
    EXPECT_EQ(s.x("b", 9), sum_of_vectors(200));
  }
}

TEST(Switch, CS_vector_registers_over_preemption_and_migration) {
  System s(2);
  s.machine_config.counter_frequency = 1000;
  s.config.timer_period = 300;
  const int p = s.process("p");
  const std::string move = " mov x1, #2\n str x1, [x20, #8]\n mov x0, #0\n mov x1, #8\n add x2, x20, #8\n mov w8, #122\n svc #0\n";
  s.thread("a", p, 0, fill_vectors(100) + "1: ldr w0, [x20]\n cbz w0, 1b\n" + move + kSumVectors + kExit);
  s.thread("b", p, 0, fill_vectors(200) + " mov w0, #1\n str w0, [x20]\n" + kExit);
  s.thread("c", p, 1, fill_vectors(50) + kYield + kSumVectors + kExit);
  s.build();
  for (u64 seed = 0; seed < 3; ++seed) {
    s.run(seed);
    EXPECT_EQ(s.x("a", 9), sum_of_vectors(100));
    EXPECT_EQ(s.x("c", 9), sum_of_vectors(50));
  }
}

TEST(Task, TK_2_TK_4_vector_registers_of_a_child_and_of_a_new_program) {
  System s;
  const int p = s.process("p");
  s.thread("a", p, 0,
           fill_vectors(100) + " movz x0, #0x0900\n movk x0, #1, lsl #16\n mov x1, #0\n mov w8, #220\n svc #0\n cbz x0, 1f\n" +
               " adr x0, 1f\n mov w8, #221\n svc #0\n1:\n" + kSumVectors + kExit);
  s.thread("child", p, 0, "nop").reserve = true;
  s.build();
  s.run(1);
  EXPECT_EQ(s.x("child", 9), sum_of_vectors(100));
  EXPECT_EQ(s.x("a", 9), 0u);
}

TEST(Switch, CS_1_actlr_is_saved_and_restored_per_thread) {
  for (const bool lost : {false, true}) {
    System s;
    if (lost) s.config.knobs = {Knob::actlr_not_saved};
    const int p = s.process("p");
    s.thread("a", p, 0, std::string(kYield) + kExit).tso = true;
    s.thread("b", p, 0, std::string("nop") + kYield + kExit);
    s.build();
    bool a_was_tso = true, b_was_tso = false;
    s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
      if (t.kind != model::TransitionKind::Fetch || m.core[0].context.el != 0) return;
      (m.core[0].pc < kCode + kCodeSize ? a_was_tso : b_was_tso) = m.core[0].context.tso;
    };
    s.run(1);
    EXPECT_TRUE(a_was_tso);
    EXPECT_EQ(b_was_tso, lost);
  }
}

TEST(Switch, CS_lazy_mm_keeps_ttbr0_and_active_mm) {
  System s;
  const int p = s.process("p");
  s.thread("a", p, 0, std::string(kYield) + kExit);
  s.kernel_thread(
      "k", 0, " mrs x19, ttbr0_el1\n ldr x22, [sp, #16]\n ldr x23, [sp]\n bl kthread_yield\n b kthread_exit");
  s.build();
  u64 ttbr0_in_kthread = 0;
  s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
    if (t.kind == model::TransitionKind::Fetch && m.core[0].pc == kKernelCode + kCodeSize + 12) {
      ttbr0_in_kthread = m.core[0].reg[isa::index(isa::Reg::TTBR0_EL1)];
    }
  };
  s.run(1);
  EXPECT_EQ(ttbr0_in_kthread, u64{1} << 48);
  EXPECT_EQ(s.x("k", 22), s.shim.symbols.at("mm_p")) << "active_mm while it ran";
  EXPECT_EQ(s.x("k", 23), 0u) << "mm";
}

TEST(Switch, CS_another_address_space_writes_ttbr0) {
  System s;
  s.thread("a", s.process("p"), 0, std::string("nop") + kYield + kExit);
  s.thread("b", s.process("q"), 0, std::string("nop") + kYield + kExit);
  s.build();
  bool wrong = false;
  s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
    if (t.kind != model::TransitionKind::Fetch || m.core[0].context.el != 0) return;
    const u64 asid = m.core[0].reg[isa::index(isa::Reg::TTBR0_EL1)] >> 48;
    wrong |= asid != (m.core[0].pc - kCode) / kCodeSize + 1;
  };
  s.run(1);
  EXPECT_FALSE(wrong);
}

TEST(Switch, CS_5_kthread_use_mm) {
  System s;
  const int p = s.process("p");
  s.thread("a", p, 1, kExit);
  s.machine_config.cores = 2;
  s.kernel_thread(
      "k", 0,
      " movz x0, #0x4006, lsl #16\n bl kthread_use_mm\n ldr x19, [sp]\n mrs x22, ttbr0_el1\n mov w1, #5\n"
      " str w1, [x20]\n bl kthread_unuse_mm\n ldr x23, [sp]\n bl kthread_yield\n b kthread_exit");
  s.thread("z", p, 0, kExit);
  s.build();
  s.run(2);
  EXPECT_EQ(s.x("k", 19), s.shim.symbols.at("mm_p"));
  EXPECT_EQ(s.x("k", 22), u64{1} << 48);
  EXPECT_EQ(s.x("k", 23), 0u);
  EXPECT_EQ(s.memory(kData, 4), 5u);
}

TEST(Task, TK_1_clone_checks_its_flags) {
  System s;
  const auto clone = [](u32 flags, unsigned result) {
    return fmt::format(
        " movz w0, #{}\n movk w0, #{}, lsl #16\n mov x1, #0\n mov w8, #220\n svc #0\n mov x{}, x0\n",
        flags & 0xffff, flags >> 16, result);
  };
  s.thread("a", s.process("p"), 0,
           clone(0x10000, 10) + clone(0x10100, 11) + clone(0x10800, 12) + clone(0x800, 13) + clone(0x11, 14) +
               clone(0x10900, 15) + kExit);
  s.build();
  s.run(1);
  for (unsigned r : {10u, 11u, 12u, 13u}) EXPECT_EQ(s.x("a", r), static_cast<u64>(-22)) << r;
  EXPECT_EQ(s.x("a", 14), static_cast<u64>(-38)) << "only threads";
  EXPECT_EQ(s.x("a", 15), static_cast<u64>(-11)) << "no task reserved";
}

TEST(Task, TK_1_child_has_the_registers_stack_and_tls_it_was_given) {
  System s(2);
  const int p = s.process("p");
  s.thread("a", p, 0,
           fill_registers(300) +
               " movz x0, #0x0900\n movk x0, #9, lsl #16\n mov x1, #0x800\n mov x3, #77\n mov w8, #220\n"
               " svc #0\n cbz x0, 1f\n" +
               kExit + "1: mrs x2, tpidr_el0\n mov x3, sp\n" + kExit);
  s.thread("child", p, 1, "nop").reserve = true;
  s.build();
  s.run(4);
  EXPECT_EQ(s.x("child", 2), 77u);
  EXPECT_EQ(s.x("child", 3), 0x800u);
  for (unsigned n : {9u, 10u, 12u, 19u, 29u, 30u}) EXPECT_EQ(s.x("child", n), 300 + n);
  EXPECT_EQ(s.memory(s.shim.symbols.at("mm_p") + MmField::Users, 4), 2u);
}

/// exit_group(`status`).
std::string exit_group(unsigned status) {
  return fmt::format("\n mov w0, #{}\n mov w8, #94\n svc #0\n", status);
}

/// A thread whose tid is at x20, with another one that looks: cleared however it ends, unless there is no memory.
TEST(Task, TK_5_clear_child_tid) {
  struct Case {
    const char* address;
    std::string end;
    u64 left;
    bool faults = false;
  };
  const std::string execve = " adr x0, 1f\n mov w8, #221\n svc #0\n1:\n";
  for (const Case& c : {Case{"x20", kExit, 0}, Case{"x20", " brk #0\n", 0, true}, Case{"x20", exit_group(0), 0},
                        Case{"xzr", kExit, 5}, Case{"#4096", kExit, 5}, Case{"#4096", " brk #0\n", 5, true},
                        Case{"x20", execve + " movz x20, #8, lsl #16\n mov w1, #6\n str w1, [x20]\n" + kExit, 6}}) {
    System s;
    const int p = s.process("p");
    s.thread("a", p, 0, fmt::format(" mov w1, #5\n str w1, [x20]\n mov x0, {}\n mov w8, #96\n svc #0\n str w0, [x21]\n mov x0, #0\n mov x19, #3\n", c.address) + c.end);
    s.thread("b", p, 0, kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.memory(kData, 4), c.left) << c.address << c.end;
    EXPECT_EQ(s.memory(kData + 64, 4), 1u) << "the call returns the tid";
    EXPECT_EQ(s.field("a", "state"), TaskState::Dead);
    EXPECT_EQ(s.field("a", "fault_esr") >> 26, c.faults ? 0x3cu : 0u) << c.address << c.end;
    EXPECT_EQ(s.field("a", "exit"), 0u);
  }
}

TEST(Task, TK_5_a_child_is_cleared_where_clone_was_told) {
  System s(2);
  const int p = s.process("p");
  s.thread("a", p, 0,
           " mov w1, #5\n str w1, [x20]\n movz x0, #0x0900\n movk x0, #0x21, lsl #16\n mov x1, #0\n mov x4, x20\n mov w8, #220\n svc #0\n"
           " cbz x0, 2f\n1: ldar w1, [x20]\n cbnz w1, 1b\n ldr w19, [x21]\n2: mov w1, #9\n str w1, [x21]\n" + std::string(kExit));
  s.thread("child", p, 1, "nop").reserve = true;
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed);
    EXPECT_EQ(s.x("a", 19), 9u);
  }
}

/// Whatever the others do: one waits for ever, one never stops moving, one waits for the core, one is another process.
TEST(Task, TK_5_exit_group_ends_all_threads) {
  System s(3);
  const int p = s.process("p");
  const std::string there = " mov x1, #4\n str x1, [x20, #16]\n", back = " mov x1, #2\n str x1, [x20, #16]\n";
  const std::string move = " mov x0, #0\n mov x1, #8\n add x2, x20, #16\n mov w8, #122\n svc #0\n";
  s.thread("a", p, 0, std::string(kYield) + " mov w3, #400\n1: subs w3, w3, #1\n b.ne 1b\n mov w1, #1\n str w1, [x21]\n" + exit_group(7));
  s.thread("queued", p, 0, std::string("1:\n") + kYield + " b 1b\n");
  s.thread("spins", p, 1, "1: ldr w1, [x20]\n cbz w1, 1b\n");
  s.thread("moves", p, 1, "1:\n" + there + move + back + move + " b 1b\n");
  s.thread("other", s.process("q"), 2, " nop\n1: ldr w1, [x21]\n cbz w1, 1b\n mov w0, #9\n" + std::string(kExit));
  for (ThreadConfig& t : s.config.threads) t.first = t.name == "moves";
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed, 400'000);
    for (const char* name : {"a", "queued", "spins", "moves"}) {
      EXPECT_EQ(s.field(name, "state"), TaskState::Dead) << name << " seed " << seed;
      EXPECT_EQ(s.field(name, "exit"), 7u) << name << " seed " << seed;
    }
    EXPECT_EQ(s.field("other", "exit"), 9u);
  }
}

trace::Observable observe_field(const System& s, const char* thread, const char* field) {
  trace::Observable o;
  o.kind = trace::Observable::Kind::Memory;
  o.addr = s.shim.symbols.at(fmt::format("task_{}.{}", thread, field));
  o.label = field;
  return o;
}

using Ends = std::vector<std::vector<u64>>;

TEST(Task, TK_5_the_first_exit_group_has_the_status) {
  System s(2);
  s.config.general_registers = 9;
  const int p = s.process("p");
  s.thread("a", p, 0, exit_group(7)).registers.clear();
  s.thread("b", p, 1, exit_group(8)).registers.clear();
  s.build();
  EXPECT_EQ(s.outcomes({observe_field(s, "a", "exit"), observe_field(s, "b", "exit")}), (Ends{{7, 7}, {8, 8}}));
}

/// b waits in user mode on another core, or comes to it while a looks who runs there: either a finds it, or b finds what a has
/// written. The search ends where a has looked, and where b has found it.
TEST(Task, TK_5_exit_group_misses_no_thread) {
  struct Case {
    bool comes;
    std::set<Knob> knobs;
    bool missed, found;
  };
  const Case cases[] = {{false, {}, false, true},
                        {false, {Knob::group_exit_no_ipi}, true, false},
                        {true, {}, false, true},
                        {true, {Knob::group_exit_no_ipi}, true, true},
                        {true, {Knob::no_switch_dsb, Knob::no_mmdrop_mb}, true, true}};
  for (const Case& c : cases) {
    System s(2);
    s.config.knobs = c.knobs;
    s.config.general_registers = 10;
    const int p = s.process("p");
    s.thread("a", p, 0, exit_group(7)).registers.clear();
    s.thread("b", p, 1, "1: wfi\n b 1b\n").registers.clear();
    if (c.comes) s.kernel_thread("k", 1, "b kthread_exit").first = true;
    s.build();
    for (const char* label : {"exit_group_sent", "group_exit", "group_exit_resume"})
      s.shim.program.stop.push_back(s.shim.symbols.at(label));
    trace::Observable x9;
    x9.core = 1;
    x9.reg = isa::x_reg(9);
    Ends ends;
    if (c.missed) ends.push_back({0});
    if (c.found) ends.push_back({u64{1} << 32 | 7});
    explore::SearchResult r;
    EXPECT_EQ(s.outcomes({x9}, &r), ends) << c.comes << ", " << c.knobs.size() << " knobs, " << r.states << " states";
  }
}

TEST(Task, TK_5_exit_group_from_a_number_that_is_not_in_the_code) {
  for (const bool alone : {true, false}) {
    System s;
    const int p = s.process("p");
    const std::string call = " mov w0, #5\n mov w8, #90\n add w8, w8, #4\n svc #0\n mov x19, x0\n";
    s.thread("a", p, 0, call + kExit);
    if (!alone) s.thread("b", p, 0, kExit);
    s.build();
    s.run(1);
    if (alone)
      EXPECT_EQ(s.field("a", "exit"), 5u);
    else
      EXPECT_EQ(s.x("a", 19), static_cast<u64>(-38)) << "ENOSYS";
  }
}

TEST(Task, TK_7_setaffinity_moves_the_caller_before_it_returns) {
  System s(3);
  const int p = s.process("p");
  const std::string move =
      " mov x1, #%M\n str x1, [x20]\n mov x0, #0\n mov x1, #8\n mov x2, x20\n mov w8, #122\n svc #0\n";
  const auto to = [&](const char* mask) { return std::string(move).replace(move.find("%M"), 2, mask); };
  const std::string cpu = " add x0, x20, #8\n mov x1, #0\n mov w8, #168\n svc #0\n ldr w1, [x20, #8]\n";
  s.thread("a", p, 0,
           fill_registers(400) + " movz x20, #8, lsl #16\n" + to("4") + " mov x11, x0\n" + cpu +
               " mov x12, x1\n" + to("6") + cpu + " mov x13, x1\n" + to("3") + cpu + " mov x14, x1\n" +
               to("8") + " mov x15, x0\n" + kExit);
  s.thread("b", p, 0, std::string("nop") + kYield + kExit);
  s.build();
  for (u64 seed = 0; seed < 10; ++seed) {
    s.run(seed);
    EXPECT_EQ(s.x("a", 11), 0u);
    EXPECT_EQ(s.x("a", 12), 2u);
    EXPECT_EQ(s.x("a", 13), 2u) << "already allowed";
    EXPECT_EQ(s.x("a", 14), 0u) << "back";
    EXPECT_EQ(s.x("a", 15), static_cast<u64>(-22)) << "no such core";
    EXPECT_EQ(s.x("a", 30), 430u);
    EXPECT_EQ(s.field("b", "state"), TaskState::Dead);
  }
}

/// rseq(x20, len, flags, sig) with the result in x`result`; the area is at kData.
std::string rseq(unsigned len, unsigned flags, unsigned sig, unsigned result, const char* area = "x20") {
  return fmt::format(" mov x0, {}\n mov x1, #{}\n mov x2, #{}\n mov x3, #{}\n movk x3, #0xd428, lsl #16\n mov w8, #293\n svc #0\n mov x{}, x0\n",
                     area, len, flags, sig, result);
}

constexpr unsigned kSig = kRseqSignature & 0xffff;

TEST(Rseq, RS_1_RS_2_registration) {
  System s(2);
  const int p = s.process("p");
  s.thread("a", p, 1,
           rseq(32, 0, kSig, 22) + rseq(32, 0, 1, 23) + rseq(64, 0, kSig, 4) + rseq(32, 2, kSig, 5) +
               rseq(32, 1, 1, 6) + rseq(16, 1, kSig, 7) + rseq(32, 1, kSig, 9) + " ldr x10, [x20]\n" +
               rseq(32, 1, kSig, 11) + " add x12, x20, #16\n" + rseq(32, 0, kSig, 13, "x12") +
               rseq(16, 0, kSig, 14) + rseq(32, 0, kSig, 15, "xzr") + " str x20, [x20, #8]\n" +
               rseq(32, 0, 1, 16) + " ldp x17, x18, [x20]\n" + kExit)
      .rseq = kData;
  s.build();
  s.run(1);
  const auto error = [](int number) { return static_cast<u64>(-number); };
  EXPECT_EQ(s.x("a", 22), error(16)) << "the registration of the start";
  for (unsigned n : {23u, 6u}) EXPECT_EQ(s.x("a", n), error(1)) << "signature, x" << n;
  for (unsigned n : {4u, 5u, 7u, 11u, 13u, 14u}) EXPECT_EQ(s.x("a", n), error(22)) << n;
  EXPECT_EQ(s.x("a", 9), 0u);
  EXPECT_EQ(s.x("a", 10), 0xffff'ffff'0000'0000u) << "cpu_id -1";
  EXPECT_EQ(s.x("a", 15), error(14));
  EXPECT_EQ(s.x("a", 16), 0u);
  EXPECT_EQ(s.x("a", 17), 0x1'0000'0001u);
  EXPECT_EQ(s.x("a", 18), 0u) << "rseq_cs is cleared";
}

TEST(Rseq, RS_2_areas_that_are_longer) {
  System s(2);
  const int p = s.process("p");
  s.thread("a", p, 1,
           " mov x1, #-1\n str x1, [x20, #16]\n str x1, [x20, #24]\n str w1, [x20, #28]\n" + rseq(40, 0, kSig, 4) + " ldp x10, x11, [x20, #16]\n" +
               rseq(32, 0, kSig, 5) + rseq(40, 0, kSig, 6) + rseq(32, 1, kSig, 7) + rseq(40, 1, kSig, 9) +
               " add x12, x20, #16\n" + rseq(64, 0, kSig, 13, "x12") + rseq(31, 0, kSig, 14) + kExit);
  s.thread("b", p, 0, kExit).rseq = kData + 256;
  s.build();
  s.run(1);
  const auto error = [](int number) { return static_cast<u64>(-number); };
  EXPECT_EQ(s.x("a", 4), 0u);
  EXPECT_EQ(s.x("a", 10), 0xffff'ffffu) << "flags are left alone, node_id is 0";
  EXPECT_EQ(s.x("a", 11), 0xffff'ffff'0000'0000u) << "mm_cid";
  EXPECT_EQ(s.x("a", 5), error(22)) << "another length";
  EXPECT_EQ(s.x("a", 6), error(16));
  EXPECT_EQ(s.x("a", 7), error(22));
  EXPECT_EQ(s.x("a", 9), 0u);
  EXPECT_EQ(s.x("a", 13), error(22)) << "alignment";
  EXPECT_EQ(s.x("a", 14), error(22));
}

/// Threads that run at the same time differ in mm_cid, which is below the numbers of threads and of cores.
TEST(Rseq, RS_9_concurrency_ids) {
  for (const unsigned threads : {2u, 3u, 5u}) {
    System s(3);
    const int p = s.process("p");
    const std::string move = " mov x1, #{}\n str x1, [x21]\n mov x0, #0\n mov x1, #8\n mov x2, x21\n mov w8, #122\n svc #0\n";
    std::string text = "\n";
    for (const char* mask : {"4", "2", "1", "4"}) text += std::string(move).replace(move.find("{}"), 2, mask) + kYield;
    for (unsigned t = 0; t < threads; ++t) {
      ThreadConfig& c = s.thread(fmt::format("t{}", t), p, t % 3, text + kExit);
      c.rseq = kData + 32 * t;
      c.registers = {{isa::x_reg(21), kData + 512 + 8 * t}};
    }
    s.config.segments.push_back({kData, std::vector<u8>(32 * threads)});
    s.build();
    unsigned checks = 0;
    s.on_step = [&](const model::MachineState& m, const model::Transition&) {
      std::set<u64> seen;
      for (unsigned core = 0; core < 3; ++core) {
        if (m.core[core].context.el != 0) continue;
        const u64 task = m.core[core].reg[isa::index(isa::Reg::SP_EL1)];
        const u64 area = model::read_memory(m.storage, s.machine->image(), task + TaskField::Rseq, 8).lo;
        if (area == 0) continue;
        const u64 id = model::read_memory(m.storage, s.machine->image(), area + 24, 4).lo;
        EXPECT_LT(id, std::min(threads, 3u));
        EXPECT_TRUE(seen.insert(id).second) << id;
        ++checks;
      }
    };
    s.run(threads);
    EXPECT_GT(checks, 100u);
  }
}

TEST(Rseq, RS_3_RS_4_ids_follow_a_migration) {
  System s(3);
  const int p = s.process("p");
  s.thread("a", p, 0,
           " mov x1, #4\n str x1, [x21]\n mov x0, #0\n mov x1, #8\n mov x2, x21\n mov w8, #122\n"
           " svc #0\n ldr x10, [x20]\n str x10, [x21, #8]\n adr x0, 1f\n mov x1, #0\n mov w8, #221\n svc #0\n"
           "1: movz x20, #8, lsl #16\n str xzr, [x20]\n mov w8, #124\n svc #0\n ldr x11, [x20]\n mov x19, #1\n" + std::string(kExit))
      .rseq = kData;
  s.thread("b", p, 2, std::string(kYield) + kYield + kExit);
  s.build();
  for (u64 seed = 0; seed < 5; ++seed) {
    s.run(seed);
    EXPECT_EQ(s.x("a", 19), 1u);
    EXPECT_EQ(s.memory(kData + 72), 0x2'0000'0002u);
    EXPECT_EQ(s.x("a", 11), 0u) << "RS-7: execve drops the registration";
  }
}

/// Descriptors (version and flags, begin, length, abort handler relative to the code) that end the thread when it is resumed.
TEST(Rseq, RS_4_descriptors_that_are_not_valid) {
  struct Bad {
    u64 version, begin, length, abort;
    bool fault;
  };
  for (const Bad& d : {Bad{0, 0x800, 8, 0x104, false}, Bad{1, 0x800, 8, 0x104, true}, Bad{0, 0x800, 8, 0x108, true},
                       Bad{0, 0x100, 0x40, 0x104, true}, Bad{0, ~u64{15}, 0x40, 0x104, true},
                       Bad{0, 0, 0x100, 0x104, false}, Bad{u64{1} << 32, 0, 0x100, 0x104, true}}) {
    System s;
    const int p = s.process("p");
    ThreadConfig& t = s.thread(
        "a", p, 0,
        " add x1, x20, #64\n str x1, [x20, #8]\n mov w8, #124\n svc #0\n mov x19, #1\n" + std::string(kExit) +
            " .org 0x100\n .word 0xd428bc00\n mov x19, #2\n mov w8, #93\n svc #0\n");
    t.rseq = kData;
    t.registers = {{isa::x_reg(20), kData}};
    const u64 code = t.entry;
    s.thread("b", p, 0, std::string("nop") + kYield + kExit);
    std::vector<u8> bytes(0x60);
    const u64 values[] = {d.version, d.begin > 0x1000 ? d.begin : code + d.begin, d.length, code + d.abort};
    for (unsigned i = 0; i < 32; ++i) bytes[64 + i] = static_cast<u8>(values[i / 8] >> (8 * (i % 8)));
    s.config.segments.push_back({kData, bytes});
    s.build();
    s.run(1);
    EXPECT_EQ(s.field("a", "fault_esr") != 0, d.fault) << d.version << ' ' << d.begin << ' ' << d.abort;
    if (!d.fault) {
      EXPECT_EQ(s.x("a", 19), d.begin == 0 ? 2u : 1u);
    }
    EXPECT_EQ(s.field("b", "state"), TaskState::Dead);
  }
}

TEST(Config, contradictions_are_user_errors) {
  const auto message = [](auto change) {
    System s(2);
    s.thread("a", s.process("p"), 0, "nop");
    change(s);
    try {
      s.build();
    } catch (const InputError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(message([](System& s) { s.config.threads[0].core = 2; }).find("core 2"), std::string::npos);
  EXPECT_NE(message([](System& s) { s.config.threads[0].process = 1; }).find("process 1"), std::string::npos);
  EXPECT_NE(message([](System& s) { s.config.threads[0].stack = 8; }).find("stack"), std::string::npos);
  EXPECT_NE(message([](System& s) { s.config.page_size = 8192; }).find("page size"), std::string::npos);
  EXPECT_NE(message([](System& s) { s.config.general_registers = 9; }).find("X20"), std::string::npos);
  EXPECT_NE(message([](System& s) {
              s.config.regions.push_back({kTextBase, 16, 0, -1, "mine"});
            }).find("mine"),
            std::string::npos);
  EXPECT_NE(
      message([](System& s) { s.config.threads.resize(10'000, s.config.threads[0]); }).find("10000 threads"),
      std::string::npos);
  EXPECT_EQ(message([](System&) {}), "");
}

}  // namespace
}  // namespace isobar::kernel::test
