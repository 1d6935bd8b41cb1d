// One line per instruction in the order in which instructions retire, as instruction set simulators print it.
#include <fmt/format.h>

#include "trace/execution.h"
#include "viewers/timeline.h"

namespace isobar::viewers {

std::string to_commit_log(const Timeline& t) {
  std::string out;
  for (const Event& e : t.events) {
    if (!e.retired) continue;
    const Instruction& i = t.instructions[e.instruction];
    out += fmt::format("{:>8} {} {:#x} {:08x} {}", *i.retired, t.cores[i.core], i.pc, i.word, i.text);
    for (const Result& r : i.results) out += fmt::format("; {}={}", r.name, trace::hex(r.value, r.size));
    for (const Access& a : i.accesses)
      out += fmt::format("; {}[{:#x}]={}", a.write ? "store" : "load", a.addr, trace::hex(a.value, a.size));
    out += '\n';
  }
  return out;
}

}  // namespace isobar::viewers
