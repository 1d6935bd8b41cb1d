// What membarrier and the context switch order, and which barrier of the kernel each guarantee hangs on:
// complete searches with the shim as it is and with single barriers left out (MB-13, section 11).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

// The arguments of membarrier are preset, and x4 is 1: the fewer instructions, the more of the call fits the
// window.
constexpr char kMembarrier[] = " svc #0\n";
constexpr char kWriteX[] = " str w4, [x5]\n", kWriteY[] = " str w4, [x6]\n";
constexpr char kReadX[] = " ldr w2, [x5]\n", kReadY[] = " ldr w3, [x6]\n";

using Values = std::vector<u64>;

bool contains(const std::vector<Values>& all, const Values& v) {
  return std::find(all.begin(), all.end(), v) != all.end();
}

std::string print(const std::set<Knob>& knobs) {
  std::string s;
  for (const KnobInfo& k : kernel::knobs()) {
    if (knobs.contains(k.knob)) s += std::string(k.name) + " ";
  }
  return s.empty() ? "unbroken" : s;
}

struct Case {
  std::set<Knob> knobs;
  bool seen;  ///< the weak outcome
  bool eos = true;
};

/// Builds the same system for each case and looks for `weak` among the outcomes.
template <class Build>
void check(const std::vector<Case>& cases, const Values& weak, Build build) {
  for (const Case& c : cases) {
    System s(2);
    s.config.knobs = c.knobs;
    s.machine_config.eos = c.eos;
    s.config.general_registers = 9;
    const std::vector<trace::Observable> observables = build(s);
    explore::SearchResult r;
    const std::vector<Values> outcomes = s.outcomes(observables, &r);
    EXPECT_EQ(contains(outcomes, weak), c.seen)
        << print(c.knobs) << (c.eos ? "" : "EOS = 0 ") << r.states << " states";
    EXPECT_GT(outcomes.size(), 1u) << print(c.knobs);
    ::testing::Test::RecordProperty(print(c.knobs) + (c.eos ? "" : "EOS = 0 "),
                                    fmt::format("{} states, {:.2f} s", r.states, r.seconds));
  }
}

std::vector<trace::Observable> observe(System& s, const char* a, unsigned x, const char* b, unsigned y) {
  for (ThreadConfig& t : s.config.threads) {
    t.registers = {{isa::x_reg(4), 1}, {isa::x_reg(5), kData}, {isa::x_reg(6), kData + 64}};
    if (t.process < 0) t.registers = {{isa::x_reg(20), kData}, {isa::x_reg(21), kData + 64}};
    if (t.name == std::string("a"))
      t.registers.insert(t.registers.end(), {{isa::x_reg(0), 8}, {isa::x_reg(8), 283}});
  }
  s.build();
  return {s.observe_x(a, x), s.observe_x(b, y)};
}

/// Store buffering against a thread in user mode with no barrier: the interrupt is its barrier.
TEST(MembarrierOrder, MB_13_store_buffering_hangs_on_the_interrupt) {
  check({{{}, false}, {{Knob::no_ipi}, true}, {{Knob::iar_dsb}, false}}, {0, 0}, [](System& s) {
    const int p = s.process("p", kRegistered);
    s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
    s.thread("b", p, 1, std::string(kWriteY) + kReadX + kExit);
    return observe(s, "a", 3, "b", 2);
  });
}

/// Load buffering: the reads before the call are done before the interrupt is sent.
TEST(MembarrierOrder, MB_13_entry_barrier_orders_loads) {
  check({{{}, false}, {{Knob::no_entry_mb}, true}}, {1, 1}, [](System& s) {
    const int p = s.process("p", kRegistered);
    s.thread("a", p, 0, std::string(kReadX) + kMembarrier + kWriteY + kExit);
    s.thread("b", p, 1, std::string(kReadY) + kWriteX + kExit);
    return observe(s, "a", 2, "b", 3);
  });
}

