// Entry point: reads the command line, runs one subcommand, turns every failure into a message and an exit
// status.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/interrupt.h"

namespace isobar::tools {
namespace {

constexpr const char* kDescription =
    "Isobar simulates arm64 multiprocessors to find out what memory ordering and code\n"
    "modification really allow: every outcome, with a run that shows it.";

constexpr const char* kFooter =
    "Examples\n"
    "  isobar run scenarios/quickstart           run scenarios, say what differs\n"
    "  isobar explore MP.litmus                  every outcome of a litmus test\n"
    "  isobar explore --tso all MP.litmus        the same with ACTLR_EL1.TSO set on every core\n"
    "  isobar explore --svg out/ MP.litmus       and draw the execution of every outcome\n"
    "  isobar run --trace mp.trace MP.yaml       record the schedule of a timed run\n"
    "  isobar replay mp.trace                    run it again, to the same digest\n"
    "  isobar run-elf ./program                  run a static AArch64 Linux program\n"
    "  isobar step MP.litmus                     go through it step by step\n"
    "  isobar serve MP.litmus                    the same in the browser\n"
    "\n"
    "Exit status\n"
    "  0 as expected   1 a verdict differs   2 bad input   3 undetermined (a bound was hit)\n"
    "  4 internal error\n"
    "\n"
    "'isobar COMMAND --help' explains the options of a command. docs/tutorial.md is a guided tour.";

/// The command line as it can be pasted into a shell again.
std::string command_line(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    const bool plain = !argument.empty() && argument.find_first_not_of(
                                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "0123456789-_./=,:+@%") == std::string::npos;
    std::string quoted = "'";
    for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += (i == 0 ? "" : " ") + (plain ? argument : quoted + "'");
  }
  return line;
}

ExitStatus report_internal(const char* what, int argc, char** argv) {
  std::fprintf(stderr,
               "isobar: internal error: %s\n"
               "This is a fault of Isobar, not of your input. Please report it with the input files and this "
               "command:\n"
               "  %s\n",
               what, command_line(argc, argv).c_str());
  return ExitStatus::Internal;
}

ExitStatus run(int argc, char** argv) {
  CLI::App app(kDescription, "isobar");
  app.set_version_flag("--version", "isobar " ISOBAR_VERSION);
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(26);
  Action chosen;
  add_run(app, chosen);
  add_explore(app, chosen);
  add_explain(app, chosen);
  add_flavours(app, chosen);
  add_hunt(app, chosen);
  add_lint(app, chosen);
  add_profile(app, chosen);
  add_cost(app, chosen);
  add_mapping(app, chosen);
  add_mutate(app, chosen);
  add_replay(app, chosen);
  add_export(app, chosen);
  add_gdb(app, chosen);
  add_step(app, chosen);
  add_serve(app, chosen);
  add_lesson(app, chosen);
  add_conform(app, chosen);
  add_import(app, chosen);
  add_isa(app, chosen);
  add_run_elf(app, chosen);
  add_doc(app, chosen);
  add_completion(app, chosen);
  add_version(app, chosen);
  app.footer(kFooter);  // last, so that the subcommands do not inherit it
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e);  // prints the help or the version that was asked for
    return ExitStatus::AsExpected;
  } catch (const CLI::ParseError& e) {
    const auto used = app.get_subcommands();
    std::fprintf(stderr, "isobar: error: %s\nTry 'isobar %s--help'.\n", e.what(),
                 used.empty() ? "" : (used.front()->get_name() + " ").c_str());
    return ExitStatus::BadInput;
  }
  if (!chosen) {
    std::fputs(app.help().c_str(), stderr);
    return ExitStatus::BadInput;
  }
  catch_interrupts();
  return chosen();
}

}  // namespace
}  // namespace isobar::tools

int main(int argc, char** argv) {
  using namespace isobar::tools;
  ExitStatus status = ExitStatus::Internal;
  try {
    status = run(argc, argv);
  } catch (const isobar::InputError& e) {
    std::fflush(stdout);
    for (const isobar::Diagnostic& d : e.diagnostics())
      std::fprintf(stderr, "%s\n", isobar::to_string(d).c_str());
    status = ExitStatus::BadInput;
  } catch (const std::exception& e) {
    std::fflush(stdout);
    status = report_internal(e.what(), argc, argv);
  } catch (...) {
    std::fflush(stdout);
    status = report_internal("an exception of an unknown type", argc, argv);
  }
  if (std::fflush(stdout) != 0 && status == ExitStatus::AsExpected) {
    std::fprintf(stderr, "isobar: error: cannot write the result to standard output\n");
    status = ExitStatus::BadInput;
  }
  return static_cast<int>(status);
}
