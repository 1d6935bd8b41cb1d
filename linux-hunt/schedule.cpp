#include "linux-hunt/schedule.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "linux-hunt/watch.h"
#include "linux-user/elf_symbols.h"
#include "support/diagnostic.h"
#include "support/hash.h"

namespace isobar::linux_hunt {

namespace {

constexpr std::string_view kScheduleFormat = "isobar-schedule/1";
/// Lines before the first slice.
constexpr u32 kHeaderLines = 6;

/// Of a text with escaped backslashes, spaces and line ends.
std::string escaped_word(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c > ' ' && c < '\177' && c != '\\')
      out += c;
    else
      out += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
  }
  return out.empty() ? "\\" : out;
}

class ScheduleReader {
 public:
  ScheduleReader(const std::string& file, std::string_view text) : file_(file), rest_(text) {}

  bool next_line() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    at_ = 0;
    return true;
  }

  [[noreturn]] void refuse(const std::string& expected) const {
    throw InputError(Diagnostic{{file_, number_, static_cast<u32>(at_ + 1)}, "expected " + expected});
  }

  /// The next word of the line; nothing at its end.
  std::optional<std::string_view> word() {
    while (at_ < line_.size() && line_[at_] == ' ') ++at_;
    if (at_ == line_.size()) return std::nullopt;
    const std::size_t begin = at_;
    at_ = std::min(line_.find(' ', at_), line_.size());
    return line_.substr(begin, at_ - begin);
  }

  template <class Number>
  Number number(const std::string& expected) {
    const std::size_t before = at_;
    Number n{};
    const std::optional<std::string_view> w = word();
    if (w) {
      const auto [end, error] = std::from_chars(w->data(), w->data() + w->size(), n);
      if (error == std::errc() && end == w->data() + w->size()) return n;
    }
    at_ = w ? at_ - w->size() : before;
    refuse(expected);
  }

  /// Goes past the next word if it is this one.
  bool takes(std::string_view expected) {
    const std::size_t before = at_;
    if (word() == expected) return true;
    at_ = before;
    return false;
  }

  /// A header line that begins with `name`.
  void header(std::string_view name) {
    if (!next_line()) ++number_;
    if (word() != name) {
      at_ = 0;
      refuse(fmt::format("\"{}\"", name));
    }
  }

  std::string argument(std::string_view w) const {
    std::string out;
    for (std::size_t i = 0; i < w.size(); ++i) {
      unsigned value = 0;
      if (w[i] != '\\') {
        out += w[i];
      } else if (w.size() > 1) {
        const auto [end, error] = std::from_chars(w.data() + i + 1, w.data() + std::min(i + 3, w.size()), value, 16);
        if (error != std::errc() || end != w.data() + i + 3) refuse("two hexadecimal digits after a backslash");
        out += static_cast<char>(value);
        i += 2;
      }
    }
    return out;
  }

  std::string_view rest_of_line() const { return line_.substr(std::min(at_ + 1, line_.size())); }

 private:
  const std::string& file_;
  std::string_view rest_, line_;
  u32 number_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

u64 switches(const std::vector<Slice>& slices) {
  u64 n = 0;
  for (std::size_t i = 1; i < slices.size(); ++i) n += slices[i].thread != slices[i - 1].thread;
  return n;
}

std::string race_text(const linux_user::ElfImage& image, const Race& race) {
  const std::vector<linux_user::Symbol> symbols = linux_user::all_symbols(image);
  const auto side = [&](const Race::Access& a) {
    return fmt::format("thread {} {} it at {}", a.thread, a.write ? "writes" : "reads", linux_user::describe_address(symbols, a.pc));
  };
  return fmt::format("data race on {}: {}, {}, and neither is ordered before the other",
                     linux_user::describe_address(symbols, race.address), side(race.first), side(race.second));
}

u64 run_slice(linux_user::System& system, linux_user::Thread& t, u64 instructions) {
  const u64 used = system.run_slice(t, system.within_limit(instructions));
  while (!system.outcome() && system.runs(t) && t.process->has_deliverable(t)) t.process->deliver_signals(t);
  return used;
}

std::string digest_of(const std::string& contents) {
  Hasher h;
  h.bytes(contents.data(), contents.size());
  const Digest d = h.digest();
  return fmt::format("{:016x}{:016x}", d.a, d.b);
}

