#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/import/qemu_scenario.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"

namespace isobar::tools {

namespace {

struct Options {
  std::string log;
  std::string output = "-";
  std::vector<std::string> variables;
  scenarios::QemuScenarioOptions scenario;
};

/// "flag=0x401180"
scenarios::GuestVariable parse_variable(const std::string& text) {
  const std::size_t equals = text.find('=');
  scenarios::GuestVariable v;
  const std::string digits = equals == std::string::npos ? "" : text.substr(equals + 1);
  const std::size_t skip = digits.rfind("0x", 0) == 0 ? 2 : 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data() + skip, end, v.address, skip == 2 ? 16 : 10);
  if (equals == 0 || digits.size() == skip || parsed.ec != std::errc{} || parsed.ptr != end) {
    throw InputError(Diagnostic{{}, "--variable " + text + ": expected NAME=ADDRESS, such as flag=0x401180"});
  }
  v.name = text.substr(0, equals);
  return v;
}

ExitStatus import_qemu(Options options) {
  const scenarios::QemuLog log = scenarios::parse_qemu_log(read_file(options.log), options.log);
  if (options.scenario.threads.empty()) {
    std::fputs(scenarios::list_blocks(log).c_str(), stdout);
    return ExitStatus::AsExpected;
  }
  for (const std::string& v : options.variables) options.scenario.variables.push_back(parse_variable(v));
  write_file(options.output, scenarios::qemu_scenario(log, options.log, options.scenario));
  return ExitStatus::AsExpected;
}

}  // namespace

void add_import(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("import", "Make a scenario from another tool's output");
  sub->require_subcommand(1);
  CLI::App* qemu = sub->add_subcommand("qemu",
                                       "Log of QEMU user emulation of x86-64 on arm64 (-d in_asm,out_asm)");
  auto options = std::make_shared<Options>();
  qemu->add_option("LOG", options->log, "The log, - for standard input")->type_name("")->required();
  auto* thread = qemu->add_option("--thread", options->scenario.threads,
                                  "Guest function (or 0x address) that a thread runs; may be repeated")
                     ->type_name("NAME")
                     ->take_all();
  qemu->add_option("--translation", options->scenario.translation,
                   "Which translation of the blocks: 1 is the first (default: the last)")
      ->type_name("N")
      ->needs(thread);
  qemu->add_option("--variable", options->variables, "Guest variable that the threads share; may be repeated")
      ->type_name("NAME=ADDRESS")
      ->take_all()
      ->needs(thread);
  qemu->add_option("--name", options->scenario.name, "Name of the scenario")
      ->type_name("TEXT")
      ->needs(thread);
  qemu->add_option("-o,--output", options->output, "Scenario file to write (default: standard output)")
      ->type_name("FILE")
      ->needs(thread);
  qemu->callback([&chosen, options] { chosen = [options] { return import_qemu(*options); }; });
}

}  // namespace isobar::tools
