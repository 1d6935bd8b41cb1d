#include "scenarios/import/litmus_fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "support/bits.h"

namespace isobar::scenarios {
namespace {

/// Exception classes of ESR_EL1 (Arm ARM D24.2.40).
constexpr u64 kUndefined = 0x00, kSystemCall = 0x15, kInstructionAbort = 0x20, kDataAbort = 0x24, kBreakpoint = 0x3c;

constexpr u64 kTagCheck = 0x11;  // ISS[5:0] of a data abort

u64 fault_class(u64 syndrome) { return bits(syndrome, 31, 26); }

/// Aborts from a lower and from the same exception level have classes that differ in bit 0.
bool is_data_abort(u64 syndrome) { return (fault_class(syndrome) & ~u64{1}) == kDataAbort; }
bool is_instruction_abort(u64 syndrome) { return (fault_class(syndrome) & ~u64{1}) == kInstructionAbort; }

/// The kind of an abort without its level: ISS[5:2].
std::string_view abort_name(u64 syndrome) {
  if ((syndrome & 0x3f) == kTagCheck) return "TagCheck";
  switch (syndrome & 0x3c) {
    case 0x04: return "Translation";
    case 0x08: return "AccessFlag";
    case 0x0c: return "Permission";
    default: return "Alignment";
  }
}

constexpr std::array<std::string_view, 3> kMmu{"Translation", "AccessFlag", "Permission"};

}  // namespace

bool LitmusFault::has_address() const { return is_data_abort(syndrome); }

bool is_fault_type(const std::string& word) {
  if (word == "UndefinedInstruction" || word == "SupervisorCall" || word == "Breakpoint" || word == "Alignment" ||
      word == "TagCheck")
    return true;
  for (const std::string_view side : {"MMU:", "D-MMU:", "I-MMU:"})
    for (const std::string_view kind : kMmu)
      if (word == fmt::format("{}{}", side, kind)) return true;
  return false;
}

std::string fault_name(u64 syndrome) {
  if (is_data_abort(syndrome) || is_instruction_abort(syndrome)) {
    const std::string_view name = abort_name(syndrome);
    if (name == "Alignment" || name == "TagCheck") return std::string(name);
    return fmt::format("{}-MMU:{}", is_data_abort(syndrome) ? 'D' : 'I', name);
  }
  switch (fault_class(syndrome)) {
    case kUndefined: return "UndefinedInstruction";
    case kSystemCall: return "SupervisorCall";
    case kBreakpoint: return "Breakpoint";
    default: return fmt::format("Exception:{:#x}", fault_class(syndrome));
  }
}

bool is_fault_of_type(const std::string& name, const std::string& type) {
  return name == type || (type.substr(0, 4) == "MMU:" && name.size() > 2 && name.substr(2) == type);
}

}  // namespace isobar::scenarios
