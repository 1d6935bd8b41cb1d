#include "model/thread/changes.h"

#include "model/thread/window.h"

namespace isobar::model {

using isa::UopKind;

namespace {

/// Younger reads hang on nothing of these but, of a store, its bytes; and they on nothing older but stores.
bool is_plain(const Entry& e) {
  const isa::MemoryAttributes& m = e.uop->mem;
  switch (e.uop->kind) {
    case UopKind::Alu:
    case UopKind::Select:
    case UopKind::Branch:
    case UopKind::Hint: return true;
    case UopKind::Read:
    case UopKind::Write:
      return !m.atomic && !m.exclusive && !is_acquire(e) && !m.release && m.rmw == isa::RmwOp::Plain && !e.context.tso;
    default: return false;
  }
}

/// Does read `r`, which is still to be satisfied, overlap one of the stores of mask `stores`?
bool reads_from_one_of(const Core& c, const Entry& r, u64 stores) {
  if (r.fired || !r.address_known) return false;
  for (; stores != 0; stores &= stores - 1) {
    const Entry& w = c.window[static_cast<unsigned>(__builtin_ctzll(stores))];
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
  Concerned result{touched, 0};
  u64 stores = 0;
  for (unsigned i = lowest; i < size; ++i) {
    const Entry& e = c.window[i];
    const bool plain = is_plain(e), changed = (touched >> i & 1) != 0;
    if (changed && !plain) {
      result.changed |= from(i);
      return result;
    }
    // A store waits for everything older. Its operands may have become known, which lets younger reads take its bytes.
    if (!plain || is_write(e)) result.awaited |= u64{1} << i;
    if (is_write(e) && (changed || !plain)) stores |= u64{1} << i;
    if (is_read(e) && reads_from_one_of(c, e, stores)) result.changed |= u64{1} << i;
  }
  return result;
}

}  // namespace isobar::model
