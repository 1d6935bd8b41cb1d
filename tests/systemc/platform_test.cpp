// Modules of the platform: TLM-2.0 conventions, coherence of the cache states, latencies, stale instruction
// lines.
#include <gtest/gtest.h>

#include "model/systemc/timed_run.h"
#include "support/diagnostic.h"
#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

using model::Access;
using model::AccessKind;
using model::Machine;
using model::Storage;
using systemc::LineState;
using systemc::MemoryAttributes;
using systemc::Platform;
using systemc::PlatformConfig;
using systemc::PlatformState;
using systemc::Reply;

Digest digest(const Storage& s) {
  Hasher h;
  model::hash(s, h, kMaxCores);
  return h.digest();
}

std::vector<u64> contents(const PlatformState& p) {
  std::vector<u64> all;
  for (const auto& c : p.dcache) {
    for (unsigned i = 0; i < c.lines.size(); ++i) {
      all.push_back(c.lines.line(i).addr);
      all.push_back(c.lines.line(i).used);
      all.push_back(static_cast<u64>(c.lines.line(i).state));
    }
    all.insert(all.end(), {c.hits, c.misses, c.upgrades, c.writebacks});
  }
  for (const auto& c : p.icache) {
    for (unsigned i = 0; i < c.lines.size(); ++i) {
      all.push_back(c.lines.line(i).addr);
      all.push_back(c.lines.line(i).used);
      all.push_back(static_cast<u64>(c.lines.line(i).state));
    }
    all.insert(all.end(), {c.hits, c.misses, c.invalidated});
  }
  return all;
}

TestProgram three_cores(bool idc = false, bool dic = false) {
  TestProgram t{"three cores", std::vector<std::string>(3, "nop\n b .\n nop\n nop"), {}, {}, true};
  t.config.idc = idc;
  t.config.dic = dic;
  return t;
}

Access random_access(Random& random, const Storage& s, const Machine& m) {
  Access a;
  a.core = static_cast<u8>(random(3));
  const u64 data = 0x8000 + 16 * random(64);
  const u64 code = kCode + 4 * random(8);
  switch (random(12)) {
    case 0:
    case 1:
    case 2:
      a.size = static_cast<u8>(1 + random(16));
      a.addr = data + random(17 - a.size);
      break;
    case 3:
    case 4:
      a.kind = AccessKind::Write;
      a.size = static_cast<u8>(1 + random(16));
      a.addr = data + random(17 - a.size);
      a.data = {random(~u64{0}), random(~u64{0})};
      break;
    case 5:
      a.kind = AccessKind::Write;
      a.size = 4;
      a.addr = code;
      a.data = {random(1000), 0};
      break;
    case 6:
    case 7: {
      a.kind = AccessKind::Fetch;
      a.size = 4;
      a.addr = code;
      const model::FetchRange r = model::fetchable(s, m.config(), a.addr, a.core);
      if (model::find_code(s, a.addr) != nullptr) a.version = static_cast<u16>(r.first + random(r.count));
      break;
    }
    case 8:
      a.kind = AccessKind::CleanData;
      a.addr = code;
      a.size = 1;
      break;
    case 9:
      a.kind = random(3) == 0   ? AccessKind::InvalidateAll
               : random(2) == 0 ? AccessKind::InvalidateAllLocal
                                : AccessKind::InvalidateLine;
      a.addr = code;
      a.size = 1;
      break;
    case 10:
      a.kind = AccessKind::SendSgi;
      a.addr = random(8) | random(16) << 24 | random(2) << 40;
      break;
    default:
      a.kind = random(2) == 0   ? AccessKind::Acknowledge
               : random(2) == 0 ? AccessKind::EndOfInterrupt
                                : AccessKind::TimerInterrupt;
      a.addr = a.kind == AccessKind::EndOfInterrupt ? random(28) : 0;
      break;
  }
  return a;
}

TEST(Platform, EveryActionHasTheSameEffectThroughSocketsTimedOrNot) {
  for (const bool dic : {false, true}) {
    const Machine m = make_machine(three_cores(dic, dic), model::Speculation::Squash);
    Platform& platform = platforms().natural;
    platform.configure(m, PlatformConfig{});
    model::DirectFabric direct = m.direct_fabric();
    Storage a, b, c;
    Random random{1};
    for (unsigned n = 0; n < 20000; ++n) {
      Access x = random_access(random, a, m), y = x, z = x;
      direct.access(a, x);
      platform.access(b, y, false);
      platform.access(c, z, true);
      ASSERT_EQ(x.data, y.data) << n;
      ASSERT_EQ(x.data, z.data) << n;
      ASSERT_EQ(x.ok, y.ok);
      ASSERT_EQ(digest(a), digest(b)) << n;
      ASSERT_EQ(digest(a), digest(c)) << n;
    }
  }
}

