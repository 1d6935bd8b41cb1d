// Random instructions from the table of encodings, with states that make their addresses useful.
#pragma once

#include <random>

#include "isa/decoder.h"
#include "isa/sequential.h"
#include "tests/differential/machines.h"

namespace isobar::differential {

/// One instruction to execute, and everything it executes on.
struct Case {
  u32 setup = 0;  ///< executed before `word` if not 0: a load-exclusive or CLREX for a store-exclusive
  u32 word = 0;
  unsigned encoding = 0;  ///< the line of the table that the word matches, even if its fields are reserved
  isa::ArchState state;
};

class Generator {
 public:
  explicit Generator(u64 seed) : random_(seed) {}
  Case next(u64 pc);
  /// A given word on a random state.
  Case next(u64 pc, u32 word);
  /// A register value: often an edge case.
  u64 value();
  /// One half of a vector register: lanes of one width, often special floating-point values.
  u64 lanes();
  void fill(Data& data);

 private:
  u64 bits() { return random_(); }
  bool one_in(unsigned n) { return bits() % n == 0; }
  u64 float_bits(unsigned width);
  u32 word_of(const isa::Encoding& e);
  isa::ArchState state(u64 pc);
  void finish(Case& c);
  void aim(Case& c);
  void prepare_exclusive(Case& c);
  u64 target(unsigned size, bool aligned);

  std::mt19937_64 random_;
};

}  // namespace isobar::differential
