// Completion of the command line in shells, made from the same table of options that parses it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace isobar::tools {

std::string bash_completion(const CLI::App& app);
/// The same through zsh's bashcompinit.
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);

}  // namespace isobar::tools
