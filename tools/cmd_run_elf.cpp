#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux-hunt/schedule.h"
#include "linux-user/system.h"
#include "linux-user/elf_symbols.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/interrupt.h"
#include "tools/program_machine.h"
#include "tools/progress.h"

namespace isobar::tools {

namespace {

struct RunElfOptions {
  std::vector<std::string> program;
  std::string mode = "functional";
  unsigned cores = 2;
  u64 seed = 1;
  std::optional<u64> limit;
  u64 memory = 1024;
  bool dic = false;
  bool mte = false;
  bool bti = false;
  bool rseq_debug = false;
  std::string preferred = "async";
  std::string root;
  std::vector<std::string> environment;
  std::string tso;    ///< empty: the machine has no such mode
  std::string from;   ///< symbol or address; empty: none
  std::string until;
  std::string schedule;  ///< file; empty: none
  std::optional<u64> latencies;  ///< seed
  bool markers = false;
  bool system_calls = false;
  bool statistics = false;
};

/// All of it, or as much as goes if whoever reads has gone away.
void write_console(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

std::string read_console(u64 size) {
  std::string bytes(size, '\0');
  ssize_t n = -1;
  do {
    n = ::read(0, bytes.data(), size);
  } while (n < 0 && errno == EINTR);
  bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return bytes;
}

/// An address in C notation, or what the symbol of the program stands for.
std::optional<u64> place(const linux_user::ElfImage& image, const std::string& text) {
  if (text.empty()) return std::nullopt;
  char* end = nullptr;
  if (text.front() >= '0' && text.front() <= '9') {
    errno = 0;
    const u64 address = std::strtoull(text.c_str(), &end, 0);
    if (*end != '\0' || errno != 0) throw InputError(Diagnostic{{}, "\"" + text + "\" is neither an address nor a symbol"});
    return address;
  }
  const std::optional<linux_user::Symbol> symbol = linux_user::find_symbol(image, text);
  if (!symbol) throw InputError(Diagnostic{{image.file, 0, 0}, "the program has no symbol \"" + text + "\""});
  return symbol->address;
}

/// What the file says of the run takes the place of the options.
std::optional<linux_hunt::Schedule> schedule_of(RunElfOptions& o) {
  if (o.schedule.empty()) return std::nullopt;
  if (o.mode != "functional" || !o.from.empty() || o.markers)
    throw InputError(Diagnostic{{}, "--schedule is for execution in order"});
  linux_hunt::Schedule s = linux_hunt::parse_schedule(o.schedule, read_file(o.schedule));
  if (s.program != linux_hunt::digest_of(read_file(o.program.front())))
    throw InputError(Diagnostic{{o.schedule, 2, 9}, "the schedule was made with another program than " + o.program.front()});
  if (!std::equal(s.arguments.begin() + 1, s.arguments.end(), o.program.begin() + 1, o.program.end()))
    throw InputError(Diagnostic{{o.schedule, 5, 11}, "the schedule was made with other arguments"});
  // The name is in the program's memory too.
  o.program = s.arguments;
  o.cores = s.cores;
  o.seed = s.seed;
  return s;
}

linux_user::Outcome run_as_asked(const RunElfOptions& o, linux_user::System& system) {
#if ISOBAR_HAS_SYSTEMC
  if (o.mode == "functional" && o.from.empty() && !o.markers) return system.run();
  linux_detailed::DetailedOptions detailed = detailed_options(o.tso, o.cores, o.latencies);
  detailed.detailed_at_start = o.mode == "detailed";
  detailed.until = place(*system.first_program(), o.until);
  linux_detailed::DetailedStatistics statistics;
  const linux_user::Outcome outcome = linux_detailed::run(system, detailed, statistics);
  if (o.statistics)
    std::fprintf(stderr, "isobar: in detail %llu instructions in %llu ticks, entered %u times, digest %s\n",
                 static_cast<unsigned long long>(statistics.instructions),
                 static_cast<unsigned long long>(statistics.ticks), statistics.entries,
                 fmt::format("{:016x}{:016x}", statistics.digest.a, statistics.digest.b).c_str());
  return outcome;
#else
  if (o.mode != "functional" || !o.from.empty() || o.markers)
    throw InputError(Diagnostic{{}, "this isobar was built without SystemC, which execution in detail needs"});
  return system.run();
#endif
}

ExitStatus run_program(RunElfOptions o) {
  const std::string file = o.program.front();
  const std::optional<linux_hunt::Schedule> schedule = schedule_of(o);
  if (!o.until.empty() && o.mode == "functional" && o.from.empty() && !o.markers)
    throw InputError(Diagnostic{
        {}, "--detailed-until ends what --mode detailed, --detailed-from or --markers begins: none of them is given"});
  if (o.latencies && o.mode == "functional" && o.from.empty() && !o.markers)
    throw InputError(Diagnostic{{}, "--latencies is for execution in detail"});
  linux_user::Options options;
  options.cores = o.cores;
  options.seed = o.seed;
  options.limit = o.limit;
  options.page_limit = o.memory * ((1 << 20) / functional::kPageSize);
  options.coherent_fetch = o.dic;
  options.tagging = o.mte;
  options.guarding = o.bti;
  options.checks_sequences = o.rseq_debug;
  // In detail every thread takes a place in the kernel's memory.
  if (o.mode == "functional" && o.from.empty() && !o.markers) options.thread_limit = 8192;
  using linux_user::TagChecks;
  options.preferred_checks = o.preferred == "sync"    ? TagChecks::Synchronous
                             : o.preferred == "async" ? TagChecks::Asynchronous
                                                      : TagChecks::Asymmetric;
  set_memory_model(o.tso, options);
  options.interrupt = &interrupt_flag();
  options.root = o.root;
  options.arguments = o.program;
  options.environment = o.environment;
  options.write = write_console;
  options.read = read_console;
  if (o.system_calls) options.trace = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  linux_user::ElfImage image = linux_user::parse_elf(file, read_file(file));
  options.stop = place(image, o.from);
  if (options.stop && options.stop == place(image, o.until))
    throw InputError(Diagnostic{{}, "--detailed-from and --detailed-until name the same place"});
  linux_user::System system(std::move(image), options);
  const Stopwatch watch;
  const linux_user::Outcome outcome = schedule ? linux_hunt::replay(system, *schedule, o.schedule) : run_as_asked(o, system);
  if (o.statistics) {
    const double took = watch.seconds();
    std::fprintf(stderr, "isobar: %llu instructions in %.3f s: %.1f million per second\n",
                 static_cast<unsigned long long>(outcome.instructions), took,
                 static_cast<double>(outcome.instructions) / 1e6 / took);
  }
  using Kind = linux_user::Outcome::Kind;
  switch (outcome.kind) {
    case Kind::Exited: return static_cast<ExitStatus>(outcome.status);
    case Kind::Killed:
      std::fprintf(stderr, "isobar: %s was killed by signal %d\n", file.c_str(), outcome.status);
      return static_cast<ExitStatus>(128 + outcome.status);
    default:
      std::fprintf(stderr, "isobar: %s: %s (after %llu instructions)\n", file.c_str(), outcome.message.c_str(),
                   static_cast<unsigned long long>(outcome.instructions));
      return ExitStatus::Undetermined;
  }
}

}  // namespace

void add_run_elf(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("run-elf", "Run a static AArch64 Linux program on several modelled cores");
  auto o = std::make_shared<RunElfOptions>();
  sub->add_option("PROGRAM", o->program, "The program and its arguments")->required()->type_name("");
  sub->positionals_at_end();
  sub->prefix_command(false);
  sub->add_option("--mode", o->mode,
                  "functional: in order (default); detailed: out of order, weak")
      ->check(CLI::IsMember({"functional", "detailed"}))
      ->type_name("MODE");
  sub->add_option("--tso", o->tso, "Total store order: all or none (prctl sets it), or always on cores 0,2")
      ->type_name("WHO");
  sub->add_option("--detailed-from", o->from, "In detail as soon as a thread gets there")->type_name("SYMBOL|ADDRESS");
  sub->add_option("--detailed-until", o->until, "Back to functional once a thread has been there")
      ->type_name("SYMBOL|ADDRESS");
  sub->add_flag("--markers", o->markers, "In detail from HINT #96 to HINT #97 of the program");
  sub->add_option("--cores", o->cores, "Cores that threads run on (default 2)")
      ->check(CLI::Range(1u, kMaxCores))
      ->type_name("N");
  sub->add_option("--seed", o->seed, "Of lengths of time slices and of random numbers (default 1)")->type_name("S");
  sub->add_option("--limit", o->limit, "Give up after N instructions")
      ->check(CLI::Range(u64{1}, ~u64{0}))
      ->type_name("N");
  sub->add_option("--memory", o->memory, "Memory that the program may touch, in MiB (default 1024)")
      ->check(CLI::Range(u64{1}, u64{1} << 16))
      ->type_name("MIB");
  sub->add_option("--latencies", o->latencies, "In detail: draws the latencies of the platform from this seed")
      ->type_name("SEED");
  sub->add_option("--schedule", o->schedule, "Threads take turns as 'isobar hunt' wrote it down (docs/hunt.md)")
      ->type_name("FILE");
  sub->add_flag("--dic", o->dic, "Instruction caches see every store (CTR_EL0.DIC)");
  sub->add_flag("--mte", o->mte, "Memory tagging exists (FEAT_MTE)");
  sub->add_option("--mte-prefer", o->preferred, "Checks of programs that accept sync and async (default async)")
      ->check(CLI::IsMember({"sync", "async", "asymm"}))
      ->type_name("KIND");
  sub->add_flag("--bti", o->bti, "Branch target identification exists (FEAT_BTI)");
  sub->add_flag("--rseq-debug", o->rseq_debug, "System calls inside restartable sequences are SIGSEGV");
  sub->add_option("--root", o->root, "Folder whose files the program can read (default: none)")
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  sub->add_option("--env", o->environment, "Environment variable of the program")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  sub->add_flag("--syscalls", o->system_calls, "Print every system call on standard error");
  sub->add_flag("--stats", o->statistics, "Print instructions and speed at the end, on standard error");
  sub->callback([&chosen, o] { chosen = [o] { return run_program(*o); }; });
}

}  // namespace isobar::tools
