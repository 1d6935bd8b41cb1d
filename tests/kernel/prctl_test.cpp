// PR_GET_MEM_MODEL and PR_SET_MEM_MODEL on each kind of machine (MM- rules), and tagged address control (MT- rules).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

using model::TsoSupport;

constexpr u64 kEopnotsupp = static_cast<u64>(-95);

/// prctl(option, a2, a3, a4, a5) with the result moved to x`result`.
std::string prctl(const char* option, u64 a2, u64 a3, u64 a4, u64 a5, unsigned result) {
  const u32 number = option == std::string("GET") ? 0x6d4d444c : 0x4d4d444c;
  return fmt::format(
      " movz w0, #{}\n movk w0, #{}, lsl #16\n mov x1, #{}\n mov x2, #{}\n mov x3, #{}\n mov x4, #{}\n"
      " mov w8, #167\n svc #0\n mov x{}, x0\n",
      number & 0xffff, number >> 16, a2, a3, a4, a5, result);
}
std::string get(unsigned result) {
  return prctl("GET", 0, 0, 0, 0, result);
}
std::string set(u64 model, unsigned result) {
  return prctl("SET", model, 0, 0, 0, result);
}

struct Kind {
  const char* name;
  std::vector<TsoSupport> cores;
  u64 set_default, set_tso, get_after_tso;
};
const std::vector<Kind> kKinds{
    {"none", {TsoSupport::None}, 0, kEinval, 0},
    {"actlr", {TsoSupport::Actlr}, 0, 0, 1},
    {"actlr-read-only", {TsoSupport::ActlrReadOnly}, 0, 0, 1},
    {"fixed", {TsoSupport::Fixed}, 0, 0, 0},
    {"non-uniform", {TsoSupport::Actlr, TsoSupport::None}, 0, kEinval, 0},
    {"non-uniform fixed", {TsoSupport::Fixed, TsoSupport::None}, 0, kEinval, 0},
};

System system_of(const Kind& kind) {
  System s(static_cast<unsigned>(kind.cores.size()));
  for (std::size_t c = 0; c < kind.cores.size(); ++c) s.machine_config.core[c].tso = kind.cores[c];
  return s;
}

TEST(Prctl, MM_1_get_rejects_arguments) {
  for (const Kind& kind : kKinds) {
    System s = system_of(kind);
    std::string text;
    for (unsigned a = 0; a < 4; ++a) text += prctl("GET", a == 0, a == 1, a == 2, a == 3, 10 + a);
    s.thread("a", s.process("p"), 0, text + get(14) + kExit);
    s.build();
    s.run(1);
    for (unsigned a = 0; a < 4; ++a)
      EXPECT_EQ(s.x("a", 10 + a), kEinval) << kind.name << " argument " << a + 2;
    EXPECT_EQ(s.x("a", 14), 0u) << kind.name;
  }
}

TEST(Prctl, MM_1_get_reads_the_saved_copy) {
  System s;
  s.machine_config.core[0].tso = TsoSupport::ActlrReadOnly;
  s.thread("a", s.process("p"), 0, set(1, 10) + get(11) + kExit);
  s.build();
  s.run(1);
  EXPECT_EQ(s.x("a", 11), 1u) << "although the bit never stuck";
}

TEST(Prctl, MM_2_set_on_each_kind_of_machine) {
  for (const Kind& kind : kKinds) {
    System s = system_of(kind);
    s.thread("a", s.process("p"), 0, set(0, 10) + set(1, 11) + get(12) + set(0, 13) + get(14) + kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 10), kind.set_default) << kind.name;
    EXPECT_EQ(s.x("a", 11), kind.set_tso) << kind.name;
    EXPECT_EQ(s.x("a", 12), kind.get_after_tso) << kind.name;
    EXPECT_EQ(s.x("a", 13), kind.set_default) << kind.name;
    EXPECT_EQ(s.x("a", 14), 0u) << kind.name;
  }
}

TEST(Prctl, MM_2_set_rejects_arguments_and_unknown_models) {
  for (const Kind& kind : kKinds) {
    System s = system_of(kind);
    std::string text =
        prctl("SET", 0, 1, 0, 0, 10) + prctl("SET", 0, 0, 1, 0, 11) + prctl("SET", 0, 0, 0, 1, 12) +
        prctl("SET", 1, 1, 0, 0, 13) + set(2, 14) + set(0x100000000, 15) +
        " mov x16, #1\n orr x16, x16, #0x100000000\n movz w0, #0x444c\n movk w0, #0x4d4d, lsl #16\n"
        " mov x1, x16\n mov x2, #0\n mov x3, #0\n mov x4, #0\n svc #0\n mov x16, x0\n" +
        get(17);
    s.thread("a", s.process("p"), 0, text + kExit);
    s.build();
    s.run(1);
    for (unsigned r = 10; r < 17; ++r) EXPECT_EQ(s.x("a", r), kEinval) << kind.name << " x" << r;
    EXPECT_EQ(s.x("a", 17), 0u) << kind.name;
  }
}

