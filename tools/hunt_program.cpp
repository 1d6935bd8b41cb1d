#include "tools/hunt_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "linux-hunt/hunt.h"
#include "linux-hunt/shrink.h"
#include "linux-user/elf_symbols.h"
#include "support/diagnostic.h"
#include "tools/files.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {

using hunt::Strategy;
using linux_hunt::Slice;

/// Of the output of a failing run, its end.
constexpr std::size_t kShownBytes = 2000;
/// Of the slices of a shrunk run, the last ones that are told.
constexpr std::size_t kToldSlices = 40;
/// Schedules that are run to shrink one.
constexpr u64 kShrinkTries = 1000;

std::string interleavings_text(const hunt::Estimate& e) {
  return fmt::format("distinct interleavings {}, estimated at least {:.0f}; the next run is new with probability {:.2g}",
                     with_thousands(e.distinct), e.total, e.unseen);
}

/// SYMBOL, SYMBOL+SIZE or ADDRESS+SIZE.
linux_hunt::RaceFree race_free_range(const linux_user::ElfImage& image, const std::string& text) {
  const auto refuse = [&](const std::string& why) -> linux_hunt::RaceFree {
    throw InputError(Diagnostic{{image.file, 0, 0}, "--race-free " + text + ": " + why});
  };
  const auto number = [](const std::string& digits) -> std::optional<u64> {
    char* end = nullptr;
    errno = 0;
    if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
    const u64 n = std::strtoull(digits.c_str(), &end, 0);
    return *end == '\0' && errno == 0 ? std::optional(n) : std::nullopt;
  };
  const std::size_t plus = text.rfind('+');
  const std::string name = text.substr(0, plus);
  std::optional<u64> size;
  if (plus != std::string::npos && !(size = number(text.substr(plus + 1)))) return refuse("expected a number of bytes behind +");
  std::optional<u64> begin = number(name);
  if (!begin) {
    const std::optional<linux_user::Symbol> symbol = linux_user::find_symbol(image, name);
    if (!symbol) return refuse("the program has no such symbol");
    begin = symbol->address;
    if (!size && symbol->size != 0) size = symbol->size;
  }
  if (!size || *size == 0) return refuse("expected +SIZE, the number of bytes");
  return {*begin, *begin + std::min(*size, functional::kAddressLimit), name};
}

/// Is there a word of code that names memory?
bool names_race_free(const linux_user::ElfImage& image) {
  for (const linux_user::Segment& s : image.segments) {
    if ((s.permissions & functional::kExecute) == 0) continue;
    for (u64 at = s.offset; at + 4 <= s.offset + s.file_size; at += 4) {
      u32 word = 0;
      std::memcpy(&word, image.contents.data() + at, sizeof word);
      if (word == functional::kRaceFreeHint) return true;
    }
  }
  return false;
}

/// Who ran to where; slices of a thread that follow each other are one.
std::string told_slices(const linux_hunt::Run& run, const linux_user::ElfImage& image) {
  const std::vector<linux_user::Symbol> symbols = linux_user::all_symbols(image);
  struct Told {
    i32 thread;
    u64 instructions, place;
  };
  std::vector<Told> list;
  for (std::size_t i = 0; i < run.slices.size(); ++i) {
    const Slice& s = run.slices[i];
    const u64 before = !list.empty() && list.back().thread == s.thread ? list.back().instructions : 0;
    if (before != 0) list.pop_back();
    list.push_back({s.thread, before + s.instructions, run.places[i]});
  }
  const std::size_t first = list.size() > kToldSlices ? list.size() - kToldSlices : 0;
  std::string text = first == 0 ? "" : fmt::format("      {} before that ...\n", first);
  for (std::size_t i = first; i < list.size(); ++i)
    text += fmt::format("{:4}  thread {} executes {} instruction{}, to {}\n", i + 1, list[i].thread, list[i].instructions,
                        list[i].instructions == 1 ? "" : "s", linux_user::describe_address(symbols, list[i].place));
  return text;
}

void add_program_failure(const linux_hunt::Target& target, const HuntFlags& flags, const ProgramFlags& program,
                         linux_hunt::Hunted& hunted, ProgressLine& progress, CaseReport& r) {
  linux_hunt::Run found = std::move(*hunted.failing);
  tell_found(found, hunted.runs, hunted.seed, r);
  if (flags.shrink) {
    progress.update(r.name + ": shrinking");
    const u64 before = linux_hunt::switches(found.slices);
    linux_hunt::Shrunk shrunk = linux_hunt::shrink(target, hunted.seed, std::move(found), hunted.shared, kShrinkTries);
    found = std::move(shrunk.run);
    const u64 after = linux_hunt::switches(found.slices);
    r.text += fmt::format("Shrunk {} -> {} switches between threads ({} schedules tried)\n", before, after, shrunk.tried);
    r.json["shrunk"] = {{"before", {{"switches", before}}}, {"after", {{"switches", after}}}, {"tried", shrunk.tried}};
  }
  r.text += told_slices(found, *target.image);
  linux_hunt::Schedule schedule;
  schedule.program = linux_hunt::digest_of(target.image->contents);
  schedule.arguments = target.arguments;
  schedule.cores = target.cores;
  schedule.seed = hunted.seed;
  schedule.failure = found.failure;
  schedule.checks_races = target.checks_races && found.kind == "data race";
  if (schedule.checks_races) schedule.race_free = target.race_free;
  schedule.slices = found.slices;
  if (const linux_hunt::Run again = linux_hunt::run_again(target, schedule); again.kind != found.kind)
    throw InternalError("the schedule shows \"" + found.failure + "\" once and \"" + again.failure + "\" again");
  const std::string file = flags.trace_file.empty() ? "hunt.schedule" : flags.trace_file;
  write_file(file, linux_hunt::to_text(schedule));
  tell_command("isobar run-elf --schedule " + quoted(file) + option_words(program) + words_of(target.arguments), found, r);
  r.json["trace"] = file;
}

}  // namespace

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                             "0123456789_-+=./,:@%") == std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string words_of(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& a : arguments) text += " " + quoted(a);
  return text;
}

