#include "isa/sequential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>

#include "isa/assembler.h"
#include "support/bits.h"

namespace isobar::isa {
namespace {

/// Bytes at any address except the page at 0.
class TestMemory : public MemoryInterface {
 public:
  explicit TestMemory(const Assembly& program) {
    for (std::size_t i = 0; i < program.bytes.size(); ++i) bytes_[program.base + i] = program.bytes[i];
  }
  bool fetch(u64 address, u32& word) override {
    word = static_cast<u32>(load(address, 4).lo);
    return address >= 0x1000;
  }
  bool read(const Uop& u, u64 address, Value& value) override {
    value = load(address, u.mem.size);
    return address >= 0x1000;
  }
  bool write(const Uop& u, u64 address, const Value& value) override {
    if (address < 0x1000) return false;
    for (unsigned i = 0; i < u.mem.size; ++i) bytes_[address + i] = value.byte(i);
    return true;
  }
  bool maintain(CacheOpKind op, u64 address) override {
    maintained = {op, address};
    return true;
  }
  Value load(u64 address, unsigned size) {
    Value v;
    for (unsigned i = 0; i < size; ++i) v.set_byte(i, bytes_[address + i]);
    return v;
  }

  std::pair<CacheOpKind, u64> maintained{};

 private:
  std::map<u64, u8> bytes_;
};

struct Core {
  explicit Core(const char* text) : program(assemble(text, 0x10000)), memory(program) {
    state.pc = program.base;
    state.sp = {0x8000, 0x9000};
  }
  StepResult step() { return isa::step(state, memory); }
  /// Until something other than completion, at most `limit` steps.
  StepResult run(unsigned limit = 1000) {
    StepResult r;
    while (limit-- > 0 && r.kind == StepResult::Kind::Completed) r = step();
    return r;
  }
  Assembly program;
  TestMemory memory;
  ArchState state;
};

using Kind = StepResult::Kind;

TEST(Sequential, RunsALoopToItsSupervisorCall) {
  Core r(
      "  mov x0, #0\n  mov x1, #10\nagain: add x0, x0, x1\n  subs x1, x1, #1\n  b.ne again\n  bl twice\n  "
      "svc #7\n"
      "twice: add x0, x0, x0\n  ret\n");
  const StepResult end = r.run();
  EXPECT_EQ(end.kind, Kind::Exception);
  EXPECT_EQ(end.exception, ExceptionOp::Svc);
  EXPECT_EQ(end.immediate, 7u);
  EXPECT_EQ(r.state.x[0], 110u);
  EXPECT_EQ(r.state.x[30], r.program.base + 24);
  EXPECT_EQ(r.state.pc, r.program.base + 24) << "state as before the instruction";
  EXPECT_EQ(r.state.nzcv, 6) << "Z and C of the last subtraction";
}

TEST(Sequential, ExclusivesNeedTheMonitor) {
  Core r(
      "  ldr x1, =0x20000\n  stxr w2, x1, [x1]\n  ldxr x3, [x1]\n  stxr w4, x1, [x1]\n  stxr w5, x1, [x1]\n"
      "  ldxr x3, [x1]\n  clrex\n  stxr w6, x1, [x1]\n  ldxr x3, [x1]\n  add x7, x1, #8\n  stxr w8, x1, "
      "[x7]\n  brk #1\n");
  EXPECT_EQ(r.run().exception, ExceptionOp::Brk);
  EXPECT_EQ(r.state.x[2], 1u);
  EXPECT_EQ(r.state.x[4], 0u);
  EXPECT_EQ(r.state.x[5], 1u);
  EXPECT_EQ(r.state.x[6], 1u);
  EXPECT_EQ(r.state.x[8], 1u);
  EXPECT_EQ(r.memory.load(0x20000, 8).lo, 0x20000u);
  EXPECT_EQ(r.memory.load(0x20008, 8).lo, 0u);
}

TEST(Sequential, CompareAndSwapWritesOnlyOnEquality) {
  Core r(
      "  ldr x1, =0x20000\n  mov x2, #5\n  str x2, [x1]\n  mov x3, #4\n  mov x4, #9\n  cas x3, x4, [x1]\n"
      "  cas x2, x4, [x1]\n  mov x6, #9\n  mov x7, #0\n  mov x8, #1\n  mov x9, #2\n  casp x6, x7, x8, x9, "
      "[x1]\n  hvc #2\n");
  const StepResult end = r.run();
  EXPECT_EQ(end.exception, ExceptionOp::Hvc);
  EXPECT_EQ(r.state.x[3], 5u);
  EXPECT_EQ(r.state.x[2], 5u);
  EXPECT_EQ(r.memory.load(0x20000, 16), (Value{1, 2}));
  EXPECT_EQ(r.state.x[6], 9u);
}

TEST(Sequential, FaultsLeaveTheStateAlone) {
  struct {
    const char* text;
    FaultKind kind;
    u64 address;
  } const cases[] = {
      {"ldr x1, [x0], #8\n", FaultKind::Read, 0x10},
      {"str x1, [x0, #8]!\n", FaultKind::Write, 0x18},
      {"ldxr x1, [x2]\n", FaultKind::Alignment, 0x20001},
      {"ldar x1, [x3]\n", FaultKind::Alignment, 0x2000c},
      {"ldadd x1, x1, [x3]\n", FaultKind::Alignment, 0x2000c},
  };
  for (const auto& c : cases) {
    Core r(c.text);
    r.state.x[0] = 0x10;
    r.state.x[2] = 0x20001;
    r.state.x[3] = 0x2000c;
    const auto before = r.state.x;
    const StepResult end = r.step();
    EXPECT_EQ(end.kind, Kind::Fault) << c.text;
    EXPECT_EQ(end.fault, c.kind) << c.text;
    EXPECT_EQ(end.address, c.address) << c.text;
    EXPECT_EQ(r.state.x, before) << c.text;
    EXPECT_EQ(r.state.pc, r.program.base) << c.text;
  }
}

TEST(Sequential, OrderedAccessesMayBeUnalignedInside16Bytes) {
  Core r("ldar w1, [x0]\n");
  r.state.x[0] = 0x20009;
  EXPECT_EQ(r.step().kind, Kind::Completed);
}

TEST(Sequential, FetchFaults) {
  Core r("br x0\n");
  r.state.x[0] = 0x20002;
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.step().fault, FaultKind::PcAlignment);
  r.state.pc = 0x10;
  const StepResult end = r.step();
  EXPECT_EQ(end.fault, FaultKind::Fetch);
  EXPECT_EQ(end.address, 0x10u);
}

TEST(Sequential, SystemRegistersNeedTheirExceptionLevel) {
  Core r("msr TPIDR_EL0, x0\nmrs x1, TPIDR_EL0\nmsr TPIDR_EL1, x0\n");
  r.state.x[0] = 77;
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.state.x[1], 77u);
  const StepResult refused = r.step();
  EXPECT_EQ(refused.exception, ExceptionOp::Undefined);
  EXPECT_EQ(refused.kind, Kind::Exception);
  r.state.el = 1;
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.state.get(Reg::TPIDR_EL1).lo, 77u);
}

