// What the assembler and the disassembler have answered, so that a program without them can say the same.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isa/assembler.h"
#include "support/hash.h"
#include "support/recorder.h"

namespace isobar::isa {

struct Answers {
  struct Text {
    Assembly assembly;
    std::vector<Diagnostic> errors;  ///< what assemble() threw; empty if it assembled
  };
  struct Word {
    std::optional<u32> word;
    std::string why;
  };
  std::map<Digest, Text> texts;                               ///< of assemble(), by question()
  std::map<std::string, Word> words;                          ///< of assemble_word(), by the instruction
  std::map<std::pair<u32, u64>, std::string> instructions;    ///< of disassemble(), by word and pc
};

/// Stands for everything that the answer of assemble() depends on.
Digest question(std::string_view text, u64 base, const AssemblerOptions& options);

/// Every answer that the calling thread gets is added to them.
using AnswerRecorder = Recorder<Answers>;

}  // namespace isobar::isa
