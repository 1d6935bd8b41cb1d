// The image of the shim: it assembles in every configuration, and C++ and assembly agree on the layout.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "kernel-shim/layout.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

void build(unsigned cores, const std::set<Knob>& knobs, Policy policy, bool eos, model::TsoSupport tso) {
  System s(cores);
  s.config.knobs = knobs;
  s.config.policy = policy;
  s.config.timer_period = 100'000;
  s.machine_config.eos = eos;
  for (unsigned c = 0; c < cores; ++c) s.machine_config.core[c].tso = tso;
  s.thread("a", s.process("p"), 0, "mov w8, #94\n mov w8, #96");
  EXPECT_NO_THROW(s.build());
}

TEST(Image, assembles_with_each_knob_and_all_of_them) {
  std::set<Knob> all;
  for (const KnobInfo& k : knobs()) {
    build(2, {k.knob}, Policy::PrctlV1, true, model::TsoSupport::Actlr);
    all.insert(k.knob);
    EXPECT_EQ(parse_knob(k.name), k.knob);
  }
  EXPECT_EQ(parse_knob("no_such_knob"), std::nullopt);
  for (unsigned cores : {1u, 2u, 16u}) {
    build(cores, all, Policy::PrctlProbe, false, model::TsoSupport::Actlr);
    build(cores, {}, Policy::PrctlV1, true, model::TsoSupport::Fixed);
    build(cores, {}, Policy::StaticFirmware, true, model::TsoSupport::None);
  }
}

TEST(Image, functions_for_kernel_threads_stay_where_they_are) {
  model::MachineConfig two, sixteen;
  sixteen.cores = 16;
  ShimConfig plain, other;
  other.general_registers = 3;
  other.knobs = {Knob::no_ipi, Knob::no_switch_dsb};
  EXPECT_EQ(text_symbols(plain, two), text_symbols(other, sixteen));
  EXPECT_EQ(text_symbols(plain, two).size(), 4u);
}

TEST(Image, only_the_registers_that_programs_use_are_kept) {
  System s;
  const int p = s.process("p");
  s.thread("a", p, 0, "mov x3, #3\n mov w8, #93\n svc #0").registers.clear();
  s.build();
  s.run(1);
  EXPECT_EQ(s.x("a", 3), 3u);
  EXPECT_EQ(s.x("a", 8), 93u);
  System all;
  const int q = all.process("p");
  all.thread("a", q, 0, "mov x30, #3\n mov w8, #93\n svc #0");
  all.build();
  all.run(1);
  EXPECT_EQ(all.x("a", 30), 3u);
}

TEST(Image, layout_agrees_with_the_assembly) {
  std::ifstream file(ISOBAR_SOURCE_DIR "/kernel-shim/asm/00-layout.S");
  std::map<std::string, u64> set;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string directive, name, value;
    if (words >> directive >> name >> value && directive == ".set") {
      set[name.substr(0, name.size() - 1)] = std::stoull(value, nullptr, 0);
    }
  }
  const std::map<std::string, u64> expected{
      {"T_MM", TaskField::Mm},
      {"T_ACTIVE_MM", TaskField::ActiveMm},
      {"T_ACTLR", TaskField::Actlr},
      {"T_STATE", TaskField::State},
      {"T_NEXT", TaskField::Next},
      {"T_TID", TaskField::Tid},
      {"T_CPU", TaskField::Cpu},
      {"T_EXIT", TaskField::Exit},
      {"T_FAULT_ESR", TaskField::FaultEsr},
      {"T_FAULT_PC", TaskField::FaultPc},
      {"T_FAULT_FAR", TaskField::FaultFar},
      {"T_PREEMPT", TaskField::Preempt},
      {"T_RESUME", TaskField::Resume},
      {"T_RSEQ", TaskField::Rseq},
      {"T_TCF", TaskField::Tcf},
      {"T_GCR", TaskField::Gcr},
      {"T_TAG_CTRL", TaskField::TagCtrl},
      {"T_RSEQ_SIG", TaskField::RseqSignature},
      {"T_RSEQ_LEN", TaskField::RseqLength},
      {"T_MM_CID", TaskField::ConcurrencyId},
      {"RSEQ_SIZE", kRseqSize},
      {"T_CLEAR_TID", TaskField::ClearTid},
      {"T_VECTORS", TaskField::Vectors},
      {"T_FPCR", TaskField::Fpcr},
      {"T_FPSR", TaskField::Fpsr},
      {"F_X0", TaskField::X0},
      {"F_ELR", TaskField::Elr},
      {"F_SPSR", TaskField::Spsr},
      {"F_SP0", TaskField::Sp0},
      {"F_TPIDR0", TaskField::Tpidr0},
      {"TASK_DEAD", TaskState::Dead},
      {"TASK_MIGRATING", TaskState::Migrating},
      {"TASK_NEW", TaskState::New},
      {"MM_TTBR0", MmField::Ttbr0},
      {"MM_USERS", MmField::Users},
      {"MM_MEMBARRIER_STATE", MmField::MembarrierState},
      {"MM_FREE_TASKS", MmField::FreeTasks},
      {"MM_GROUP_EXIT", MmField::GroupExit},
      {"MM_LIVE", MmField::Live},
      {"RQ_CURR", RunQueueField::Curr},
      {"RQ_CSD", RunQueueField::Csd},
      {"RQ_IDLE", RunQueueField::Idle},
      {"RQ_CPU", RunQueueField::Cpu},
      {"RQ_NEED_RESCHED", RunQueueField::NeedResched},
      {"RQ_PANIC_ESR", RunQueueField::PanicEsr},
      {"RQ_PANIC_PC", RunQueueField::PanicPc},
      {"RQ_PANIC_FAR", RunQueueField::PanicFar},
      {"RQ_MEMBARRIER_STATE", RunQueueField::MembarrierState},
      {"RQ_WAKE", RunQueueField::Wake},
      {"RQ_SIZE", kRunQueueSize},
      {"RQ_BASE", kRunQueueBase},
      {"GLOBALS", kGlobalsBase},
  };
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(set.contains(name)) << name;
    EXPECT_EQ(set.at(name), value) << name;
  }
}

}  // namespace
}  // namespace isobar::kernel::test