TEST(Sequential, StackPointerIsSelectedByPstate) {
  Core r("mov x0, sp\nmsr SPSel, #1\nmov x1, sp\nmov sp, x2\nmsr SPSel, #0\nmov x3, sp\n");
  r.state.el = 1;
  r.state.x[2] = 0x7000;
  for (unsigned i = 0; i < 6; ++i) ASSERT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.state.x[0], 0x8000u);
  EXPECT_EQ(r.state.x[1], 0x9000u);
  EXPECT_EQ(r.state.x[3], 0x8000u);
  EXPECT_EQ(r.state.sp[1], 0x7000u);
}

TEST(Sequential, ExceptionReturnGoesToTheCaller) {
  Core r("eret\n");
  EXPECT_EQ(r.step().exception, ExceptionOp::Undefined) << "at EL0";
  r.state.el = 1;
  r.state.set(Reg::ELR_EL1, {0x4444, 0});
  r.state.set(Reg::SPSR_EL1, {0xa0000000, 0});
  EXPECT_EQ(r.step().kind, Kind::ExceptionReturn);
  EXPECT_EQ(r.state.pc, 0x4444u);
  EXPECT_EQ(r.state.nzcv, 10);
}

TEST(Sequential, HintsAndMaintenanceAreReported) {
  Core r("wfe\nnop\nic ivau, x0\n");
  r.state.x[0] = 0x3040;
  const StepResult wfe = r.step();
  EXPECT_EQ(wfe.kind, Kind::Hint);
  EXPECT_EQ(wfe.hint, HintOp::Wfe);
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.step().kind, Kind::Completed);
  EXPECT_EQ(r.memory.maintained, (std::pair{CacheOpKind::IcIvau, u64{0x3040}}));
}

