#include <cstdio>
#include <memory>
#include <string>

#include "isa/decoder.h"
#include "support/diagnostic.h"
#include "tools/command.h"

namespace isobar::tools {

namespace {
struct Options {
  bool list = false;
};

ExitStatus list_encodings() {
  for (const isa::Encoding& e : isa::encodings()) std::printf("%-32s %-8s %s\n", e.bitstring, e.family, e.name);
  return ExitStatus::AsExpected;
}
}  // namespace

void add_isa(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("isa", "Which A64 instructions are modelled");
  auto options = std::make_shared<Options>();
  sub->add_flag("--list", options->list, "Every encoding: bit string, family, name")->required();
  sub->callback([&chosen, options] { chosen = [] { return list_encodings(); }; });
}

}  // namespace isobar::tools
