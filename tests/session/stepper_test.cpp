// A stepped run: back and forth, recorded and replayed, and every micro-op that cannot act says why.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "explore/search.h"
#include "model/thread/guards.h"
#include "session/commands.h"
#include "session/stepper.h"
#include "session/view.h"
#include "session/waiting.h"

namespace isobar::session {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Workload> workloads(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& e : fs::directory_iterator(fs::path(ISOBAR_SOURCE_DIR) / "scenarios" / folder))
    if (e.path().extension() == ".yaml") files.push_back(e.path());
  std::sort(files.begin(), files.end());
  std::vector<Workload> all;
  for (const fs::path& f : files)
    for (Workload& w : parse_workloads(read(f), f.string(), {})) all.push_back(std::move(w));
  return all;
}

Workload message_passing() {
  const fs::path file = fs::path(ISOBAR_SOURCE_DIR) / "scenarios/classics/mp.yaml";
  Overrides o;
  o.variants = {"weak"};
  return parse_workloads(read(file), file.string(), o).front();
}

/// Has `t` to do with slot `slot`, and not only with what is before it?
bool is_about(const model::Transition& t, unsigned core, unsigned slot) {
  using Kind = model::TransitionKind;
  return t.core == core && t.slot == slot && t.kind != Kind::Fetch && t.kind != Kind::SystemEffect &&
         t.kind != Kind::TakeInterrupt && t.kind != Kind::TimerTick;
}

/// Every micro-op is done, can act, or says why it cannot.
void expect_reasons(const Stepper& s) {
  if (s.state().dead) return;
  const Waiting waiting(s.workload(), s.listing(), s.state());
  for (unsigned k = 0; k < s.state().core.size(); ++k) {
    const model::Core& c = s.state().core[k];
    bool fetches = false;
    for (const Choice& choice : s.choices())
      fetches |= choice.transition.core == k && choice.transition.kind == model::TransitionKind::Fetch;
    EXPECT_EQ(fetches, waiting.fetch(k).empty()) << s.workload().title() << ": " << waiting.fetch(k);
    const bool interrupted = std::any_of(s.choices().begin(), s.choices().end(), [&](const Choice& choice) {
      return choice.transition.core == k && choice.transition.kind == model::TransitionKind::TakeInterrupt;
    });
    const bool waits = s.state().storage.irq.pending[k] != 0 && !c.stop.stopped && !interrupted;
    EXPECT_EQ(waits, !waiting.interrupt(k).empty()) << s.workload().title() << ": " << waiting.interrupt(k);
    for (unsigned i = 0; i < c.window.size(); ++i) {
      const bool acts = std::any_of(s.choices().begin(), s.choices().end(),
                                    [&](const Choice& choice) { return is_about(choice.transition, k, i); });
      const std::string reason = waiting.slot(k, i);
      if (model::is_complete(c.window[i])) {
        EXPECT_EQ(reason, "");
      } else if (!acts) {
        EXPECT_TRUE(reason.rfind("for ", 0) == 0 || reason.rfind("until ", 0) == 0)
            << s.workload().title() << " slot " << i << ": '" << reason << "'";
        EXPECT_EQ(reason.find("what is older in its core"), std::string::npos) << s.workload().title();
      }
    }
  }
}

class EveryScenario : public testing::TestWithParam<const char*> {};

TEST_P(EveryScenario, RandomRunsGoBackAndForthAndSayWhyThingsWait) {
  const std::vector<Workload> all = workloads(GetParam());
  ASSERT_FALSE(all.empty());
  for (const Workload& w : all) {
    SCOPED_TRACE(w.file + " " + w.title());
    for (u64 seed = 1; seed <= 2; ++seed) {
      Stepper s(w);
      const Digest start = model::digest(s.state());
      std::vector<Digest> digests{start};
      for (std::size_t n = 0; n < 400 && s.play(Pick::Random, seed * 1000 + n, 1) == 1; ++n) {
        expect_reasons(s);
        digests.push_back(model::digest(s.state()));
      }
      ASSERT_GT(s.position(), 1u);
      const std::size_t end = s.position();
      for (std::size_t n = end; n-- > 0;) {
        ASSERT_TRUE(s.jump(n));
        ASSERT_EQ(model::digest(s.state()), digests[n]) << n;
      }
      EXPECT_EQ(model::digest(s.state()), start);
      for (std::size_t n = 1; n <= end; ++n) {
        ASSERT_TRUE(s.jump(n));
        ASSERT_EQ(model::digest(s.state()), digests[n]) << n;
      }
      EXPECT_FALSE(s.jump(end + 1));
    }
  }
}

