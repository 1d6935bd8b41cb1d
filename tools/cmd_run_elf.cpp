#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux-user/system.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"

namespace isobar::tools {

namespace {

struct Options {
  std::vector<std::string> program;
  std::string mode = "functional";
  unsigned cores = 2;
  u64 seed = 1;
  std::optional<u64> limit;
  u64 memory = 1024;
  bool dic = false;
  bool mte = false;
  std::string preferred = "async";
  std::string root;
  std::vector<std::string> environment;
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

ExitStatus run_program(const Options& o) {
  if (o.mode != "functional")
    throw InputError(Diagnostic{
        {}, "--mode " + o.mode + " is not supported for programs: only functional, which is sequentially consistent"});
  const std::string& file = o.program.front();
  linux_user::Options options;
  options.cores = o.cores;
  options.seed = o.seed;
  options.limit = o.limit;
  options.page_limit = o.memory * ((1 << 20) / functional::kPageSize);
  options.coherent_fetch = o.dic;
  options.tagging = o.mte;
  using linux_user::TagChecks;
  options.preferred_checks = o.preferred == "sync"    ? TagChecks::Synchronous
                             : o.preferred == "async" ? TagChecks::Asynchronous
                                                      : TagChecks::Asymmetric;
  options.root = o.root;
  options.arguments = o.program;
  options.environment = o.environment;
  options.write = write_console;
  options.read = read_console;
  if (o.system_calls) options.trace = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  linux_user::System system(linux_user::parse_elf(file, read_file(file)), options);
  const auto began = std::chrono::steady_clock::now();
  const linux_user::Outcome outcome = system.run();
  if (o.statistics) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::fprintf(stderr, "isobar: %llu instructions in %.3f s: %.1f million per second\n",
                 static_cast<unsigned long long>(outcome.instructions), took.count(),
                 static_cast<double>(outcome.instructions) / 1e6 / took.count());
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
  auto o = std::make_shared<Options>();
  sub->add_option("PROGRAM", o->program, "The program and its arguments")->required()->type_name("");
  sub->positionals_at_end();
  sub->prefix_command(false);
  sub->add_option("--mode", o->mode, "functional: in order, sequentially consistent (default)")
      ->check(CLI::IsMember({"functional", "detailed"}))
      ->type_name("MODE");
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
  sub->add_flag("--dic", o->dic, "Instruction caches see every store (CTR_EL0.DIC)");
  sub->add_flag("--mte", o->mte, "Memory tagging exists (FEAT_MTE)");
  sub->add_option("--mte-prefer", o->preferred, "Checks of programs that accept sync and async (default async)")
      ->check(CLI::IsMember({"sync", "async", "asymm"}))
      ->type_name("KIND");
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
