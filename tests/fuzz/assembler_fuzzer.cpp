// Any text through the assembler, whole and as one instruction: InputError or an answer, never a crash.
#include <string_view>

#include "isa/assembler.h"

// LLVM's parser leaks the records of macros that are still open when parsing ends, and report_fatal_error()
// leaks its message when the handler throws.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:AsmParser::handleMacroEntry\nleak:AsmParser::instantiateMacroLikeBody\nleak:llvm::Twine::"
         "str\n";
}

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  isobar::isa::AssemblerOptions options;
  options.symbols = {{"x", 0x20000}, {"N", 3}};
  try {
    isobar::isa::assemble(text, 0x10000, options);
  } catch (const isobar::InputError&) {
  }
  isobar::isa::assemble_word(text.substr(0, text.find('\n')));
  return 0;
}
