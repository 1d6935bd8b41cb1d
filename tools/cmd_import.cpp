#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/import/code_scenario.h"
#include "scenarios/import/guest_reference.h"
#include "scenarios/import/helper_library.h"
#include "scenarios/import/qemu_scenario.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/mapping_suite.h"

namespace isobar::tools {

namespace {

struct ImportOptions {
  std::string input;
  std::string output = "-";
  std::vector<std::string> threads, variables, registers, never, sometimes, always, follow, links, helpers, helper_names;
  scenarios::GuestOptions guest;
  unsigned translation = 0;    ///< QEMU
  std::string litmus;          ///< a file
  std::string symbols;         ///< not QEMU; a file
  std::string base = "0";      ///< words
  std::string environment = "native";  ///< listings and words
};

u64 parse_helper_address(const std::string& option, const std::string& text) {
  u64 address = 0;
  const bool hexadecimal = text.rfind("0x", 0) == 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, address, 16);
  if (!hexadecimal || parsed.ec != std::errc{} || parsed.ptr != end)
    throw InputError(Diagnostic{{}, "--helper " + option + ": expected 0xADDRESS=NAME, such as 0x55002af270=atomic_xchgl_le"});
  return address;
}

/// Libraries of helpers by file or by name in helpers/.
void read_helpers(const std::vector<std::string>& names, scenarios::GuestOptions& guest) {
  for (const std::string& name : names) {
    std::error_code e;
    const std::string file = std::filesystem::is_regular_file(name, e) ? name : data_folder() + "/helpers/" + name + ".yaml";
    if (!std::filesystem::is_regular_file(file, e)) {
      std::string known;
      for (const std::string& f : expand_paths({data_folder() + "/helpers"}, {".yaml"})) known += (known.empty() ? "" : ", ") + stem(f);
      throw InputError(Diagnostic{{name, 0, 0}, "there are no such helpers; expected a file or one of " + known});
    }
    scenarios::add_helpers(read_file(file), file, guest.helpers);
  }
}

scenarios::GuestOptions guest_options(const ImportOptions& options) {
  scenarios::GuestOptions guest = options.guest;
  for (const std::string& v : options.variables) guest.variables.push_back(scenarios::parse_guest_variable(v));
  for (const std::string& r : options.registers) guest.registers.push_back(scenarios::parse_guest_register(r));
  for (const std::string& c : options.never) guest.questions.push_back({"never", c, ""});
  for (const std::string& c : options.sometimes) guest.questions.push_back({"sometimes", c, ""});
  for (const std::string& c : options.always) guest.questions.push_back({"always", c, ""});
  if (!options.litmus.empty())
    guest.questions.push_back(scenarios::x86_reference(read_file(options.litmus), options.litmus));
  read_helpers(options.helpers, guest);
  for (const std::string& text : options.helper_names) {
    const std::size_t equals = std::min(text.find('='), text.size());
    guest.helper_names[parse_helper_address(text, text.substr(0, equals))] = text.substr(std::min(equals + 1, text.size()));
  }
  return guest;
}

ExitStatus import_qemu(const ImportOptions& options) {
  const scenarios::QemuLog log = scenarios::parse_qemu_log(read_file(options.input), options.input);
  if (options.threads.empty()) {
    std::fputs(scenarios::list_blocks(log).c_str(), stdout);
    return ExitStatus::AsExpected;
  }
  scenarios::QemuScenarioOptions scenario{guest_options(options), options.threads, options.translation, options.follow};
  if (options.helpers.empty()) read_helpers({"qemu-lse"}, scenario.guest);
  read_helpers({"qemu-" + scenarios::qemu_version(log)}, scenario.guest);
  write_file(options.output, scenarios::qemu_scenario(log, options.input, scenario));
  return ExitStatus::AsExpected;
}

u64 parse_base(const std::string& text) {
  const std::size_t skip = text.rfind("0x", 0) == 0 ? 2 : 0;
  u64 base = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + skip, end, base, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != end || base % 4 != 0)
    throw InputError(Diagnostic{{}, "--base " + text + ": expected the hexadecimal address of an instruction"});
  return base;
}

enum class Format { Objdump, Raw, Fex };

ExitStatus import_code(const ImportOptions& options, Format format) {
  scenarios::SymbolMap symbols;
  if (!options.symbols.empty()) symbols = scenarios::parse_symbols(read_file(options.symbols), options.symbols);
  const std::string text = read_file(options.input);
  std::vector<scenarios::CodeBlock> blocks;
  switch (format) {
    case Format::Objdump: blocks = scenarios::parse_objdump(text, options.input); break;
    case Format::Raw: blocks = scenarios::parse_raw_words(text, options.input, symbols, parse_base(options.base)); break;
    case Format::Fex: blocks = scenarios::parse_fex_dump(text, options.input, symbols); break;
  }
  if (options.threads.empty()) {
    std::fputs(scenarios::list_code(blocks).c_str(), stdout);
    return ExitStatus::AsExpected;
  }
  const bool fex = format == Format::Fex || options.environment == "fex";
  const scenarios::CodeScenarioOptions scenario{
      guest_options(options), options.threads,
      fex ? scenarios::CodeEnvironment::Fex : scenarios::CodeEnvironment::Native, options.follow, options.links};
  if (!fex && (!options.follow.empty() || !options.links.empty() || !options.helper_names.empty()))
    throw InputError(Diagnostic{{}, "--follow, --link and --helper need --environment fex"});
  write_file(options.output, scenarios::code_scenario(blocks, options.input, scenario));
  return ExitStatus::AsExpected;
}

