#include "model/systemc/cache_array.h"

namespace isobar::systemc {

void CacheArray::configure(const CacheGeometry& geometry, unsigned line_bytes) {
  sets_ = geometry.sets;
  ways_ = geometry.ways;
  line_bytes_ = line_bytes;
  clock_ = 0;
  lines_.assign(std::size_t{sets_} * ways_, CacheLine{});
}

unsigned CacheArray::find(u64 addr) const {
  const u64 line = line_address(addr);
  const unsigned first = first_way(addr);
  for (unsigned i = first; i < first + ways_; ++i)
    if (lines_[i].state != LineState::Invalid && lines_[i].addr == line) return i;
  return kNone;
}

LineState CacheArray::state(u64 addr) const {
  const unsigned i = find(addr);
  return i == kNone ? LineState::Invalid : lines_[i].state;
}

unsigned CacheArray::fill(u64 addr, LineState state, bool* evicted_modified) {
  const unsigned first = first_way(addr);
  unsigned victim = first;
  for (unsigned i = first; i < first + ways_; ++i) {
    if (lines_[i].state == LineState::Invalid) {
      victim = i;
      break;
    }
    if (lines_[i].used < lines_[victim].used) victim = i;
  }
  if (evicted_modified != nullptr) *evicted_modified = lines_[victim].state == LineState::Modified;
  lines_[victim] = CacheLine{line_address(addr), 0, state};
  touch(victim);
  return victim;
}

void CacheArray::invalidate(u64 addr) {
  const unsigned i = find(addr);
  if (i != kNone) lines_[i].state = LineState::Invalid;
}

void CacheArray::invalidate_all() {
  for (CacheLine& l : lines_) l.state = LineState::Invalid;
}

}  // namespace isobar::systemc
