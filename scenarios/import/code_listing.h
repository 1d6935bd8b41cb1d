// Reads machine code that other programs have written down: listings of objdump, words in hexadecimal, and FEX's
// disassembly.
//
// Owns the formats; must not know scenarios. Whatever the text, the result is blocks or InputError with line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/types.h"

namespace isobar::scenarios {

/// Consecutive words with a name: a function of a listing, or a translated block.
struct CodeBlock {
  std::string name;  ///< empty if there is none
  u64 base = 0;      ///< address of the first word
  u64 guest_pc = 0;  ///< FEX: what it translates
  std::vector<u32> words;
  std::vector<u32> lines;  ///< of the text, by word
  u32 line = 0;            ///< where it starts
  u64 end() const { return base + 4 * words.size(); }
  bool contains(u64 address) const { return address >= base && address < end(); }
};

using SymbolMap = std::map<u64, std::string>;

/// One symbol per line: `ADDRESS NAME`, or with a letter between as nm writes it. `#` begins a comment.
SymbolMap parse_symbols(std::string_view text, const std::string& file);

/// What `objdump -d` (GNU or LLVM) prints for arm64. Every symbol is a block, and so is what follows skipped zeroes.
std::vector<CodeBlock> parse_objdump(std::string_view text, const std::string& file);

/// Words of 8 hexadecimal digits, separated by blanks; a line may begin with `ADDRESS:`. Otherwise the first is at
/// `base`. Blocks begin at symbols and where addresses jump. `#` begins a comment.
std::vector<CodeBlock> parse_raw_words(std::string_view text, const std::string& file, const SymbolMap& symbols,
                                       u64 base);

/// FEX's log with FEX_DISASSEMBLE=blocks: between `Disassemble Begin` and `Disassemble End` the instructions of one
/// block as text, one a line, behind whatever the log puts before each message. `RIP: 0x...` before it names the guest
/// address, and `symbols` are those of the guest. The block ends at FEX's marker (UDF) or where literals begin.
/// A branch through a literal stays as its LDR and BR or BLR; the four words that an exit has behind it are 0.
std::vector<CodeBlock> parse_fex_dump(std::string_view text, const std::string& file, const SymbolMap& symbols);

}  // namespace isobar::scenarios
