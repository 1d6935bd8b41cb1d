// An x86 program as A64 code under a mapping.
//
// Guest registers live in X0 to X15 and V0 to V15 (see x86_program.h), addresses of locations in X24 to X30;
// X16 to X23 belong to the sequences. Only memory operations are data of the mapping; arithmetic on registers
// and jumps are translated to the A64 instructions that do the same, so that dependencies stay dependencies.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/import/x86_program.h"
#include "scenarios/mapping/mapping.h"

namespace isobar::scenarios {

/// One x86 instruction in the translation.
struct TranslatedInstruction {
  unsigned thread = 0;
  u32 first = 0, count = 0;  ///< A64 instructions
  std::string text;          ///< of the x86 instruction
};

struct Translation {
  LitmusTest test;  ///< for AArch64: the frame of the x86 program with code
  LitmusOptions options;
  std::vector<TranslatedInstruction> instructions;
  std::set<std::string> operations;  ///< names of the sequences that were used, as the mapping has them
};

/// Throws UnsupportedError for what no mapping can say: carry flags other than those of a comparison, LOCK
/// NEG and LOCK SHL, more than seven locations in one thread.
Translation translate(const X86Program& x, const Mapping& mapping);

/// The translation ready to explore; states print with the names of the x86 test.
LitmusProgram build_translation(const X86Program& x, const Translation& t);

/// The translation as a litmus test in herd's format, to look at or to give to other tools.
std::string litmus_text(const Translation& t, const Mapping& mapping);

}  // namespace isobar::scenarios
