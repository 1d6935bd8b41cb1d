// Return values of membarrier and whom it interrupts (MB- rules); its ordering is in ordering_test.cpp.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

constexpr u64 kEperm = static_cast<u64>(-1);
constexpr u32 kSyncCoreRegistered =
    MembarrierState::PrivateExpedited | MembarrierState::SyncCore | MembarrierState::SyncCoreReady;

constexpr u32 kRseqRegistered = MembarrierState::Rseq | MembarrierState::RseqReady;
constexpr u32 kGlobalRegistered = MembarrierState::GlobalExpedited | MembarrierState::GlobalExpeditedReady;

std::string membarrier(int command, unsigned flags, unsigned result, int cpu = 0) {
  return fmt::format(" mov w0, #{}\n mov w1, #{}\n mov w2, #{}\n mov w8, #283\n svc #0\n mov x{}, x0\n",
                     command, flags, cpu, result);
}

TEST(Membarrier, MB_1_flags_then_command_then_registration) {
  System s(2);
  s.thread("a", s.process("p"), 0,
           membarrier(8, 1, 10) + membarrier(0, 1, 11) + membarrier(3, 0, 12) + membarrier(128, 0, 13) +
               membarrier(8, 0, 14) + membarrier(32, 0, 15) + membarrier(-1, 0, 16) + membarrier(128, 2, 17) +
               membarrier(2, 1, 18) + membarrier(128, 1, 19) + kExit);
  s.build();
  s.run(1);
  for (unsigned r : {10u, 11u, 12u, 16u, 17u, 18u}) EXPECT_EQ(s.x("a", r), kEinval) << r;
  for (unsigned r : {13u, 14u, 15u, 19u}) EXPECT_EQ(s.x("a", r), kEperm) << r;
}

TEST(Membarrier, MB_2_query) {
  for (const bool global : {false, true}) {
    System s;
    s.thread("a", s.process("p", global ? kGlobalRegistered : 0), 0,
             membarrier(0, 0, 10) + membarrier(2, 0, 11) + membarrier(4, 0, 12) + kExit);
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("a", 10), global ? 0x3ffu : 0x3f9u);
    for (unsigned r : {11u, 12u}) EXPECT_EQ(s.x("a", r), global ? 0 : kEinval) << r;
  }
}

TEST(Membarrier, MB_10_MB_11_registrations) {
  System s(2);
  const int p = s.process("p");
  s.process("other", kGlobalRegistered);
  s.thread("a", p, 0,
           membarrier(512, 0, 10) + membarrier(64, 0, 11) + membarrier(512, 0, 12) + membarrier(8, 0, 13) +
               membarrier(16, 0, 14) + membarrier(16, 0, 15) + membarrier(512, 0, 16) + membarrier(8, 0, 17) +
               membarrier(32, 0, 18) + membarrier(4, 0, 22) + membarrier(256, 0, 23) + membarrier(512, 0, 24) +
               membarrier(128, 0, 25) + kExit);
  s.thread("b", p, 1, std::string("mov x1, #1") + kExit);
  s.build();
  s.run(5);
  EXPECT_EQ(s.x("a", 10), 0u);
  EXPECT_EQ(s.x("a", 11), 0u);
  EXPECT_EQ(s.x("a", 12), 80u) << "SYNC_CORE sets the PRIVATE_EXPEDITED bit too";
  EXPECT_EQ(s.x("a", 13), kEperm) << "but it is not ready";
  for (unsigned r : {14u, 15u, 17u, 18u, 22u, 23u, 25u}) EXPECT_EQ(s.x("a", r), 0u) << r;
  EXPECT_EQ(s.x("a", 16), 80u);
  EXPECT_EQ(s.x("a", 24), 80u | 4 | 256);
  EXPECT_EQ(s.symbol("mm_p.membarrier_state") & 0xff,
            kRegistered | kSyncCoreRegistered | kRseqRegistered | kGlobalRegistered);
}

