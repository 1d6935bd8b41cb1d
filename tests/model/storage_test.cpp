// Storage actions: bytes and their hash, versions of modified code, maintenance, the interrupt controller.
#include "model/storage/storage.h"

#include <gtest/gtest.h>

#include <map>

namespace isobar::model {
namespace {

constexpr u64 kData = 0x1000, kCode = 0x2000;

struct StorageBench {
  explicit StorageBench(bool idc = false, bool dic = false) {
    config.cores = 3;
    config.idc = idc;
    config.dic = dic;
    const u8 rw = kReadEl0 | kWriteEl0;
    program.regions = {{kData, 0x100, rw, -1, "data"}, {kCode, 0x100, u8(rw | kExecEl0), -1, "code"}};
    program.segments = {{kData + 5, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
                        {kCode, {0x1f, 0x20, 0x03, 0xd5}}};
  }
  Access act(AccessKind kind, u64 addr, unsigned size = 4, u64 lo = 0, u64 hi = 0, unsigned core = 0,
             u16 version = 0) {
    Access a;
    a.kind = kind;
    a.core = static_cast<u8>(core);
    a.addr = addr;
    a.size = static_cast<u8>(size);
    a.data = {lo, hi};
    a.version = version;
    perform(s, Image(program), config, program, a);
    return a;
  }
  FetchRange range(unsigned core, u64 addr = kCode) const { return fetchable(s, config, addr, core); }
  Digest digest() const {
    Hasher h;
    hash(s, h, config.cores);
    return h.digest();
  }
  MachineConfig config;
  Program program;
  Storage s;
};

TEST(Storage, ReadsWhatWasWrittenByteByByte) {
  StorageBench b;
  const Image image(b.program);
  std::map<u64, u8> model;
  for (u64 a = kData; a < kData + 0x100; ++a) model[a] = image.byte(a);
  EXPECT_EQ(model[kData + 4], 0);
  EXPECT_EQ(model[kData + 20], 16);
  u64 seed = 1;
  const auto random = [&seed](u64 n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
  };
  for (unsigned n = 0; n < 5000; ++n) {
    const unsigned size = static_cast<unsigned>(1 + random(16));
    const u64 addr = kData + 16 * random(16) + random(17 - size);
    if (random(2) == 0) {
      const Value v{random(~u32{0}) * 0x100000001u, random(~u32{0}) * 0x100000001u};
      b.act(AccessKind::Write, addr, size, v.lo, v.hi);
      for (unsigned i = 0; i < size; ++i) model[addr + i] = v.byte(i);
    } else {
      const Access a = b.act(AccessKind::Read, addr, size);
      for (unsigned i = 0; i < 16; ++i) ASSERT_EQ(a.data.byte(i), i < size ? model[addr + i] : 0) << n;
    }
  }
  const Value across = read_memory(b.s, image, kData + 0x18, 16);
  for (unsigned i = 0; i < 16; ++i) EXPECT_EQ(across.byte(i), model[kData + 0x18 + i]);
}

TEST(Storage, HashDependsOnContentsOnly) {
  StorageBench b;
  const Digest initial = b.digest();
  b.act(AccessKind::Write, kData + 5, 1, 99);
  const Digest changed = b.digest();
  EXPECT_NE(changed, initial);
  b.act(AccessKind::Write, kData + 5, 1, 1);
  EXPECT_EQ(b.digest(), initial) << "the byte is as in the image again";
  b.act(AccessKind::Write, kData + 64, 8, 0);
  EXPECT_EQ(b.digest(), initial) << "zero written over zero";
  StorageBench one, two;
  one.act(AccessKind::Write, kData + 32, 8, 7);
  one.act(AccessKind::Write, kData + 96, 8, 8);
  two.act(AccessKind::Write, kData + 96, 8, 8);
  two.act(AccessKind::Write, kData + 32, 8, 7);
  EXPECT_EQ(one.digest(), two.digest());
}

TEST(Storage, UnmappedAddressesAreNotOk) {
  StorageBench b;
  EXPECT_FALSE(b.act(AccessKind::Read, kData - 4).ok);
  EXPECT_FALSE(b.act(AccessKind::Write, kData + 0x100).ok);
  EXPECT_FALSE(b.act(AccessKind::Read, kData + 0xf8, 16).ok) << "the second half is outside";
  EXPECT_FALSE(b.act(AccessKind::Fetch, ~u64{0} - 3).ok);
  EXPECT_TRUE(b.act(AccessKind::Read, kData + 0xf0, 16).ok);
  EXPECT_EQ(b.digest(), StorageBench().digest());
}

TEST(Storage, ModifiedCodeNeedsCleanThenInvalidate) {
  StorageBench b;
  b.act(AccessKind::Write, kCode, 4, 0x11111111);
  b.act(AccessKind::Write, kCode, 4, 0x22222222);
  EXPECT_EQ(b.range(0).count, 3);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 1, 0).data.lo, 0xd503201fu);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 1, 1).data.lo, 0x11111111u);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 1, 2).data.lo, 0x22222222u);
  b.act(AccessKind::InvalidateLine, kCode + 60, 1);
  EXPECT_EQ(b.range(0).count, 3) << "nothing was cleaned: the invalidation changes nothing";
  b.act(AccessKind::CleanData, kCode + 60, 1);
  EXPECT_EQ(b.range(0).count, 3) << "stale lines remain";
  b.act(AccessKind::Write, kCode, 4, 0x33333333);
  b.act(AccessKind::InvalidateLine, kCode, 1);
  const FetchRange r = b.range(2);
  EXPECT_EQ(r.count, 2) << "what was cleaned, and what came after";
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 2, r.first).data.lo, 0x22222222u);
  b.act(AccessKind::CleanData, kCode, 1);
  b.act(AccessKind::InvalidateLine, kCode, 1);
  EXPECT_EQ(find_code(b.s, kCode), nullptr);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode).data.lo, 0x33333333u);
}

