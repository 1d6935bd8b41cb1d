// Konata's text format: https://github.com/shioyadan/Konata, docs/kanata-log-format.md. Lines are in the order of time.
#include <fmt/format.h>

#include <algorithm>

#include "viewers/timeline.h"

namespace isobar::viewers {

namespace {

struct Line {
  u64 time = 0;
  std::size_t id = 0;
  unsigned order = 0;  ///< of lines about one instruction at one time
  std::string text;
};

}  // namespace

std::string to_kanata(const Timeline& t) {
  std::vector<Line> lines;
  std::vector<std::size_t> number(t.cores.size(), 0);
  for (std::size_t id = 0; id < t.instructions.size(); ++id) {
    const Instruction& i = t.instructions[id];
    unsigned order = 0;
    const auto add = [&](u64 time, std::string text) { lines.push_back({time, id, order++, std::move(text)}); };
    add(i.fetched, fmt::format("I\t{}\t{}\t{}\n", id, number[i.core]++, i.core));
    add(i.fetched, fmt::format("L\t{}\t0\t{}: {:#x}: {}\n", id, t.cores[i.core], i.pc, i.text));
    add(i.fetched, fmt::format("S\t{}\t0\tF\n", id));
    const u64 last = i.retired ? *i.retired : i.discarded ? *i.discarded : t.end;
    if (i.executed && *i.executed < last) add(*i.executed, fmt::format("S\t{}\t0\tX\n", id));
    if (i.buffered) {
      add(*i.buffered, fmt::format("S\t{}\t1\tSB\n", id));
      add(i.drained ? *i.drained : last, fmt::format("E\t{}\t1\tSB\n", id));
    }
    for (const Access& a : i.accesses)
      add(last, fmt::format("L\t{}\t1\t{} {:#x}, {} bytes\\n\n", id, a.write ? "writes" : "reads", a.addr, a.size));
    if (i.retired || i.discarded) add(last, fmt::format("R\t{}\t{}\t{}\n", id, id, i.retired ? 0 : 1));
  }
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return std::tie(a.time, a.id, a.order) < std::tie(b.time, b.id, b.order);
  });
  std::string out = "Kanata\t0004\nC=\t0\n";
  u64 now = 0;
  for (const Line& line : lines) {
    if (line.time != now) out += fmt::format("C\t{}\n", line.time - now);
    now = line.time;
    out += line.text;
  }
  return out;
}

}  // namespace isobar::viewers