TEST(Membarrier, MB_12_exec_clears_registrations) {
  System s;
  s.thread("a", s.process("p", kRegistered), 0,
           " adr x0, 1f\n mov x1, #0\n mov w8, #221\n svc #0\n1:" + membarrier(8, 0, 10) +
               membarrier(512, 0, 11) + kExit);
  s.build();
  s.run(1);
  EXPECT_EQ(s.x("a", 10), kEperm);
  EXPECT_EQ(s.x("a", 11), 0u);
}

using PerCore = std::array<unsigned, 4>;

/// Counts the interrupts that each core acknowledges while thread "a" on core 0 runs `command` once and cores
/// 1 to 3 run, until released: a thread of the same process, of another process, and none.
PerCore interrupted_by(int command, std::set<Knob> knobs, u64 seed, unsigned flags = 0, int cpu = 0) {
  System s(4);
  s.config.knobs = std::move(knobs);
  const int p = s.process("p", kRegistered | kSyncCoreRegistered | kRseqRegistered);
  const int q = s.process("q", kGlobalRegistered);
  const std::string wait = "1: ldar w1, [x20]\n cbz w1, 1b\n" + std::string(kExit);
  s.thread("a", p, 0, membarrier(command, flags, 10, cpu) + " mov w1, #1\n stlr w1, [x20]\n" + kExit);
  s.thread("b", p, 1, wait);
  s.thread("c", q, 2, wait);
  s.build();
  PerCore result{};
  s.on_step = [&](const model::MachineState& m, const model::Transition& t) {
    if (t.kind != model::TransitionKind::SystemAction) return;
    result[t.core] += m.core[t.core].window[t.slot].uop->sys == isa::Reg::ICC_IAR1_EL1;
  };
  s.run(seed);
  EXPECT_EQ(s.x("a", 10), 0u);
  return result;
}

TEST(Membarrier, MB_5_interrupts_only_cores_that_run_the_mm) {
  for (u64 seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(interrupted_by(8, {}, seed), (PerCore{0, 1, 0, 0})) << seed;
    EXPECT_EQ(interrupted_by(8, {Knob::no_ipi}, seed), (PerCore{0, 0, 0, 0})) << seed;
  }
}

TEST(Membarrier, MB_6_sync_core_includes_the_caller) {
  for (u64 seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(interrupted_by(32, {}, seed), (PerCore{1, 1, 0, 0})) << seed;
    EXPECT_EQ(interrupted_by(32, {Knob::sync_core_skip_self}, seed), (PerCore{0, 1, 0, 0}));
  }
}

TEST(Membarrier, MB_4_global_expedited_reaches_registered_processes) {
  for (u64 seed = 0; seed < 10; ++seed) EXPECT_EQ(interrupted_by(2, {}, seed), (PerCore{0, 0, 1, 0})) << seed;
}

TEST(Membarrier, MB_5_rseq_with_and_without_a_core) {
  for (u64 seed = 0; seed < 5; ++seed) {
    EXPECT_EQ(interrupted_by(128, {}, seed), (PerCore{0, 1, 0, 0})) << seed;
    EXPECT_EQ(interrupted_by(128, {}, seed, 1, 1), (PerCore{0, 1, 0, 0})) << seed;
    EXPECT_EQ(interrupted_by(128, {}, seed, 1, 0), (PerCore{1, 0, 0, 0})) << "the caller's, if asked for";
    EXPECT_EQ(interrupted_by(128, {}, seed, 1, 2), (PerCore{0, 0, 0, 0})) << "another process";
    EXPECT_EQ(interrupted_by(128, {}, seed, 1, 77), (PerCore{0, 0, 0, 0})) << "a core that does not exist";
    EXPECT_EQ(interrupted_by(128, {}, seed, 1, -1), (PerCore{0, 1, 0, 0})) << "negative: all";
  }
}