TEST(Platform, AddressesThatNobodyAnswersAreErrors) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  Platform& platform = platforms().natural;
  platform.configure(m, PlatformConfig{});
  Storage s;
  for (const AccessKind kind : {AccessKind::Read, AccessKind::Write, AccessKind::Fetch}) {
    Access a;
    a.kind = kind;
    a.size = 4;
    a.addr = 0x100;
    platform.access(s, a, true);
    EXPECT_FALSE(a.ok);
  }
  EXPECT_EQ(digest(s), digest(Storage{}));
}

TEST(Platform, QuotesAreExactAndChangeNothing) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  PlatformConfig config;
  config.dcache = {4, 2};
  config.icache = {2, 2};
  for (Platform* platform : {&platforms().natural, platforms().permuted[0].get()}) {
    platform->configure(m, config);
    Storage s;
    Random random{7};
    for (unsigned n = 0; n < 3000; ++n) {
      Access a = random_access(random, s, m);
      if (a.kind == AccessKind::TimerInterrupt) continue;
      const std::vector<u64> before = contents(platform->save());
      const Digest storage = digest(s);
      Access asked = a;
      const Reply quoted = platform->quote(s, asked);
      ASSERT_EQ(contents(platform->save()), before) << n;
      ASSERT_EQ(digest(s), storage) << n;
      if (a.kind == AccessKind::Fetch) {
        const model::FetchRange r = model::fetchable(s, m.config(), a.addr, a.core);
        ASSERT_GE(asked.version, r.first);
        ASSERT_LT(asked.version, r.first + r.count);
        a.version = asked.version;
      }
      const Reply reply = platform->access(s, a, true);
      ASSERT_EQ(reply.ticks, quoted.ticks) << n;
      ASSERT_EQ(reply.hit, quoted.hit) << n;
    }
    EXPECT_GT(platform->statistics().dcache_hits, 10u);
    EXPECT_GT(platform->statistics().icache_hits, 10u);
  }
}

TEST(Platform, OneOwnerOrManyReadersOfALine) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  PlatformConfig config;
  config.dcache = {4, 2};
  Platform& platform = platforms().natural;
  platform.configure(m, config);
  Storage s;
  Random random{3};
  for (unsigned n = 0; n < 2000; ++n) {
    Access a = random_access(random, s, m);
    platform.access(s, a, true);
    const PlatformState p = platform.save();
    std::map<u64, std::pair<unsigned, unsigned>> holders;  // line: (owners, holders)
    for (const auto& cache : p.dcache)
      for (unsigned i = 0; i < cache.lines.size(); ++i) {
        const systemc::CacheLine& line = cache.lines.line(i);
        if (line.state == LineState::Invalid) continue;
        auto& [owners, all] = holders[line.addr];
        owners += line.state >= LineState::Exclusive;
        ++all;
      }
    for (const auto& [addr, h] : holders)
      ASSERT_TRUE(h.first == 0 || h.second == 1) << "line " << addr << ", step " << n;
  }
}

Reply timed(Platform& p, Storage& s, AccessKind kind, unsigned core, u64 addr, u64 value = 0) {
  Access a;
  a.kind = kind;
  a.core = static_cast<u8>(core);
  a.size = kind == AccessKind::CleanData || kind == AccessKind::InvalidateLine ? 1 : 4;
  a.addr = addr;
  a.data = {value, 0};
  return p.access(s, a, true);
}

TEST(Platform, LatenciesAddUpAlongTheWay) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  const PlatformConfig c;
  Platform& p = platforms().natural;
  p.configure(m, c);
  Storage s;
  EXPECT_EQ(timed(p, s, AccessKind::Read, 0, kX).ticks,
            c.load_latency + c.interconnect_latency + c.memory_latency);
  EXPECT_EQ(timed(p, s, AccessKind::Read, 0, kX).ticks, c.load_latency);
  EXPECT_EQ(timed(p, s, AccessKind::Write, 0, kX).ticks, c.store_latency)
      << "held exclusively: a silent upgrade";
  EXPECT_EQ(timed(p, s, AccessKind::Read, 1, kX).ticks,
            c.load_latency + c.interconnect_latency + c.snoop_latency);
  EXPECT_EQ(timed(p, s, AccessKind::Write, 1, kX).ticks,
            c.store_latency + c.interconnect_latency + c.snoop_latency);
  EXPECT_EQ(timed(p, s, AccessKind::Read, 0, kX).ticks,
            c.load_latency + c.interconnect_latency + c.snoop_latency)
      << "the other core's write has taken the line away";
  EXPECT_EQ(timed(p, s, AccessKind::CleanData, 0, kX).ticks, c.interconnect_latency + c.maintenance_latency);
  PlatformConfig slow = c;
  slow.memory_latency = 1000;
  p.configure(m, slow);
  EXPECT_EQ(timed(p, s, AccessKind::Read, 0, kX).ticks, c.load_latency + c.interconnect_latency + 1000);
}

