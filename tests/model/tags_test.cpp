// Memory tags: instructions that read and write them, checks and their modes, PSTATE.TCO, TFSR.
#include "model/storage/tags.h"
#include "tests/model/bench.h"

namespace isobar::model {
namespace {

Bench tagged(std::vector<std::string> threads, TagChecks checks = TagChecks::Synchronous, u8 el = 0) {
  Bench b(std::move(threads));
  b.tags(checks);
  for (ResetState& r : b.program.reset) r.el = el;
  b.symbols["tag(x)"] = tag_location(b.symbols["x"]);
  b.symbols["tag(x+16)"] = tag_location(b.symbols["x"] + kTagGranule);
  return b;
}

TEST(Tags, LocationsOfTagsAreDenseAndFarFromData) {
  EXPECT_EQ(tag_location(0x80000) + 1, tag_location(0x80010));
  EXPECT_EQ(tag_location(0x80000), tag_location(0x8000f));
  EXPECT_EQ(tagged_granule(tag_location(0x80017)), 0x80010u);
  EXPECT_TRUE(is_tag_location(tag_location(0)));
  EXPECT_FALSE(is_tag_location(0x0000'ffff'ffff'ffff));
  EXPECT_FALSE(is_tag_location(0xffff'0000'0000'0000));
  EXPECT_EQ(without_tag(0x0300'0000'0000'1000), 0x1000u);
  EXPECT_EQ(without_tag(0xf3ff'0000'0000'1000), 0xffff'0000'0000'1000u);
}

TEST(Tags, StoredTagsAreLoadedBack) {
  Bench b = tagged({"stg x23, [x20]\n ldg x1, [x20]\n lsr x1, x1, #56\n ldg x2, [x20, #16]\n lsr x2, x2, #56\n"});
  EXPECT_EQ(b.observe({"0:X1", "0:X2", "tag(x)", "tag(x+16)"}).states(), (Bench::States{{1, 0, 1, 0}}));
  Bench two = tagged({"mov x0, #-1\n str x0, [x20, #24]\n stz2g x23, [x20]\n ldr x1, [x23, #24]\n"});
  EXPECT_EQ(two.observe({"0:X1", "tag(x)"}).states(), (Bench::States{{0, 0x0101}}));  // a byte per granule
}

TEST(Tags, TagInstructionsAreUndefinedWithoutTags) {
  for (const char* text : {"stg x20, [x20]\n", "ldg x1, [x20]\n", "irg x1, x20\n", "addg x1, x20, #16, #1\n"}) {
    Bench b({std::string(text) + "mov x2, #1\n"});
    EXPECT_EQ(b.observe({"0:X2"}).states(), (Bench::States{{0}})) << text;
  }
}

TEST(Tags, PointersKeepTheirTagAndAddressesIgnoreIt) {
  Bench b = tagged({"mov x0, #5\n str x0, [x23]\n ldr x1, [x20]\n lsr x2, x23, #56\n"}, TagChecks::Off);
  EXPECT_EQ(b.observe({"0:X1", "0:X2"}).states(), (Bench::States{{5, 1}}));
}

TEST(Tags, AMismatchActsByMode) {
  const struct {
    TagChecks checks;
    u64 loaded, stored, status;  ///< does the thread come past a load, past a store; TFSR after both
  } rows[] = {{TagChecks::Off, 1, 1, 0}, {TagChecks::Synchronous, 0, 0, 0}, {TagChecks::Asynchronous, 1, 1, 1},
              {TagChecks::Asymmetric, 0, 1, 1}};
  for (const auto& row : rows) {
    Bench load = tagged({"ldr w1, [x23]\n mov w3, #1\n"}, row.checks);
    EXPECT_EQ(load.observe({"0:X3"}).states(), (Bench::States{{row.loaded}}));
    Bench store = tagged({"mov w0, #1\n str w0, [x23]\n mov w3, #1\n"}, row.checks);
    EXPECT_EQ(store.observe({"0:X3", "x", "0:TFSRE0_EL1"}).states(),
              (Bench::States{{row.stored, row.stored, row.status}}));
  }
}

TEST(Tags, WhatIsRelativeToTheStackPointerIsNotChecked) {
  Bench b = tagged({"mov sp, x23\n ldr w1, [sp]\n ldr w2, [sp, #4]\n mov w3, #1\n"});
  EXPECT_EQ(b.observe({"0:X3"}).states(), (Bench::States{{1}}));
  Bench written = tagged({"mov sp, x23\n ldr w1, [sp], #16\n mov w3, #1\n"});
  EXPECT_EQ(written.observe({"0:X3"}).states(), (Bench::States{{0}}));
}

TEST(Tags, EveryGranuleOfAnAccessIsChecked) {
  Bench b = tagged({"stg x23, [x20]\n add x5, x23, #8\n ldr x1, [x5]\n mov w3, #1\n ldp x1, x2, [x5]\n mov w4, #1\n"});
  EXPECT_EQ(b.observe({"0:X3", "0:X4"}).states(), (Bench::States{{1, 0}}));
}

TEST(Tags, TcoSwitchesChecksOffUntilItIsCleared) {
  Bench b = tagged({"msr tco, #1\n ldr w1, [x23]\n mrs x2, tco\n mov w3, #1\n msr tco, #0\n ldr w1, [x23]\n mov w4, #1\n"});
  EXPECT_EQ(b.observe({"0:X2", "0:X3", "0:X4"}).states(), (Bench::States{{u64{1} << 25, 1, 0}}));
}

TEST(Tags, AHandlerRunsUncheckedAndKnowsThePointer) {
  const std::string handler = "ldr w5, [x23]\n mrs x6, esr_el1\n and x6, x6, #0x3f\n mrs x7, far_el1\n lsr x7, x7, #56\n"
                              "mrs x8, elr_el1\n add x8, x8, #4\n msr elr_el1, x8\n eret\n";
  Bench b = tagged({"mov w0, #1\n ldr w1, [x23]\n mov w3, #1\n mrs x4, tco\n"});
  b.kernel(".org 0x400\n" + handler + ".org 0x800\n nop\n").observe({"0:X3", "0:X4", "0:X6", "0:X7"});
  EXPECT_EQ(b.states(), (Bench::States{{1, 0, 0x11, 1}}));
}

TEST(Tags, ModesChangeAtContextSynchronisation) {
  const std::string off = "msr sctlr_el1, xzr\n";
  Bench with = tagged({off + "isb\n ldr w1, [x23]\n mov w3, #1\n"}, TagChecks::Synchronous, 1);
  EXPECT_EQ(with.observe({"0:X3"}).states(), (Bench::States{{1}}));
  Bench without = tagged({off + "ldr w1, [x23]\n mov w3, #1\n"}, TagChecks::Synchronous, 1);
  EXPECT_EQ(without.observe({"0:X3"}).states(), (Bench::States{{0}}));
}

TEST(Tags, IrgChoosesAmongWhatIsNotExcluded) {
  Bench b = tagged({"mov x1, #0xfff6\n irg x2, x20, x1\n lsr x2, x2, #56\n gmi x3, x23, x1\n"});
  EXPECT_EQ(b.observe({"0:X2", "0:X3"}).states(), (Bench::States{{0, 0xfff6}, {3, 0xfff6}}));
}

TEST(Tags, ACheckMayBeReadLongBeforeItsStoreBecomesVisible) {
  // The old owner's store was checked before the tag changed, and lands after the new owner has read and written.
  Bench b = tagged({"mov w0, #1\n str w0, [x20]\n", "stg x23, [x20]\n dsb sy\n ldr w1, [x23]\n mov w0, #2\n str w0, [x23]\n"});
  const Bench::States s = b.observe({"1:X1", "x"}).states();
  EXPECT_TRUE(s.count({0, 1}));
  EXPECT_TRUE(s.count({0, 2}));
  EXPECT_TRUE(s.count({1, 2}));
}

TEST(Tags, ReductionKeepsOutcomes) {
  Bench b = tagged({"mov w0, #1\n str w0, [x21]\n stg x23, [x20]\n ldr w1, [x21]\n",
                    "ldr w1, [x20]\n ldr w2, [x23]\n str w1, [x21]\n ldg x4, [x20]\n"},
                   TagChecks::Asynchronous);
  b.observe({"0:X1", "1:X2", "1:X4", "1:TFSRE0_EL1", "y"});
  EXPECT_EQ(b.states(true), b.states(false));
}

}  // namespace
}  // namespace isobar::model