std::string to_text(const Schedule& s) {
  std::string text = fmt::format("{}\nprogram {}\ncores {}\nseed {}\narguments", kScheduleFormat, s.program, s.cores, s.seed);
  for (const std::string& a : s.arguments) text += " " + escaped_word(a);
  text += "\nfailure " + s.failure.substr(0, s.failure.find('\n')) + "\n";
  for (const RaceFree& m : s.race_free) text += fmt::format("race_free {} {} {}\n", m.begin, m.end, escaped_word(m.name));
  if (s.checks_races) text += "race_free named by the program\n";
  for (const Slice& slice : s.slices) text += fmt::format("{} {} {}\n", slice.thread, slice.cpu, slice.instructions);
  return text;
}

Schedule parse_schedule(const std::string& file, const std::string& text) {
  ScheduleReader in(file, text);
  Schedule s;
  in.header(kScheduleFormat);
  in.header("program");
  const auto digest = in.word();
  if (!digest || digest->size() != 32) in.refuse("32 hexadecimal digits");
  s.program = std::string(*digest);
  in.header("cores");
  s.cores = in.number<unsigned>("a number of cores");
  if (s.cores < 1 || s.cores > kMaxCores) in.refuse(fmt::format("1 to {} cores", kMaxCores));
  in.header("seed");
  s.seed = in.number<u64>("a number");
  in.header("arguments");
  while (const auto w = in.word()) s.arguments.push_back(in.argument(*w));
  if (s.arguments.empty()) in.refuse("the program and its arguments");
  in.header("failure");
  s.failure = std::string(in.rest_of_line());
  while (in.next_line()) {
    if (in.takes("race_free")) {
      s.checks_races = true;
      if (in.takes("named")) continue;
      RaceFree m;
      m.begin = in.number<u64>("the first address, or \"named by the program\"");
      m.end = in.number<u64>("the address behind the last");
      if (const auto name = in.word()) m.name = in.argument(*name);
      s.race_free.push_back(m);
      continue;
    }
    Slice slice;
    slice.thread = in.number<i32>("the number of a thread");
    slice.cpu = in.number<unsigned>("the number of a core");
    if (slice.cpu >= s.cores) in.refuse(fmt::format("a core below {}", s.cores));
    slice.instructions = in.number<u64>("a number of instructions");
    if (in.word()) in.refuse("the end of the line");
    s.slices.push_back(slice);
  }
  return s;
}

linux_user::Outcome replay(linux_user::System& system, const Schedule& schedule, const std::string& file) {
  constexpr u64 kTurn = 1000;
  const Granules none;
  std::optional<Watch> watch;
  if (schedule.checks_races) {
    watch.emplace(system, none, [](i32) { return false; }, [] {});
    watch->check_races(schedule.race_free, [&](const Race& r) { return race_text(*system.first_program(), r); });
    watch->follow_loops(false);
  }
  const auto run = [&](linux_user::Thread& t, u64 instructions) {
    if (watch) watch->begin(t);
    run_slice(system, t, instructions);
    if (watch) watch->end();
  };
  u32 line = kHeaderLines + static_cast<u32>(schedule.race_free.size()) + (schedule.checks_races ? 1 : 0);
  for (const Slice& slice : schedule.slices) {
    ++line;
    system.heed_interrupt();
    if (system.outcome()) break;
    // Time moves to where somebody can run.
    while (!system.outcome() && std::none_of(system.threads().begin(), system.threads().end(),
                                             [&](const linux_user::Thread* t) { return system.runs(*t); }))
      system.settle(true);
    linux_user::Thread* t = system.find_thread(slice.thread);
    if (system.outcome()) break;
    if (t == nullptr || !system.runs(*t))
      throw InputError(Diagnostic{{file, line, 1}, fmt::format("thread {} cannot run here: the program, its input or an option "
                                                               "is not what the schedule was made with", slice.thread)});
    t->cpu = slice.cpu;
    run(*t, slice.instructions);
    system.settle(false);
  }
  for (std::size_t turn = 0; !system.outcome(); ++turn) {
    system.heed_interrupt();
    linux_user::Thread* next = nullptr;
    for (std::size_t i = 0; i < system.threads().size() && next == nullptr; ++i) {
      linux_user::Thread* t = system.threads()[(turn + i) % system.threads().size()];
      if (system.runs(*t)) next = t;
    }
    if (next != nullptr) run(*next, kTurn);
    system.settle(next == nullptr);
  }
  linux_user::Outcome outcome = *system.outcome();
  outcome.instructions = system.executed();
  return outcome;
}

}  // namespace isobar::linux_hunt