// The instructions that the comparison with Unicorn has to leave out, against their definitions.
TEST(Sequential, MinimumMaximumAndBitCounts) {
  const u64 values[] = {0,          1,          5,          0x7f,        0x80,    0xff,
                        0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~u64{0}, u64{1} << 63};
  struct {
    const char* text;
    u64 (*expected)(u64 a, u64 b);
  } const cases[] = {
      {"smax x0, x1, x2\n", [](u64 a, u64 b) { return static_cast<i64>(a) > static_cast<i64>(b) ? a : b; }},
      {"smin x0, x1, x2\n", [](u64 a, u64 b) { return static_cast<i64>(a) < static_cast<i64>(b) ? a : b; }},
      {"umax x0, x1, x2\n", [](u64 a, u64 b) { return std::max(a, b); }},
      {"umin x0, x1, x2\n", [](u64 a, u64 b) { return std::min(a, b); }},
      {"smax w0, w1, w2\n",
       [](u64 a, u64 b) {
         return u64{static_cast<u32>(std::max(static_cast<i32>(a), static_cast<i32>(b)))};
       }},
      {"smin w0, w1, w2\n",
       [](u64 a, u64 b) {
         return u64{static_cast<u32>(std::min(static_cast<i32>(a), static_cast<i32>(b)))};
       }},
      {"umax w0, w1, w2\n",
       [](u64 a, u64 b) { return u64{std::max(static_cast<u32>(a), static_cast<u32>(b))}; }},
      {"umin w0, w1, w2\n",
       [](u64 a, u64 b) { return u64{std::min(static_cast<u32>(a), static_cast<u32>(b))}; }},
      {"smax x0, x1, #-3\n", [](u64 a, u64) { return static_cast<i64>(a) > -3 ? a : ~u64{2}; }},
      {"smin w0, w1, #-3\n",
       [](u64 a, u64) { return u64{static_cast<u32>(std::min(static_cast<i32>(a), -3))}; }},
      {"umax x0, x1, #200\n", [](u64 a, u64) { return std::max<u64>(a, 200); }},
      {"umin w0, w1, #200\n", [](u64 a, u64) { return u64{std::min(static_cast<u32>(a), 200u)}; }},
      {"ctz x0, x1\n", [](u64 a, u64) { return u64(std::countr_zero(a)); }},
      {"ctz w0, w1\n", [](u64 a, u64) { return u64(std::countr_zero(static_cast<u32>(a))); }},
      {"cnt x0, x1\n", [](u64 a, u64) { return u64(std::popcount(a)); }},
      {"cnt w0, w1\n", [](u64 a, u64) { return u64(std::popcount(static_cast<u32>(a))); }},
      {"abs x0, x1\n", [](u64 a, u64) { return static_cast<i64>(a) < 0 ? 0 - a : a; }},
      {"abs w0, w1\n",
       [](u64 a, u64) {
         return u64{static_cast<i32>(a) < 0 ? 0 - static_cast<u32>(a) : static_cast<u32>(a)};
       }},
  };
  for (const auto& c : cases) {
    Core r(c.text);
    for (const u64 a : values) {
      for (const u64 b : values) {
        r.state.pc = r.program.base;
        r.state.x[1] = a;
        r.state.x[2] = b;
        ASSERT_EQ(r.step().kind, Kind::Completed) << c.text;
        ASSERT_EQ(r.state.x[0], c.expected(a, b)) << c.text << std::hex << a << " " << b;
      }
    }
  }
}

TEST(Sequential, NarrowAtomicMinimumAndMaximum) {
  struct {
    const char* text;
    i64 (*expected)(i8 old, i8 operand);
  } const cases[] = {
      {"ldsmaxb w1, w2, [x3]\n", [](i8 a, i8 b) { return i64{std::max(a, b)}; }},
      {"ldsminb w1, w2, [x3]\n", [](i8 a, i8 b) { return i64{std::min(a, b)}; }},
      {"ldumaxb w1, w2, [x3]\n",
       [](i8 a, i8 b) { return i64{std::max(static_cast<u8>(a), static_cast<u8>(b))}; }},
      {"lduminb w1, w2, [x3]\n",
       [](i8 a, i8 b) { return i64{std::min(static_cast<u8>(a), static_cast<u8>(b))}; }},
  };
  for (const auto& c : cases) {
    Core r(c.text);
    r.state.x[3] = 0x20000;
    Uop store;
    store.mem.size = 1;
    for (int old = -128; old < 128; old += 5) {
      for (int operand = -128; operand < 128; operand += 3) {
        r.memory.write(store, 0x20000, {static_cast<u8>(old), 0});
        r.state.pc = r.program.base;
        r.state.x[1] = 0xdead00 | static_cast<u8>(operand);
        ASSERT_EQ(r.step().kind, Kind::Completed);
        ASSERT_EQ(r.state.x[2], static_cast<u8>(old));
        ASSERT_EQ(r.memory.load(0x20000, 1).lo,
                  static_cast<u8>(c.expected(static_cast<i8>(old), static_cast<i8>(operand))))
            << c.text << old << " " << operand;
      }
    }
  }
}

