// Real programs, compiled and linked statically against glibc, from start to end.
#include "linux-hunt/hunt.h"
#include "linux-hunt/shrink.h"
#include "linux-user/elf_symbols.h"
#include "tests/linux_user/program.h"

namespace isobar::linux_user {
namespace {

using Kind = Outcome::Kind;

Options with(unsigned cores, u64 seed) {
  Options o;
  o.cores = cores;
  o.seed = seed;
  return o;
}

void expect_exit(const Finished& f, int status, const std::string& output) {
  EXPECT_EQ(f.outcome.kind, Kind::Exited) << f.outcome.message;
  EXPECT_EQ(f.outcome.status, status);
  EXPECT_EQ(f.output, output);
}

TEST(Programs, ArgumentsEnvironmentInputOutputAndStatus) {
  for (const char* name : {"hello", "hello-pie"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    Options o;
    o.arguments = {"7", "a b"};
    o.environment = {"GREETING=good day", "OTHER="};
    const Finished f = run_program(name, o, "one\ntwo\n");
    expect_exit(f, 7,
                "argument 1: 7\nargument 2: a b\ngood day from page size 4096\nread: one\nread: two\n");
    EXPECT_EQ(f.errors, "to standard error\n");
  }
}

TEST(Programs, MutexAndConditionVariable) {
  for (const char* name : {"threads", "threads-llsc"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    for (const unsigned cores : {1u, 2u, 4u}) {
      for (u64 seed = 1; seed <= 3; ++seed)
        expect_exit(run_program(name, with(cores, seed)), 0, "600 of 600, sum 179700\n");
    }
  }
}

TEST(Programs, AtomicsThreadsAndExceptionsOfCpp) {
  for (const char* name : {"atomics", "atomics-lse"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    for (const unsigned cores : {1u, 3u})
      expect_exit(run_program(name, with(cores, 5)), 0,
                  "counter 2000 payload 42 caught bottom live 0 pi 3.14159\n");
  }
}

TEST(Programs, CodeGeneratedAtRunTime) {
  ISOBAR_NEEDS_PROGRAM("codegen");
  for (const bool coherent : {false, true}) {
    Options o = with(3, 2);
    o.coherent_fetch = coherent;
    expect_exit(run_program("codegen", o), 0, "0 wrong results\n77\n");
  }
}

TEST(Programs, SignalsTakenAndResumed) {
  ISOBAR_NEEDS_PROGRAM("signals");
  for (u64 seed = 1; seed <= 3; ++seed) expect_exit(run_program("signals", with(2, seed)), 0, "0 failures\n");
}

TEST(Programs, SystemCallsWithWrongArguments) {
  ISOBAR_NEEDS_PROGRAM("wrong");
  expect_exit(run_program("wrong"), 0, "0 failures\n");
}

TEST(Programs, MappingsAndFutexesOfRarerKinds) {
  ISOBAR_NEEDS_PROGRAM("calls");
  for (u64 seed = 1; seed <= 5; ++seed) expect_exit(run_program("calls", with(2, seed)), 0, "0 failures\n");
}

TEST(Programs, ProcessesFilesTimersAndLocks) {
  for (const char* name : {"processes", "files", "timers", "kernel", "corners"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    for (u64 seed = 1; seed <= 4; ++seed)
      expect_exit(run_program(name, with(seed % 3 + 2, seed)), 0, "0 failures\n");
  }
}

TEST(Programs, MemoryTagging) {
  ISOBAR_NEEDS_PROGRAM("mte");
  Options o = with(2, 1);
  o.tagging = true;
  expect_exit(run_program("mte", o), 0, "0 failures\n");
  o.preferred_checks = TagChecks::Synchronous;
  o.arguments = {"sync"};
  expect_exit(run_program("mte", o), 0, "0 failures\n");
  o.preferred_checks = TagChecks::Asymmetric;
  o.arguments = {"asymm"};
  expect_exit(run_program("mte", o), 0, "0 failures\n");
}

TEST(Programs, RestartableSequences) {
  ISOBAR_NEEDS_PROGRAM("rseq");
  for (u64 seed = 1; seed <= 5; ++seed)
    expect_exit(run_program("rseq", with(2, seed)), 0,
                "total 12000, aborted some, handled some, wrong 0, membarrier 0\n");
}

TEST(Programs, BranchTargetIdentification) {
  ISOBAR_NEEDS_PROGRAM("corners");
  Options o = with(2, 1);
  o.guarding = true;
  expect_exit(run_program("corners", o), 0, "0 failures\n");
}

TEST(Programs, SystemCallsInsideSequences) {
  ISOBAR_NEEDS_PROGRAM("corners");
  Options o;
  o.arguments = {"call-inside"};
  expect_exit(run_program("corners", o), 0, "");
  o.checks_sequences = true;
  const Outcome outcome = run_program("corners", o).outcome;
  EXPECT_EQ(outcome.kind, Kind::Killed);
  EXPECT_EQ(outcome.status, kSigsegv);
  o.arguments.clear();
  expect_exit(run_program("corners", o), 0, "0 failures\n");
}

TEST(Programs, TheSameSeedGivesTheSameRun) {
  ISOBAR_NEEDS_PROGRAM("threads");
  const auto trace = [](u64 seed) {
    Options o = with(2, seed);
    auto lines = std::make_shared<std::string>();
    o.trace = [lines](const std::string& line) { *lines += line + "\n"; };
    const Finished f = run_program("threads", o);
    return std::to_string(f.outcome.instructions) + "\n" + *lines;
  };
  const std::string first = trace(11);
  EXPECT_EQ(first, trace(11));
  EXPECT_NE(first, trace(12));
  EXPECT_NE(first.find("futex("), std::string::npos);
}

TEST(Programs, ADeadlockIsReported) {
  ISOBAR_NEEDS_PROGRAM("deadlock");
  const Finished f = run_program("deadlock");
  EXPECT_EQ(f.outcome.kind, Kind::Deadlock);
  EXPECT_NE(f.outcome.message.find("thread 1000 on the futex at 0x"), std::string::npos) << f.outcome.message;
}

TEST(Programs, OnesWithoutEndAreStopped) {
  ISOBAR_NEEDS_PROGRAM("greedy");
  Options o;
  o.arguments = {"memory"};
  o.page_limit = 8192;
  EXPECT_EQ(run_program("greedy", o).outcome.kind, Kind::OutOfMemory);
  o.arguments = {"loop"};
  o.limit = 1'000'000;
  const Finished looping = run_program("greedy", o);
  EXPECT_EQ(looping.outcome.kind, Kind::LimitReached);
  EXPECT_EQ(looping.outcome.instructions, 1'000'000u);
  o.arguments = {"threads"};
  o.limit.reset();
  o.thread_limit = 200;
  expect_exit(run_program("greedy", o), 0, "");
  o.arguments = {"fork"};
  expect_exit(run_program("greedy", o), 0, "");
}

TEST(Programs, ASignalThatKillsIsTheOutcome) {
  ISOBAR_NEEDS_PROGRAM("greedy");
  Options o;
  o.arguments = {"abort"};
  const Finished f = run_program("greedy", o);
  EXPECT_EQ(f.outcome.kind, Kind::Killed);
  EXPECT_EQ(f.outcome.status, kSigabrt);
}

/// tests/programs/races KIND.
linux_hunt::Target racing(const ElfImage& image, const std::string& kind) {
  linux_hunt::Target target;
  target.image = &image;
  target.arguments = {"races", kind};
  target.limit = 50'000'000;
  return target;
}

TEST(HuntedPrograms, RareInterleavingsAreFoundShrunkAndRunAgain) {
  ISOBAR_NEEDS_PROGRAM("races");
  const ElfImage image = parse_elf(program_path("races"), contents_of(program_path("races")));
  const struct {
    const char* kind;
    const char* failure;
    u64 switches;
  } kCases[] = {{"counter", "killed by signal 6", 4}, {"slots", "exit status 1", 4}, {"locks", "deadlock", 3}};
  for (const auto& c : kCases) {
    const linux_hunt::Target target = racing(image, c.kind);
    for (const hunt::Strategy strategy : {hunt::Strategy::Pct, hunt::Strategy::Delay}) {
      if (strategy == hunt::Strategy::Delay && c.kind != std::string("locks")) continue;
      SCOPED_TRACE(c.kind + std::string(", ") + std::string(name(strategy)));
      linux_hunt::HuntOptions options;
      options.strategy = strategy;
      options.depth = 2;
      linux_hunt::Hunted hunted = linux_hunt::find_failure(target, options);
      ASSERT_TRUE(hunted.failing);
      EXPECT_EQ(hunted.failing->kind, c.failure);
      EXPECT_LE(hunted.runs, 400u);
      EXPECT_GT(hunted.coverage.distinct, 2u);
      const linux_hunt::Shrunk shrunk = linux_hunt::shrink(target, hunted.seed, *hunted.failing, hunted.shared, 200);
      EXPECT_LE(linux_hunt::switches(shrunk.run.slices), c.switches);
      linux_hunt::Schedule schedule;
      schedule.arguments = {"races", "two words", "", "back\\slash"};
      schedule.program = linux_hunt::digest_of(image.contents);
      schedule.cores = target.cores;
      schedule.seed = hunted.seed;
      schedule.slices = shrunk.run.slices;
      const linux_hunt::Schedule read = linux_hunt::parse_schedule("file", to_text(schedule));
      EXPECT_EQ(read.arguments, schedule.arguments);
      EXPECT_EQ(read.slices, schedule.slices);
      EXPECT_EQ(run_again(target, read).kind, c.failure);
    }
  }
}

TEST(HuntedPrograms, RacesOnMemoryThatIsToBeFreeOfThem) {
  ISOBAR_NEEDS_PROGRAM("races");
  const ElfImage image = parse_elf(program_path("races"), contents_of(program_path("races")));
  const struct {
    std::vector<std::string> arguments;
    bool races;
  } kCases[] = {{{"locked"}, false},
                {{"message", "release", "acquire"}, false},
                {{"message", "fence", "fence"}, false},
                {{"message", "release", "fence"}, false},
                {{"message", "fence", "acquire"}, false},
                {{"peterson", "release"}, false},
                {{"peterson", "fence"}, false},
                {{"peterson", "relaxed"}, true},
                {{"message", "relaxed", "acquire"}, true},
                {{"message", "release", "relaxed"}, true},
                {{"message", "relaxed", "relaxed"}, true}};
  for (const auto& c : kCases) {
    linux_hunt::Target target = racing(image, c.arguments.front());
    target.arguments.insert(target.arguments.end(), c.arguments.begin() + 1, c.arguments.end());
    SCOPED_TRACE(::testing::PrintToString(target.arguments));
    target.checks_races = true;
    linux_hunt::HuntOptions options;
    options.runs = 20;
    linux_hunt::Hunted hunted = linux_hunt::find_failure(target, options);
    ASSERT_EQ(hunted.failing.has_value(), c.races);
    if (!c.races) continue;
    EXPECT_EQ(hunted.failing->kind, "data race");
    EXPECT_NE(hunted.failing->failure.find("data race on message"), std::string::npos)
        << hunted.failing->failure;
    linux_hunt::Schedule schedule;
    schedule.cores = target.cores;
    schedule.seed = hunted.seed;
    schedule.checks_races = true;
    schedule.slices = hunted.failing->slices;
    EXPECT_EQ(run_again(target, schedule).failure, hunted.failing->failure);
  }
}

TEST(HuntedPrograms, ConditionVariablesOrderWhatTheirMutexGuards) {
  for (const char* name : {"threads", "threads-llsc"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    const ElfImage image = parse_elf(program_path(name), contents_of(program_path(name)));
    linux_hunt::Target target = racing(image, "");
    target.arguments = {name};
    target.checks_races = true;
    for (const Symbol& s : all_symbols(image)) {
      if (s.name == "queue" || s.name == "filled" || s.name == "consumed" || s.name == "sum")
        target.race_free.push_back({s.address, s.address + s.size, s.name});
    }
    ASSERT_EQ(target.race_free.size(), 4u);
    const linux_hunt::Run run = run_by_turns(target, 1, {false, 20, 40'000, 1}, {});
    EXPECT_EQ(run.failure, "");
    EXPECT_GT(run.events, 1000u);
  }
}

TEST(HuntedPrograms, EveryRunCanBeRunAgain) {
  for (const std::string name : {"processes", "signals", "codegen", "kernel", "rseq"}) {
    ISOBAR_NEEDS_PROGRAM(name);
    const ElfImage image = parse_elf(program_path(name), contents_of(program_path(name)));
    linux_hunt::Target target = racing(image, "");
    target.arguments = {name};
    for (u64 seed = 1; seed <= (name == "rseq" ? 1 : 4); ++seed) {
      SCOPED_TRACE(name + " " + std::to_string(seed));
      const linux_hunt::Run run =
          seed == 4 ? run_by_seed(target, seed, {}) : run_by_turns(target, 1, {seed == 3, 5, 500, seed}, {});
      linux_hunt::Schedule schedule;
      schedule.seed = seed == 4 ? seed : 1;
      schedule.slices = run.slices;
      const linux_hunt::Run again = run_again(target, schedule);
      EXPECT_EQ(run.failure, "");
      EXPECT_EQ(again.failure, run.failure);
      EXPECT_EQ(again.output, run.output);
      EXPECT_EQ(again.outcome.instructions, run.outcome.instructions);
    }
  }
}

TEST(HuntedPrograms, JobsDoNotMatter) {
  ISOBAR_NEEDS_PROGRAM("races");
  const ElfImage image = parse_elf(program_path("races"), contents_of(program_path("races")));
  const linux_hunt::Target target = racing(image, "locks");
  std::vector<linux_hunt::Hunted> hunts;
  for (const unsigned jobs : {1u, 3u}) {
    linux_hunt::HuntOptions options;
    options.jobs = jobs;
    options.seed = 5;
    hunts.push_back(linux_hunt::find_failure(target, options));
    ASSERT_TRUE(hunts.back().failing);
  }
  EXPECT_EQ(hunts[0].runs, hunts[1].runs);
  EXPECT_EQ(hunts[0].coverage.distinct, hunts[1].coverage.distinct);
  EXPECT_EQ(hunts[0].failing->slices, hunts[1].failing->slices);
}

}  // namespace
}  // namespace isobar::linux_user
