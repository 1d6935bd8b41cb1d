// Reading logs and listings line by line. Owns: where in the line we are. Must not know: any format.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "support/diagnostic.h"

namespace isobar::scenarios {

/// One line of a text with the place of what is being read, for diagnostics.
class LineCursor {
 public:
  LineCursor(std::string_view line, const std::string& file, u32 number)
      : line_(line), file_(file), number_(number) {}

  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(Diagnostic{{file_, number_, static_cast<u32>(at_ + 1)}, message});
  }
  void skip_spaces() {
    while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t')) ++at_;
  }
  bool accept(std::string_view text) {
    if (!starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  bool starts_with(std::string_view text) const { return rest().substr(0, text.size()) == text; }
  /// Moves on by so many bytes, at most to the end.
  void skip(std::size_t bytes) { at_ += bytes < line_.size() - at_ ? bytes : line_.size() - at_; }
  bool at_end() const { return at_ == line_.size(); }
  std::string_view rest() const { return line_.substr(at_); }
  u32 number() const { return number_; }

  /// Hexadecimal digits, at least one and at most `max_digits`.
  u64 hexadecimal(std::size_t max_digits, const char* what) {
    const std::string_view s = rest();
    std::size_t n = 0;
    while (n < s.size() && is_hex(s[n])) ++n;
    if (n == 0 || n > max_digits) fail(std::string("expected ") + what + " in hexadecimal");
    u64 v = 0;
    std::from_chars(s.data(), s.data() + n, v, 16);
    at_ += n;
    return v;
  }
  static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

 private:
  std::string_view line_;
  const std::string& file_;
  u32 number_;
  std::size_t at_ = 0;
};

/// Calls `read` with a LineCursor for every line of `text`, carriage returns removed. Returns the number of lines.
template <typename Read>
u32 for_each_line(std::string_view text, const std::string& file, Read read) {
  u32 number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    LineCursor c(line, file, ++number);
    read(c);
  }
  return number;
}

}  // namespace isobar::scenarios
