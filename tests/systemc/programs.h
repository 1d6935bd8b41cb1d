// Small machines for the platform tests: threads in assembly, locations x, y, z at fixed addresses.
#pragma once

#include <string>
#include <vector>

#include "model/machine/machine.h"
#include "model/systemc/platform.h"
#include "support/hash.h"
#include "tests/systemc/user_parts.h"
#include "trace/outcome.h"

namespace isobar::test {

inline constexpr u64 kX = 0x8000, kY = 0x8040, kZ = 0x8080;
inline constexpr u64 kCode = 0x10000, kCodeStride = 0x1000;

/// A test: in every thread X10, X11, X12 point at x, y, z, X13 at the code of thread 0.
struct TestProgram {
  std::string name;
  std::vector<std::string> threads;                      ///< A64 text; the core stops behind it
  std::vector<std::pair<unsigned, unsigned>> registers;  ///< observed: (core, number of X register)
  std::vector<u64> locations;                            ///< observed 8-byte locations
  bool writable_code = false;
  model::MachineConfig config{};
};

/// Numbers below `n`, by seed.
struct Random {
  u64 state;
  u64 operator()(u64 n) {
    Hasher h;
    h.word(state++);
    return h.digest().a % n;
  }
};

model::Machine make_machine(const TestProgram& t, model::Speculation speculation);
std::vector<trace::Observable> observables(const TestProgram& t);

/// Store buffering, message passing, load buffering, exclusives, atomics, CAS, mixed sizes, modified code ...
const std::vector<TestProgram>& classics();
/// Two threads of `length` random accesses and barriers to x and y.
TestProgram random_program(u64 seed, unsigned length);

/// Every platform the tests use; all are constructed before the first run.
struct Platforms {
  Platforms();

  systemc::Platform natural{"natural"};
  std::vector<std::unique_ptr<systemc::Platform>> permuted;
  UserMemory user_memory{"user_memory"};
  UserInterconnect user_interconnect{"user_interconnect"};
  std::unique_ptr<systemc::Platform> with_user_memory;
  std::unique_ptr<systemc::Platform> with_user_interconnect;
};
Platforms& platforms();

}  // namespace isobar::test
