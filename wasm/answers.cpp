// The assembler and the parser of YAML as the core has them: what the native program was answered.
#include <fmt/format.h>

#include "isa/assembler.h"
#include "scenarios/loader/yaml.h"
#include "scenarios/schema/schema_text.h"
#include "wasm/kit.h"

namespace isobar {

namespace {

const char* const kUnknown = "this page has no assembler; it can open the test that it was exported with, and the changes of it";

}  // namespace

isa::Assembly isa::assemble(std::string_view text, u64 base, const AssemblerOptions& options) {
  const auto& known = wasm::kit().answers.texts;
  const auto found = known.find(question(text, base, options));
  if (found == known.end())
    throw InputError(Diagnostic{{options.file, options.first_line, options.first_column}, kUnknown});
  if (!found->second.errors.empty()) throw InputError(found->second.errors);
  return found->second.assembly;
}

std::optional<u32> isa::assemble_word(std::string_view instruction, std::string* why) {
  const auto& known = wasm::kit().answers.words;
  const auto found = known.find(std::string(instruction));
  if (why != nullptr) *why = found == known.end() ? kUnknown : found->second.why;
  return found == known.end() ? std::nullopt : found->second.word;
}

std::string isa::disassemble(u32 word, u64 pc) {
  const auto& known = wasm::kit().answers.instructions;
  const auto found = known.find({word, pc});
  return found == known.end() ? fmt::format(".inst {:#010x}", word) : found->second;
}

scenarios::Node scenarios::parse_yaml(std::string_view text, Problems& problems) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  const auto& known = wasm::kit().trees;
  const auto found = known.find(std::string(text));
  if (found != known.end()) return found->second;
  problems.add(0, 0, "this page cannot read another scenario than the one that it was exported with");
  problems.throw_if_any();
  return {};
}

/// For completion while another scenario is written, which cannot be opened here.
std::string_view scenarios::schema_text() { return "{}"; }

}  // namespace isobar