TEST_P(EveryScenario, RecordedRunsReplayToTheSameState) {
  for (const Workload& w : workloads(GetParam())) {
    SCOPED_TRACE(w.file + " " + w.title());
    Stepper s(w);
    s.play(Pick::Random, 7, 10'000);
    EXPECT_TRUE(s.workload().machine->finished(s.state())) << view(s).status;
    const trace::Trace t = s.record();
    ASSERT_TRUE(t.footer);
    EXPECT_EQ(t.footer->digest, model::digest(s.state()));
    const Workload again = workload_of(t, "trace");
    EXPECT_EQ(model::digest(run_steps(again, steps_of(t, "trace"))), model::digest(s.state()));
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, EveryScenario, testing::Values("classics", "context-switch", "jit", "locks", "membarrier", "mte", "quickstart",
                                         "tso"),
                         [](const auto& i) { 
                           std::string name = i.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Stepper, PlaysToAnOutcomeOfTheSearch) {
  Stepper s(message_passing());
  for (u64 seed = 1; seed <= 20; ++seed) {
    s.replace({});
    s.play(Pick::Random, seed, 1000);
    ASSERT_TRUE(s.workload().machine->finished(s.state()));
    const trace::Outcome o = explore::observe(*s.workload().machine, s.state(), s.workload().observables);
    EXPECT_EQ(s.outcomes().outcomes.count(o), 1u);
  }
}

TEST(Stepper, OtherStepsForgetWhatWasUndone) {
  Stepper s(message_passing());
  s.play(Pick::First, 0, 6);
  s.jump(3);
  EXPECT_EQ(s.length(), 6u);
  const std::vector<Choice> choices = s.choices();
  const model::Transition was = s.steps()[3].transition;
  const auto other = std::find_if(choices.begin(), choices.end(),
                                  [&](const Choice& c) { return !(c.transition == was); });
  ASSERT_NE(other, choices.end());
  ASSERT_TRUE(s.take({0, was}));
  EXPECT_EQ(s.length(), 6u);
  s.jump(3);
  ASSERT_TRUE(s.take({0, other->transition}));
  EXPECT_EQ(s.length(), 4u);
  EXPECT_FALSE(s.take({0, {model::TransitionKind::CleanData, 0, 60, 0}}));
  EXPECT_EQ(s.length(), 4u);
}

TEST(Commands, EveryCommandHasHelpAndCompletesItself) {
  Commands c(message_passing());
  const std::string help = c.execute("help").text;
  for (const CommandInfo& info : Commands::table()) {
    EXPECT_NE(help.find(info.help), std::string::npos) << info.name;
    EXPECT_EQ(c.complete(info.name).front(), info.name);
    EXPECT_NE(c.execute(std::string("help ") + info.name).text.find(info.name), std::string::npos);
  }
  EXPECT_EQ(c.complete("auto r"), std::vector<std::string>{"random"});
  EXPECT_EQ(c.complete("step "), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(Commands::completes_file("save x"));
  EXPECT_FALSE(Commands::completes_file("sav"));
}

TEST(Commands, ResultsAreObjectsThatNameTheirCommand) {
  Commands c(message_passing());
  for (const char* line : {"show", "list", "1", "why", "changes", "undo", "redo", "jump start", "auto first 3",
                           "outcomes", "follow 1", "history", "reset", "help"}) {
    const CommandResult r = c.execute(line);
    ASSERT_TRUE(r.json.is_object()) << line;
    const std::string name = std::string(line) == "1" ? "step" : std::string(line).substr(0, std::string(line).find(' '));
    EXPECT_EQ(r.json["command"], name) << line;
    EXPECT_FALSE(r.text.empty()) << line;
    EXPECT_EQ(r.text.back(), '\n') << line;
  }
  EXPECT_EQ(nlohmann::json::parse(c.execute("json show").text)["state"]["cores"].size(), 2u);
}

TEST(Commands, WrongLinesAreRefusedAndChangeNothing) {
  Commands c(message_passing());
  c.execute("auto first 4");
  const Digest before = model::digest(c.stepper().state());
  for (const char* line : {"fly", "step 99", "step 0", "step x", "undo 5", "redo", "jump 77", "jump", "auto", "auto last",
                           "auto random x", "follow 99", "follow writer.X9=1", "save", "save x", "load x", "json", "show me",
                           "help me"}) {
    EXPECT_THROW(c.execute(line), InputError) << line;
    EXPECT_EQ(model::digest(c.stepper().state()), before) << line;
  }
  EXPECT_EQ(c.execute("   # only a remark").text, "");
}

TEST(Commands, ShortestRunToTheBadOutcomeIsFollowedStepByStep) {
  Commands c(message_passing());
  c.execute("follow reader.X3=1; reader.X4=0");
  const std::size_t length = c.stepper().length();
  for (std::size_t n = 0; n < length; ++n) c.execute("redo");
  EXPECT_EQ(view(c.stepper()).outcome, "reader.X3=1; reader.X4=0;");
  EXPECT_THROW(c.execute("redo"), InputError);
}

TEST(Commands, TracesAreSavedAndLoaded) {
  std::string kept;
  const FileAccess files{[&](const std::string&) { return kept; },
                         [&](const std::string&, const std::string& text) { kept = text; }};
  Commands c(message_passing(), files);
  c.execute("auto random 3");
  const Digest end = model::digest(c.stepper().state());
  c.execute("save run.trace");
  c.execute("reset");
  c.execute("load run.trace");
  c.execute("jump end");
  EXPECT_EQ(model::digest(c.stepper().state()), end);
  kept.replace(kept.find("satisfy read"), 12, "clean data");
  EXPECT_THROW(c.execute("load run.trace"), InputError);
  EXPECT_EQ(model::digest(c.stepper().state()), end);
}

std::string field(const ObjectView& o, const std::string& name) {
  for (const NamedValue& f : o.fields)
    if (f.name == name) return f.value;
  return "no field " + name;
}

TEST(View, TellsTheRunQueuesAndInterruptsOfTheKernel) {
  std::set<std::string> pending, current, call, states;
  std::vector<Workload> all;
  for (const char* name : {"context-switch/tso-leak.yaml", "membarrier/dekker.yaml", "membarrier/exit-mm.yaml"}) {
    const fs::path file = fs::path(ISOBAR_SOURCE_DIR) / "scenarios" / name;
    for (Workload& w : parse_workloads(read(file), file.string(), {})) all.push_back(std::move(w));
  }
  for (const Workload& w : all) {
    SCOPED_TRACE(w.title());
    Stepper s(w);
    const StateView start = view(s);
    ASSERT_TRUE(start.kernel);
    ASSERT_EQ(start.kernel->run_queues.size(), start.cores.size());
    for (const ObjectView& q : start.kernel->run_queues) EXPECT_EQ(field(q, "still runs"), "");
    for (const ObjectView& t : start.kernel->threads) EXPECT_EQ(field(t, "state"), "runnable") << t.name;
    s.play(Pick::Random, 3, 10'000);
    for (std::size_t n = 0; n <= s.length(); ++n) {
      const StateView v = view_at(s, n);
      for (const ObjectView& q : v.kernel->run_queues) {
        pending.insert(field(q, "pending"));
        call.insert(field(q, "call"));
        current.insert(field(q, "current"));
      }
      for (const ObjectView& t : v.kernel->threads) states.insert(field(t, "state"));
    }
  }
  EXPECT_TRUE(pending.count("call function"));
  EXPECT_TRUE(call.count("membarrier waits for it"));
  EXPECT_TRUE(current.count("idle"));
  EXPECT_EQ(states, (std::set<std::string>{"runnable", "dead"}));
  EXPECT_FALSE(view(Stepper(message_passing())).kernel);
}

TEST(View, TellsWhatCachesMayHold) {
  bool old = false, fetched_old = false, dirty = false;
  for (const Workload& w : workloads("jit")) {
    SCOPED_TRACE(w.title());
    for (u64 seed = 1; seed <= 12; ++seed) {
      Stepper s(w);
      s.play(Pick::Random, seed, 10'000);
      for (std::size_t n = 0; n <= s.length(); ++n) {
        const StateView v = view_at(s, n);
        for (const LineView& l : v.data_lines) dirty |= l.old;
        for (const CoreView& c : v.cores) {
          ASSERT_EQ(c.instruction_lines.size(), v.data_lines.size());
          for (const LineView& l : c.instruction_lines) old |= l.old;
          for (const InstructionView& i : c.window) fetched_old |= i.old;
        }
        for (const LineView& l : v.data_lines) EXPECT_FALSE(l.old && w.machine->config().idc);
      }
    }
  }
  EXPECT_TRUE(old);
  EXPECT_TRUE(fetched_old);
  EXPECT_TRUE(dirty);
}

TEST(View, TellsWhatAStepChanged) {
  Commands c(message_passing());
  c.execute("follow reader.X3=1; reader.X4=0");
  bool written = false;
  for (std::size_t n = 0; n < c.stepper().length(); ++n) {
    const CommandResult r = c.execute("redo");
    for (const auto& change : r.json["changes"]) written |= change == "memory: flag: 0 -> 1";
  }
  EXPECT_TRUE(written);
  EXPECT_EQ(changes(view(c.stepper()), view(c.stepper())), std::vector<std::string>{});
}

}  // namespace
}  // namespace isobar::session
