// Real programs on out-of-order cores: the same results as in order where there is no race, the outcomes of the memory
// model where there is one.
#include "linux-detailed/run.h"

#include <algorithm>

#include "linux-user/elf_symbols.h"
#include "tests/linux_user/program.h"

namespace isobar::linux_user {
namespace {

using Kind = Outcome::Kind;

struct Detailed {
  Outcome outcome;
  std::string output;
  linux_detailed::DetailedStatistics statistics;
};

struct Setting {
  unsigned cores = 2;
  u64 seed = 1;
  std::optional<bool> tso;  ///< set: the mode exists, and threads begin with it or not
  bool at_start = true;
  std::string from, until;  ///< symbols
  bool coherent_fetch = false;
  u64 limit = 20'000'000;
  std::optional<TagChecks> tags;  ///< memory tagging exists
  bool guarding = false;          ///< FEAT_BTI
  std::vector<std::string>* trace = nullptr;  ///< gets a line for each system call
};

Detailed run_detailed(const std::string& name, std::vector<std::string> arguments = {}, const Setting& setting = {}) {
  Detailed d;
  ElfImage image = parse_elf(program_path(name), contents_of(program_path(name)));
  const auto place = [&](const std::string& symbol) {
    return symbol.empty() ? std::nullopt : std::optional(find_symbol(image, symbol).value().address);
  };
  Options o;
  o.cores = setting.cores;
  o.seed = setting.seed;
  o.limit = setting.limit;
  o.coherent_fetch = setting.coherent_fetch;
  o.stop = place(setting.from);
  o.guarding = setting.guarding;
  o.tagging = setting.tags.has_value();
  o.preferred_checks = setting.tags.value_or(TagChecks::Asynchronous);
  o.arguments = std::move(arguments);
  o.arguments.insert(o.arguments.begin(), name);
  o.write = [&d](int fd, const std::string& bytes) { d.output += fd == 1 ? bytes : ""; };
  if (setting.trace != nullptr) o.trace = [&](const std::string& line) { setting.trace->push_back(line); };
  o.read = [](u64) { return std::string(); };
  linux_detailed::DetailedOptions detailed;
  detailed.detailed_at_start = setting.at_start;
  detailed.until = place(setting.until);
  if (setting.tso) {
    o.memory_model = MemoryModel::Switchable;
    o.tso_at_start = *setting.tso;
  }
  for (model::CoreConfig& c : detailed.core) {
    c.tso = setting.tso ? model::TsoSupport::Actlr : model::TsoSupport::None;
    c.tso_at_reset = setting.tso.value_or(false);
  }
  System system(std::move(image), o);
  d.outcome = linux_detailed::run(system, detailed, d.statistics);
  return d;
}

/// How often `ordering` saw what sequential consistency forbids.
int forbidden(const std::string& kind, std::optional<bool> tso, u64 seed = 1) {
  Setting s;
  s.seed = seed;
  s.tso = tso;
  s.at_start = false;  // the program says where
  const Detailed d = run_detailed("ordering", {kind, "12"}, s);
  EXPECT_EQ(d.outcome.kind, Kind::Exited) << kind << d.outcome.message;
  EXPECT_EQ(d.statistics.entries, 1u);
  int times = -1;
  EXPECT_EQ(std::sscanf(d.output.c_str() + kind.size(), ": %d of 12\n", &times), 1) << d.output;
  return times;
}

TEST(Detailed, RaceFreeProgramsEndAsInOrder) {
  struct Case {
    const char* program;
    std::vector<std::string> arguments;
    std::vector<unsigned> cores;
  };
  for (const Case& k : {Case{"hello", {}, {1, 2, 4}}, Case{"hello-pie", {}, {1, 4}}, Case{"codegen", {}, {1, 2, 4}},
                        Case{"signals", {}, {1, 2, 4}}, Case{"wrong", {}, {1, 2, 4}}, Case{"sort", {"40"}, {1, 2, 4}},
                        Case{"rseq", {}, {2}}}) {
    ISOBAR_NEEDS_PROGRAM(k.program);
    for (const unsigned cores : k.cores) {
      SCOPED_TRACE(std::string(k.program) + " on " + std::to_string(cores) + " cores");
      Options o;
      o.cores = cores;
      o.arguments = k.arguments;
      const Finished in_order = run_program(k.program, o);
      Setting s;
      s.cores = cores;
      const Detailed d = run_detailed(k.program, k.arguments, s);
      EXPECT_EQ(d.outcome.kind, in_order.outcome.kind) << d.outcome.message;
      EXPECT_EQ(d.outcome.status, in_order.outcome.status);
      EXPECT_EQ(d.output, in_order.output);
      EXPECT_EQ(d.outcome.instructions, d.statistics.instructions);
    }
  }
}

TEST(Detailed, TheSeedAloneDecides) {
  ISOBAR_NEEDS_PROGRAM("codegen");
  std::vector<Digest> digests;
  for (const u64 seed : {1u, 1u, 2u}) {
    Setting s;
    s.seed = seed;
    digests.push_back(run_detailed("codegen", {}, s).statistics.digest);
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0], digests[2]);
}

TEST(Detailed, CoherentInstructionSide) {
  ISOBAR_NEEDS_PROGRAM("codegen");
  Setting s;
  s.coherent_fetch = true;
  EXPECT_EQ(run_detailed("codegen", {}, s).output, "0 wrong results\n77\n");
}

TEST(Detailed, WeakCoresShowStoreBufferingAndLateData) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  EXPECT_GT(forbidden("store-buffering", std::nullopt), 0);
  EXPECT_GT(forbidden("message-passing", std::nullopt), 0);
}

