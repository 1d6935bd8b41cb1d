#include "scenarios/import/litmus_scanner.h"

#include <fmt/format.h>

#include "support/text.h"

namespace isobar::scenarios {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

}  // namespace

void LitmusScanner::fail(LitmusPosition where, const std::string& message) const {
  throw InputError(Diagnostic{{file_, where.line, where.column}, message});
}

std::string LitmusScanner::here() const {
  if (at_end()) return "the end of the file";
  const char c = peek();
  if (c == '\n') return "the end of the line";
  if (c < 0x20 || c > 0x7e)
    return fmt::format("byte 0x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  const std::string_view w = peek_word();
  return fmt::format("'{}'", w.empty() ? std::string_view(&text_[offset_], 1) : w.substr(0, 40));
}

char LitmusScanner::take() {
  const char c = peek();
  ++offset_;
  if (c == '\n') {
    ++line_;
    column_ = 1;
  } else {
    ++column_;
  }
  return c;
}

bool LitmusScanner::accept(char c) {
  if (at_end() || peek() != c) return false;
  take();
  return true;
}

bool LitmusScanner::accept(std::string_view word) {
  if (text_.substr(offset_, word.size()) != word) return false;
  for (std::size_t i = 0; i < word.size(); ++i) take();
  return true;
}

void LitmusScanner::expect(char c, std::string_view what) {
  if (!accept(c)) fail(fmt::format("expected {}, found {}", what, here()));
}

bool LitmusScanner::skip_comment() {
  if (peek() != '(' || peek(1) != '*') return false;
  const LitmusPosition start = position();
  unsigned depth = 0;
  do {
    if (accept("(*")) {
      ++depth;
    } else if (accept("*)")) {
      --depth;
    } else if (at_end()) {
      fail(start, "this comment is not closed: expected '*)'");
    } else {
      take();
    }
  } while (depth != 0);
  return true;
}

void LitmusScanner::skip_spaces() {
  while (is_space(peek())) take();
}

bool LitmusScanner::skip_blank_character() {
  if (at_end()) return false;
  if (!is_space(peek()) && peek() != '\n') return skip_comment();
  take();
  return true;
}

void LitmusScanner::skip_blank() {
  while (skip_blank_character()) {
  }
}

bool LitmusScanner::at_open_comment() const {
  return text_.substr(offset_, 2) == "(*" && text_.find("*)", offset_) == std::string_view::npos;
}

std::string LitmusScanner::rest_of_line() {
  skip_spaces();
  std::string s;
  while (!at_end() && peek() != '\n') s += take();
  while (!s.empty() && is_space(s.back())) s.pop_back();
  return s;
}

std::string_view LitmusScanner::peek_word(bool dots) const {
  std::size_t n = 0;
  const auto starts = [dots](char c) { return is_letter(c) || (dots && c == '.'); };
  if (starts(peek())) {
    while (starts(peek(n)) || is_digit(peek(n))) ++n;
  }
  return text_.substr(offset_, n);
}

std::string_view LitmusScanner::word(bool dots) {
  const std::string_view w = peek_word(dots);
  for (std::size_t i = 0; i < w.size(); ++i) take();
  return w;
}

u64 LitmusScanner::number() {
  const LitmusPosition start = position();
  const auto digit_of = [](char c) -> unsigned {
    if (is_digit(c)) return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return 99;
  };
  unsigned base = 10;
  if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    base = 16;
    take();
    take();
  }
  if (digit_of(peek()) >= base) fail(fmt::format("expected a digit, found {}", here()));
  u64 v = 0;
  while (digit_of(peek()) < base) {
    const u64 d = digit_of(take());
    if (v > (~u64{0} - d) / base) fail(start, "this number does not fit in 64 bits");
    v = v * base + d;
  }
  if (!peek_word().empty())
    fail(fmt::format("expected a blank or an operator after the number, found {}", here()));
  return v;
}

unsigned LitmusScanner::small_number(unsigned limit, std::string_view what) {
  const LitmusPosition start = position();
  if (!at_digit()) fail(fmt::format("expected {}, found {}", what, here()));
  const u64 v = number();
  if (v >= limit) fail(start, fmt::format("{} must be below {}", what, limit));
  return static_cast<unsigned>(v);
}

std::string LitmusScanner::quoted() {
  const LitmusPosition start = position();
  expect('"', "'\"'");
  std::string s;
  while (peek() != '"') {
    if (at_end()) fail(start, "this string is not closed: expected '\"'");
    if (peek() == '\\' && (peek(1) == '"' || peek(1) == '\\')) take();
    s += take();
  }
  take();
  return s;
}

std::string LitmusScanner::balanced(char open, char close) {
  const LitmusPosition start = position();
  std::string s;
  unsigned depth = 0;
  do {
    if (at_end()) fail(start, fmt::format("expected '{}' that closes this '{}'", close, open));
    if (skip_comment()) continue;
    const char c = take();
    if (c == open) ++depth;
    if (c == close) --depth;
    s += c == '\n' ? ' ' : c;
  } while (depth != 0);
  return s;
}

}  // namespace isobar::scenarios
