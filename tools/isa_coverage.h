// How much of recorded machine code the instruction table covers.
#pragma once

#include <ostream>
#include <string>

namespace isobar::tools {

/// Reads a JSON-lines file whose objects have "words", an array of hexadecimal A64 words (one sequence), and
/// optionally "data_words", the indices of words that are literals and not instructions. Prints the share of
/// words and of whole sequences that decode, and the most frequent mnemonics that do not. Throws InputError
/// with the line for malformed input.
void run_isa_coverage(const std::string& file, std::ostream& out);

}  // namespace isobar::tools
