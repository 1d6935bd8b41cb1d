// Conditions on values, and expectations on sets of outcomes.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "scenarios/loader/verdict.h"
#include "tests/scenarios/loader_support.h"

namespace isobar::scenarios {
namespace {

/// Two threads, x and y of 8 bytes, b of 1.
Scenario scenario(const std::string& expect) {
  return parse_scenario(
      "description: a\nmemory: {x: 0, y: 0, b: {type: u8}}\nthreads:\n  P0:\n    asm: |\n      here: NOP\n  "
      "P1:\n    asm: |\n "
      "     NOP\n" +
          expect,
      "test.yaml");
}

/// An outcome where the named things have these values and everything else is 0.
trace::Outcome outcome(const Scenario& s, const std::map<std::string, Value>& values) {
  trace::Outcome o;
  std::size_t used = 0;
  for (const Observed& x : s.observed) {
    const auto found = values.find(x.label);
    used += found != values.end() ? 1 : 0;
    o.values.push_back(found != values.end() ? found->second : Value{});
  }
  EXPECT_EQ(used, values.size());
  return o;
}

bool condition_holds(const std::string& condition, const std::map<std::string, Value>& values) {
  const Scenario s = scenario("expect:\n  - never: \"" + condition + "\"\n");
  const Build b = build(s, 0);
  return holds(s.expectations.at(0).condition, final_values(s, b, outcome(s, values)));
}

TEST(Conditions, Precedence) {
  const std::map<std::string, Value> x1{{"x", {1, 0}}};
  EXPECT_TRUE(condition_holds("x == 1 || x == 2 && x == 3", x1)) << "&& binds tighter";
  EXPECT_FALSE(condition_holds("(x == 1 || x == 2) && x == 3", x1));
  EXPECT_TRUE(condition_holds("!x == 2", x1)) << "! applies to the comparison";
  EXPECT_FALSE(condition_holds("!(x == 1)", x1));
  EXPECT_TRUE(condition_holds("!!(x == 1)", x1));
  EXPECT_TRUE(condition_holds("true", {}));
}

TEST(Conditions, ComparisonsAgreeWithArithmetic) {
  std::mt19937_64 random(1);
  const Scenario s = scenario(
      "expect:\n  - never: x == y\n  - never: x != y\n  - never: x < y\n  - never: x <= y\n  - never: x > "
      "y\n  - never: x "
      ">= y\n");
  const Build b = build(s, 0);
  for (int i = 0; i < 1000; ++i) {
    const u64 x = random() >> (random() % 64), y = i % 3 == 0 ? x : random() >> (random() % 64);
    const std::vector<Value> v = final_values(s, b, outcome(s, {{"x", {x, 0}}, {"y", {y, 0}}}));
    const bool expected[] = {x == y, x != y, x<y, x <= y, x> y, x >= y};
    for (std::size_t k = 0; k < 6; ++k)
      EXPECT_EQ(holds(s.expectations[k].condition, v), expected[k]) << x << " " << y;
  }
}

TEST(Conditions, NumbersHaveTheWidthOfTheOtherSide) {
  EXPECT_TRUE(condition_holds("P0.X1 == -22", {{"P0.X1", {~u64{21}, 0}}}));
  EXPECT_TRUE(condition_holds("P0.X1 == -EINVAL", {{"P0.X1", {~u64{21}, 0}}}));
  EXPECT_TRUE(condition_holds("bits(P0.X1, 15, 8) == 0x56 && bits(P0.W1, 31, 28) == 1", {{"P0.X1", {0x12345678, 0}}}));
  EXPECT_TRUE(condition_holds("bits(P0.V1, 71, 56) == 0xab12", {{"P0.V1", {0x12ffffffffffffff, 0x7ab}}}));
  EXPECT_TRUE(condition_holds("P0.W1 == -1", {{"P0.X1", {0x12345678ffffffff, 0}}}))
      << "the upper half is ignored";
  EXPECT_TRUE(condition_holds("b == -1", {{"b", {0xff, 0}}}));
  EXPECT_TRUE(condition_holds("P0.V1 == 0x1_0000_0000_0000_0000", {{"P0.V1", {0, 1}}}));
  EXPECT_TRUE(condition_holds("P0.D1 == 5", {{"P0.V1", {5, 1}}})) << "the upper half is ignored";
}

TEST(Conditions, AddressesAndContents) {
  const Scenario s = scenario("show: x\n");
  const u64 x = s.find_memory("x")->address, here = s.threads[0].code.base;
  EXPECT_TRUE(condition_holds("P0.X1 == &x", {{"P0.X1", {x, 0}}}));
  EXPECT_TRUE(condition_holds("P0.X1 == &x+4", {{"P0.X1", {x + 4, 0}}}));
  EXPECT_TRUE(condition_holds("P0.X1 == P0.here", {{"P0.X1", {here, 0}}}));
  EXPECT_TRUE(condition_holds("P0.X1 == x", {{"P0.X1", {7, 0}}, {"x", {7, 0}}}));
  EXPECT_TRUE(condition_holds("[x] == 7 && 7 == x", {{"x", {7, 0}}}));
}

/// A data abort of EL0: permission fault, level 3.
constexpr u64 kPermission = u64{0x24} << 26 | 0xf;

TEST(Conditions, Faults) {
  const Scenario s = scenario("show: x\n");
  const u64 x = s.find_memory("x")->address;
  const std::map<std::string, Value> fault{{"fault(P0)", {kPermission, 0x10000}},
                                           {"address of fault(P0)", {x, 0}}};
  EXPECT_TRUE(condition_holds("fault(P0)", fault));
  EXPECT_FALSE(condition_holds("fault(P1)", fault));
  EXPECT_TRUE(condition_holds("fault(P0, permission)", fault));
  EXPECT_FALSE(condition_holds("fault(P0, translation)", fault));
  EXPECT_TRUE(condition_holds("fault(P0, permission, x)", fault));
  EXPECT_FALSE(condition_holds("fault(P0, any, y)", fault));
  EXPECT_TRUE(condition_holds("fault(P0, undefined)", {{"fault(P0)", {u64{1} << 25, 0x10000}}}));
  EXPECT_TRUE(condition_holds("fault(P0, svc)", {{"fault(P0)", {u64{0x15} << 26, 0x10000}}}));
  EXPECT_TRUE(condition_holds("fault(P0, fetch)", {{"fault(P0)", {u64{0x20} << 26 | 7, 0x10000}}}));
}

TEST(Conditions, DeadlockIsAThreadThatWaits) {
  EXPECT_TRUE(condition_holds("deadlock", {{"waiting(P1)", {1, 0}}}));
  EXPECT_TRUE(condition_holds("waiting(P1) && !waiting(P0)", {{"waiting(P1)", {1, 0}}}));
  EXPECT_FALSE(condition_holds("deadlock", {}));
}

struct VerdictCase {
  const char* name;
  const char* expect;
  std::vector<u64> x;  ///< final values of x that were seen
  Coverage coverage;
  Verdict verdict;
};

class Verdicts : public testing::TestWithParam<VerdictCase> {};

TEST_P(Verdicts, FollowFromWhatWasSeen) {
  const VerdictCase& c = GetParam();
  const Scenario s = scenario(std::string("expect:\n  - ") + c.expect + "\n");
  const Build b = build(s, 0);
  Seen seen;
  seen.coverage = c.coverage;
  seen.limit = "10 states";
  for (const u64 x : c.x) seen.states.push_back({outcome(s, {{"x", {x, 0}}}), 1});
  const Report r = judge(s, 0, b, seen);
  EXPECT_EQ(r.verdict, c.verdict) << render_text(r, s);
  EXPECT_EQ(r.expectations.at(0).verdict, c.verdict);
}

constexpr Coverage kAll = Coverage::Complete, kSome = Coverage::Partial, kTimed = Coverage::Timed;
constexpr Verdict kPass = Verdict::Pass, kFail = Verdict::Fail, kOpen = Verdict::Undetermined;
const VerdictCase kVerdicts[] = {
    {"NeverUnseen", "never: x == 1", {0, 2}, kAll, kPass},
    {"NeverSeen", "never: x == 1", {0, 1}, kAll, kFail},
    {"NeverUnseenPartial", "never: x == 1", {0, 2}, kSome, kOpen},
    {"NeverSeenPartial", "never: x == 1", {0, 1}, kSome, kFail},
    {"NeverUnseenTimed", "never: x == 1", {0}, kTimed, kPass},
    {"SometimesSeen", "sometimes: x == 1", {0, 1}, kAll, kPass},
    {"SometimesUnseen", "sometimes: x == 1", {0}, kAll, kFail},
    {"SometimesSeenPartial", "sometimes: x == 1", {1}, kSome, kPass},
    {"SometimesUnseenPartial", "sometimes: x == 1", {0}, kSome, kOpen},
    {"SometimesNothingPartial", "sometimes: x == 1", {}, kSome, kOpen},
    {"AlwaysAll", "always: x == 1", {1}, kAll, kPass},
    {"AlwaysOther", "always: x == 1", {1, 2}, kAll, kFail},
    {"AlwaysNothing", "always: x == 1", {}, kAll, kFail},
    {"AlwaysNothingPartial", "always: x == 1", {}, kSome, kOpen},
    {"AlwaysAllPartial", "always: x == 1", {1}, kSome, kOpen},
    {"AlwaysOtherPartial", "always: x == 1", {2}, kSome, kFail},
    {"StatesExact", "states: [x=0, x=1]", {0, 1}, kAll, kPass},
    {"StatesMissing", "states: [x=0, x=1]", {0}, kAll, kFail},
    {"StatesExtra", "states: [x=0]", {0, 1}, kAll, kFail},
    {"StatesMissingPartial", "states: [x=0, x=1]", {0}, kSome, kOpen},
    {"StatesExactPartial", "states: [x=0, x=1]", {0, 1}, kSome, kOpen},
    {"StatesExtraPartial", "states: [x=0]", {0, 1}, kSome, kFail},
};
std::string verdict_name(const testing::TestParamInfo<VerdictCase>& c) {
  return c.param.name;
}
INSTANTIATE_TEST_SUITE_P(All, Verdicts, testing::ValuesIn(kVerdicts), verdict_name);

Report judged(const Scenario& s, const std::map<std::string, Value>& values) {
  Seen seen;
  seen.states.push_back({outcome(s, values), 3});
  return judge(s, 0, build(s, 0), seen);
}

TEST(Surprises, AFaultThatNoExpectationSpeaksOfFails) {
  const std::map<std::string, Value> fault{{"fault(P0)", {kPermission, 0x10000}}};
  const Report r = judged(scenario("expect:\n  - never: x == 1\n"), fault);
  EXPECT_EQ(r.verdict, Verdict::Fail);
  ASSERT_EQ(r.surprises.size(), 1u);
  EXPECT_NE(r.surprises[0].find("P0 stops with a fault"), std::string::npos);
  EXPECT_EQ(judged(scenario("expect:\n  - sometimes: fault(P0)\n"), fault).verdict, Verdict::Pass);
}

TEST(Surprises, AnEndlessWaitThatNoExpectationSpeaksOfFails) {
  const std::map<std::string, Value> wait{{"waiting(P1)", {1, 0}}};
  EXPECT_EQ(judged(scenario("expect:\n  - never: x == 1\n"), wait).verdict, Verdict::Fail);
  EXPECT_EQ(judged(scenario("expect:\n  - sometimes: deadlock\n"), wait).verdict, Verdict::Pass);
  EXPECT_EQ(judged(scenario("expect:\n  - never: deadlock\n"), wait).verdict, Verdict::Fail);
}

TEST(Surprises, WhenNoRunEndsNothingPasses) {
  const Scenario s = scenario("expect:\n  - never: x == 1\n");
  EXPECT_EQ(judge(s, 0, build(s, 0), Seen{}).verdict, Verdict::Fail);
}

TEST(StateText, IsReadableAndCanBePastedIntoAScenario) {
  const Scenario s = scenario("show: [P0.X1, P0.X2, x, y]\n");
  const u64 x = s.find_memory("x")->address;
  const Build b = build(s, 0);
  const std::vector<Value> v = final_values(
      s, b, outcome(s, {{"P0.X1", {~u64{21}, 0}}, {"P0.X2", {x, 0}}, {"x", {5, 0}}, {"y", {0xabcdef, 0}}}));
  const std::string text = state_text(s, b, v);
  EXPECT_EQ(text, "P0.X1=-22; P0.X2=&x; x=5; y=0xabcdef;");
  const Scenario again = scenario("expect:\n  - states: [\"" + text + "\"]\n");
  const Report r =
      judged(again, {{"P0.X1", {~u64{21}, 0}}, {"P0.X2", {x, 0}}, {"x", {5, 0}}, {"y", {0xabcdef, 0}}});
  EXPECT_EQ(r.verdict, Verdict::Pass) << render_text(r, again);
}

}  // namespace
}  // namespace isobar::scenarios