TEST(Sequential, ConsistentConditionalBranch) {
  Core r("bc.lt .+8\n");
  for (u8 nzcv = 0; nzcv < 16; ++nzcv) {
    r.state.pc = r.program.base;
    r.state.nzcv = nzcv;
    ASSERT_EQ(r.step().kind, Kind::Completed);
    EXPECT_EQ(r.state.pc, r.program.base + ((nzcv >> 3 != (nzcv & 1)) ? 8 : 4));
  }
}

/// Data and tags; granules that nobody has written have tag 0 and no data.
struct TagMemory : TestMemory {
  using TestMemory::TestMemory;
  bool read(const Uop& u, u64 address, Value& value) override {
    if (u.mem.tag != TagAccess::Explicit) return TestMemory::read(u, address, value);
    value = {tags[align_down(address, 16)], 0};
    return true;
  }
  bool write(const Uop& u, u64 address, const Value& value) override {
    if (u.mem.tag == TagAccess::Explicit) {
      tags[align_down(address, 16)] = value.lo;
    } else {
      zeroed.push_back(address);
    }
    return true;
  }
  std::map<u64, u64> tags;
  std::vector<u64> zeroed;
};

/// The pseudo-code of LDGM, STGM and STZGM in the Arm ARM (C6.2), in blocks of 32 and 64 bytes.
TEST(Sequential, TagsInBulk) {
  const Assembly program = assemble("  mrs x9, S3_1_C0_C0_4\n  ldgm x1, [x0]\n  stgm x2, [x0]\n  stzgm x3, [x0]\n", 0x10000);
  for (const u64 base : {u64{0x20000}, u64{0x20020}, u64{0x200f8}, u64{0x20047}}) {
    TagMemory memory(program);
    for (u64 a = 0x20000; a < 0x20100; a += 16) memory.tags[a] = (a >> 4) * 7 % 16;
    std::map<u64, u64> tags = memory.tags;
    ArchState state;
    state.pc = program.base;
    state.el = 1;
    state.x[0] = base;
    state.x[2] = 0xfedc'ba98'7654'3210;
    state.x[3] = 0x55;
    u64 loaded = 0;
    for (u64 a = align_down(base, 32); a < align_down(base, 32) + 32; a += 16) loaded |= tags[a] << (a >> 4) % 16 * 4;
    for (unsigned i = 0; i < 2; ++i) ASSERT_EQ(step(state, memory).kind, Kind::Completed);
    EXPECT_EQ(state.x[9], 3u);
    EXPECT_EQ(state.x[1], loaded) << std::hex << base;
    for (u64 a = align_down(base, 32); a < align_down(base, 32) + 32; a += 16) tags[a] = state.x[2] >> (a >> 4) % 16 * 4 & 15;
    ASSERT_EQ(step(state, memory).kind, Kind::Completed);
    EXPECT_EQ(memory.tags, tags) << std::hex << base;
    EXPECT_TRUE(memory.zeroed.empty());
    std::vector<u64> zeroed;
    for (u64 a = align_down(base, 64); a < align_down(base, 64) + 64; a += 16) {
      tags[a] = 5;
      zeroed.push_back(a);
    }
    ASSERT_EQ(step(state, memory).kind, Kind::Completed);
    EXPECT_EQ(memory.tags, tags) << std::hex << base;
    EXPECT_EQ(memory.zeroed, zeroed);
  }
}

TEST(Sequential, TagsInBulkAreUndefinedAtEl0) {
  for (const char* text : {"mrs x9, S3_1_C0_C0_4", "ldgm x1, [x0]", "stgm x2, [x0]", "stzgm x3, [x0]"}) {
    const Assembly program = assemble(text, 0x10000);
    TagMemory memory(program);
    ArchState state;
    state.pc = program.base;
    state.x[0] = 0x20000;
    EXPECT_EQ(step(state, memory).exception, ExceptionOp::Undefined) << text;
    EXPECT_TRUE(memory.tags.empty()) << text;
  }
}

}  // namespace
}  // namespace isobar::isa
