// How many different executions a hunt has seen, and how many there may be.
#pragma once

#include <map>

#include "support/hash.h"
#include "trace/execution.h"

namespace isobar::hunt {

/// What makes two runs the same execution: per core the instructions in program order with the writes that their reads
/// and fetches took from, and per byte the order of writes. Times and the order of independent steps do not count.
Digest fingerprint(const trace::Execution& e);

struct Estimate {
  u64 runs = 0;
  u64 distinct = 0;
  u64 once = 0;    ///< seen exactly once
  u64 twice = 0;
  double total = 0;   ///< at least so many executions under this strategy (Chao 1984, bias-corrected)
  double unseen = 0;  ///< probability that the next run is a new one (Good-Turing)
};

class Coverage {
 public:
  void add(const Digest& d) {
    ++runs_;
    ++seen_[d];
  }
  Estimate estimate() const;

 private:
  struct Less {
    bool operator()(const Digest& x, const Digest& y) const { return x.a != y.a ? x.a < y.a : x.b < y.b; }
  };
  std::map<Digest, u64, Less> seen_;
  u64 runs_ = 0;
};

}  // namespace isobar::hunt
