#include "hunt/coverage.h"

#include <map>
#include <vector>

namespace isobar::hunt {

namespace {

/// A write by its place in the program instead of its place in time.
u64 identity(const trace::Execution& e, i32 write) {
  if (write < 0) return static_cast<u64>(static_cast<i64>(write));
  const trace::WriteRecord& w = e.writes[static_cast<std::size_t>(write)];
  return u64{w.core} << 40 | u64{w.instruction} << 8 | w.access;
}

}  // namespace

Digest fingerprint(const trace::Execution& e) {
  Hasher h;
  for (const auto& code : e.core) {
    h.word(code.size());
    for (const trace::InstructionRecord& i : code) {
      h.word(i.pc);
      h.word(u64{i.word} << 16 | u64{i.exception} << 8 | i.choice);
      h.word(identity(e, i.word_source));
      for (const trace::AccessRecord& a : i.access) {
        h.word(a.addr << 8 | static_cast<u64>(a.kind) << 5 | a.size);
        for (const i32 source : a.source) h.word(identity(e, source));
      }
    }
  }
  std::map<u64, std::vector<u64>> order;
  for (std::size_t n = 0; n < e.writes.size(); ++n) {
    const trace::WriteRecord& w = e.writes[n];
    if (w.core >= e.core.size() || w.instruction >= e.core[w.core].size()) continue;
    const auto& accesses = e.core[w.core][w.instruction].access;
    if (w.access >= accesses.size()) continue;
    for (unsigned b = 0; b < accesses[w.access].size; ++b)
      order[accesses[w.access].addr + b].push_back(identity(e, static_cast<i32>(n)));
  }
  for (const auto& [byte, writes] : order) {
    h.word(byte);
    for (const u64 w : writes) h.word(w);
  }
  return h.digest();
}

Estimate Coverage::estimate() const {
  Estimate e;
  e.runs = runs_;
  e.distinct = seen_.size();
  for (const auto& [digest, count] : seen_) {
    e.once += count == 1;
    e.twice += count == 2;
  }
  const double once = static_cast<double>(e.once), twice = static_cast<double>(e.twice);
  e.total = static_cast<double>(e.distinct) + once * (once - 1) / (2 * (twice + 1));
  if (e.runs != 0) {
    if (e.once == 0) e.total = static_cast<double>(e.distinct);
    e.unseen = once / static_cast<double>(e.runs);
  }
  return e;
}

}  // namespace isobar::hunt