u16 version_fetched(Platform& p, Storage& s, unsigned core, u64 addr) {
  Access a;
  a.kind = AccessKind::Fetch;
  a.core = static_cast<u8>(core);
  a.size = 4;
  a.addr = addr;
  p.quote(s, a);
  p.access(s, a, true);
  return a.version;
}

TEST(Platform, InstructionLinesStayStaleUntilInvalidated) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  Platform& p = platforms().natural;
  p.configure(m, PlatformConfig{});
  Storage s;
  EXPECT_EQ(version_fetched(p, s, 1, kCode), 0) << "core 1 now holds the line, with its neighbour";
  timed(p, s, AccessKind::Write, 0, kCode + 4, 42);
  EXPECT_EQ(version_fetched(p, s, 1, kCode + 4), 0) << "remembered";
  EXPECT_EQ(version_fetched(p, s, 2, kCode + 4), 0)
      << "dirty in the D cache of core 0: not at the point of unification";
  timed(p, s, AccessKind::CleanData, 0, kCode);
  EXPECT_EQ(version_fetched(p, s, 1, kCode + 4), 0) << "cleaning does not invalidate";
  EXPECT_EQ(version_fetched(p, s, 0, kCode + 4), 1) << "a miss refills from the point of unification";
  timed(p, s, AccessKind::InvalidateLine, 0, kCode);
  EXPECT_EQ(model::find_code(s, kCode + 4), nullptr) << "every core can only fetch the newest now";
  Access a;
  a.kind = AccessKind::Fetch;
  a.core = 1;
  a.size = 4;
  a.addr = kCode + 4;
  EXPECT_FALSE(p.quote(s, a).hit) << "the broadcast has dropped the line";
  p.access(s, a, true);
  EXPECT_EQ(a.data.lo, 42u);
}

TEST(Platform, PrefetchedLinesAreAsOldAsWhatTheyCameWith) {
  constexpr u64 kNext = kCode + 64;
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  Platform& p = platforms().natural;
  for (const unsigned lines : {0u, 1u}) {
    PlatformConfig config;
    config.prefetched_lines = lines;
    p.configure(m, config);
    Storage s;
    version_fetched(p, s, 1, kCode);
    timed(p, s, AccessKind::Write, 0, kNext, 42);
    timed(p, s, AccessKind::CleanData, 0, kNext);
    EXPECT_EQ(version_fetched(p, s, 1, kNext), lines == 0 ? 1 : 0);
    timed(p, s, AccessKind::InvalidateLine, 0, kCode);
    EXPECT_EQ(version_fetched(p, s, 1, kNext), lines == 0 ? 1 : 0) << "another line";
    timed(p, s, AccessKind::InvalidateLine, 0, kNext);
    Access a;
    a.kind = AccessKind::Fetch;
    a.core = 1;
    a.size = 4;
    a.addr = kNext;
    EXPECT_FALSE(p.quote(s, a).hit);
    p.access(s, a, true);
    EXPECT_EQ(a.data.lo, 42u);
  }
}

TEST(Platform, CoherentInstructionCachesNeedNoMaintenance) {
  const Machine m = make_machine(three_cores(true, true), model::Speculation::Squash);
  Platform& p = platforms().natural;
  p.configure(m, PlatformConfig{});
  Storage s;
  version_fetched(p, s, 1, kCode + 4);
  timed(p, s, AccessKind::Write, 0, kCode + 4, 42);
  Access a;
  a.kind = AccessKind::Fetch;
  a.core = 1;
  a.size = 4;
  a.addr = kCode + 4;
  EXPECT_FALSE(p.quote(s, a).hit);
  p.access(s, a, true);
  EXPECT_EQ(a.data.lo, 42u);
}

/// A payload as a stranger might send it to our memory.
class Stranger {
 public:
  Stranger() {
    p.set_read();
    p.set_address(kX);
    p.set_data_ptr(bytes.data());
    p.set_data_length(4);
    p.set_streaming_width(4);
  }
  ~Stranger() { p.clear_extension(&attributes); }
  tlm::tlm_response_status send(bool with_attributes = true) {
    if (with_attributes) p.set_extension(&attributes);
    sc_core::sc_time delay;
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    platforms().user_interconnect.memory->b_transport(p, delay);
    return p.get_response_status();
  }
  tlm::tlm_generic_payload p;
  MemoryAttributes attributes;
  std::array<unsigned char, 64> bytes{};
};

