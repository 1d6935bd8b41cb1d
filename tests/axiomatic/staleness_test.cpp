// What the judge says of stale fetches: the store that was not seen, and the step that would have made it visible.
#include <gtest/gtest.h>

#include <cctype>
#include <optional>
#include <string>

#include "axiomatic/staleness.h"
#include "isa/assembler.h"
#include "tests/axiomatic/runs.h"
#include "tests/model/bench.h"

namespace isobar::axiomatic {
namespace {

struct StalenessCase {
  const char* name;
  const char* writer;  ///< around the store of the new instruction; then the flag is raised
  const char* reader;  ///< after the flag was seen, before the modified instruction
  MissingStep missing;
  const char* instead;  ///< what is there but not ordered; empty: nothing
  bool dic = false, idc = false;
};

/// The flag is y (X21), the modified instruction at X19, its replacement in W18.
const StalenessCase kCases[] = {
    {"nothing", "STORE dmb sy; FLAG", "CTRL isb", MissingStep::Clean, ""},
    {"clean too early", "dc cvau, x19; dsb sy; STORE dmb sy; FLAG", "CTRL isb", MissingStep::Clean, "dc"},
    {"clean of another line", "STORE dc cvau, x21; dsb sy; ic ivau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Clean, ""},
    {"no invalidation", "STORE dc cvau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, ""},
    {"invalidation first", "STORE ic ivau, x19; dsb sy; dc cvau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, "ic"},
    {"no DSB between", "STORE dc cvau, x19; ic ivau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, "ic"},
    {"DMB between", "STORE dc cvau, x19; dmb sy; ic ivau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, "ic"},
    {"no DSB at the end", "STORE dc cvau, x19; dsb sy; ic ivau, x19; dmb sy; FLAG", "CTRL isb", MissingStep::Complete, ""},
    {"flag before the DSB", "STORE dc cvau, x19; dsb sy; ic ivau, x19; FLAG dsb sy;", "CTRL isb", MissingStep::Tell, ""},
    {"no ISB", "STORE dc cvau, x19; dsb sy; ic ivau, x19; dsb sy; FLAG", "CTRL", MissingStep::Synchronise, ""},
    {"ISB without a branch", "STORE dc cvau, x19; dsb sy; ic ivau, x19; dsb sy; FLAG", "isb", MissingStep::Synchronise, "isb"},
    {"IDC, no invalidation", "STORE dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, "", false, true},
    {"IDC, no DSB before", "STORE ic ivau, x19; dsb sy; FLAG", "CTRL isb", MissingStep::Invalidate, "ic", false, true},
    {"IDC, no ISB", "STORE dsb sy; ic ivau, x19; dsb sy; FLAG", "CTRL", MissingStep::Synchronise, "", false, true},
    {"DIC, no ISB", "STORE dmb sy; FLAG", "CTRL", MissingStep::Synchronise, "", true, true},
    {"DIC, ISB without a branch", "STORE dmb sy; FLAG", "isb", MissingStep::Synchronise, "isb", true, true},
};

std::string expanded(std::string text) {
  const std::pair<const char*, const char*> words[] = {{"STORE", "str w18, [x19];"},
                                                       {"FLAG", "mov w0, #1; str w0, [x21];"},
                                                       {"CTRL", "cbnz w1, 1f; 1:"}};
  for (const auto& [from, to] : words) {
    if (const std::size_t at = text.find(from); at != std::string::npos) text.replace(at, std::string(from).size(), to);
  }
  for (char& c : text) c = c == ';' ? '\n' : c;
  return text + "\n";
}

model::Bench bench(const std::vector<std::string>& threads) {
  model::Bench b(threads, true);
  const u64 patch = b.labels.at(std::to_string(threads.size() - 1) + ":patch");
  for (model::ResetState& r : b.program.reset) {
    r.registers.push_back({isa::x_reg(18), {0xd503201f, 0}});  // nop
    r.registers.push_back({isa::x_reg(19), {patch, 0}});
  }
  return b;
}

/// The stale fetch of a run that ends with `values`; nullopt if there is no such run.
std::optional<std::pair<StaleFetch, Program>> stale(const model::Bench& b, const std::vector<u64>& values) {
  const model::Machine machine(b.config, b.program);
  for (const auto& [outcome, info] : b.explore().outcomes) {
    bool same = true;
    for (std::size_t i = 0; i < values.size(); ++i) same = same && outcome.values[i].lo == values[i];
    if (!same) continue;
    const JudgeOptions options = judge_options(b.config);
    Verdict v = judge(record(machine, info.witness), options);
    EXPECT_TRUE(v.consistent) << v.text;
    const std::vector<StaleFetch> all = Staleness(v.program, {options.flavour, options.caches}).all();
    EXPECT_EQ(all.size(), 1u);
    if (!all.empty()) return std::pair(all[0], std::move(v.program));
  }
  return std::nullopt;
}

class Stale : public testing::TestWithParam<StalenessCase> {};

const std::string kPatch = "patch: b .+8\nmov w3, #1\n";

TEST_P(Stale, NamesTheFirstMissingStep) {
  const StalenessCase& c = GetParam();
  model::Bench b = bench({expanded(c.writer), "ldr w1, [x21]\n" + expanded(c.reader) + kPatch}).observe({"1:X1", "1:X3"});
  b.config.dic = c.dic;
  b.config.idc = c.idc;
  const auto found = stale(b, {1, 0});
  ASSERT_TRUE(found) << "the old instruction cannot be executed";
  const auto& [s, program] = *found;
  EXPECT_EQ(static_cast<int>(s.missing), static_cast<int>(c.missing));
  EXPECT_EQ(program.event[s.since].word, 0xb9000272u);  // str w18, [x19]
  ASSERT_NE(s.expected, kNoEvent);
  EXPECT_EQ(program.event[s.expected].kind, Event::Kind::Read);
  const std::string instead = s.instead == kNoEvent ? "" : isa::disassemble(program.event[s.instead].word, 0).substr(0, 3);
  EXPECT_EQ(instead.substr(0, std::string(c.instead).size()), c.instead) << instead;
  EXPECT_EQ(instead.empty(), std::string(c.instead).empty()) << instead;
}

INSTANTIATE_TEST_SUITE_P(Steps, Stale, testing::ValuesIn(kCases), [](const auto& c) {
  std::string name = c.param.name;
  for (char& x : name) x = std::isalnum(static_cast<unsigned char>(x)) != 0 ? x : '_';
  return name;
});

TEST(Staleness, OfTheOwnCore) {
  const std::string store = "str w18, [x19]\ndc cvau, x19\ndsb sy\nic ivau, x19\ndsb sy\n";
  const auto found = stale(bench({store + kPatch}).observe({"0:X3"}), {0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first.missing, MissingStep::Synchronise);
  EXPECT_EQ(found->second.event[found->first.told].kind, Event::Kind::Barrier);
  EXPECT_EQ(found->first.expected, found->first.since);
  EXPECT_FALSE(stale(bench({store + "isb\n" + kPatch}).observe({"0:X3"}), {0}));
}

TEST(Staleness, AnInvalidationOfTheOwnCoreDoesNotCount) {
  model::Bench b = bench({"str w18, [x19]\ndc cvau, x19\ndsb sy\nic iallu\ndsb sy\nmov w0, #1\nstr w0, [x21]\n",
                          "ldr w1, [x21]\ncbnz w1, 1f\n1: isb\n" + kPatch})
                       .observe({"1:X1", "1:X3"});
  for (model::ResetState& r : b.program.reset) r.el = 1;
  const auto found = stale(b, {1, 0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first.missing, MissingStep::Invalidate);
  EXPECT_EQ(found->first.instead, kNoEvent);
  b.config.force_broadcast = true;
  EXPECT_FALSE(stale(b, {1, 0}));
}

TEST(Staleness, ARaceIsNoReasonToExpectTheNewInstruction) {
  const auto found = stale(bench({"str w18, [x19]\n", "mov w0, #1\n" + kPatch}).observe({"1:X3"}), {0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first.expected, kNoEvent);
}

TEST(Staleness, IsSaidInWords) {
  const auto found = stale(bench({expanded(kCases[4].writer), "ldr w1, [x21]\n" + expanded("CTRL isb") + kPatch})
                               .observe({"1:X1", "1:X3"}),
                           {1, 0});
  ASSERT_TRUE(found);
  const StaleText text = tell(found->second, found->first, [](const Event& e) { return describe_effect(e); });
  EXPECT_EQ(text.since, "W [0x1100c]=0xd503201f");
  EXPECT_EQ(text.missing, "IC [0x1100c] is not ordered after DC [0x1100c]");
}

}  // namespace
}  // namespace isobar::axiomatic