TEST(Detailed, TsoKeepsStoreBufferingAndPassesMessages) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  EXPECT_EQ(forbidden("message-passing", true), 0);
  int buffered = 0;
  for (u64 seed = 1; seed <= 4; ++seed) buffered += forbidden("store-buffering", true, seed);
  EXPECT_GT(buffered, 0);
}

TEST(Detailed, ThePrctlGivesTsoToItsThread) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  EXPECT_GT(forbidden("message-passing", false), 0);
  EXPECT_EQ(forbidden("by-prctl", false), 0);
  EXPECT_EQ(forbidden("inherited", false), 0);
}

TEST(Detailed, FencesAndMembarrierForbidStoreBuffering) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  for (const char* kind : {"fenced", "membarrier"}) {
    EXPECT_EQ(forbidden(kind, std::nullopt), 0) << kind;
    EXPECT_EQ(forbidden(kind, true), 0) << kind;
  }
}

TEST(Detailed, SystemCallsOrderOnlyWhatTheKernelDoes) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  // Neither the exception nor the return is a barrier, and these calls have none.
  EXPECT_GT(forbidden("id", std::nullopt), 0);
  EXPECT_GT(forbidden("clock", std::nullopt), 0);
  EXPECT_EQ(forbidden("yield", std::nullopt), 0);  // schedule() has one
  EXPECT_EQ(forbidden("id-membarrier", std::nullopt), 0);
}

TEST(Detailed, CallsWithoutTheHostAreShown) {
  ISOBAR_NEEDS_PROGRAM("ordering");
  Setting s;
  s.at_start = false;
  std::vector<std::string> lines;
  s.trace = &lines;
  run_detailed("ordering", {"clock", "1"}, s);
  const auto shown = [&](const std::string& line) { return std::count(lines.begin(), lines.end(), line); };
  EXPECT_EQ(shown("[1000] gettid() = 0x3e8"), 1);
  EXPECT_EQ(shown("[1001] gettid() = 0x3e9"), 1);
  EXPECT_EQ(shown("[1000] clock_gettime(...) = 0x0"), 1);
  EXPECT_EQ(shown("[1001] clock_gettime(...) = 0x0"), 1);
}

