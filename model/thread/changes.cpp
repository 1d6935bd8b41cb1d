#include "model/thread/changes.h"

#include "model/thread/window.h"

namespace isobar::model {

namespace {

/// Does read `r`, which is still to be satisfied, overlap one of the stores of mask `stores`?
bool reads_from_one_of(const Core& c, const Entry& r, u64 stores) {
  if (r.fired || !r.address_known) return false;
  for (unsigned i : each_one(stores)) {
    const Entry& w = c.window[i];
    if (w.address_known && overlaps(w.addr, w.uop->mem.size, r.addr, r.uop->mem.size)) return true;
  }
  return false;
}

}  // namespace

Concerned concerned(const MachineConfig& config, const Program& program, const Core& c, u64 touched) {
  if (touched == 0) return {};
  const unsigned size = static_cast<unsigned>(c.window.size());
  const unsigned lowest = static_cast<unsigned>(__builtin_ctzll(touched));
  if (lowest >= size) return {touched, 0};
  const auto from = [&c](unsigned i) { return ~u64{0} << instruction_start(c, i); };
  // Tag checks and translations wait for each other in both directions; search forbids reads for the sake of younger ones.
  if (config.tagging || !program.pages.empty() || config.speculation != Speculation::Squash) return {from(lowest), 0};
  // Younger reads hang on nothing of plain ones but, of a store, its bytes; and these reads on nothing older but stores.
  const u64 behind = ~u64{0} << lowest & ones(size);
  const u64 others = behind & ~c.window.plain();
  Concerned result{touched, 0};
  u64 looked_at = behind;
  if (const u64 ordering = touched & others; ordering != 0) {
    const unsigned first = static_cast<unsigned>(__builtin_ctzll(ordering));
    result.changed |= from(first);
    looked_at &= ones(first);
  }
  // A store waits for everything older. Its operands may have become known, which lets younger reads take its bytes.
  result.awaited = looked_at & (others | c.window.writes());
  const u64 stores = looked_at & c.window.writes() & (touched | others);
  if (stores == 0) return result;
  for (unsigned i : each_one(looked_at & c.window.reads()))
    if (reads_from_one_of(c, c.window[i], stores & ones(i))) result.changed |= u64{1} << i;
  return result;
}

}  // namespace isobar::model
