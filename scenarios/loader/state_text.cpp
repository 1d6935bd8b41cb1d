// Final states as values and as text.
#include <fmt/format.h>

#include "kernel-shim/layout.h"
#include "scenarios/loader/build.h"

namespace isobar::scenarios {

namespace {

/// Numbers below this are numbers; above, a value that is the address of something is shown by its name.
constexpr u64 kFirstAddress = 0x1000;

/// An address this far behind a symbol is still told as symbol and offset.
constexpr u64 kNear = 0x1000;

/// Results of system calls from here on are negated error numbers.
constexpr u64 kFirstError = ~u64{0} - 4094;

std::string address_text(const Build& b, u64 address) {
  auto after = b.symbols.upper_bound(address);
  if (after == b.symbols.begin()) return fmt::format("{:#x}", address);
  const auto& [base, name] = *--after;
  if (base == address) return name;
  return address - base < kNear ? fmt::format("{}+{:#x}", name, address - base)
                                : fmt::format("{:#x}", address);
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

bool has_fault(const Scenario& scenario, const trace::Outcome& outcome, unsigned thread) {
  for (std::size_t i = 0; i < scenario.observed.size(); ++i) {
    if (scenario.observed[i].kind != Observed::Kind::Fault || scenario.observed[i].thread != thread) continue;
    return outcome.values[i].lo != 0 || outcome.values[i].hi != 0;
  }
  return false;
}

}  // namespace

std::vector<Value> final_values(const Scenario& scenario, const Build& b, const trace::Outcome& outcome) {
  std::vector<Value> values = outcome.values;
  if (!b.kernel) return values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Observed as the state of its task or, if it parks, as the mark it leaves at its end.
    const Observed& o = scenario.observed[i];
    if (o.kind != Observed::Kind::Waiting) continue;
    const Thread& t = scenario.threads.at(o.thread);
    const bool not_started = t.reserve && values[i].lo == kernel::TaskState::New;
    const bool ended = t.parks ? values[i].lo != 0 : values[i].lo == kernel::TaskState::Dead;
    values[i] = {ended || not_started || has_fault(scenario, outcome, o.thread) ? u64{0} : u64{1}, 0};
  }
  return values;
}

std::string fault_text(const Scenario& scenario, const Build& b, const std::vector<Value>& values,
                       unsigned fault) {
  const Observed& o = scenario.observed[fault];
  Value address;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (scenario.observed[i].kind == Observed::Kind::FaultAddress && scenario.observed[i].thread == o.thread)
      address = values[i];
  }
  const FaultReport f = fault_report(values[fault], address);
  const std::string at = f.address != 0 ? " at " + address_text(b, f.address) : "";
  return fmt::format("{}={}{} in {}", o.label, describe(f), at, address_text(b, f.pc));
}

std::string state_text(const Scenario& scenario, const Build& b, const std::vector<Value>& values) {
  std::string text;
  const auto item = [&](const std::string& s) { text += (text.empty() ? "" : " ") + s + ";"; };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Observed& o = scenario.observed[i];
    switch (o.kind) {
      case Observed::Kind::Register:
      case Observed::Kind::Memory: item(o.label + "=" + value_text(b, values[i], o.size)); break;
      case Observed::Kind::Fault:
        if (values[i].lo != 0 || values[i].hi != 0)
          item(fault_text(scenario, b, values, static_cast<unsigned>(i)));
        break;
      case Observed::Kind::FaultAddress: break;
      case Observed::Kind::Waiting:
      case Observed::Kind::Flag:
        if (values[i].lo != 0) item(o.label);
        break;
    }
  }
  return text;
}

}  // namespace isobar::scenarios