TEST(Detailed, ProgramsThatCheckThemselvesFindNothingOnCoresThatOverlap) {
  struct Case {
    const char* program;
    std::vector<std::string> arguments;
    unsigned cores;
    u64 seed;
  };
  for (const Case& c : {Case{"calls", {}, 1, 1}, Case{"calls", {}, 4, 2}, Case{"timers", {"2000"}, 2, 1},
                        Case{"timers", {"2000"}, 1, 2}, Case{"processes", {}, 1, 1}, Case{"processes", {}, 2, 2},
                        Case{"processes", {}, 4, 3}, Case{"kernel", {}, 2, 1}}) {
    ISOBAR_NEEDS_PROGRAM(c.program);
    Setting s;
    s.cores = c.cores;
    s.seed = c.seed;
    const Detailed d = run_detailed(c.program, c.arguments, s);
    EXPECT_EQ(d.outcome.kind, Kind::Exited) << c.program << d.outcome.message;
    EXPECT_EQ(d.outcome.status, 0) << c.program;
    EXPECT_EQ(d.output, "0 failures\n") << c.program << " on " << c.cores << " cores, seed " << c.seed;
  }
}

TEST(Detailed, MemoryTagging) {
  ISOBAR_NEEDS_PROGRAM("mte");
  Setting s;
  s.tags = TagChecks::Asynchronous;
  EXPECT_EQ(run_detailed("mte", {}, s).output, "0 failures\n");
  s.tags = TagChecks::Synchronous;
  EXPECT_EQ(run_detailed("mte", {"sync"}, s).output, "0 failures\n");
  s.tags = TagChecks::Asymmetric;
  EXPECT_EQ(run_detailed("mte", {"asymm"}, s).output, "0 failures\n");
}

TEST(Detailed, BranchTargetIdentification) {
  ISOBAR_NEEDS_PROGRAM("corners");
  Setting s;
  s.guarding = true;
  EXPECT_EQ(run_detailed("corners", {}, s).output, "0 failures\n");
}

TEST(Detailed, BetweenTwoPlacesOfTheProgram) {
  ISOBAR_NEEDS_PROGRAM("atomics");
  Setting s;
  s.at_start = false;
  s.from = "main";
  s.until = "_Unwind_RaiseException";  // takes ten million instructions
  const Detailed d = run_detailed("atomics", {}, s);
  EXPECT_EQ(d.outcome.kind, Kind::Exited) << d.outcome.message;
  EXPECT_EQ(d.output, "counter 2000 payload 42 caught bottom live 0 pi 3.14159\n");
  EXPECT_EQ(d.statistics.entries, 1u);
  EXPECT_GT(d.statistics.instructions, 20'000u);
  EXPECT_LT(d.statistics.instructions, d.outcome.instructions / 2);
}

TEST(Detailed, ChangesInTheMiddleOfThings) {
  ISOBAR_NEEDS_PROGRAM("switches");
  for (const unsigned cores : {1u, 3u}) {
    Setting s;
    s.cores = cores;
    s.at_start = cores == 3;
    const Detailed d = run_detailed("switches", {}, s);
    EXPECT_EQ(d.outcome.kind, Kind::Exited) << d.outcome.message;
    EXPECT_EQ(d.output, "0 failures\n") << cores;
    EXPECT_GT(d.statistics.entries, 20u);
  }
}

TEST(Detailed, DeadlockAndLimitAreTold) {
  ISOBAR_NEEDS_PROGRAM("deadlock");
  EXPECT_EQ(run_detailed("deadlock").outcome.kind, Kind::Deadlock);
  EXPECT_EQ(run_detailed("deadlock", {"timer"}).outcome.kind, Kind::Deadlock);
  Setting s;
  s.limit = 5000;
  const Detailed d = run_detailed("hello", {}, s);
  EXPECT_EQ(d.outcome.kind, Kind::LimitReached);
  EXPECT_GE(d.outcome.instructions, 5000u);
  EXPECT_LT(d.outcome.instructions, 5064u);  // what retires together is counted together
}

TEST(ElfSymbols, AreFoundInTheTableOfTheFile) {
  ISOBAR_NEEDS_PROGRAM("hello");
  const ElfImage image = parse_elf("hello", contents_of(program_path("hello")));
  EXPECT_EQ(find_symbol(image, "_start").value().address, image.entry);
  EXPECT_FALSE(find_symbol(image, "no_such_symbol").has_value());
}

}  // namespace
}  // namespace isobar::linux_user