TEST(Storage, OtherLinesAreLeftAlone) {
  StorageBench b;
  b.act(AccessKind::Write, kCode + 64, 4, 1);
  b.act(AccessKind::CleanData, kCode, 1);
  b.act(AccessKind::InvalidateLine, kCode, 1);
  EXPECT_EQ(b.range(0, kCode + 64).count, 2);
  EXPECT_EQ(b.range(0, kCode).count, 1);
}

TEST(Storage, LocalInvalidationIsLocal) {
  StorageBench b;
  b.act(AccessKind::Write, kCode, 4, 1);
  b.act(AccessKind::CleanData, kCode, 1);
  b.act(AccessKind::InvalidateAllLocal, 0, 1, 0, 0, 1);
  EXPECT_EQ(b.range(0).count, 2);
  EXPECT_EQ(b.range(1).count, 1);
  EXPECT_EQ(b.range(1).first, 1);
  b.act(AccessKind::InvalidateAll, 0, 1);
  EXPECT_EQ(find_code(b.s, kCode), nullptr);
}

TEST(Storage, IdcNeedsNoClean) {
  StorageBench b(true);
  b.act(AccessKind::Write, kCode, 4, 1);
  EXPECT_EQ(b.range(0).count, 2);
  b.act(AccessKind::InvalidateLine, kCode, 1);
  EXPECT_EQ(find_code(b.s, kCode), nullptr);
}

TEST(Storage, DicAndIdcNeedNothing) {
  StorageBench b(true, true);
  b.act(AccessKind::Write, kCode, 4, 0x44444444);
  EXPECT_EQ(b.range(0).count, 1);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 2, b.range(2).first).data.lo, 0x44444444u);
}