std::string end_of_output(const std::string& output) {
  std::string text = output.size() > kShownBytes ? "..." + output.substr(output.size() - kShownBytes) : output;
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

linux_hunt::Target target_of(const linux_user::ElfImage& image, const ProgramFlags& program) {
  linux_hunt::Target target;
  target.image = &image;
  // As 'isobar run-elf' has it.
  if (!program.is_detailed()) target.options.thread_limit = 8192;
  target.options.root = program.root;
  target.options.environment = program.environment;
  target.options.coherent_fetch = program.dic;
  target.options.tagging = program.mte;
  target.options.guarding = program.bti;
  target.arguments = program.arguments;
  target.cores = program.cores;
  target.limit = program.limit;
  target.exit_status = program.exit_status;
  return target;
}

std::string option_words(const ProgramFlags& program) {
  std::string text = fmt::format(" --limit {}", program.limit);
  text += program.dic ? " --dic" : "";
  text += program.mte ? " --mte" : "";
  text += program.bti ? " --bti" : "";
  if (!program.root.empty()) text += " --root " + quoted(program.root);
  for (const std::string& e : program.environment) text += " --env " + quoted(e);
  return text;
}

void tell_found(const linux_hunt::Run& run, u64 number, u64 seed, CaseReport& r) {
  r.verdict = Verdict::Differs;
  r.findings.push_back(fmt::format("run {}: {}", number, run.failure));
  r.text += fmt::format("Found in run {}: {}\n", number, run.failure);
  r.json["found"] = {{"run", number}, {"seed", seed}, {"what", run.failure}};
}

void tell_command(const std::string& command, const linux_hunt::Run& run, CaseReport& r) {
  r.text += end_of_output(run.output) + "Again with " + command + "\n";
  r.json["found"]["output"] = end_of_output(run.output);
  r.json["found"]["command"] = command;
}

bool is_program(const std::string& contents) { return contents.compare(0, 4, "\177ELF") == 0; }

CaseReport hunt_program(const std::string& contents, const HuntFlags& flags, const ProgramFlags& program,
                        ProgressLine& progress) {
  const Stopwatch watch;
  const std::string& file = program.arguments.front();
  const linux_user::ElfImage image = linux_user::parse_elf(file, contents);
  linux_hunt::Target target = target_of(image, program);
  target.interrupt = &interrupt_flag();
  for (const std::string& text : program.race_free) target.race_free.push_back(race_free_range(image, text));
  target.checks_races = !target.race_free.empty() || names_race_free(image);
  linux_hunt::HuntOptions options;
  options.strategy = flags.the_strategy();
  options.depth = flags.the_depth();
  options.seed = flags.seed;
  options.runs = flags.runs;
  options.jobs = flags.jobs;
  options.stops = [&] { return interrupt_flag() || (flags.timeout_seconds > 0 && watch.seconds() > flags.timeout_seconds); };
  options.progress = [&](u64 runs, const hunt::Estimate& e) {
    progress.update(fmt::format("{}: {} runs, {:.0f}/s, {}", file, runs,
                                static_cast<double>(runs) / std::max(watch.seconds(), 1e-3), interleavings_text(e)));
  };
  linux_hunt::Hunted hunted = linux_hunt::find_failure(target, options);

  CaseReport r;
  r.file = r.name = file;
  const bool counts = options.strategy != Strategy::Random;
  r.text = fmt::format("Hunt {}\nStrategy {}{}, seed {}\n", file, hunt::name(options.strategy),
                       counts ? fmt::format(", depth {}", options.depth) : "", flags.seed);
  r.text += fmt::format("Runs {} of {}, {} instructions, distinct outputs and exits {}\n", hunted.runs, flags.runs,
                        hunted.instructions, hunted.results);
  r.text += "Coverage " + interleavings_text(hunted.coverage) + "\n";
  // Burckhardt et al., ASPLOS 2010: 1 / (n k^(d-1)).
  const double promise = options.strategy != Strategy::Pct || hunted.events == 0
                             ? 0
                             : 1 / (hunted.threads * std::pow(static_cast<double>(hunted.events), options.depth - 1.0));
  if (promise > 0)
    r.text += fmt::format("Promise a failure of depth {} shows in one of {:.0f} runs or more often (n = {} threads, k = {} events)\n",
                          options.depth, 1 / promise, hunted.threads, hunted.events);
  r.json = {{"format", kHuntFormat},
            {"name", file},
            {"file", file},
            {"strategy", hunt::name(options.strategy)},
            {"depth", counts ? options.depth : 0},
            {"seed", flags.seed},
            {"runs", hunted.runs},
            {"instructions", hunted.instructions},
            {"threads", hunted.threads},
            {"events", hunted.events},
            {"promise", promise},
            {"results", hunted.results},
            {"distinct", hunted.coverage.distinct},
            {"estimated", hunted.coverage.total},
            {"unseen", hunted.coverage.unseen},
            {"status", hunted.failing ? "found" : hunted.stopped ? "stopped" : "nothing found"},
            {"seconds", 0.0}};
  if (hunted.failing) {
    add_program_failure(target, flags, program, hunted, progress, r);
  } else {
    tell_nothing_found(hunted.stopped, r);
  }
  r.json["seconds"] = r.seconds = watch.seconds();
  return r;
}

}  // namespace isobar::tools
