#include <fmt/format.h>
#include <editline/readline.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session/commands.h"
#include "support/diagnostic.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/workload.h"

namespace isobar::tools {

namespace {

struct StepOptions {
  std::string file;
  std::optional<std::string> variant;
  std::optional<std::string> script;
  std::optional<u64> seed;
};

/// The session that the prompt completes for: it calls back without an argument of ours.
const session::Commands* completing = nullptr;

char* next_candidate(const char* /*word*/, int state) {
  static std::vector<std::string> candidates;
  static std::size_t at = 0;
  if (state == 0) {
    candidates = completing->complete(std::string(rl_line_buffer).substr(0, static_cast<std::size_t>(rl_point)));
    at = 0;
  }
  // It is freed by who gets it.
  return at < candidates.size() ? strdup(candidates[at++].c_str()) : nullptr;
}

char** complete(const char* word, int /*start*/, int end) {
  if (session::Commands::completes_file(std::string(rl_line_buffer).substr(0, static_cast<std::size_t>(end))))
    return nullptr;  // names of files, which the library knows
  rl_attempted_completion_over = 1;
  return rl_completion_matches(word, next_candidate);
}

/// Where commands come from: the prompt, or a file or pipe line by line.
class Input {
 public:
  Input(const session::Commands& commands, const std::optional<std::string>& script) {
    if (script && *script != "-") {
      file_.open(*script);
      if (!file_) throw InputError(Diagnostic{{*script, 0, 0}, "cannot open the file"});
      in_ = &file_;
    } else if (!script && isatty(STDIN_FILENO) != 0) {
      prompt_ = true;
      completing = &commands;
      rl_readline_name = "isobar";
      rl_attempted_completion_function = complete;
      rl_basic_word_break_characters = " \t\n";
    }
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { completing = nullptr; }

  bool prompt() const { return prompt_; }

  std::optional<std::string> line() {
    if (!prompt_) {
      std::string text;
      if (!std::getline(*in_, text)) return std::nullopt;
      return text;
    }
    const std::unique_ptr<char, void (*)(void*)> read(readline("isobar> "), std::free);
    if (read == nullptr) {
      std::printf("\n");
      return std::nullopt;
    }
    if (*read != '\0') add_history(read.get());
    return std::string(read.get());
  }

 private:
  bool prompt_ = false;
  std::ifstream file_;
  std::istream* in_ = &std::cin;
};

Workload chosen_workload(const StepOptions& options) {
  Overrides overrides;
  if (options.variant) overrides.variants = {*options.variant};
  std::vector<Workload> all = load_workloads(options.file, overrides);
  if (all.size() > 1) {
    std::string others;
    for (std::size_t i = 1; i < all.size(); ++i) others += (i == 1 ? "" : ", ") + all[i].variant;
    std::printf("Variant %s; others by --variant: %s\n", all[0].variant.c_str(), others.c_str());
  }
  return std::move(all.front());
}

void run_line(session::Commands& commands, const std::string& line, bool& quit) {
  try {
    const session::CommandResult r = commands.execute(line);
    std::fputs(r.text.c_str(), stdout);
    quit = r.quit;
  } catch (const InputError& e) {
    for (const Diagnostic& d : e.diagnostics()) std::printf("%s\n", to_string(d).c_str());
  }
  std::fflush(stdout);
}

ExitStatus step(const StepOptions& options) {
  session::Commands commands(chosen_workload(options), {read_file, [](const std::string& path, const std::string& text) {
                                                          write_file(path, text);
                                                        }});
  Input input(commands, options.script);
  std::printf("Step %s\n", commands.stepper().workload().title().c_str());
  bool quit = false;
  if (options.seed) run_line(commands, fmt::format("auto random {}", *options.seed), quit);
  if (input.prompt()) run_line(commands, "list", quit);
  while (!quit) {
    const std::optional<std::string> line = input.line();
    if (!line) break;
    if (!input.prompt() && !line->empty()) std::printf("> %s\n", line->c_str());
    run_line(commands, *line, quit);
  }
  return ExitStatus::AsExpected;
}

}  // namespace

void add_step(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("step", "Step through a litmus test or scenario by hand");
  auto options = std::make_shared<StepOptions>();
  sub->add_option("FILE", options->file, "A litmus test or a scenario")->type_name("")->required();
  sub->add_option("--variant", options->variant, "The variant of a scenario, or of a litmus test (mixed, ifetch ...)")
      ->type_name("V");
  sub->add_option("--seed", options->seed, "Begin with a random run to the end")->type_name("S");
  sub->add_option("--script", options->script, "Read commands from a file, a line each; - is standard input")
      ->type_name("FILE");
  sub->footer("Commands are read from the prompt, or line by line where standard input is no terminal.\n"
              "'help' lists them; docs/step.md shows a session.");
  sub->callback([&chosen, options] { chosen = [options] { return step(*options); }; });
}

}  // namespace isobar::tools
