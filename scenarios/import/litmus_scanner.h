// Characters of a litmus text with their positions: blanks, nested comments, words, numbers, strings.
#pragma once

#include <string>
#include <string_view>

#include "scenarios/import/litmus.h"

namespace isobar::scenarios {

class LitmusScanner {
 public:
  LitmusScanner(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  LitmusPosition position() const { return {line_, column_}; }
  bool at_end() const { return offset_ == text_.size(); }
  /// The character `ahead` of here; 0 past the end.
  char peek(std::size_t ahead = 0) const {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }
  char take();
  /// Takes `c` if it is next.
  bool accept(char c);
  /// Takes `word` if the text goes on with exactly that.
  bool accept(std::string_view word);
  /// Takes `c` or fails, saying that `what` was expected.
  void expect(char c, std::string_view what);

  /// Skips blanks, line ends and comments `(* ... *)`, which nest.
  void skip_blank();
  /// Blanks of the same line only.
  void skip_spaces();
  /// One blank, line end or comment; false if none is here.
  bool skip_blank_character();
  /// Does a comment start here that nothing closes?
  bool at_open_comment() const;
  /// Skips one comment if one starts here.
  bool skip_comment();
  /// The rest of the line without its end, trimmed.
  std::string rest_of_line();

  /// A word of letters, digits, `_`, `.` and `$` that starts with a letter, `_`, `.` or `$`; empty if none
  /// starts here.
  std::string_view word(bool dots = false);
  /// The same without moving.
  std::string_view peek_word(bool dots = false) const;
  bool at_digit() const { return peek() >= '0' && peek() <= '9'; }
  /// An unsigned number, decimal or 0x hexadecimal, of at most 64 bits. A digit must be next.
  u64 number();
  /// A number below `limit`, used for threads and sizes.
  unsigned small_number(unsigned limit, std::string_view what);
  /// What stands between double quotes; the opening one is next.
  std::string quoted();
  /// Everything from the opening bracket here to the one that closes it, both included.
  std::string balanced(char open, char close);

  [[noreturn]] void fail(const std::string& message) const { fail(position(), message); }
  [[noreturn]] void fail(LitmusPosition where, const std::string& message) const;
  /// What is here, for messages: "'x'", "the end of the file".
  std::string here() const;

 private:
  std::string_view text_;
  std::string file_;
  std::size_t offset_ = 0;
  u32 line_ = 1, column_ = 1;
};

}  // namespace isobar::scenarios
