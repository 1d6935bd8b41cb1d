#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/isa_coverage.h"

namespace isobar::tools {

namespace {

struct IsaOptions {
  bool list = false;
  std::vector<std::string> coverage;
  std::vector<std::string> words;
};

void list_encodings() {
  for (const isa::Encoding& e : isa::encodings())
    std::printf("%-32s %-8s %s\n", e.bitstring, e.family, e.name);
}

void print_word(const std::string& text) {
  const std::string digits = text.rfind("0x", 0) == 0 ? text.substr(2) : text;
  if (digits.empty() || digits.size() > 8 ||
      digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    throw InputError(
        Diagnostic{{}, "--word " + text + ": expected a 32-bit word in hexadecimal, such as f9400020"});
  }
  const u32 word = static_cast<u32>(std::stoul(digits, nullptr, 16));
  const isa::Instruction i = isa::decode(word);
  std::printf("%08x  %-32s %s, %u micro-operations%s\n", word, isa::disassemble(word).c_str(),
              isa::encodings()[i.encoding].name, i.count,
              isa::is_defined(word) ? "" : " (undefined instruction)");
}

ExitStatus run(const IsaOptions& options) {
  if (!options.list && options.coverage.empty() && options.words.empty()) {
    throw InputError(Diagnostic{{}, "isobar isa: expected --list, --word or --coverage"});
  }
  if (options.list) list_encodings();
  for (const std::string& word : options.words) print_word(word);
  // What is not covered is a finding, not a failure.
  for (const std::string& file : options.coverage) run_isa_coverage(file, std::cout);
  return ExitStatus::AsExpected;
}

}  // namespace

void add_isa(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("isa", "Which A64 instructions are modelled");
  auto options = std::make_shared<IsaOptions>();
  sub->add_flag("--list", options->list, "Every encoding: bit string, family, name");
  sub->add_option("--word", options->words, "What a word decodes to; may be repeated")
      ->type_name("HEX")
      ->take_all();
  sub->add_option("--coverage", options->coverage,
                  "Share of recorded code that decodes and executes (JSON lines with words)")
      ->type_name("FILE")
      ->take_all();
  sub->callback([&chosen, options] { chosen = [options] { return run(*options); }; });
}

}  // namespace isobar::tools
