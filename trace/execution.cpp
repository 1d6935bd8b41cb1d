#include "trace/execution.h"

#include <cstdio>

#include "support/bits.h"

namespace isobar::trace {
namespace {

std::string at(std::size_t core, std::size_t instruction) {
  return "core " + std::to_string(core) + ", instruction " + std::to_string(instruction) + ": ";
}

const AccessRecord* find(const Execution& e, u8 core, u32 instruction, u8 access) {
  if (core >= e.core.size() || instruction >= e.core[core].size()) return nullptr;
  const std::vector<AccessRecord>& all = e.core[core][instruction].access;
  return access < all.size() ? &all[access] : nullptr;
}

std::string malformed_source(const Execution& e, i32 source, u64 byte) {
  if (source == kInitialWrite || source == kUnknownWrite) return "";
  if (source < 0 || static_cast<std::size_t>(source) >= e.writes.size()) return "a source is not a write";
  const WriteRecord& w = e.writes[static_cast<std::size_t>(source)];
  const AccessRecord& a = e.core[w.core][w.instruction].access[w.access];
  return byte - a.addr < a.size ? "" : "a source did not write the byte that was read";
}

/// A word is fetched from the last write that changed any of its bytes.
std::string malformed_fetch(const Execution& e, const InstructionRecord& r) {
  if (r.word_source == kInitialWrite || r.word_source == kUnknownWrite) return "";
  std::string why;
  for (unsigned b = 0; b < 4; ++b) {
    why = malformed_source(e, r.word_source, r.pc + b);
    if (why.empty()) break;
  }
  return why;
}

std::string malformed_access(const Execution& e, const AccessRecord& a) {
  switch (a.kind) {
    case AccessRecord::Kind::CleanData:
    case AccessRecord::Kind::InvalidateInstruction: return a.size == 0 ? "" : "cache maintenance has a size";
    case AccessRecord::Kind::Write:
      if (a.size < 1 || a.size > 16) return "the size of an access is not 1 to 16";
      if (a.write < 0 || static_cast<std::size_t>(a.write) >= e.writes.size()) {
        return "a write is missing in the order of writes";
      }
      return "";
    case AccessRecord::Kind::Read: break;
  }
  if (a.size < 1 || a.size > 16) return "the size of an access is not 1 to 16";
  if (a.source.size() != a.size) return "a read does not have one source per byte";
  for (unsigned i = 0; i < a.size; ++i) {
    std::string why = malformed_source(e, a.source[i], a.addr + i);
    if (!why.empty()) return why;
  }
  return "";
}

std::string malformed_orders(const Execution& e) {
  for (std::size_t w = 0; w < e.writes.size(); ++w) {
    const WriteRecord& r = e.writes[w];
    const AccessRecord* a = find(e, r.core, r.instruction, r.access);
    if (a == nullptr || a->kind != AccessRecord::Kind::Write || a->write != static_cast<i32>(w)) {
      return "write " + std::to_string(w) + " is not an access of its instruction";
    }
  }
  u32 before = 0;
  for (const MaintenanceRecord& m : e.maintenance) {
    const AccessRecord* a = find(e, m.core, m.instruction, m.access);
    if (a == nullptr || a->size != 0) return "a maintenance operation is not an access of its instruction";
    if (m.writes_before < before || m.writes_before > e.writes.size()) return "maintenance operations are out of order";
    before = m.writes_before;
  }
  return "";
}

}  // namespace

std::string malformed(const Execution& e) {
  if (e.core.size() > kMaxCores) return "more cores than a machine can have";
  if (!e.initial_registers.empty() && e.initial_registers.size() != e.core.size()) {
    return "initial registers are not given for every core";
  }
  if (!e.final_registers.empty() && e.final_registers.size() != e.core.size()) {
    return "final registers are not given for every core";
  }
  std::string why = malformed_orders(e);
  if (!why.empty()) return why;
  for (std::size_t c = 0; c < e.core.size(); ++c) {
    for (std::size_t i = 0; i < e.core[c].size(); ++i) {
      const InstructionRecord& r = e.core[c][i];
      if (r.access.size() > 0xff) return at(c, i) + "too many accesses";
      for (const AccessRecord& a : r.access) {
        why = malformed_access(e, a);
        if (!why.empty()) return at(c, i) + why;
      }
      why = malformed_fetch(e, r);
      if (!why.empty()) return at(c, i) + why;
    }
  }
  return "";
}

std::string hex(const Value& v, unsigned size) {
  char text[40];
  if (size > 8 && (v.hi & ones(8 * (size - 8))) != 0) {
    std::snprintf(text, sizeof text, "0x%llx%016llx", static_cast<unsigned long long>(v.hi & ones(8 * (size - 8))),
                  static_cast<unsigned long long>(v.lo));
  } else {
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v.lo & ones(size >= 8 ? 64 : 8 * size)));
  }
  return text;
}

}  // namespace isobar::trace