TEST(Prctl, MM_2_kernel_without_the_feature) {
  for (const Policy policy : {Policy::StaticFirmware, Policy::Page4k}) {
    System s;
    s.config.policy = policy;
    s.thread("a", s.process("p"), 0, set(0, 10) + set(1, 11) + get(12) + kExit);
    s.build();
    s.run(1);
    for (unsigned r = 10; r < 13; ++r) EXPECT_EQ(s.x("a", r), kEinval);
  }
}

TEST(Prctl, P5_page_size_decides) {
  System s;
  s.config.policy = Policy::Page4k;
  s.config.page_size = 4096;
  s.thread("a", s.process("p"), 0, set(1, 10) + get(11) + kExit);
  s.build();
  s.run(1);
  EXPECT_EQ(s.x("a", 10), 0u);
  EXPECT_EQ(s.x("a", 11), 1u);
}

TEST(Prctl, MM_3_clone_takes_the_live_register) {
  const std::string clone =
      " movz x0, #0x0900\n movk x0, #1, lsl #16\n mov x1, #0\n mov x2, #0\n mov x3, #0\n mov x4, #0\n mov "
      "w8, #220\n"
      " svc #0\n cbz x0, 1f\n mov x28, x0\n";
  for (unsigned core : {0u, 1u}) {
    System s(2);
    const int p = s.process("p");
    // Setting the model again in the parent must not reach the child.
    s.thread("a", p, 0, set(1, 10) + clone + set(0, 11) + kExit + "1:" + get(12) + kExit);
    s.thread("child", p, core, "nop").reserve = true;
    s.build();
    for (u64 seed = 0; seed < 8; ++seed) {
      s.run(seed);
      EXPECT_EQ(s.x("a", 28), 2u) << "the child's thread id";
      EXPECT_EQ(s.x("child", 12), 1u) << "core " << core;
      EXPECT_EQ(s.field("child", "state"), TaskState::Dead);
    }
  }
}

/// A register that says TSO while the saved copy does not: only the live value is right for the child.
TEST(Prctl, MM_3_stale_saved_copy_is_caught) {
  for (const bool stale : {false, true}) {
    System s;
    if (stale) s.config.knobs = {Knob::fork_copies_stale_saved_actlr};
    const int p = s.process("p");
    ThreadConfig& a =
        s.thread("a", p, 0,
                 " movz x0, #0x0900\n movk x0, #1, lsl #16\n mov x1, #0\n mov x3, #0\n mov w8, #220\n"
                 " svc #0\n cbz x0, 1f\n" +
                     std::string(kExit) + "1:" + get(12) + kExit);
    a.tso = true;
    s.thread("child", p, 0, "nop").reserve = true;
    s.build();
    // The kernel was told otherwise: as after a write of ACTLR_EL1 by something else (CS-1).
    for (model::Segment& segment : s.shim.program.segments) {
      if (segment.base == s.shim.symbols.at("task_a")) segment.bytes.at(TaskField::Actlr) = 0;
    }
    s.run(1);
    EXPECT_EQ(s.x("child", 12), stale ? 0u : 1u);
  }
}

TEST(Prctl, MM_4_exec_resets_and_a_failing_exec_does_not) {
  for (const bool keep : {false, true}) {
    System s;
    if (keep) s.config.knobs = {Knob::exec_keeps_tso};
    s.thread(
         "a", s.process("p"), 0,
         set(1, 10) + " mov x0, #0\n mov w8, #221\n svc #0\n mov x11, x0\n" + get(12) +
             " str x11, [x20]\n str x12, [x20, #8]\n adr x0, 1f\n mov x1, #0\n mov w8, #221\n svc #0\n1:" +
             get(13) + " mrs x14, tpidr_el0\n" + kExit)
        .registers.push_back({isa::Reg::TPIDR_EL0, 5});
    s.build();
    s.run(1);
    EXPECT_EQ(s.memory(kData), static_cast<u64>(-2)) << "ENOENT";
    EXPECT_EQ(s.memory(kData + 8), 1u) << "still TSO";
    EXPECT_EQ(s.x("a", 13), keep ? 1u : 0u);
    EXPECT_EQ(s.x("a", 14), 0u);
    EXPECT_EQ(s.x("a", 20), 0u) << "registers are cleared";
  }
}

TEST(Prctl, MM_7_preemption_between_the_two_writes_loses_the_first) {
  unsigned lost = 0;
  for (const bool preemptible : {false, true}) {
    System s;
    if (preemptible) s.config.knobs = {Knob::actlr_set_preemptible};
    s.machine_config.timer_ticks = 1;
    const int p = s.process("p");
    s.thread("a", p, 0, set(1, 10) + get(11) + kExit);
    s.thread("b", p, 0, kExit);
    s.build();
    const std::vector<std::vector<u64>> seen = s.outcomes({s.observe_x("a", 10), s.observe_x("a", 11)});
    for (const std::vector<u64>& v : seen) {
      EXPECT_EQ(v[0], 0u);
      lost += v[1] == 0;
    }
    EXPECT_EQ(lost, preemptible ? 1u : 0u);
  }
}

