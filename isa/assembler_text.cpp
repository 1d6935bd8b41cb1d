#include "isa/assembler_text.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace isobar::isa::mc {

namespace {

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '$' || c == '@';
}

bool is_operator(char c) {
  return std::string_view("+-*/%|&^!~<>=(").find(c) != std::string_view::npos;
}

std::size_t end_of_line(std::string_view text, std::size_t at) {
  const std::size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end;
}

/// One past the string or character literal that starts at `at`.
std::size_t skip_literal(std::string_view text, std::size_t at) {
  if (text[at] == '\'') {
    const std::size_t close = at + 1 < text.size() && text[at + 1] == '\\' ? at + 3 : at + 2;
    return close < text.size() && text[close] == '\'' ? close + 1 : at + 1;
  }
  for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return end_of_line(text, at);
}

std::string blank_comments(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size();) {
    if (out[i] == '"' || out[i] == '\'') {
      i = skip_literal(out, i);
    } else if (out.compare(i, 2, "//") == 0) {
      const std::size_t end = end_of_line(out, i);
      std::fill(out.begin() + static_cast<long>(i), out.begin() + static_cast<long>(end), ' ');
      i = end;
    } else if (out.compare(i, 2, "/*") == 0) {
      const std::size_t close = out.find("*/", i + 2);
      if (close == std::string::npos) break;  // LLVM reports it
      for (; i < close + 2; ++i) {
        if (out[i] != '\n') out[i] = ' ';
      }
    } else {
      ++i;
    }
  }
  return out;
}

/// The names in an expression, without numbers and literals.
std::vector<std::string_view> names_in(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"' || text[i] == '\'') {
      i = skip_literal(text, i);
    } else if (is_name_char(text[i])) {
      const std::size_t start = i;
      while (i < text.size() && is_name_char(text[i])) ++i;
      if (std::isdigit(static_cast<unsigned char>(text[start])) == 0)
        names.push_back(text.substr(start, i - start));
    } else {
      ++i;
    }
  }
  return names;
}

bool is_pc_relative(std::string_view mnemonic) {
  static constexpr std::string_view kExact[] = {"b",   "bl",   "adr", "adrp",  "cbz", "cbnz",
                                                "tbz", "tbnz", "ldr", "ldrsw", "prfm"};
  static constexpr std::string_view kConditions[] = {"eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs",
                                                     "vc", "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
  if (std::find(std::begin(kExact), std::end(kExact), mnemonic) != std::end(kExact)) return true;
  if (mnemonic.substr(0, 2) == "b." || mnemonic.substr(0, 3) == "bc.") return true;
  return mnemonic.size() == 3 && mnemonic[0] == 'b' &&
         std::find(std::begin(kConditions), std::end(kConditions), mnemonic.substr(1)) !=
             std::end(kConditions);
}

/// One past the statement that starts at `at`.
std::size_t end_of_statement(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '\n' && text[at] != ';') {
    at = text[at] == '"' || text[at] == '\'' ? skip_literal(text, at) : at + 1;
  }
  return std::min(at, text.size());
}

std::string mark_targets(const std::string& text, const Symbols& symbols) {
  if (symbols.empty()) return text;
  std::string out;
  out.reserve(text.size() + 64);
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of_statement(text, at);
    const std::string_view target = external_target(std::string_view(text).substr(at, end - at), symbols);
    if (!target.empty()) {
      const auto stop = static_cast<std::size_t>(target.data() - text.data()) + target.size();
      out.append(text, copied, stop - copied);
      out += kAddressSuffix;
      copied = stop;
    }
    at = end + 1;
  }
  return out.append(text, copied, std::string::npos);
}

}  // namespace

std::string_view external_target(std::string_view statement, const Symbols& symbols) {
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (at < statement.size() && std::isspace(static_cast<unsigned char>(statement[at])) != 0) ++at;
  };
  const auto word = [&] {
    skip_spaces();
    const std::size_t start = at;
    while (at < statement.size() && is_name_char(statement[at])) ++at;
    return statement.substr(start, at - start);
  };
  std::string mnemonic(word());
  while (at < statement.size() && statement[at] == ':') {
    ++at;
    mnemonic = word();
  }
  for (char& c : mnemonic) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!is_pc_relative(mnemonic)) return {};
  const std::size_t comma = statement.rfind(',');
  if (comma != std::string_view::npos && comma >= at) at = comma + 1;
  const std::string_view target = word();
  return symbols.count(std::string(target)) != 0 ? target : std::string_view{};
}

