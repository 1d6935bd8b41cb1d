// Which maintenance and which synchronisation make a new instruction visible, on every kind of cache.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/model/bench.h"

namespace isobar::model {
namespace {

constexpr u32 kNop = 0xd503201f;

struct Caches {
  bool idc = false, dic = false;
};
constexpr std::array<Caches, 3> kCaches{{{false, false}, {true, false}, {true, true}}};

/// What core 1 executes at the label `patch`: X3 is 0 for the old instruction, 1 for the new one.
const std::string kSlot = "patch: b skip\n mov x3, #1\n skip:\n";
const std::string kSeen = "ldr w1, [x20]\n cbz w1, out\n";

/// Core 0 replaces the instruction, does `maintenance` and sets a flag; core 1 has read the flag, done `reader` and
/// executes the old instruction: is there such a run?
struct Publication {
  std::string maintenance, reader = kSeen + "isb\n" + kSlot + "out:\n";
  Caches caches;
  bool broadcast = false, eis = true, eos = true;
  std::string handler;  ///< of exceptions; empty: no kernel
  std::string where = "1:patch";

  bool stale(bool reduction = true) const {
    Bench b({"str w5, [x6]\n" + maintenance + "mov w2, #1\n str w2, [x20]\n", reader}, true);
    u64 patch = b.labels.count(where) != 0 ? b.labels.at(where) : 0;
    if (!handler.empty()) {
      const std::string both = ".org 0x200\n" + handler + "eret\n .org 0x400\n";
      const isa::Assembly a = isa::assemble(both + handler + "eret\n", Bench::kVectors, {});
      b.program.segments.push_back({Bench::kVectors, a.bytes});
      b.program.has_kernel = true;
      for (ResetState& r : b.program.reset) r.registers.push_back({isa::Reg::VBAR_EL1, {Bench::kVectors, 0}});
      if (patch == 0) patch = Bench::kVectors + 0x400;
    }
    b.program.reset[0].el = handler.empty() ? 1 : 0;
    b.program.reset[0].registers.push_back({isa::x_reg(5), {kNop, 0}});
    b.program.reset[0].registers.push_back({isa::x_reg(6), {patch, 0}});
    b.config.idc = caches.idc;
    b.config.dic = caches.dic;
    b.config.force_broadcast = broadcast;
    b.config.eis = eis;
    b.config.eos = eos;
    b.observe({"1:X1", "1:X3"});
    return b.states(reduction).count({1, 0}) != 0;
  }
};

TEST(Code, EachStepOfMaintenanceIsNeededByTheCachesThatNeedIt) {
  for (const Caches caches : kCaches)
    for (const char* clean : {"dc cvau, x6\n", "dc cvac, x6\n", "dc civac, x6\n"})
      for (const char* invalidate : {"ic ivau, x6\n", "ic ialluis\n"})
        for (unsigned steps = 0; steps < 16; ++steps) {
          const bool cleans = (steps & 1) != 0, between = (steps & 2) != 0, invalidates = (steps & 4) != 0,
                     completes = (steps & 8) != 0;
          Publication p;
          p.caches = caches;
          p.maintenance = std::string(cleans ? clean : "") + (between ? "dsb ish\n" : "") +
                          (invalidates ? invalidate : "") + (completes ? "dsb ish\n" : "");
          const bool enough = caches.dic   ? between || completes
                              : caches.idc ? between && invalidates && completes
                                           : cleans && between && invalidates && completes;
          EXPECT_EQ(p.stale(), !enough) << "IDC " << caches.idc << " DIC " << caches.dic << "\n" << p.maintenance;
        }
}

TEST(Code, InvalidateAllReachesOtherCoresOnlyIfItIsBroadcast) {
  Publication p;
  p.maintenance = "dc cvau, x6\n dsb ish\n ic iallu\n dsb ish\n";
  EXPECT_TRUE(p.stale());
  p.broadcast = true;
  EXPECT_FALSE(p.stale());
}

TEST(Code, MaintenanceActsOnItsLine) {
  for (const char* clean : {"x6", "x7"})
    for (const char* invalidate : {"x6", "x7"}) {
      Publication p;
      p.maintenance = std::string("add x7, x6, #64\n dc cvau, ") + clean + "\n dsb ish\n ic ivau, " + invalidate +
                      "\n dsb ish\n";
      EXPECT_EQ(p.stale(), clean != std::string("x6") || invalidate != std::string("x6")) << p.maintenance;
    }
}

const std::string kMaintain = "dc cvau, x6\n dsb ish\n ic ivau, x6\n dsb ish\n";

TEST(Code, ContextSynchronisationOfTheReaderIsNeededOnEveryCache) {
  for (const Caches caches : kCaches)
    for (const auto& [between, enough] : std::map<std::string, bool>{{"", false},
                                                                     {"dmb sy\n", false},
                                                                     {"dsb sy\n", false},
                                                                     {"isb\n", true},
                                                                     {"dsb sy\n isb\n", true}}) {
      Publication p;
      p.caches = caches;
      p.maintenance = kMaintain;
      p.reader = kSeen + between + kSlot + "out:\n";
      EXPECT_EQ(p.stale(), !enough) << "IDC " << caches.idc << " DIC " << caches.dic << " " << between;
    }
}

TEST(Code, AnIsbBeforeTheFlagIsReadDoesNotHelp) {
  Publication p;
  p.maintenance = kMaintain;
  p.reader = "isb\n" + kSeen + kSlot + "out:\n";
  EXPECT_TRUE(p.stale());
}

TEST(Code, ExceptionEntryAndReturnSynchroniseAsEisAndEosSay) {
  for (const bool eis : {false, true})
    for (const bool eos : {false, true})
      for (const bool reduction : {false, true}) {
        const auto stale = [&](const std::string& reader, const std::string& handler, const char* where) {
          Publication p;
          p.maintenance = kMaintain;
          p.reader = reader;
          p.handler = handler;
          p.where = where;
          p.eis = eis;
          p.eos = eos;
          return p.stale(reduction);
        };
        const std::string call = kSeen + "svc #0\n";
        const std::string name = std::string("EIS ") + (eis ? "1" : "0") + " EOS " + (eos ? "1" : "0");
        EXPECT_EQ(stale(call + kSlot + "out:\n", "nop\n", "1:patch"), !eis && !eos) << "after the return, " << name;
        EXPECT_EQ(stale(call + "out:\n", "b .+8\n mov x3, #1\n", ""), !eis) << "in the handler, " << name;
        // The flag is read in the handler: only the return comes after it.
        EXPECT_EQ(stale("svc #0\n cbz w1, out\n" + kSlot + "out:\n", "ldr w1, [x20]\n cbz w1, .+4\n", "1:patch"), !eos)
            << "read in the handler, " << name;
      }
}

TEST(Code, ZeroingABlockReplacesItsInstructions) {
  // Zeros are UDF: either all of the block is still old when it is fetched or the thread ends in an exception.
  Bench b({"dc zva, x6\n", ".org 0x40\n mov x3, #1\n mov x4, #1\n"}, true);
  b.program.reset[1].pc = Bench::kCode + Bench::kCodeStride + 0x40;
  b.program.reset[0].registers.push_back({isa::x_reg(6), {b.program.reset[1].pc + 20, 0}});  // any byte of it
  b.observe({"1:X3", "1:X4"});
  EXPECT_EQ(b.states(), (Bench::States{{0, 0}, {1, 0}, {1, 1}}));
}

TEST(Code, ZeroingIsAStoreNotAClean) {
  Publication p;
  p.maintenance = "add x7, x6, #64\n dc zva, x7\n dsb ish\n ic ivau, x6\n dsb ish\n";
  EXPECT_TRUE(p.stale());
}

TEST(Code, IdentificationTellsTheKindOfCache) {
  for (const Caches caches : kCaches) {
    Bench b({"mrs x0, ctr_el0\n ubfx x1, x0, #28, #1\n ubfx x2, x0, #29, #1\n ubfx x3, x0, #16, #4\n and x4, x0, #15\n"});
    b.config.idc = caches.idc;
    b.config.dic = caches.dic;
    b.config.line_bytes = 32;
    b.observe({"0:X1", "0:X2", "0:X3", "0:X4"});
    EXPECT_EQ(b.states(), (Bench::States{{caches.idc, caches.dic, 3, 3}}));
  }
}

TEST(Code, GuessedPathsFetchOldCodeToo) {
  // The load of the flag may be decided after its branch has been guessed and the instruction behind it fetched.
  Publication p;
  p.caches = {true, true};
  p.maintenance = "dsb ish\n";
  p.reader = kSeen + kSlot + "out:\n";
  EXPECT_TRUE(p.stale());
}

TEST(Code, OwnCodeNeedsTheSameSteps) {
  const auto states = [](const std::string& maintenance, Caches caches) {
    Bench b({"str w5, [x6]\n" + maintenance + kSlot}, true);
    b.program.reset[0].registers.push_back({isa::x_reg(5), {kNop, 0}});
    b.program.reset[0].registers.push_back({isa::x_reg(6), {b.labels.at("0:patch"), 0}});
    b.config.idc = caches.idc;
    b.config.dic = caches.dic;
    return b.observe({"0:X3"}).states();
  };
  for (const Caches caches : kCaches) {
    EXPECT_EQ(states(kMaintain, caches), (Bench::States{{0}, {1}}));
    EXPECT_EQ(states(kMaintain + "isb\n", caches), (Bench::States{{1}}));
  }
  EXPECT_EQ(states("dsb sy\n isb\n", kCaches[2]), (Bench::States{{1}}));
  EXPECT_EQ(states("dsb sy\n isb\n", kCaches[1]), (Bench::States{{0}, {1}}));
  EXPECT_EQ(states("isb\n", kCaches[2]), (Bench::States{{0}, {1}}));  // the store may still be in the store buffer
}

}  // namespace
}  // namespace isobar::model
