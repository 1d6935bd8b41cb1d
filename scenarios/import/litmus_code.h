// The code columns of a litmus test as instruction words.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/import/litmus.h"

namespace isobar::scenarios {

/// Where the labels of every thread are.
struct LitmusLabels {
  std::vector<std::map<std::string, u64, std::less<>>> of_thread;

  /// The address of `label` as code of `thread` means it: its own, else the only one of that name in another
  /// thread.
  std::optional<u64> find(unsigned thread, std::string_view label) const;
};

/// The word of one instruction of `thread` at address `pc`. Branches may name labels or `.+N`. Throws
/// InputError with the assembler's reason.
u32 assemble_litmus(const LitmusInstruction& instruction, u64 pc, unsigned thread, const LitmusLabels& labels,
                    const std::string& file);

/// How values that are instructions are printed: upper case, no blanks in operands, targets relative to the
/// instruction: `B .+8`, `LDR W4,[X5,W2,SXTW]`.
std::string instruction_text(const LitmusInstruction& instruction, u64 pc, unsigned thread,
                             const LitmusLabels& labels);

}  // namespace isobar::scenarios
