// What the guard rows allow and forbid, one small program per row that the large conformance sets do not name.
#include "tests/model/bench.h"

namespace isobar::model {
namespace {

const char* const kMessageWriter = "mov w0, #1\n str w0, [x20]\n str w0, [x21]\n";
const char* const kReader = "ldr w1, [x21]\n ldr w2, [x20]\n";
const std::vector<u64> kMessageReordered{1, 0};

Bench message_passing(const std::string& writer, const std::string& reader) {
  return Bench({writer, reader}).observe({"1:X1", "1:X2"});
}

TEST(Ordering, WeakCoresReorderMessagePassing) {
  EXPECT_TRUE(message_passing(kMessageWriter, kReader).states().count(kMessageReordered));
}

TEST(Ordering, TsoCoresDoNot) {
  Bench b = message_passing(kMessageWriter, kReader);
  for (CoreConfig& c : b.config.core) c.tso_at_reset = true;
  EXPECT_EQ(b.states(), (Bench::States{{0, 0}, {0, 1}, {1, 1}}));
}

TEST(Ordering, OneTsoCoreIsNotEnough) {
  for (unsigned core : {0u, 1u}) {
    Bench b = message_passing(kMessageWriter, kReader);
    b.config.core[core].tso_at_reset = true;
    EXPECT_TRUE(b.states().count(kMessageReordered)) << "TSO on core " << core;
  }
}

TEST(Ordering, StoreBuffersShowOnTsoCores) {
  Bench b({"mov w0, #1\n str w0, [x20]\n ldr w1, [x21]\n", "mov w0, #1\n str w0, [x21]\n ldr w1, [x20]\n"});
  for (CoreConfig& c : b.config.core) c.tso_at_reset = true;
  b.observe({"0:X1", "1:X1"});
  EXPECT_EQ(b.states(), (Bench::States{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
}

TEST(Ordering, FixedTsoCoresIgnoreTheBit) {
  Bench b = message_passing(kMessageWriter, kReader);
  for (CoreConfig& c : b.config.core) c.tso = TsoSupport::Fixed;
  EXPECT_FALSE(b.states().count(kMessageReordered));
  for (CoreConfig& c : b.config.core) c = {.tso = TsoSupport::None, .tso_at_reset = true};
  EXPECT_TRUE(b.states().count(kMessageReordered));
}

// Trap 5 of the operational model: the value of a load may hang on an atomic that has not read yet.
TEST(Ordering, ALoadMayTakeAnAtomicsStoreBeforeTheAtomicHasRead) {
  Bench b({"mov w0, #1\n stadd w0, [x20]\n ldr w1, [x20]\n dmb ld\n ldr w2, [x21]\n",
           "mov w0, #1\n str w0, [x21]\n dmb sy\n mov w1, #10\n str w1, [x20]\n"});
  b.observe({"0:X1", "0:X2"});
  EXPECT_TRUE(b.states().count({11, 0}));
}

// Trap 7: with an own store in between, another core's write no longer breaks atomicity.
TEST(Ordering, AnOwnStoreBetweenExclusivesHidesAForeignWrite) {
  Bench b({"ldxr w1, [x20]\n mov w2, #5\n str w2, [x20]\n mov w3, #6\n stxr w4, w3, [x20]\n",
           "mov w0, #9\n swp w0, w1, [x20]\n"});
  b.observe({"0:X1", "0:X4", "1:X1", "x"});
  EXPECT_TRUE(b.states().count({0, 0, 5, 6}));
}

TEST(Ordering, AcquireReleaseAtomicsAreBarriersOnlyWhenTheySucceed) {
  const std::string swap = "mov w0, #1\n str w0, [x20]\n swpal w0, w3, [x22]\n ldr w1, [x21]\n";
  const std::string cas = "mov w0, #1\n str w0, [x20]\n mov w5, #7\n casal w5, w0, [x22]\n ldr w1, [x21]\n";
  const std::string other = "mov w0, #1\n str w0, [x21]\n dmb sy\n ldr w1, [x20]\n";
  EXPECT_FALSE(Bench({swap, other}).observe({"0:X1", "1:X1"}).states().count({0, 0}));
  EXPECT_TRUE(Bench({cas, other}).observe({"0:X1", "1:X1"}).states().count({0, 0}));
}

TEST(Ordering, AccessesAcrossSixteenBytesAreSingleBytes) {
  Bench b({"mov w0, #-1\n add x2, x20, #14\n str w0, [x2]\n", "add x2, x20, #14\n ldr w1, [x2]\n"});
  b.observe({"1:X1"});
  EXPECT_EQ(b.states().size(), 16u);  // every byte new or old, independently
  Bench aligned({"mov x0, #-1\n str x0, [x20]\n", "ldr x1, [x20]\n"});
  aligned.observe({"1:X1"});
  EXPECT_EQ(aligned.states(), (Bench::States{{0}, {~u64{0}}}));
}

TEST(Ordering, UnalignedExclusivesAndAcquiresFault) {
  for (const char* text : {"add x2, x20, #1\n ldxr x1, [x2]\n", "add x2, x20, #12\n ldar x1, [x2]\n"}) {
    Bench b({text});
    b.observables.push_back({trace::Observable::Kind::Fault, 0, isa::Reg::None, 0, 8, "fault"});
    const auto r = b.explore();
    ASSERT_EQ(r.outcomes.size(), 1u);
    EXPECT_EQ(r.outcomes.begin()->first.values[0].lo & 0x3f, 0x21u) << text;
  }
}

TEST(Ordering, FlavoursDifferWhereTheNoteSays) {
  const std::string acquire = "mov w0, #1\n str w0, [%]\n ldar w1, [$]\n";
  const std::string atomic = "mov w0, #1\n swp w0, w3, [%]\n ldr w1, [$]\n";
  const auto both = [](std::string text, TsoFlavour flavour) {
    std::vector<std::string> threads;
    for (int k = 0; k < 2; ++k) {
      std::string t = text;
      t.replace(t.find('%'), 1, k == 0 ? "x20" : "x21");
      t.replace(t.find('$'), 1, k == 0 ? "x21" : "x20");
      threads.push_back(t);
    }
    Bench b(threads);
    for (CoreConfig& c : b.config.core) c.tso_at_reset = true;
    b.config.flavour = flavour;
    return b.observe({"0:X1", "1:X1"}).states().count({0, 0}) != 0;
  };
  EXPECT_TRUE(both(acquire, TsoFlavour::T1));
  EXPECT_FALSE(both(acquire, TsoFlavour::T2));
  EXPECT_TRUE(both(acquire, TsoFlavour::T3));
  EXPECT_TRUE(both(atomic, TsoFlavour::T1));
  EXPECT_TRUE(both(atomic, TsoFlavour::T2));
  EXPECT_FALSE(both(atomic, TsoFlavour::T3));
}

}  // namespace
}  // namespace isobar::model
