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

std::string algorithm(const std::string& name) {
  std::ifstream in(std::string(ISOBAR_SOURCE_DIR) + "/scenarios/algorithms/" + name + ".yaml");
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A scenario, on the machine of searches and on that of runs.
struct Subject {
  explicit Subject(const std::string& name) : Subject(name, algorithm(name)) {}
  Subject(const std::string& name, const std::string& text) {
    scenario = scenarios::parse_scenario(text, name + ".yaml");
    const scenarios::Build b = scenarios::build(scenario, 0);
    searched = std::make_unique<model::Machine>(b.config, b.program);
    model::MachineConfig config = b.config;
    config.speculation = model::Speculation::Squash;
    run = std::make_unique<model::Machine>(config, b.program);
    target.machine = run.get();
    target.observables = b.observables;
    target.broken = [this, b](const trace::Outcome& o) -> std::optional<std::string> {
      const scenarios::Expectation& e = scenario.expectations.front();
      if (e.kind == scenarios::Expectation::Kind::Always ||
          !scenarios::holds(e.condition, scenarios::final_values(scenario, b, o))) return std::nullopt;
      return e.source.text;
    };
    for (const scenarios::MemoryLocation& m : scenario.memory) {
      if (m.race_free) target.races.race_free.push_back({m.address, m.address + m.bytes()});
    }
    target.tell = [](const Race& r) { return r.first.write && r.second.write ? "two writes" : "a write and a read"; };
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

/// `name` with its data marked as free of races, and without expectations that could fail first.
Subject marked(const std::string& name, const std::string& data) {
  std::string text = algorithm(name);
  const std::size_t at = text.find("\n  " + data + ":") + 3;
  const std::size_t colon = at + data.size();
  const std::size_t end = text.find('\n', at);
  const bool map = text[colon + 2] == '{';
  text.replace(colon, end - colon, map ? ": {race_free: true, " + text.substr(colon + 3, end - colon - 3)
                                       : ": {race_free: true, value:" + text.substr(colon + 1, end - colon - 1) + "}");
  text.replace(text.find("expect:"), std::string::npos, "expect:\n  - always: P0.X30 == 0\n    why: Nothing else is asked.\n");
  return Subject(name, text);
}

TEST(Races, CorrectAlgorithmsHaveNoneAndBrokenOnesDo) {
  const std::pair<const char*, const char*> locked[] = {{"ticket-lock", "counter"}, {"test-and-set-lock", "counter"},
                                                        {"mcs-lock", "counter"},    {"peterson", "counter"},
                                                        {"rcu-publish", "node"},    {"michael-scott-queue", "node"}};
  for (const auto& [name, data] : locked) {
    EXPECT_FALSE(marked(name, data).hunt({Strategy::Pct, 3, 1}, 150).found) << name;
    const HuntResult r = marked(std::string(name) + "-broken", data).hunt({Strategy::Pct, 3, 1}, 150);
    ASSERT_TRUE(r.found) << name;
    EXPECT_EQ(r.found->failure.kind, FailureKind::Race) << name;
  }
}

/// Message passing with each means of order on both sides. The value of the flag decides whether the data is read.
std::string message(const std::string& release, const std::string& acquire) {
  return "description: message passing\nmachine: {kind: none}\nmemory: {data: {race_free: true}, flag: 0}\n"
         "registers: {X1: data, X2: flag, X9: 1}\nthreads:\n  writer:\n    asm: |\n      STR X9, [X1]\n" + release +
         "  reader:\n    asm: |\n" + acquire + "      out:\nexpect:\n  - always: writer.X30 == 0\n";
}

TEST(Races, OrderIsTheArchitectures) {
  const std::string read = "      LDR X3, [X2]\n      CBZ X3, out\n", load = "      LDR X4, [X1]\n";
  const std::string write = "      STR X9, [X2]\n";
  const std::string acquire = "      LDAR X3, [X2]\n      CBZ X3, out\n" + load, release = "      STLR X9, [X2]\n";
  const std::string depends = read + "      EOR X5, X3, X3\n      LDR X4, [X1, X5]\n";
  const struct {
    std::string writer, reader;
    bool race;
  } cases[] = {
      {release, acquire, false},
      {"      DMB ISHST\n" + write, acquire, false},
      {"      DMB ISH\n" + write, read + "      DMB ISHLD\n" + load, false},
      {"      DSB ISH\n" + write, read + "      ISB\n" + load, false},
      {release, depends, false},
      {release, read + "      STR X9, [X1]\n", false},  // a control dependency orders a store
      {write, acquire, true},
      {"      DMB ISHLD\n" + write, acquire, true},
      {release, read + load, true},
      {release, read + "      DMB ISHST\n" + load, true},
      {release, "      LDAR X3, [X2]\n" + load, true},  // read whatever the flag says
  };
  for (const auto& c : cases) {
    const HuntResult r = Subject("message", message(c.writer, c.reader)).hunt({Strategy::Pct, 2, 1}, 60);
    EXPECT_EQ(r.found.has_value(), c.race) << c.writer << "--\n" << c.reader;
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