/// What all formats have. Returns the option that says which threads there are.
CLI::Option* add_guest_options(CLI::App* sub, ImportOptions& options) {
  auto* thread = sub->add_option("--thread", options.threads,
                                 "Function (or 0x address) that a thread runs, after its name if given; may be repeated")
                     ->type_name("[NAME=]BLOCK")
                     ->take_all();
  sub->add_option("--variable", options.variables, "Variable (or array NAME[COUNT]) that the threads share; may be repeated")
      ->type_name("NAME=ADDRESS[:VALUE]")
      ->take_all()
      ->needs(thread);
  sub->add_option("--register", options.registers, "What a register starts with, or a variable; may be repeated")
      ->type_name("THREAD:REG=VALUE")
      ->take_all()
      ->needs(thread);
  const auto question = [&](const char* name, std::vector<std::string>& to, const char* help) {
    sub->add_option(name, to, help)->type_name("CONDITION")->take_all()->needs(thread);
  };
  question("--never", options.never, "Outcome that is forbidden, such as 'P1:rax == 1 && x == 0'; may be repeated");
  question("--sometimes", options.sometimes, "Outcome that is possible; may be repeated");
  question("--always", options.always, "Outcome that all executions have; may be repeated");
  sub->add_option("--litmus", options.litmus, "X86_64 litmus test that the guest is: no outcome but those of x86-TSO")
      ->type_name("FILE")
      ->needs(thread);
  sub->add_flag("--stub-helpers", options.guest.stub_helpers, "Calls of code that is not there return without effect")
      ->needs(thread);
  sub->add_option("--helpers", options.helpers, "What helpers do: names in helpers/ or files; may be repeated")
      ->type_name("H[,H]")
      ->delimiter(',')
      ->needs(thread);
  sub->add_option("--helper", options.helper_names, "The helper at this address (FEX: offset in its state); may be repeated")
      ->type_name("0xADDRESS=NAME")
      ->take_all()
      ->needs(thread);
  sub->add_option("--follow", options.follow, "Block (QEMU: or function) where threads go on when one leaves for it")
      ->type_name("BLOCK")
      ->take_all()
      ->needs(thread);
  sub->add_option("--name", options.guest.name, "Name of the scenario")->type_name("TEXT")->needs(thread);
  sub->add_option("-o,--output", options.output, "Scenario file to write (default: standard output)")
      ->type_name("FILE")
      ->needs(thread);
  return thread;
}

void add_code(CLI::App* app, Action& chosen, Format format, const char* name, const char* what, const char* input) {
  CLI::App* sub = app->add_subcommand(name, what);
  auto options = std::make_shared<ImportOptions>();
  sub->add_option(input, options->input, "The file, - for standard input")->type_name("")->required();
  if (format != Format::Objdump)
    sub->add_option("--symbols", options->symbols, "Symbols, one per line: ADDRESS NAME, or as nm prints them")
        ->type_name("FILE");
  if (format == Format::Raw)
    sub->add_option("--base", options->base, "Address of the first word (default: 0)")->type_name("HEX");
  if (format != Format::Fex)
    sub->add_option("--environment", options->environment, "Where guest registers are: native (default) or fex")
        ->check(CLI::IsMember({"native", "fex"}))
        ->type_name("NAME");
  CLI::Option* thread = add_guest_options(sub, *options);
  sub->add_option("--link", options->links, "FEX: where the exits of a block through literals go, - is away; may be repeated")
      ->type_name("BLOCK=TARGET[,TARGET]")
      ->take_all()
      ->needs(thread);
  sub->callback([&chosen, options, format] { chosen = [options, format] { return import_code(*options, format); }; });
}

}  // namespace

void add_import(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("import", "Make a scenario from another tool's output");
  sub->require_subcommand(1);
  CLI::App* qemu = sub->add_subcommand("qemu",
                                       "Log of QEMU user emulation of x86-64 on arm64 (-d in_asm,out_asm)");
  auto options = std::make_shared<ImportOptions>();
  qemu->add_option("LOG", options->input, "The log, - for standard input")->type_name("")->required();
  CLI::Option* thread = add_guest_options(qemu, *options);
  qemu->add_option("--translation", options->translation,
                   "Which translation of the blocks: 1 is the first (default: the last)")
      ->type_name("N")
      ->needs(thread);
  qemu->callback([&chosen, options] { chosen = [options] { return import_qemu(*options); }; });
  add_code(sub, chosen, Format::Fex, "fex", "Log of FEX with FEX_DISASSEMBLE=blocks", "LOG");
  add_code(sub, chosen, Format::Objdump, "objdump", "Listing of arm64 code by objdump -d", "LISTING");
  add_code(sub, chosen, Format::Raw, "raw", "Words of arm64 code in hexadecimal", "WORDS");
}

}  // namespace isobar::tools