TEST(Prctl, MM_8_probing_finds_out_that_the_bit_does_not_stick) {
  for (const bool probe : {false, true}) {
    System s;
    s.machine_config.core[0].tso = TsoSupport::ActlrReadOnly;
    if (probe) s.config.policy = Policy::PrctlProbe;
    const int p = s.process("p");
    s.thread("a", p, 0, set(1, 10) + get(11) + " mov w8, #124\n svc #0\n" + get(12) + set(0, 13) + kExit);
    s.thread("b", p, 0, kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 10), probe ? kEopnotsupp : 0u);
    EXPECT_EQ(s.x("a", 11), probe ? 0u : 1u);
    EXPECT_EQ(s.x("a", 12), 0u) << "after one context switch GET tells the truth";
    EXPECT_EQ(s.x("a", 13), 0u);
  }
}

/// prctl(55 or 56, a2, a3, a4, a5): PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL.
std::string tags(unsigned option, u64 a2, u64 a3, u64 a4, u64 a5, unsigned result) {
  return fmt::format(" mov x0, #{}\n ldr x1, ={}\n mov x2, #{}\n mov x3, #{}\n mov x4, #{}\n mov w8, #167\n svc #0\n mov x{}, x0\n",
                     option, a2, a3, a4, a5, result);
}

TEST(Prctl, MT_1_tagged_address_control) {
  for (const bool tagging : {false, true}) {
    System s;
    s.machine_config.tagging = tagging;
    s.thread("a", s.process("p"), 0,
             tags(56, 0, 0, 0, 0, 9) + tags(55, 1, 1, 0, 0, 10) + tags(55, 1, 0, 1, 0, 11) + tags(55, 1, 0, 0, 1, 12) +
                 tags(55, 1 << 19, 0, 0, 0, 13) + tags(56, 1, 0, 0, 0, 14) + tags(55, 0x7fff3, 0, 0, 0, 15) +
                 tags(56, 0, 0, 0, 0, 16) + tags(55, 1, 0, 0, 0, 17) + tags(56, 0, 0, 0, 0, 18) + kExit + " .ltorg\n");
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 9), 0u);
    for (unsigned r : {10u, 11u, 12u, 13u, 14u}) EXPECT_EQ(s.x("a", r), kEinval) << r;
    EXPECT_EQ(s.x("a", 15), tagging ? 0 : kEinval);
    EXPECT_EQ(s.x("a", 16), tagging ? 0x7fff3u : 0u);
    EXPECT_EQ(s.x("a", 17), 0u);
    EXPECT_EQ(s.x("a", 18), 1u);
  }
}

TEST(Prctl, MT_2_MT_3_checks_and_who_inherits_them) {
  for (const auto& [control, tcf] : {std::pair{0x1b, 1u}, std::pair{0x1d, 2u}, std::pair{0x1f, 2u}, std::pair{0x19, 0u}}) {
    System s;
    s.machine_config.tagging = true;
    const int p = s.process("p");
    s.thread("a", p, 0,
             tags(55, static_cast<u64>(control), 0, 0, 0, 10) +
                 " mov x0, #0x0900\n movk x0, #1, lsl #16\n mov x1, #0\n mov w8, #220\n svc #0\n cbz x0, 1f\n"
                 " mov w8, #124\n svc #0\n adr x0, 1f\n mov x1, #0\n mov w8, #221\n svc #0\n1:" +
                 tags(56, 0, 0, 0, 0, 11) + kExit + " .ltorg\n");
    s.thread("child", p, 0, "nop").reserve = true;
    s.build();
    u64 in_child = ~u64{0}, at_end = 0, excluded = 0;
    s.on_step = [&, control_task = s.shim.symbols.at("task_child")](const model::MachineState& m, const model::Transition& t) {
      if (t.kind != model::TransitionKind::Fetch || m.core[0].context.el != 0) return;
      at_end = m.core[0].reg[isa::index(isa::Reg::SCTLR_EL1)] >> 38 & 3;
      if (m.core[0].reg[isa::index(isa::Reg::SP_EL1)] != control_task) return;
      in_child = at_end;
      excluded = m.core[0].reg[isa::index(isa::Reg::GCR_EL1)];
    };
    s.run(1);
    EXPECT_EQ(s.x("child", 11), static_cast<u64>(control));
    EXPECT_EQ(in_child, tcf) << control;
    EXPECT_EQ(excluded, 0x1fffcu) << "RRND, and all tags but the two that IRG may choose";
    EXPECT_EQ(s.x("a", 11), 0u) << "after execve";
    EXPECT_EQ(at_end, 0u);
  }
}

}  // namespace
}  // namespace isobar::kernel::test
