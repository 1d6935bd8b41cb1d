#include <cstdio>
#include <memory>
#include <string>

#include "tools/command.h"
#include "tools/completion.h"

namespace isobar::tools {

void add_completion(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("completion", "Completion of this command line for a shell");
  auto shell = std::make_shared<std::string>();
  sub->add_option("SHELL", *shell, "bash, zsh or fish")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
  sub->callback([&chosen, &app, shell] {
    chosen = [&app, shell] {
      const std::string text = *shell == "bash" ? bash_completion(app) : *shell == "zsh" ? zsh_completion(app) : fish_completion(app);
      std::fputs(text.c_str(), stdout);
      return ExitStatus::AsExpected;
    };
  });
}

}  // namespace isobar::tools
