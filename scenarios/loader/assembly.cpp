#include "scenarios/loader/assembly.h"

namespace isobar::scenarios {

namespace {

constexpr const char* kEndLabel = "isobar_end_of_text";

/// YAML has taken the indentation away; with it, the assembler's columns are those of the file.
std::string indented(const AsmText& text) {
  const std::string margin(text.column > 0 ? text.column - 1 : 0, ' ');
  std::string out = margin;
  for (const char c : text.text) {
    out += c;
    if (c == '\n') out += margin;
  }
  return out;
}

}  // namespace

Code assemble_text(const AsmText& text, std::string_view epilogue, u64 base, const std::string& file,
                   const std::map<std::string, u64>& symbols) {
  isa::AssemblerOptions options;
  options.file = file;
  options.first_line = text.line;
  options.symbols = symbols;
  std::string whole = indented(text);
  whole += "\n.text\n";
  whole += kEndLabel;
  whole += ":\n";
  whole += epilogue;
  isa::Assembly a = isa::assemble(whole, base, options);
  Code code;
  code.base = a.base;
  code.bytes = std::move(a.bytes);
  code.labels = std::move(a.labels);
  const auto end = code.labels.find(kEndLabel);
  code.end = end != code.labels.end() ? end->second : code.base + code.bytes.size();
  code.labels.erase(kEndLabel);
  return code;
}

}  // namespace isobar::scenarios
