// The subcommands. Each file tools/cmd_NAME.cpp owns the options and the work of one of them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "tools/exit_status.h"

namespace isobar::tools {

/// The work of the subcommand that was chosen; runs after all options have been parsed.
using Action = std::function<ExitStatus()>;

void add_run(CLI::App& app, Action& chosen);
void add_explore(CLI::App& app, Action& chosen);
void add_explain(CLI::App& app, Action& chosen);
void add_flavours(CLI::App& app, Action& chosen);
void add_hunt(CLI::App& app, Action& chosen);
void add_lint(CLI::App& app, Action& chosen);
void add_profile(CLI::App& app, Action& chosen);
void add_mapping(CLI::App& app, Action& chosen);
void add_mutate(CLI::App& app, Action& chosen);
void add_replay(CLI::App& app, Action& chosen);
void add_gdb(CLI::App& app, Action& chosen);
void add_export(CLI::App& app, Action& chosen);
void add_step(CLI::App& app, Action& chosen);
void add_cost(CLI::App& app, Action& chosen);
void add_serve(CLI::App& app, Action& chosen);
void add_lesson(CLI::App& app, Action& chosen);
void add_conform(CLI::App& app, Action& chosen);
void add_import(CLI::App& app, Action& chosen);
void add_isa(CLI::App& app, Action& chosen);
void add_run_elf(CLI::App& app, Action& chosen);
void add_doc(CLI::App& app, Action& chosen);
void add_completion(CLI::App& app, Action& chosen);
void add_version(CLI::App& app, Action& chosen);

}  // namespace isobar::tools