TEST(Storage, AWriteTouchesEveryWordItOverlaps) {
  StorageBench b;
  b.act(AccessKind::Write, kCode + 2, 4, 0xffffffff);
  EXPECT_EQ(b.range(0, kCode).count, 2);
  EXPECT_EQ(b.range(0, kCode + 4).count, 2);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 0, 1).data.lo, 0xffff201fu);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode + 4, 4, 0, 0, 0, 1).data.lo, 0xffffu);
  b.act(AccessKind::Write, kData, 8, 1);
  EXPECT_EQ(find_code(b.s, kData), nullptr) << "data is not code";
}

TEST(Storage, EndlessModificationIsReported) {
  StorageBench b;
  for (unsigned n = 0; n + 1 < kMaxVersions; ++n) b.act(AccessKind::Write, kCode, 4, n);
  EXPECT_FALSE(b.s.versions_dropped);
  b.act(AccessKind::Write, kCode, 4, 12345);
  EXPECT_TRUE(b.s.versions_dropped);
  EXPECT_EQ(b.range(0).count, kMaxVersions);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode, 4, 0, 0, 0, kMaxVersions - 1).data.lo, 12345u);
}

TEST(Storage, WritesFromOutsideAreCoherentWithFetch) {
  StorageBench b;
  b.act(AccessKind::Write, kCode, 4, 1);
  write_memory(b.s, Image(b.program), kCode - 2, 4, {0xaabbccdd, 0});
  EXPECT_EQ(find_code(b.s, kCode), nullptr);
  EXPECT_EQ(b.act(AccessKind::Fetch, kCode).data.lo, 0x0000aabbu);
  write_memory(b.s, Image(b.program), kData + 12, 16, {1, 2});
  EXPECT_EQ(read_memory(b.s, Image(b.program), kData + 12, 16), (Value{1, 2}));
}

TEST(InterruptController, SgiTargets) {
  const struct {
    u64 value;
    std::array<u32, 4> pending;
  } table[] = {
      {0x03000005, {8, 0, 8, 0}},                                       // INTID 3 to cores 0 and 2
      {u64{1} << 40 | 0x0f000000, {u32{1} << 15, 0, u32{1} << 15, 0}},  // all but the sender
      {0x0000000f | u64{1} << 16, {0, 0, 0, 0}},                        // Aff1 is not ours
      {0x0000000f | u64{1} << 32, {0, 0, 0, 0}},                        // Aff2
      {0x0000000f | u64{1} << 48, {0, 0, 0, 0}},                        // Aff3
      {0x00000008, {0, 0, 0, 0}},                                       // no core 3 here
  };
  for (const auto& t : table) {
    StorageBench b;
    b.act(AccessKind::SendSgi, t.value, 8, 0, 0, 1);
    for (unsigned c = 0; c < 4; ++c)
      EXPECT_EQ(b.s.irq.pending[c], t.pending[c]) << std::hex << t.value << " core " << c;
  }
}

TEST(InterruptController, AcknowledgeAndEnd) {
  StorageBench b;
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, 1023u);
  b.act(AccessKind::SendSgi, 0x05000001, 8);
  b.act(AccessKind::SendSgi, 0x02000001, 8);
  b.act(AccessKind::TimerInterrupt, 0);
  EXPECT_EQ(signalled(b.s.irq, 0), u32{1} << 5 | u32{1} << 2 | u32{1} << kVirtualTimerIntid);
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, 2u);
  EXPECT_EQ(signalled(b.s.irq, 0), 0u) << "one priority: nothing interrupts an active interrupt";
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, 1023u);
  b.act(AccessKind::EndOfInterrupt, 2);
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, 5u);
  b.act(AccessKind::EndOfInterrupt, 1023);
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, 1023u);
  b.act(AccessKind::EndOfInterrupt, 5);
  EXPECT_EQ(b.act(AccessKind::Acknowledge, 0).data.lo, kVirtualTimerIntid);
}

}  // namespace
}  // namespace isobar::model
