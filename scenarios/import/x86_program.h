// From an X86_64 litmus test to threads of x86 instructions with memory, registers and things to observe.
//
// Guest registers are named after the host registers that a translation keeps them in: RAX is X0 .. R15 is
// X15 in the order of their x86 numbers, XMMn is Vn. So one set of observables serves the x86 machine and
// every translation.
#pragma once

#include "scenarios/import/litmus_program.h"
#include "scenarios/import/x86_instruction.h"

namespace isobar::scenarios {

/// Bytes at each location that accesses may touch, whatever its type: a cache line.
inline constexpr u64 kX86LocationBytes = 64;

struct X86Program {
  std::vector<std::vector<X86Instruction>> threads;
  /// The test for AArch64 with empty columns: initial state and condition with the names of host registers;
  /// every location of the code is declared.
  LitmusTest frame;
  /// Built from `frame`: addresses, initial memory and registers, observables; items are named as in the
  /// test.
  LitmusProgram program;
  std::map<std::string, u64> addresses;  ///< of locations by name
  u64 memory_bytes = 0;                  ///< from kLitmusData to the end of the last location
  /// Variant=avx: an aligned 16-byte access is single-copy atomic, as Intel and AMD promise for processors
  /// with AVX (Intel SDM volume 3, 9.1.1). Otherwise its halves are accesses of their own, in any order.
  bool atomic_vectors = false;
};

/// Is the test one for this reader?
bool is_x86(const LitmusTest& test);

/// Throws InputError or UnsupportedError as build_litmus() does.
X86Program build_x86(const LitmusTest& test, const LitmusOptions& options = {});

/// Names of registers in `p`, which was built from a frame, as the x86 test has them.
void name_as_x86(LitmusProgram& p, const std::string& condition_text);

}  // namespace isobar::scenarios
