// Tags, states and replacement of one set-associative cache: plain copyable timing state.
//
// Owns: which lines are present and in which state. Must not know: data, sockets, latencies.
#pragma once

#include <vector>

#include "model/systemc/platform_config.h"

namespace isobar::systemc {

/// MESI, as far as latency can tell the states apart.
enum class LineState : u8 { Invalid, Shared, Exclusive, Modified };

struct CacheLine {
  u64 addr = 0;  ///< aligned to the line
  u64 used = 0;  ///< when last used, for LRU
  LineState state = LineState::Invalid;
};

/// Lines of one cache; indices are set * ways + way and stay valid until configure().
class CacheArray {
 public:
  static constexpr unsigned kNone = ~0u;

  void configure(const CacheGeometry& geometry, unsigned line_bytes);

  u64 line_address(u64 addr) const { return addr & ~u64{line_bytes_ - 1}; }
  unsigned line_bytes() const { return line_bytes_; }
  unsigned size() const { return static_cast<unsigned>(lines_.size()); }
  const CacheLine& line(unsigned index) const { return lines_[index]; }

  /// Index of the valid line that holds `addr`, or kNone. Changes nothing.
  unsigned find(u64 addr) const;
  LineState state(u64 addr) const;
  void set_state(unsigned index, LineState state) { lines_[index].state = state; }
  /// Makes the line the most recently used of its set.
  void touch(unsigned index) { lines_[index].used = ++clock_; }
  /// Replaces the least recently used line of the set by the line of `addr`. True in *evicted_modified if it
  /// was dirty.
  unsigned fill(u64 addr, LineState state, bool* evicted_modified = nullptr);
  void invalidate(u64 addr);
  void invalidate_all();

 private:
  unsigned first_way(u64 addr) const {
    return static_cast<unsigned>((addr / line_bytes_) & (sets_ - 1)) * ways_;
  }

  unsigned sets_ = 1, ways_ = 1, line_bytes_ = 64;
  u64 clock_ = 0;
  std::vector<CacheLine> lines_;
};

}  // namespace isobar::systemc
