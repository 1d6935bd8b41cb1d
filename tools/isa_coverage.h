// How much of recorded machine code the instruction table covers.
#pragma once

#include <ostream>
#include <string>

namespace isobar::tools {

/// Reads a JSON-lines file whose objects have "words", an array of hexadecimal A64 words (one sequence), and
/// optionally "data_words", the indices of words that are literals and not instructions, "host_pc", where QEMU
/// placed the code, and "file", where it was recorded. Prints the share of words and of whole sequences that
/// decode, the most frequent mnemonics that do not, the share of sequences that execute (every word decodes, and
/// eight runs with different registers and memory all reach an end), and by "file" why others do not. Throws
/// InputError with the line for malformed input.
void run_isa_coverage(const std::string& file, std::ostream& out);

}  // namespace isobar::tools
