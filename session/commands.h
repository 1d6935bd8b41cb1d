// The commands of a stepping session: one table for the prompt of the terminal and for programs. Each command gives its
// result as text and as JSON.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "session/stepper.h"
#include "session/view.h"

namespace isobar::session {

/// How commands reach files; unset where there are none (a server).
struct FileAccess {
  std::function<std::string(const std::string& path)> read;
  std::function<void(const std::string& path, const std::string& content)> write;
};

struct CommandResult {
  std::string text;             ///< ends in a newline unless empty
  nlohmann::ordered_json json;  ///< an object with "command"
  bool quit = false;
};

/// What a word of an argument may be, for completion.
enum class ArgumentKind : u8 { None, Choice, Position, Pick, Outcome, Command, File };

class Commands;

/// One row of the table.
struct CommandInfo {
  const char* name;
  const char* arguments;  ///< "[N]", as help shows them
  ArgumentKind kind;      ///< of the first argument
  const char* help;
  CommandResult (Commands::*run)(const std::vector<std::string>& arguments);
};

/// A session: one run and the commands on it.
class Commands {
 public:
  explicit Commands(Workload w, FileAccess files = {});

  static const std::vector<CommandInfo>& table();

  /// Carries out one line: a command with its arguments, or a number, which is short for "step NUMBER". An empty line
  /// does nothing. Throws InputError for a line that is wrong; the run is then as before.
  CommandResult execute(const std::string& line);

  /// What the last word of `line` can be completed to, sorted.
  std::vector<std::string> complete(const std::string& line) const;
  /// Is the last word of `line` the name of a file?
  static bool completes_file(const std::string& line);

  const Stepper& stepper() const { return *stepper_; }
  Stepper& stepper() { return *stepper_; }

 private:
  using Arguments = std::vector<std::string>;
  CommandResult help(const Arguments& arguments);
  CommandResult show(const Arguments& arguments);
  CommandResult list(const Arguments& arguments);
  CommandResult step(const Arguments& arguments);
  CommandResult why(const Arguments& arguments);
  CommandResult changed(const Arguments& arguments);
  CommandResult undo(const Arguments& arguments);
  CommandResult redo(const Arguments& arguments);
  CommandResult jump(const Arguments& arguments);
  CommandResult reset(const Arguments& arguments);
  CommandResult play(const Arguments& arguments);
  CommandResult outcomes(const Arguments& arguments);
  CommandResult follow(const Arguments& arguments);
  CommandResult history(const Arguments& arguments);
  CommandResult save(const Arguments& arguments);
  CommandResult load(const Arguments& arguments);
  CommandResult as_json(const Arguments& arguments);
  CommandResult quit(const Arguments& arguments);

  /// The result of a command that went from the state after `from` steps to the present one.
  CommandResult moved(std::size_t from) const;

  FileAccess files_;
  std::unique_ptr<Stepper> stepper_;
};

}  // namespace isobar::session
