#include "axiomatic/code_versions.h"

#include <algorithm>
#include <optional>

#include "axiomatic/values.h"

namespace isobar::axiomatic {
namespace {

constexpr u64 kWord = 4;

const trace::AccessRecord& access(const trace::Execution& e, std::size_t write) {
  const trace::WriteRecord& w = e.writes[write];
  return e.core[w.core][w.instruction].access[w.access];
}

}  // namespace

CodeVersions::CodeVersions(const trace::Execution& e) : execution_(e) {
  u64 lowest = ~u64{0}, highest = 0;
  for (const auto& code : e.core) {
    for (const trace::InstructionRecord& i : code) {
      lowest = std::min(lowest, i.pc);
      highest = std::max(highest, i.pc);
    }
  }
  for (std::size_t w = 0; w < e.writes.size(); ++w) {
    const trace::AccessRecord& a = access(e, w);
    if (a.addr + a.size <= lowest || a.addr >= highest + kWord) continue;
    for (u64 word = a.addr & ~(kWord - 1); word < a.addr + a.size; word += kWord) {
      word_[word].push_back(static_cast<i32>(w));
    }
  }
}

const std::vector<i32>& CodeVersions::writes(u64 pc) const {
  static const std::vector<i32> none;
  const auto found = word_.find(pc);
  return found == word_.end() ? none : found->second;
}

std::array<i32, 4> CodeVersions::sources(u64 pc, i32 version) const {
  std::array<i32, 4> out;
  out.fill(trace::kInitialWrite);
  for (i32 w : writes(pc)) {
    if (w > version) break;
    const trace::AccessRecord& a = access(execution_, static_cast<std::size_t>(w));
    for (unsigned b = 0; b < kWord; ++b) {
      if (pc + b - a.addr < a.size) out[b] = w;
    }
  }
  return out;
}

bool CodeVersions::matches(u64 pc, i32 version, u32 word) const {
  const std::array<i32, 4> from = sources(pc, version);
  for (unsigned b = 0; b < kWord; ++b) {
    const std::optional<u8> byte = written_byte(execution_, from[b], pc + b);
    if (byte && *byte != static_cast<u8>(word >> (8 * b))) return false;
  }
  return true;
}

}  // namespace isobar::axiomatic
