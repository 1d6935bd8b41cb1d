// Collects what is wrong with one input, so that the user sees all of it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostic.h"

namespace isobar::scenarios {

/// The errors found so far in one file. Not thread-safe.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  /// Adds one error at a line and column of the file (from 1; 0: not known).
  void add(u32 line, u32 column, std::string message);
  /// Adds the findings of another reader (the assembler), keeping their places.
  void add(const InputError& e);

  const std::string& file() const { return file_; }
  std::size_t count() const { return all_.size(); }
  /// Throws InputError with everything found, by line and column and at most 40 of them; does nothing if all
  /// is well.
  void throw_if_any() const;

 private:
  std::string file_;
  std::vector<Diagnostic> all_;
};

/// The candidate that `word` is most likely a misspelling of; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "; did you mean 'x'?" or, with few candidates and none near, "; expected one of a, b, c"; may be empty.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

/// The text in single quotes, shortened to 60 characters, with control characters replaced.
std::string quoted(std::string_view text);

}  // namespace isobar::scenarios
