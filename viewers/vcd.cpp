// Value change dump (IEEE 1364-2005, clause 18). There is no date in it: equal runs give equal files.
#include <fmt/format.h>

#include "viewers/timeline.h"

namespace isobar::viewers {

namespace {

struct Signal {
  const char* name;
  unsigned bits;
  u64 (*value)(const Sample&);
};

constexpr Signal kSignals[] = {
    {"pc", 64, [](const Sample& s) { return s.pc; }},
    {"window", 7, [](const Sample& s) { return u64{s.window}; }},
    {"store_buffer", 7, [](const Sample& s) { return u64{s.store_buffer}; }},
    {"el", 2, [](const Sample& s) { return u64{s.el}; }},
    {"tso", 1, [](const Sample& s) { return u64{s.tso}; }},
    {"interrupt_pending", 1, [](const Sample& s) { return u64{s.interrupt_pending}; }},
};
constexpr std::size_t kCount = std::size(kSignals);

/// Identifiers are printable characters; two of them are enough for 16 cores.
std::string identifier(std::size_t core, std::size_t signal) {
  const std::size_t n = core * kCount + signal;
  return {static_cast<char>('!' + n % 90), static_cast<char>('!' + n / 90)};
}

std::string change(const Signal& s, const std::string& id, u64 value) {
  return s.bits == 1 ? fmt::format("{}{}\n", value & 1, id) : fmt::format("b{:b} {}\n", value, id);
}

/// A name without blanks, as the format wants it.
std::string module_name(std::string text) {
  for (char& c : text)
    if (c == ' ') c = '_';
  return text;
}

}  // namespace

std::string to_vcd(const Timeline& t) {
  std::string out = fmt::format("$version Isobar $end\n$comment {}, one time unit is a {} $end\n$timescale 1 ns $end\n",
                                t.title, t.timed ? "tick" : "step");
  for (std::size_t core = 0; core < t.cores.size(); ++core) {
    out += fmt::format("$scope module {} $end\n", module_name(t.cores[core]));
    for (std::size_t n = 0; n < kCount; ++n)
      out += fmt::format("$var wire {} {} {} $end\n", kSignals[n].bits, identifier(core, n), kSignals[n].name);
    out += "$upscope $end\n";
  }
  out += "$enddefinitions $end\n";
  std::vector<const Sample*> last(t.cores.size(), nullptr);
  std::optional<u64> now;
  for (const Sample& s : t.samples) {
    if (now != s.time) out += fmt::format("#{}\n", s.time);
    now = s.time;
    for (std::size_t n = 0; n < kCount; ++n) {
      const u64 value = kSignals[n].value(s);
      if (last[s.core] == nullptr || kSignals[n].value(*last[s.core]) != value)
        out += change(kSignals[n], identifier(s.core, n), value);
    }
    last[s.core] = &s;
  }
  return out + fmt::format("#{}\n", t.end + 1);
}

}  // namespace isobar::viewers
