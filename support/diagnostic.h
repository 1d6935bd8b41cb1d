// What the user is told when an input is wrong: file, line, column, what was found and what was expected.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/types.h"

namespace isobar {

/// A place in an input file. Lines and columns count from 1; 0 means "not known".
struct Location {
  std::string file;
  u32 line = 0;
  u32 column = 0;
};

/// One finding about an input, printed as `file:line:column: error: message`.
struct Diagnostic {
  Location where;
  std::string message;
};

/// `file:line:column: error: message`, leaving out what is not known.
std::string to_string(const Diagnostic& d);

/// Thrown by every reader of user input (scenario, litmus, trace, ELF, command line). The command line turns it
/// into exit status 2. Never thrown for internal faults.
class InputError : public std::runtime_error {
 public:
  explicit InputError(Diagnostic d);
  explicit InputError(std::vector<Diagnostic> all);
  const std::vector<Diagnostic>& diagnostics() const { return all_; }

 private:
  std::vector<Diagnostic> all_;
};

/// Thrown when an invariant of Isobar itself is broken. The command line turns it into exit status 4.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace isobar