class Conventions : public testing::Test {
 protected:
  void SetUp() override {
    platforms().with_user_interconnect->configure(machine, PlatformConfig{});
    Access a;
    a.size = 1;
    a.addr = kX;
    platforms().with_user_interconnect->access(storage, a, false);
  }
  Machine machine = make_machine(three_cores(), model::Speculation::Squash);
  Storage storage;
};

TEST_F(Conventions, MemoryAnswersWhatIsWrong) {
  EXPECT_EQ(Stranger().send(), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(Stranger().send(false), tlm::TLM_GENERIC_ERROR_RESPONSE);
  Stranger s;
  unsigned char enable[4] = {0xff, 0, 0xff, 0};
  s.p.set_byte_enable_ptr(enable);
  s.p.set_byte_enable_length(4);
  EXPECT_EQ(s.send(), tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  for (const unsigned length : {0u, 17u, 32u}) {
    Stranger l;
    l.p.set_data_length(length);
    l.p.set_streaming_width(length);
    EXPECT_EQ(l.send(), tlm::TLM_BURST_ERROR_RESPONSE);
  }
  Stranger crossing;
  crossing.p.set_address(kX + 14);
  EXPECT_EQ(crossing.send(), tlm::TLM_BURST_ERROR_RESPONSE);
  Stranger streaming;
  streaming.p.set_streaming_width(2);
  EXPECT_EQ(streaming.send(), tlm::TLM_BURST_ERROR_RESPONSE);
  Stranger nowhere;
  nowhere.p.set_address(0x10);
  EXPECT_EQ(nowhere.send(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  Stranger confused;
  confused.attributes.kind = AccessKind::Write;
  EXPECT_EQ(confused.send(), tlm::TLM_COMMAND_ERROR_RESPONSE);
  EXPECT_EQ(digest(storage), digest(Storage{}));
}

TEST_F(Conventions, NoDirectMemoryPointers) {
  Stranger s;
  tlm::tlm_dmi dmi;
  EXPECT_FALSE(platforms().user_interconnect.memory->get_direct_mem_ptr(s.p, dmi));
  EXPECT_EQ(s.send(), tlm::TLM_OK_RESPONSE);
  EXPECT_FALSE(s.p.is_dmi_allowed());
}

TEST_F(Conventions, DebugTransportReadsAndWritesAnyLength) {
  Stranger s;
  for (unsigned i = 0; i < 64; ++i) s.bytes[i] = static_cast<unsigned char>(i);
  s.p.set_write();
  s.p.set_address(kX + 3);
  s.p.set_data_length(40);
  EXPECT_EQ(platforms().user_interconnect.memory->transport_dbg(s.p), 40u);
  s.bytes.fill(0);
  s.p.set_read();
  EXPECT_EQ(platforms().user_interconnect.memory->transport_dbg(s.p), 40u);
  for (unsigned i = 0; i < 40; ++i) EXPECT_EQ(s.bytes[i], i);
}

TEST(PlatformConfiguration, NonsenseIsRefused) {
  const Machine m = make_machine(three_cores(), model::Speculation::Squash);
  PlatformConfig sets, ways, prefetch, latency, retry, window;
  prefetch.prefetched_lines = 17;
  sets.dcache.sets = 3;
  ways.icache.ways = 0;
  latency.memory_latency = 2'000'000;
  retry.retry_interval = 0;
  window.interrupt_controller_base = 0x8800;
  for (const PlatformConfig& c : {sets, ways, prefetch, latency, retry, window})
    EXPECT_THROW(platforms().natural.configure(m, c), InputError);
}

TEST(CacheArray, ReplacesTheLeastRecentlyUsed) {
  systemc::CacheArray c;
  c.configure({2, 2}, 64);
  c.fill(0x000, LineState::Shared);
  c.fill(0x080, LineState::Modified);
  c.touch(c.find(0x000));
  bool dirty = false;
  c.fill(0x100, LineState::Exclusive, &dirty);
  EXPECT_TRUE(dirty);
  EXPECT_EQ(c.state(0x080), LineState::Invalid);
  EXPECT_EQ(c.state(0x03f), LineState::Shared);
  EXPECT_EQ(c.state(0x13f), LineState::Exclusive);
  EXPECT_EQ(c.find(0x040), systemc::CacheArray::kNone);
}

}  // namespace
}  // namespace isobar::test
