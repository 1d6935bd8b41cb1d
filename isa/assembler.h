// A64 text to words and back, through LLVM MC. The only place that knows LLVM.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostic.h"
#include "support/types.h"

namespace isobar::isa {

/// One assembled piece: all sections laid out in order from the base address.
struct Assembly {
  u64 base = 0;
  std::vector<u8> bytes;
  std::map<std::string, u64>
      labels;  ///< labels defined in the text except .L and numeric ones, as absolute addresses
  std::vector<u32> line_of_word;  ///< source line (from 1) of each 4-byte word; 0 where none
};

struct AssemblerOptions {
  std::string file = "<asm>";  ///< for diagnostics
  u32 first_line = 1;          ///< line of the file on which the text starts
  u32 first_column = 1;
  /// External symbols the text may use: constants in expressions and .if, addresses as the target of a
  /// pc-relative instruction (`bl f`, `adr x0, x`).
  std::map<std::string, u64> symbols;
};

/// Assembles A64 GNU-syntax text (labels, directives, macros, .if, every extension LLVM 19 knows) at `base`,
/// which is 4-byte aligned. Executable sections come first (.text before the others), then the rest, each at
/// its alignment. Throws InputError with line and column for every error of the assembler and for a
/// relocation that cannot be resolved; an error inside a macro is reported where the text uses the macro.
/// Text that reads files (.include, .incbin), output above 64 MiB and macros or repetitions that explode are
/// errors too. Deterministic.
Assembly assemble(std::string_view text, u64 base, const AssemblerOptions& options = {});

/// One instruction without labels, cached by text (litmus import needs thousands of repeated lines).
/// nullopt if it does not assemble to exactly one word; the reason is stored in *why if given.
std::optional<u32> assemble_word(std::string_view instruction, std::string* why = nullptr);

/// Text of a word as LLVM prints it, branch targets made absolute with `pc`; ".inst 0x..." if LLVM cannot
/// decode it.
std::string disassemble(u32 word, u64 pc = 0);

}  // namespace isobar::isa
