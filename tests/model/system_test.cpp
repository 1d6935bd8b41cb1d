// Exceptions, interrupts, system registers and context synchronisation.
#include "tests/model/bench.h"

namespace isobar::model {
namespace {

/// Vectors that do `sync` for a synchronous exception and `irq` for an IRQ, from either level, and return.
std::string vectors(const std::string& sync, const std::string& irq) {
  return ".org 0x200\n" + sync + "eret\n .org 0x280\n" + irq + "eret\n .org 0x400\n" + sync + "eret\n .org 0x480\n" +
         irq + "eret\n .org 0x800\n nop\n";
}

u64 fault_class(const Bench& b) {
  Bench copy = b;
  copy.observables = {{trace::Observable::Kind::Fault, 0, isa::Reg::None, 0, 8, "fault"}};
  const auto r = copy.explore();
  EXPECT_EQ(r.outcomes.size(), 1u);
  return r.outcomes.begin()->first.values.at(0).lo >> 26 & 0x3f;
}

TEST(System, FaultsStopABareCoreWithTheirClass) {
  EXPECT_EQ(fault_class(Bench({"udf #0\n"})), 0x00u);
  EXPECT_EQ(fault_class(Bench({"svc #3\n"})), 0x15u);
  EXPECT_EQ(fault_class(Bench({"brk #1\n"})), 0x3cu);
  EXPECT_EQ(fault_class(Bench({"mov x1, #0x4000\n ldr x0, [x1]\n"})), 0x24u);    // unmapped
  EXPECT_EQ(fault_class(Bench({"adr x1, .\n str x1, [x1]\n"})), 0x24u);          // read-only code
  EXPECT_EQ(fault_class(Bench({"mov x1, #0x4000\n br x1\n"})), 0x20u);           // wild jump
  EXPECT_EQ(fault_class(Bench({"br x20\n"})), 0x00u);                            // zeros are not an instruction
  EXPECT_EQ(fault_class(Bench({"mrs x0, actlr_el1\n"})), 0x00u);                 // not at EL0
  EXPECT_EQ(fault_class(Bench({"eret\n"})), 0x00u);
}

TEST(System, AFaultDropsWhatIsYoungerAndKeepsWhatIsOlder) {
  Bench b({"mov w0, #1\n str w0, [x20]\n mov x1, #0x4000\n ldr x2, [x1]\n str w0, [x21]\n"});
  EXPECT_EQ(b.observe({"x", "y"}).states(), (Bench::States{{1, 0}}));
}

TEST(System, SvcRunsTheVectorAndReturns) {
  Bench b({"mov x0, #4\n svc #7\n add x0, x0, #1\n"});
  b.kernel(vectors("mrs x1, esr_el1\n mrs x2, elr_el1\n mrs x3, spsr_el1\n add x0, x0, #10\n", ""));
  b.observe({"0:X0", "0:X1", "0:X2", "0:X3"});
  EXPECT_EQ(b.states(), (Bench::States{{15, 0x56000007, Bench::kCode + 8, 0}}));
}

TEST(System, FlagsSurviveAnException) {
  Bench b({"cmp x0, #0\n svc #0\n cset x1, eq\n"});
  b.kernel(vectors("cmp x20, #0\n", "")).observe({"0:X1"});
  EXPECT_EQ(b.states(), (Bench::States{{1}}));
}

TEST(System, TakingAnExceptionIsNoBarrier) {
  const std::string t0 = "mov w0, #1\n str w0, [x20]\n svc #0\n ldr w1, [x21]\n";
  const std::string t1 = "mov w0, #1\n str w0, [x21]\n svc #0\n ldr w1, [x20]\n";
  Bench plain({t0, t1});
  EXPECT_TRUE(plain.kernel(vectors("", "")).observe({"0:X1", "1:X1"}).states().count({0, 0}));
  Bench barrier({t0, t1});
  EXPECT_FALSE(barrier.kernel(vectors("dmb ish\n", "")).observe({"0:X1", "1:X1"}).states().count({0, 0}));
}

TEST(System, AnSgiInterruptsTheTargetAnywhereOrAfterItsEnd) {
  // Core 0 sends SGI 3 to core 1, which counts to 2; the handler notes how far it came.
  Bench b({"mov x0, #2\n mov x1, #3\n orr x0, x0, x1, lsl #24\n msr icc_sgi1r_el1, x0\n",
           "mov x1, #1\n mov x1, #2\n wfi\n"});
  b.program.reset[0].el = 1;
  b.program.reset[0].daif = 15;
  b.kernel(vectors("", "mrs x2, icc_iar1_el1\n msr icc_eoir1_el1, x2\n mov x3, x1\n"));
  b.observe({"1:X1", "1:X2", "1:X3"});
  const Bench::States s = b.states();
  EXPECT_TRUE(s.count({2, 3, 2}));
  for (const auto& v : s) {
    EXPECT_EQ(v[0], 2u);
    EXPECT_EQ(v[1], 3u);
  }
}

TEST(System, MaskedInterruptsStayPending) {
  Bench b({"msr daifset, #2\n mov x0, #1\n mov x1, #3\n orr x0, x0, x1, lsl #24\n msr icc_sgi1r_el1, x0\n"
           "isb\n mov x4, #1\n msr daifclr, #2\n wfi\n mov x4, #2\n"});
  b.program.reset[0].el = 1;
  b.program.reset[0].sp_sel = true;
  b.kernel(vectors("", "mrs x2, icc_iar1_el1\n msr icc_eoir1_el1, x2\n mov x3, x4\n"));
  b.observe({"0:X2", "0:X3", "0:X4"});
  for (const auto& v : b.states()) {
    EXPECT_EQ(v[0], 3u);
    EXPECT_NE(v[1], 0u) << "taken while masked";
  }
}

TEST(System, TheTimerInterruptsWhenEnabled) {
  Bench b({"mov x0, #1\n msr cntv_ctl_el0, x0\n isb\n mov x1, #1\n mov x1, #2\n"});
  b.config.timer_ticks = 1;
  b.kernel(vectors("", "mrs x2, icc_iar1_el1\n msr icc_eoir1_el1, x2\n")).observe({"0:X1", "0:X2"});
  EXPECT_EQ(b.states(), (Bench::States{{2, 0}, {2, 27}}));
}

TEST(System, ActlrTsoActsAtTheLatestAtAContextSynchronisationEvent) {
  const auto reader = [](const std::string& after) {
    return "mov x0, #2\n msr actlr_el1, x0\n" + after + "ldr w1, [x21]\n ldr w2, [x20]\n";
  };
  const auto reordered = [&](const std::string& after) {
    Bench b({"mov w0, #1\n str w0, [x20]\n dmb ish\n str w0, [x21]\n", reader(after)});
    b.program.reset[1].el = 1;
    return b.observe({"1:X1", "1:X2"}).states().count({1, 0}) != 0;
  };
  EXPECT_TRUE(reordered(""));
  EXPECT_FALSE(reordered("isb\n"));
}

TEST(System, IdentificationFollowsTheMachine) {
  const auto read = [](const char* reg, TsoSupport tso) {
    Bench b({std::string("mov x0, #2\n msr actlr_el1, x0\n isb\n mrs x1, ") + reg + "\n"});
    b.program.reset[0].el = 1;
    b.config.core[0].tso = tso;
    return (*b.observe({"0:X1"}).states().begin())[0];
  };
  EXPECT_EQ(read("aidr_el1", TsoSupport::Actlr), 0x200u);
  EXPECT_EQ(read("aidr_el1", TsoSupport::ActlrReadOnly), 0x200u);
  EXPECT_EQ(read("aidr_el1", TsoSupport::None), 0u);
  EXPECT_EQ(read("aidr_el1", TsoSupport::Fixed), 0u);
  EXPECT_EQ(read("actlr_el1", TsoSupport::Actlr), 2u);
  EXPECT_EQ(read("actlr_el1", TsoSupport::ActlrReadOnly), 0u);
  EXPECT_EQ(read("actlr_el1", TsoSupport::None), 0u);
}

TEST(System, EntryAndReturnSynchroniseTheContextUnlessExsSaysNot) {
  // Core 1 reads the flag, then enters and leaves the kernel, then runs code that core 0 has replaced by NOP.
  const auto stale = [](bool eis, bool eos) {
    Bench b({"str w1, [x0]\n dc cvau, x0\n dsb ish\n ic ivau, x0\n dsb ish\n mov w2, #1\n str w2, [x20]\n",
             "ldr w1, [x20]\n cbz w1, out\n svc #0\n patch: b skip\n mov w3, #1\n skip:\n out:\n"},
            true);
    b.program.reset[0].registers.push_back({isa::x_reg(0), {b.labels.at("1:patch"), 0}});
    b.program.reset[0].registers.push_back({isa::x_reg(1), {0xd503201f, 0}});
    b.config.eis = eis;
    b.config.eos = eos;
    b.kernel(vectors("", "")).observe({"1:X1", "1:X3"});
    return b.states().count({1, 0}) != 0;
  };
  EXPECT_FALSE(stale(true, true));
  EXPECT_TRUE(stale(false, false));
}

TEST(System, EndlessLoopsHaveNoOutcomeAndEnd) {
  Bench b({"again: b again\n"});
  EXPECT_TRUE(b.observe({"0:X0"}).states().empty());
  Bench spin({"again: ldr w0, [x20]\n cbz w0, again\n", "mov w0, #1\n str w0, [x20]\n"});
  EXPECT_EQ(spin.observe({"0:X0"}).states(), (Bench::States{{1}}));
}

TEST(System, NonsenseConfigurationsAreRefused) {
  Bench b({"nop\n"});
  b.config.dic = true;
  EXPECT_THROW(Machine(b.config, b.program), InputError);
  b.config.dic = false;
  b.config.cores = 17;
  EXPECT_THROW(Machine(b.config, b.program), InputError);
}

}  // namespace
}  // namespace isobar::model