/// The Dekker argument of the system call: its read of rq->curr against the write of rq->curr in the context
/// switch. b writes y and leaves; a finds another mm in rq->curr, sends nothing, and must still see y.
TEST(MembarrierOrder, MB_13_context_switch_out) {
  check({{{}, false}, {{Knob::no_mb_before_curr}, true}, {{Knob::no_switch_dsb}, false}}, {0, 0},
        [](System& s) {
          const int p = s.process("p", kRegistered);
          s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
          s.thread("b", p, 1, std::string(kWriteY) + kReadX + kYield + kExit);
          s.kernel_thread("k", 1, "b kthread_exit");
          return observe(s, "a", 3, "b", 2);
        });
}

/// The other side of it: a thread of another process leaves, b comes and writes y.
TEST(MembarrierOrder, MB_13_context_switch_in) {
  check({{{}, false}, {{Knob::no_switch_dsb}, true}, {{Knob::no_entry_mb}, true}}, {0, 0}, [](System& s) {
    const int p = s.process("p", kRegistered);
    s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
    s.thread("other", s.process("q"), 1, std::string(kYield) + kExit);
    s.thread("b", p, 1, std::string(kWriteY) + kReadX + kExit);
    return observe(s, "a", 3, "b", 2);
  });
}

/// A kernel thread has borrowed the mm and gives the core back: no TTBR0_EL1 write, no interrupt (MB-8).
TEST(MembarrierOrder, MB_8_lazy_mm) {
  check({{{}, false},
         {{Knob::no_switch_dsb}, false},
         {{Knob::no_mmdrop_mb}, false},
         {{Knob::no_switch_dsb, Knob::no_mmdrop_mb}, true}},
        {0, 0}, [](System& s) {
          const int p = s.process("p", kRegistered);
          s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
          s.thread("b", p, 1, std::string(kYield) + kWriteY + kReadX + kExit);
          s.kernel_thread("k", 1, "b kthread_exit");
          return observe(s, "a", 3, "b", 2);
        });
}

TEST(MembarrierOrder, MB_13_exit_mm) {
  check({{{}, false}, {{Knob::exit_mm_no_mb}, true}}, {0, 0}, [](System& s) {
    const int p = s.process("p", kRegistered);
    s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
    s.thread("b", p, 1, std::string(kWriteY) + kReadX + kExit);
    return observe(s, "a", 3, "b", 2);
  });
}

/// A kernel thread adopts the mm, writes y and reads x, and leaves it again.
TEST(MembarrierOrder, MB_13_use_mm) {
  check({{{}, false}, {{Knob::use_mm_no_mb}, true}}, {0, 0}, [](System& s) {
    const int p = s.process("p", kRegistered);
    s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
    s.kernel_thread("k", 1,
                    " movz x0, #0x4006, lsl #16\n bl kthread_use_mm\n mov w1, #1\n str w1, [x21]\n"
                    " ldr w22, [x20]\n bl kthread_unuse_mm\n str w22, [x20, #128]\n b kthread_exit");
    s.thread("c", p, 0, kExit);  // a process with a single thread needs no barrier
    std::vector<trace::Observable> o = observe(s, "a", 3, "a", 3);
    o[1].addr = kData + 128;
    return o;
  });
}

/// Leaving the barrier at the end of the call out changes nothing while ERET synchronises: a read of rq->curr
/// that found another mm controls it. Without (EOS = 0) the last reads of the call and the first of the
/// thread may swap.
TEST(MembarrierOrder, MB_13_exit_barrier) {
  const Knob eret = Knob::actlr_missing_isb_with_eos0;
  check({{{}, false},
         {{Knob::no_exit_mb}, false},
         {{eret}, false, false},
         {{Knob::no_exit_mb, eret}, true, false}},
        {0, 0}, [](System& s) {
          const int p = s.process("p", kRegistered);
          s.thread("a", p, 0, std::string(kWriteX) + kMembarrier + kReadY + kExit);
          s.thread("b", p, 1, std::string(kWriteY) + kReadX + kExit);
          return observe(s, "a", 3, "b", 2);
        });
}

}  // namespace
}  // namespace isobar::kernel::test
