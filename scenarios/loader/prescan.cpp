#include "scenarios/loader/prescan.h"

#include <fmt/format.h>

#include "scenarios/loader/yaml.h"

namespace isobar::scenarios {

namespace {

/// Length of the UTF-8 sequence at `i`, 0 if it is malformed.
std::size_t utf8_length(std::string_view s, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char c = at(i);
  if (c < 0x80) return 1;
  const std::size_t n = c >= 0xc2 && c < 0xe0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (n == 0 || i + n > s.size()) return 0;
  for (std::size_t k = 1; k < n; ++k) {
    if ((at(i + k) & 0xc0) != 0x80) return 0;
  }
  return n;
}

std::size_t indentation(std::string_view line) {
  std::size_t n = 0;
  while (n < line.size() && line[n] == ' ') ++n;
  return n;
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

/// Position after the closing quote of the quoted text that starts at `i`; npos if it does not end on this
/// line.
std::size_t after_quote(std::string_view line, std::size_t i) {
  const char quote = line[i];
  for (++i; i < line.size(); ++i) {
    if (quote == '"' && line[i] == '\\') {
      ++i;
    } else if (line[i] == quote) {
      if (quote == '"' || i + 1 >= line.size() || line[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return std::string_view::npos;
}

/// What one line of YAML outside block scalars contains, as far as quotes and block scalars are concerned.
class LineScanner {
 public:
  LineScanner(std::string_view line, unsigned& flow_depth) : line_(line), flow_depth_(flow_depth) {}

  struct Result {
    std::size_t unterminated = std::string_view::npos;  ///< where a quote opens that does not close
    bool opens_block = false;                           ///< a block scalar starts at the end of this line
  };

  Result scan() {
    Result r;
    std::size_t i = 0;
    while (true) {
      while (i < line_.size() && (line_[i] == ' ' || line_[i] == '\t')) ++i;
      if (i >= line_.size() || line_[i] == '#') return r;
      const char c = line_[i];
      if (c == '"' || c == '\'') {
        const std::size_t end = after_quote(line_, i);
        if (end == std::string_view::npos) {
          r.unterminated = i;
          return r;
        }
        i = end;
      } else if (is_indicator(i)) {
        if (c == '[' || c == '{') ++flow_depth_;
        if ((c == ']' || c == '}') && flow_depth_ > 0) --flow_depth_;
        ++i;
      } else if (flow_depth_ == 0 && (c == '|' || c == '>')) {
        r.opens_block = true;
        return r;
      } else {
        i = after_plain(i);
      }
    }
  }

 private:
  bool space_or_end(std::size_t i) const { return i >= line_.size() || line_[i] == ' ' || line_[i] == '\t'; }
  bool flow_indicator(char c) const { return c == '[' || c == ']' || c == '{' || c == '}' || c == ','; }
  bool is_indicator(std::size_t i) const {
    const char c = line_[i];
    if (c == '[' || c == '{') return true;
    if (flow_depth_ > 0 && (flow_indicator(c) || c == ':')) return true;
    return (c == '-' || c == '?' || c == ':') && space_or_end(i + 1);
  }
  std::size_t after_plain(std::size_t i) const {
    for (++i; i < line_.size(); ++i) {
      if (line_[i] == ':' && (space_or_end(i + 1) || (flow_depth_ > 0 && flow_indicator(line_[i + 1]))))
        return i;
      if (line_[i] == '#' && (line_[i - 1] == ' ' || line_[i - 1] == '\t')) return i;
      if (flow_depth_ > 0 && flow_indicator(line_[i])) return i;
    }
    return i;
  }

  std::string_view line_;
  unsigned& flow_depth_;
};

/// Column at which the innermost block collection of `line` starts: a block scalar's text is indented deeper
/// than that.
std::size_t parent_indentation(std::string_view line) {
  std::size_t i = indentation(line);
  while (i + 1 < line.size() && line[i] == '-' && line[i + 1] == ' ') {
    const std::size_t next = line.find_first_not_of(' ', i + 1);
    if (next == std::string_view::npos || line[next] == '|' || line[next] == '>') break;
    i = next;
  }
  return i;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool check_encoding(std::string_view text, Problems& problems) {
  if (text.size() > kMaxYamlBytes) {
    problems.add(0, 0,
                 fmt::format("a scenario has at most {} MiB, this file is longer", kMaxYamlBytes >> 20));
    return false;
  }
  u32 line = 1;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const std::size_t n = utf8_length(text, i);
    const u32 column = static_cast<u32>(i - start + 1);
    if (n == 0) {
      problems.add(line, column, fmt::format("byte 0x{:02x} is not UTF-8 text", c));
      return false;
    }
    const bool line_end = c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
    if ((c < 0x20 && !line_end && c != '\t') || c == 0x7f) {
      problems.add(line, column, fmt::format("control character 0x{:02x} in the text", c));
      return false;
    }
    i += n;
    if (c == '\n') {
      ++line;
      start = i;
    }
  }
  return true;
}

void check_layout(const std::vector<std::string_view>& lines, Problems& problems) {
  unsigned flow_depth = 0;
  bool in_block = false;
  std::size_t block_parent = 0;
  bool block_at_top = false;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::string_view line = lines[n];
    const u32 number = static_cast<u32>(n + 1);
    if (blank(line)) continue;
    const std::size_t indent = indentation(line);
    if (line[indent] == '\t') {
      problems.add(number, static_cast<u32>(indent + 1),
                   "a tab in the indentation; YAML is indented with spaces");
      continue;
    }
    if (in_block && (indent > block_parent || block_at_top)) continue;
    in_block = false;
    const LineScanner::Result r = LineScanner(line, flow_depth).scan();
    if (r.unterminated != std::string_view::npos) {
      problems.add(
          number, static_cast<u32>(r.unterminated + 1),
          fmt::format(
              "the text that starts with {} does not end on this line; close it, or use '|' for several "
              "lines",
              line[r.unterminated]));
    }
    if (r.opens_block) {
      in_block = true;
      block_parent = parent_indentation(line);
      block_at_top = line[indent] == '|' || line[indent] == '>';
    }
  }
}

}  // namespace isobar::scenarios
