// Hunting: what strategies find, that they find nothing else, coverage and shrunk schedules.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "explore/search.h"
#include "hunt/hunt.h"
#include "hunt/shrink.h"
#include "scenarios/loader/build.h"
#include "scenarios/loader/loader.h"

namespace isobar::hunt {
namespace {

constexpr Strategy kAll[] = {Strategy::Random, Strategy::Pct, Strategy::Delay};

/// A scenario of scenarios/algorithms, on the machine of searches and on that of runs.
struct Subject {
  explicit Subject(const std::string& name) {
    const std::string path = std::string(ISOBAR_SOURCE_DIR) + "/scenarios/algorithms/" + name + ".yaml";
    std::ifstream in(path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    scenario = scenarios::parse_scenario(text, path);
    const scenarios::Build b = scenarios::build(scenario, 0);
    searched = std::make_unique<model::Machine>(b.config, b.program);
    model::MachineConfig config = b.config;
    config.speculation = model::Speculation::Squash;
    run = std::make_unique<model::Machine>(config, b.program);
    target.machine = run.get();
    target.observables = b.observables;
    target.broken = [this, b](const trace::Outcome& o) -> std::optional<std::string> {
      const scenarios::Expectation& e = scenario.expectations.front();
      if (!scenarios::holds(e.condition, scenarios::final_values(scenario, b, o))) return std::nullopt;
      return e.source.text;
    };
  }

  HuntResult hunt(const StrategyOptions& strategy, u64 runs, unsigned jobs = 1) const {
    HuntOptions options;
    options.strategy = strategy;
    options.runs = runs;
    options.jobs = jobs;
    return hunt::hunt(target, options);
  }

  scenarios::Scenario scenario;
  std::unique_ptr<model::Machine> searched, run;
  Target target;
};

TEST(Hunt, PctFindsEveryBrokenAlgorithm) {
  unsigned found = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(ISOBAR_SOURCE_DIR) + "/scenarios/algorithms")) {
    const std::string name = file.path().stem();
    if (name.find("-broken") == std::string::npos) continue;
    const HuntResult r = Subject(name).hunt({Strategy::Pct, 3, 7}, 2000);
    EXPECT_TRUE(r.found) << name;
    ++found;
  }
  EXPECT_GE(found, 15u);
}

TEST(Hunt, UniformChoiceMissesWhatPctFindsInFewRuns) {
  for (const char* name : {"treiber-stack-broken", "treiber-stack-3-broken", "michael-scott-queue-broken"}) {
    const Subject s(name);
    EXPECT_TRUE(s.hunt({Strategy::Pct, 3, 1}, 200).found) << name;
    EXPECT_FALSE(s.hunt({Strategy::Random, 1, 1}, 1000).found) << name;
  }
}

/// Runs see only what a search of everything sees, whatever chooses their steps; and no run of a correct algorithm fails.
TEST(Hunt, RunsShowOnlyOutcomesOfTheSearch) {
  for (const char* name : {"dekker", "seqlock", "rcu-publish-3", "michael-scott-queue", "dekker-broken", "peterson-broken"}) {
    const Subject s(name);
    const explore::SearchResult all = explore::search(*s.searched, s.target.observables, {});
    ASSERT_EQ(all.status, explore::Status::Complete);
    for (const Strategy strategy : kAll) {
      for (u64 seed = 1; seed <= 3; ++seed) {
        const HuntResult r = s.hunt({strategy, 3, seed}, 100);
        EXPECT_EQ(r.given_up, 0u) << name;
        for (const auto& [outcome, count] : r.outcomes) EXPECT_TRUE(all.outcomes.count(outcome)) << name;
        EXPECT_TRUE(std::string(name).find("broken") != std::string::npos || !r.found) << name;
      }
    }
  }
}

TEST(Hunt, JobsChangeNothing) {
  const Subject s("peterson-broken");
  for (const Strategy strategy : kAll) {
    const HuntResult one = s.hunt({strategy, 3, 5}, 3000, 1);
    const HuntResult three = s.hunt({strategy, 3, 5}, 3000, 3);
    ASSERT_TRUE(one.found && three.found);
    EXPECT_EQ(one.found->run, three.found->run);
    EXPECT_EQ(one.found->path, three.found->path);
    EXPECT_EQ(one.coverage.distinct, three.coverage.distinct);
    EXPECT_EQ(one.coverage.once, three.coverage.once);
    EXPECT_EQ(one.transitions, three.transitions);
  }
}

TEST(Hunt, ShrunkSchedulesFailInTheSameWayAndAreNotLonger) {
  for (const char* name : {"ticket-lock-broken", "mcs-lock-broken", "peterson-broken", "treiber-stack-broken"}) {
    const Subject s(name);
    for (const Strategy strategy : {Strategy::Random, Strategy::Delay}) {
      const HuntResult r = s.hunt({strategy, 4, 3}, 5000);
      if (!r.found) continue;
      const Shrunk shrunk = shrink(s.target, r.found->path, r.found->failure);
      EXPECT_LE(shrunk.after, shrunk.before);
      EXPECT_EQ(shrunk.after, cost_of(s.target, shrunk.path));
      EXPECT_LE(shrunk.after.switches, 6u) << name;
      std::size_t next = 0;
      const hunt::Run again = run_with(s.target, shrunk.path.size() + 1, [&](const model::MachineState&, const auto& enabled) {
        const auto step = std::find(enabled.begin(), enabled.end(), shrunk.path[next++]);
        return step == enabled.end() ? std::nullopt : std::optional(static_cast<std::size_t>(step - enabled.begin()));
      });
      EXPECT_TRUE(again.ended);
      EXPECT_EQ(again.failure, r.found->failure) << name;
    }
  }
}

TEST(Coverage, CountsExecutionsAndEstimatesTheRest) {
  Coverage c;
  for (const u64 execution : {1, 1, 1, 2, 2, 3, 4, 5}) c.add({execution, 0});
  const Estimate e = c.estimate();
  EXPECT_EQ(e.runs, 8u);
  EXPECT_EQ(e.distinct, 5u);
  EXPECT_EQ(e.once, 3u);
  EXPECT_EQ(e.twice, 1u);
  EXPECT_DOUBLE_EQ(e.total, 5 + 3 * 2 / (2 * 2.0));
  EXPECT_DOUBLE_EQ(e.unseen, 3.0 / 8);
}

/// Two runs are one execution exactly if reads take from the same writes and writes are in the same order.
TEST(Coverage, ExecutionsAreTheSameUpToTheOrderOfIndependentSteps) {
  // Dekker's entry: each thread writes its flag and reads the other's. Reads-from has four possibilities, of which the
  // broken fence allows all.
  EXPECT_EQ(Subject("dekker-broken").hunt({Strategy::Random, 1, 1}, 40).coverage.distinct, 3u);
  std::set<Digest> seen;
  const Subject s("dekker-broken");
  for (u64 run = 0; run < 400; ++run) {
    const hunt::Run r = run_once(s.target, {Strategy::Random, 1, 1}, {}, run);
    seen.insert(fingerprint(r.execution));
  }
  EXPECT_EQ(seen.size(), 4u);
}

}  // namespace
}  // namespace isobar::hunt