std::string prepare(std::string_view text, const Symbols& symbols) {
  const std::string clean = mark_targets(blank_comments(text), symbols);
  std::string out;
  out.reserve(clean.size() + 256);
  bool macro_header = false;
  for (std::size_t i = 0; i < clean.size();) {
    if (clean[i] == '"' || clean[i] == '\'') {
      const std::size_t end = skip_literal(clean, i);
      out.append(clean, i, end - i);
      i = end;
    } else if (is_name_char(clean[i]) || clean[i] == '\\') {
      const std::size_t start = i++;
      while (i < clean.size() && is_name_char(clean[i])) ++i;
      std::string word = clean.substr(start, i - start);
      std::string lower = word;
      for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (lower == ".macro") macro_header = true;
      if (lower == ".inst") word = kInst;
      out += word;
    } else {
      out += clean[i];
      if (clean[i] == '\n' && macro_header) {
        out += std::string(kEnterMacro) + ";";
        macro_header = false;
      }
      ++i;
    }
  }
  return out;
}

TextProblem check_shape(std::string_view text) {
  unsigned nesting = 0, operators = 0, adjacent = 0;
  std::size_t line = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && (c < '\t' || c > '\r')) || c == 0x7f) return {i, "control character in assembly text"};
    if (i - line > kMaxLine) return {line, "line longer than " + std::to_string(kMaxLine) + " characters"};
    if (text[i] == '\n' || text[i] == ';') nesting = operators = adjacent = 0;
    if (text[i] == '\n') line = i + 1;
    if (text[i] == ',') operators = 0;
    if (text[i] == '(' || text[i] == '[' || text[i] == '{') ++nesting;
    if ((text[i] == ')' || text[i] == ']' || text[i] == '}') && nesting > 0) --nesting;
    if (is_operator(text[i])) {
      ++operators;
      ++adjacent;
    } else if (std::isspace(c) == 0) {
      adjacent = 0;
    }
    if (nesting > 64 || adjacent > 64 || operators > 1024) return {i, "expression too complex"};
  }
  return {};
}

TextProblem AssignmentCheck::check(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\n;", at), text.size());
    const std::string_view statement = text.substr(at, end - at);
    const std::vector<std::string_view> names = names_in(statement);
    const bool directive =
        !names.empty() && (names[0] == ".set" || names[0] == ".equ" || names[0] == ".equiv");
    const bool equals = statement.find('=') != std::string_view::npos;
    const std::size_t defined = directive ? 1 : 0;
    if ((directive || equals) && names.size() > defined) {
      const std::string_view target = names[defined];
      Cost cost;
      for (std::size_t k = defined + 1; k < names.size(); ++k) {
        const auto found = cost_.find(names[k]);
        if (found == cost_.end() || names[k] == target) continue;
        cost.nodes += found->second.nodes;
        cost.depth = std::max(cost.depth, found->second.depth + 1);
      }
      if (cost.nodes > 1e5 || cost.depth > 500) return {at, "symbol defined through too many other symbols"};
      cost_.insert_or_assign(std::string(target), cost);
    }
    at = end + 1;
  }
  return {};
}

std::string_view repetition_body(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_of("\n;"), text.size());
  unsigned depth = 1;
  for (std::size_t i = begin; i < text.size();) {
    if (!is_name_char(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < text.size() && is_name_char(text[i])) ++i;
    const std::string_view word = text.substr(start, i - start);
    if (word == ".rept" || word == ".rep" || word == ".irp" || word == ".irpc") ++depth;
    if (word == ".endr" && --depth == 0) return text.substr(begin, start - begin);
  }
  return text.substr(begin);
}

std::size_t longest_line(std::string_view body, std::size_t argument) {
  std::size_t longest = 0, length = 0;
  for (const char c : body) {
    length = c == '\n' ? 0 : length + (c == '\\' ? argument : 1);
    longest = std::max(longest, length);
  }
  return longest;
}

}  // namespace isobar::isa::mc
