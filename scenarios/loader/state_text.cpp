// Final states as values and as text.
#include <fmt/format.h>

#include "kernel-shim/layout.h"
#include "scenarios/loader/build.h"

namespace isobar::scenarios {

namespace {

/// Numbers below this are numbers; above, a value that is the address of something is shown by its name.
constexpr u64 kFirstAddress = 0x1000;

/// Results of system calls from here on are negated error numbers.
constexpr u64 kFirstError = ~u64{0} - 4094;

std::string address_text(const Build& b, u64 address) {
  const auto found = b.symbols.find(address);
  return found != b.symbols.end() ? found->second : fmt::format("{:#x}", address);
}

std::string value_text(const Build& b, const Value& v, u8 size) {
  if (v.hi != 0) return fmt::format("0x{:x}{:016x}", v.hi, v.lo);
  if (size == 8 && v.lo >= kFirstError) return fmt::format("-{}", ~v.lo + 1);
  if (size == 8 && v.lo >= kFirstAddress) {
    const auto found = b.symbols.find(v.lo);
    if (found != b.symbols.end()) return "&" + found->second;
  }
  return v.lo < 10'000 ? fmt::format("{}", v.lo) : fmt::format("{:#x}", v.lo);
}

}  // namespace

std::vector<Value> final_values(const Scenario& scenario, const Build& b, const trace::Outcome& outcome) {
  std::vector<Value> values = outcome.values;
  if (!b.kernel) return values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    // A thread of the kernel that is not dead when nothing happens any more will never be.
    if (scenario.observed[i].kind != Observed::Kind::Waiting) continue;
    const bool started = !scenario.threads.at(scenario.observed[i].thread).reserve || values[i].lo != kernel::TaskState::New;
    values[i] = {started && values[i].lo != kernel::TaskState::Dead ? u64{1} : u64{0}, 0};
  }
  return values;
}

std::string state_text(const Scenario& scenario, const Build& b, const std::vector<Value>& values) {
  std::string text;
  const auto item = [&](const std::string& s) { text += (text.empty() ? "" : " ") + s + ";"; };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Observed& o = scenario.observed[i];
    switch (o.kind) {
      case Observed::Kind::Register:
      case Observed::Kind::Memory: item(o.label + "=" + value_text(b, values[i], o.size)); break;
      case Observed::Kind::Fault: {
        const FaultReport f = fault_report(values[i], {});
        if (f.faulted) item(fmt::format("{}={} in {}", o.label, describe(f), address_text(b, f.pc)));
        break;
      }
      case Observed::Kind::FaultAddress: {
        if (values[i].lo != 0) item(o.label + "=" + address_text(b, values[i].lo));
        break;
      }
      case Observed::Kind::Waiting: {
        if (values[i].lo != 0) item(o.label);
        break;
      }
    }
  }
  return text;
}

}  // namespace isobar::scenarios