/// Every run queue has the registration when the call is back, and keeps it while threads of the process run.
TEST(Membarrier, MB_4_MB_10_registration_reaches_the_run_queues) {
  System s(3);
  const int p = s.process("p");
  s.process("other", kGlobalRegistered);
  const std::string wait = "1: ldar w1, [x20]\n cbz w1, 1b\n mov w8, #124\n svc #0\n";
  s.thread("a", p, 0, membarrier(4, 0, 10) + " mov w1, #1\n stlr w1, [x20]\n2: ldar w1, [x21]\n cbz w1, 2b\n" + kExit);
  s.thread("b", p, 1, wait + " mov w1, #1\n stlr w1, [x21]\n" + kExit);
  s.kernel_thread("k", 1, " nop\n b kthread_exit\n");
  s.build();
  u64 seen = 0;
  s.on_step = [&](const model::MachineState& m, const model::Transition&) {
    if (model::read_memory(m.storage, s.machine->image(), kData + 64, 4).lo == 0) return;
    if (seen++ != 0) return;
    for (unsigned c : {0u, 1u, 2u}) {
      const u64 at = s.shim.symbols.at(fmt::format("rq{}.membarrier_state", c));
      EXPECT_EQ(model::read_memory(m.storage, s.machine->image(), at, 4).lo & MembarrierState::GlobalExpedited,
                c < 2 ? u64{MembarrierState::GlobalExpedited} : 0u)
          << c;
    }
  };
  for (u64 seed = 0; seed < 5; ++seed) {
    seen = 0;
    s.run(seed);
    EXPECT_EQ(s.x("a", 10), 0u);
    EXPECT_GT(seen, 0u);
  }
}

TEST(Membarrier, MB_3_global_reaches_every_core) {
  for (u64 seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(interrupted_by(1, {}, seed), (PerCore{0, 1, 1, 1})) << seed;
  }
}

TEST(Membarrier, MB_5_a_single_thread_needs_no_interrupt) {
  System s(2);
  s.thread("a", s.process("p", kRegistered), 0, membarrier(8, 0, 10) + kExit);
  s.build();
  bool sent = false;
  s.on_step = [&](const model::MachineState& m, const model::Transition&) {
    sent |= m.storage.irq.pending[1] != 0;
  };
  s.run(1);
  EXPECT_EQ(s.x("a", 10), 0u);
  EXPECT_FALSE(sent);
}

/// Two callers wait for each other's interrupt: both must be able to take it.
TEST(Membarrier, R_4_two_callers_do_not_deadlock) {
  for (int command : {8, 32, 1}) {
    System s(3);
    const int p = s.process("p", kRegistered | kSyncCoreRegistered);
    for (const char* name : {"a", "b", "c"}) {
      s.thread(name, p, static_cast<unsigned>(name[0] - 'a'),
               membarrier(command, 0, 10) + membarrier(command, 0, 11) + kExit);
    }
    s.build();
    for (u64 seed = 0; seed < 20; ++seed) {
      s.run(seed);
      for (const char* name : {"a", "b", "c"}) {
        EXPECT_EQ(s.x(name, 10), 0u);
        EXPECT_EQ(s.x(name, 11), 0u);
      }
    }
  }
}

/// An interrupt that meets an exit: it comes before the system call or when the core idles, never instead of
/// the call.
TEST(Membarrier, R_4_an_interrupt_does_not_swallow_a_system_call) {
  System s(2);
  const int p = s.process("p", kRegistered);
  s.thread("a", p, 0, membarrier(8, 0, 10) + kExit);
  s.thread("b", p, 1, kExit);
  s.build();
  std::vector<trace::Observable> o{s.observe_x("b", 8), s.observe_x("b", 8)};
  o[1].addr = s.shim.symbols.at("task_b.fault_esr");
  EXPECT_EQ(s.outcomes(o), (std::vector<std::vector<u64>>{{93, 0}}));
}

}  // namespace
}  // namespace isobar::kernel::test
