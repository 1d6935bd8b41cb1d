// The functional interpreter: limits, faults, what the instruction side keeps, permissions.
#include "functional/core.h"

#include <gtest/gtest.h>

#include <memory>

#include "isa/assembler.h"

namespace isobar::functional {
namespace {

using isa::FaultKind;
using isa::StepResult;

constexpr u64 kCode = 0x400000, kData = 0x500000;

class FunctionalCore : public testing::Test {
 protected:
  void load(const char* text, bool coherent_fetch = false, u8 permissions = kRead | kWrite | kExecute) {
    memory = std::make_unique<Memory>(64, coherent_fetch);
    memory->map(kCode, kCode + 2 * kPageSize, permissions);
    memory->map(kData, kData + kPageSize, kRead | kWrite);
    program = isa::assemble(text, kCode);
    memory->write(kCode, program.bytes.data(), program.bytes.size(), kExecute);
    core = std::make_unique<Core>(*memory);
    core->state().pc = kCode;
    core->state().x[20] = kData;
  }
  u64 x(unsigned n) const { return core->state().x[n]; }
  u64 label(const char* name) const { return program.labels.at(name); }

  std::unique_ptr<Memory> memory;
  std::unique_ptr<Core> core;
  isa::Assembly program;
};

TEST_F(FunctionalCore, StopsExactlyAtTheLimitAndGoesOn) {
  load("mov x0,#0\n1: add x0,x0,#1\n b 1b\n");
  EXPECT_EQ(core->run(7).kind, StepResult::Kind::Completed);
  EXPECT_EQ(x(0), 3u);
  EXPECT_EQ(core->executed(), 7u);
  EXPECT_EQ(core->run(2).kind, StepResult::Kind::Completed);
  EXPECT_EQ(x(0), 4u);
  EXPECT_EQ(core->executed(), 9u);
}

TEST_F(FunctionalCore, StopsAtASystemCallWithThePcOnIt) {
  load("mov x8,#64\ncall: svc #5\n");
  const StepResult r = core->run(100);
  EXPECT_EQ(r.kind, StepResult::Kind::Exception);
  EXPECT_EQ(r.exception, isa::ExceptionOp::Svc);
  EXPECT_EQ(r.immediate, 5u);
  EXPECT_EQ(core->state().pc, label("call"));
}

TEST_F(FunctionalCore, RunsAcrossPagesByFallingThroughAndByBranching) {
  load("mov x0,#1\n b far\n .space 4088\nfar: add x0,x0,#1\n .space 64\n");
  const u64 end = kCode + kPageSize - 4;
  const u32 nop = 0xd503201f;
  memory->write(end, &nop, 4, kExecute);
  core->run(3);
  EXPECT_EQ(x(0), 2u);
  core->state().pc = end;
  EXPECT_EQ(core->run(2).kind, StepResult::Kind::Completed);
  EXPECT_EQ(x(0), 3u);
}

TEST_F(FunctionalCore, FaultsSayWhereAndLeaveTheStateAlone) {
  load("mov x1,#0xfff\n add x1,x1,x20\n mov x2,#7\nbad: str x2,[x1],#8\n");
  StepResult r = core->run(10);
  EXPECT_EQ(r.kind, StepResult::Kind::Fault);
  EXPECT_EQ(r.fault, FaultKind::Write);
  EXPECT_EQ(core->fault_byte(), kData + kPageSize);
  EXPECT_EQ(core->state().pc, label("bad"));
  EXPECT_EQ(x(1), kData + 0xfff);
  u8 last = 1;
  memory->read(kData + 0xfff, &last, 1);
  EXPECT_EQ(last, 0);

  load("br x20\n");
  r = core->run(10);
  EXPECT_EQ(r.fault, FaultKind::Fetch);
  EXPECT_EQ(core->state().pc, kData);

  load("add x0,x20,#2\n br x0\n");
  EXPECT_EQ(core->run(10).fault, FaultKind::PcAlignment);
}

TEST_F(FunctionalCore, PermissionsHoldAfterTheyHaveChanged) {
  load("1: str x20,[x20]\n ldr x0,[x20]\n b 1b\n");
  EXPECT_EQ(core->run(30).kind, StepResult::Kind::Completed);
  memory->protect(kData, kData + kPageSize, kRead);
  EXPECT_EQ(core->run(30).fault, FaultKind::Write);
  memory->protect(kData, kData + kPageSize, kRead | kWrite);
  EXPECT_EQ(core->run(30).kind, StepResult::Kind::Completed);
  memory->unmap(kData, kData + kPageSize);
  EXPECT_EQ(core->run(30).fault, FaultKind::Write);
  memory->protect(kCode, kCode + kPageSize, kRead);
  EXPECT_EQ(core->run(30).fault, FaultKind::Fetch);
}

TEST_F(FunctionalCore, TaggedAddressesReachTheSameBytes) {
  load("mov x0,#0x5a\n mov x1,x20\n movk x1,#0x5a00,lsl #48\n str x0,[x1]\n ldr x2,[x20]\n ldr x3,[x1]\n");
  EXPECT_EQ(core->run(6).kind, StepResult::Kind::Completed);
  EXPECT_EQ(x(2), 0x5au);
  EXPECT_EQ(x(3), 0x5au);
}

constexpr const char* kModifies =
    "adr x0,target\n"
    "bl target\n mov x5,x4\n"
    "ldr w1,new\n str w1,[x0]\n"
    "bl target\n mov x6,x4\n"
    "dc cvau,x0\n dsb ish\n ic ivau,x0\n dsb ish\n isb\n"
    "bl target\n mov x7,x4\n"
    "end: b end\n"
    ".balign 64\ntarget: mov x4,#1\n ret\n"
    ".balign 64\nnew: mov x4,#2\n";

TEST_F(FunctionalCore, ACachedLineStaysUntilItIsInvalidated) {
  load(kModifies);
  core->run(100);
  EXPECT_EQ(core->state().pc, label("end"));
  EXPECT_EQ(x(5), 1u);
  EXPECT_EQ(x(6), 1u);
  EXPECT_EQ(x(7), 2u);
}

TEST_F(FunctionalCore, ACoherentInstructionSideSeesEveryStore) {
  load(kModifies, true);
  core->run(100);
  EXPECT_EQ(x(5), 1u);
  EXPECT_EQ(x(6), 2u);
  EXPECT_EQ(x(7), 2u);
}

TEST_F(FunctionalCore, InstructionsOfHigherLevelsAndOfMemoryTaggingAreUndefined) {
  for (const char* text : {"ic iallu", "tlbi vmalle1", "dc ivac,x20", "hvc #0", "smc #0", "hlt #0", "msr sctlr_el1,x0",
                           "mrs x0,midr_el1", "eret", "msr daifset,#2",
                           ".arch_extension memtag\n stg x20,[x20]", ".arch_extension memtag\n irg x0,x0"}) {
    load(text);
    const StepResult r = core->run(1);
    EXPECT_EQ(r.kind, StepResult::Kind::Exception) << text;
    EXPECT_EQ(r.exception, isa::ExceptionOp::Undefined) << text;
    EXPECT_EQ(core->state().pc, kCode) << text;
  }
}

TEST_F(FunctionalCore, ExclusivesSucceedAndFail) {
  load("1: ldxr x0,[x20]\n add x0,x0,#1\n stxr w1,x0,[x20]\n stxr w2,x0,[x20]\n");
  core->run(4);
  EXPECT_EQ(x(1), 0u);
  EXPECT_EQ(x(2), 1u);
}

TEST(FunctionalMemory, RegionsSplitAndMerge) {
  Memory m;
  m.map(0x10000, 0x20000, kRead);
  m.protect(0x14000, 0x15000, kWrite);
  EXPECT_EQ(m.regions().size(), 3u);
  EXPECT_EQ(m.find(0x14fff)->permissions, kWrite);
  EXPECT_EQ(m.find(0x15000)->permissions, kRead);
  m.protect(0x14000, 0x15000, kRead);
  EXPECT_EQ(m.regions().size(), 1u);
  m.unmap(0x18000, 0x19000);
  EXPECT_EQ(m.find(0x18000), nullptr);
  EXPECT_FALSE(m.covered(0x10000, 0x20000));
  EXPECT_TRUE(m.covered(0x10000, 0x18000));
  EXPECT_TRUE(m.overlaps(0x17000, 0x19000));
  EXPECT_FALSE(m.overlaps(0x18000, 0x19000));
  m.map(0x18000, 0x19000, kRead);
  EXPECT_EQ(m.regions().size(), 1u);
}

TEST(FunctionalMemory, ContentsComeAndGoByPage) {
  Memory m;
  m.map(0x10000, 0x20000, kRead | kWrite);
  const u64 v = 0x1122334455667788;
  EXPECT_EQ(m.write(0x10ffc, &v, 8), 8u);
  u64 w = 0;
  EXPECT_EQ(m.read(0x10ffc, &w, 8), 8u);
  EXPECT_EQ(w, v);
  m.discard(0x11000, 0x12000);
  EXPECT_EQ(m.read(0x10ffc, &w, 8), 8u);
  EXPECT_EQ(w, 0x55667788u);
  EXPECT_EQ(m.write(0x1fffc, &v, 8), 4u);
}

TEST(FunctionalMemory, ALimitOfPagesIsKept) {
  Memory m(4);
  m.map(0, kAddressLimit, kRead | kWrite);
  u64 pages = 0;
  for (u64 a = 0; a < 16 * kPageSize; a += kPageSize) pages += m.page(a, kRead) != nullptr;
  EXPECT_EQ(pages, 4u);
  EXPECT_TRUE(m.exhausted());
}

}  // namespace
}  // namespace isobar::functional
