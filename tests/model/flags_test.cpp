// Warnings of executions: which programs have one, with and without reduction.
#include "model/state/flags.h"

#include "tests/model/bench.h"
#include "isa/concurrent_modification.h"

namespace isobar::model {
namespace {

constexpr u32 kNopWord = 0xd503201f;
constexpr u32 kAddX3 = 0x91000463;  // ADD X3, X3, #1

struct Case {
  const char* name;
  std::vector<std::string>
      threads;  ///< X0: the label "1:patch" ("0:patch" of a lone thread), X1: the new word
  u32 word = kNopWord;
  u8 expected = 0;
  bool dic = false;
  isa::CmodxList list = isa::CmodxList::Current;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

/// Union of the warnings over all executions.
u8 all_flags(const Case& c, bool reduction) {
  Bench b(c.threads, true);
  for (Region& r : b.program.regions)  // what is not executable is no instruction
    if (r.name == "data") r.permissions = kReadEl0 | kWriteEl0;
  const std::string patch = c.threads.size() == 1 ? "0:patch" : "1:patch";
  b.program.reset[0].registers.push_back({isa::x_reg(0), {b.labels.at(patch), 0}});
  b.program.reset[0].registers.push_back({isa::x_reg(1), {c.word, 0}});
  if (const auto entry = b.labels.find("1:entry"); entry != b.labels.end())
    b.program.reset[0].registers.push_back({isa::x_reg(2), {entry->second, 0}});
  b.program.reset[0].registers.push_back({isa::x_reg(3), {0x14000002, 0}});  // B .+8
  b.config.dic = b.config.idc = c.dic;
  b.config.cmodx = c.list;
  u8 flags = 0;
  const explore::SearchResult r = b.explore(reduction);
  EXPECT_EQ(r.status, explore::Status::Complete);
  EXPECT_FALSE(r.outcomes.empty());
  for (const auto& [outcome, info] : r.outcomes)
    for (std::size_t i = 0; i < kFlagNames.size(); ++i) {
      if (info.flags[i].count == 0) continue;
      EXPECT_LE(info.flags[i].count, info.count);
      EXPECT_FALSE(info.flags[i].witness.empty());
      flags = static_cast<u8>(flags | kFlagNames[i].flag);
    }
  return flags;
}

class Flags : public testing::TestWithParam<Case> {};

TEST_P(Flags, AreThoseOfTheReference) {
  EXPECT_EQ(all_flags(GetParam(), true), GetParam().expected);
  EXPECT_EQ(all_flags(GetParam(), false), GetParam().expected) << "without reduction";
}

const std::string kMaintainPatch = "dc cvau, x0\n dsb sy\n ic ivau, x0\n dsb sy\n";
const std::string kPublish = "mov w4, #1\n str w4, [x20]\n";
const std::string kPatch = "patch: add x3, x3, #1\n";

const std::vector<Case> kCases = {
    {"other_core", {"str w1, [x0]\n", kPatch}, kNopWord, kFlagCmodx},
    {"other_core_with_coherent_caches", {"str w1, [x0]\n", kPatch}, kNopWord, 0, true},
    {"into_the_list_is_not_enough", {"str w1, [x0]\n", "patch: nop\n"}, kAddX3, kFlagCmodx},
    {"branch_to_nop", {"str w1, [x0]\n", "patch: b skip\n mov x3, #1\n skip:\n"}, kNopWord, 0},
    {"conditional_branch", {"str w1, [x0]\n", "patch: cbz x3, skip\n mov x3, #1\n skip:\n"}, kNopWord, 0},
    {"conditional_branch_in_the_original_list",
     {"str w1, [x0]\n", "patch: cbz x3, skip\n mov x3, #1\n skip:\n"},
     kNopWord,
     kFlagCmodx,
     false,
     isa::CmodxList::Original},
    {"published",
     {"str w1, [x0]\n" + kMaintainPatch + kPublish, "ldr w5, [x20]\n cbz w5, out\n isb\n" + kPatch + "out:\n"},
     kNopWord,
     0},
    // Ordered is what counts, not whether the old instruction can still be fetched.
    {"ordered_without_maintenance",
     {"str w1, [x0]\n dmb sy\n" + kPublish, "ldr w5, [x20]\n cbz w5, out\n isb\n" + kPatch + "out:\n"},
     kNopWord,
     0},
    {"published_without_isb",
     {"str w1, [x0]\n" + kMaintainPatch + kPublish, "ldr w5, [x20]\n cbz w5, out\n" + kPatch + "out:\n"},
     kNopWord,
     kFlagCmodx},
    {"executed_before", {"ldr w5, [x20]\n cbz w5, out\n str w1, [x0]\n out:\n", kPatch + kPublish}, kNopWord, 0},
    {"own_core", {"str w1, [x0]\n" + kPatch}, kNopWord, kFlagCmodx},
    {"own_core_synchronised", {"str w1, [x0]\n dsb sy\n isb\n" + kPatch}, kNopWord, 0},
    {"own_core_isb_alone", {"str w1, [x0]\n isb\n" + kPatch}, kNopWord, kFlagCmodx},
    {"own_core_executed_before", {kPatch + "str w1, [x0]\n"}, kNopWord, 0},
    // Nothing orders a fetch after an older fetch of its core.
    {"published_by_a_branch",
     {"str w1, [x0]\n dmb sy\n str w3, [x2]\n", "entry: nop\n b out\n" + kPatch + "out:\n"},
     kNopWord,
     kFlagCmodx | kFlagSameLine},
    {"published_by_a_branch_with_maintenance",
     {"str w1, [x0]\n" + kMaintainPatch + "str w3, [x2]\n", "entry: nop\n b out\n" + kPatch + "out:\n"},
     kNopWord,
     kFlagSameLine},
    {"behind_a_fault", {"str w1, [x0]\n", "ldr x9, [x10]\n" + kPatch}, kNopWord, 0},
    {"never_executed", {"str w1, [x0]\n", "b out\n" + kPatch + "out:\n"}, kNopWord, 0},
    {"one_word_twice", {"str w1, [x0]\n str w1, [x0]\n", "patch: nop\n"}, kNopWord, 0},
    {"two_words", {"str w1, [x0]\n str w1, [x0, #4]\n", "patch: nop\n nop\n"}, kNopWord, kFlagSameLine},
    {"two_words_of_coherent_caches",
     {"str w1, [x0]\n str w1, [x0, #4]\n", "patch: nop\n nop\n"},
     kNopWord,
     kFlagSameLine,
     true},
    {"shareability", {"dmb ish\n patch:\n"}, kNopWord, kFlagDmbShareability},
    {"full_system", {"dmb sy\n dmb ld\n dmb st\n dsb ish\n patch:\n"}, kNopWord, 0},
    {"shareability_not_executed", {"b patch\n dmb oshst\n patch:\n"}, kNopWord, 0},
};

INSTANTIATE_TEST_SUITE_P(Programs, Flags, testing::ValuesIn(kCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Flags, BelongToTheOutcomesOfTheirExecutions) {
  // The old instruction is executed either before the store or beside it; the new one after the store, which
  // orders it.
  Bench b({"str w1, [x0]\n", kPatch}, true);
  b.program.reset[0].registers.push_back({isa::x_reg(0), {b.labels.at("1:patch"), 0}});
  b.program.reset[0].registers.push_back({isa::x_reg(1), {kNopWord, 0}});
  b.observe({"1:X3"});
  std::map<u64, bool> flagged;
  for (const auto& [outcome, info] : b.explore().outcomes)
    flagged[outcome.values[0].lo] = info.flags[2].count != 0;
  EXPECT_EQ(flagged, (std::map<u64, bool>{{0, false}, {1, true}}));
}

TEST(Flags, KnowTheListsOfInstructions) {
  using isa::CmodxList;
  const std::map<std::string, int> words = {// 2: in both lists, 1: in the current one, 0: in none
                                            {"b 8", 2},
                                            {"bl 8", 2},
                                            {"svc #3", 2},
                                            {"hvc #3", 2},
                                            {"smc #3", 2},
                                            {"brk #3", 2},
                                            {"isb", 2},
                                            {"nop", 2},
                                            {"b.eq 8", 1},
                                            {"cbz w0, 8", 1},
                                            {"cbnz x3, 8", 1},
                                            {"tbz x1, #40, 8", 1},
                                            {"tbnz w1, #4, 8", 1},
                                            {"udf #7", 1},
                                            {"yield", 0},
                                            {"br x3", 0},
                                            {"ret", 0},
                                            {"ldr x0, [x1]", 0},
                                            {"str x0, [x1]", 0},
                                            {"dmb ish", 0},
                                            {"dsb ish", 0},
                                            {"hlt #1", 0},
                                            {"eret", 0},
                                            {"mov x0, #1", 0},
                                            {"adr x0, 8", 0}};
  for (const auto& [text, lists] : words) {
    const isa::Assembly a = isa::assemble(text, 0, {});
    u32 word = 0;
    for (unsigned i = 4; i-- > 0;) word = word << 8 | a.bytes[i];
    EXPECT_EQ(isa::is_concurrently_modifiable(word, CmodxList::Current), lists >= 1) << text;
    EXPECT_EQ(isa::is_concurrently_modifiable(word, CmodxList::Original), lists == 2) << text;
  }
}

}  // namespace
}  // namespace isobar::model
