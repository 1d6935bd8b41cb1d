#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "isa/decoder.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/isa_coverage.h"

namespace isobar::tools {

namespace {
struct Options {
  bool list = false;
  std::string coverage;
};

ExitStatus list_encodings() {
  for (const isa::Encoding& e : isa::encodings())
    std::printf("%-32s %-8s %s\n", e.bitstring, e.family, e.name);
  return ExitStatus::AsExpected;
}
}  // namespace

void add_isa(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("isa", "Which A64 instructions are modelled");
  auto options = std::make_shared<Options>();
  CLI::Option_group* what = sub->add_option_group("what");
  what->add_flag("--list", options->list, "Every encoding: bit string, family, name");
  what->add_option("--coverage", options->coverage,
                   "Share of recorded words that decode (JSON lines with an array \"words\")")
      ->type_name("FILE");
  what->require_option(1);
  sub->callback([&chosen, options] {
    chosen = [options] {
      if (options->list) return list_encodings();
      return run_isa_coverage(options->coverage, std::cout) == 0 ? ExitStatus::AsExpected : ExitStatus::Differs;
    };
  });
}

}  // namespace isobar::tools
