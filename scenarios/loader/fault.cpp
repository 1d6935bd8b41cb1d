#include "scenarios/loader/fault.h"

#include <fmt/format.h>

#include "model/storage/tags.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

/// Exception class: ESR_ELx bits [31:26].
u64 exception_class(u64 esr) {
  return bits(esr, 31, 26);
}

bool is_fetch_abort(u64 esr) {
  return exception_class(esr) == 0x20 || exception_class(esr) == 0x21;
}
bool is_abort(u64 esr) {
  return is_fetch_abort(esr) || exception_class(esr) == 0x24 || exception_class(esr) == 0x25;
}

/// What happened, without asking whether it was a fetch.
FaultKind cause(u64 esr) {
  switch (exception_class(esr)) {
    case 0x00: return FaultKind::Undefined;
    case 0x15: return FaultKind::Svc;
    case 0x16: return FaultKind::Hvc;
    case 0x17: return FaultKind::Smc;
    case 0x22:
    case 0x26: return FaultKind::Alignment;
    case 0x3c: return FaultKind::Brk;
    default: break;
  }
  if (!is_abort(esr)) return FaultKind::Other;
  // Fault status code: level in the low two bits.
  const u64 status = bits(esr, 5, 0);
  if (status == 0x11) return FaultKind::Tag;
  if (status >> 2 == 1) return FaultKind::Translation;
  if (status >> 2 == 3) return FaultKind::Permission;
  return status == 0x21 ? FaultKind::Alignment : FaultKind::Other;
}

}  // namespace

std::string_view name(FaultKind k) {
  switch (k) {
#define X(name, text) \
  case FaultKind::name: return text;
    ISOBAR_FAULT_KINDS(X)
#undef X
  }
  return {};
}

std::optional<FaultKind> parse_fault_kind(std::string_view text) {
#define X(name, word) \
  if (text == word) return FaultKind::name;
  ISOBAR_FAULT_KINDS(X)
#undef X
  return std::nullopt;
}

std::vector<std::string> fault_kind_names() {
  return {
#define X(name, text) text,
      ISOBAR_FAULT_KINDS(X)
#undef X
  };
}

bool matches(const FaultReport& f, FaultKind k) {
  if (!f.faulted) return false;
  if (k == FaultKind::Any) return true;
  if (k == FaultKind::Fetch) return is_fetch_abort(f.esr) || exception_class(f.esr) == 0x22;
  return cause(f.esr) == k;
}

FaultReport fault_report(const Value& fault, const Value& address) {
  const bool tag_check = cause(fault.lo) == FaultKind::Tag;
  return {fault.lo != 0 || fault.hi != 0, fault.lo, fault.hi, tag_check ? model::without_tag(address.lo) : address.lo};
}

std::string describe(const FaultReport& f) {
  if (!f.faulted) return "none";
  const FaultKind k = cause(f.esr);
  std::string text = is_fetch_abort(f.esr) ? "fetch " : "";
  text += name(k);
  if (k == FaultKind::Other) text += fmt::format(" (ESR {:#x})", f.esr);
  return text;
}

}  // namespace isobar::scenarios
