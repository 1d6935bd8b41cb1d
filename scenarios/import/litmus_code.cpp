#include "scenarios/import/litmus_code.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "isa/assembler.h"
#include "support/text.h"

namespace isobar::scenarios {
namespace {

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.' || c == '$';
}

std::string upper(std::string_view s) {
  std::string r(s);
  std::transform(r.begin(), r.end(), r.begin(), [](char c) { return upper(c); });
  return r;
}

/// Instructions whose last operand may be a label.
bool takes_label(std::string_view mnemonic) {
  constexpr std::array<std::string_view, 11> kNames{"B",   "BL",  "CBZ",   "CBNZ", "TBZ", "TBNZ",
                                                    "ADR", "LDR", "LDRSW", "PRFM", "ADRP"};
  return mnemonic.substr(0, 2) == "B." || mnemonic.substr(0, 3) == "BC." ||
         std::find(kNames.begin(), kNames.end(), mnemonic) != kNames.end();
}

/// An instruction taken apart at its last operand.
struct Split {
  std::string mnemonic;     ///< upper case
  std::string_view before;  ///< everything up to the last operand
  std::string_view last;    ///< the last operand, trimmed; empty if there is none
};

Split split(std::string_view text) {
  Split r;
  const std::size_t blank = std::min(text.find(' '), text.size());
  r.mnemonic = upper(text.substr(0, blank));
  const std::size_t comma = text.rfind(',');
  std::size_t start = comma == std::string_view::npos ? blank : comma + 1;
  while (start < text.size() && text[start] == ' ') ++start;
  r.before = text.substr(0, start);
  r.last = text.substr(start);
  return r;
}

/// The offset from `pc` that the last operand means, if it is a label or `.+N`.
std::optional<i64> target_offset(const Split& s, u64 pc, unsigned thread, const LitmusLabels& labels) {
  if (s.last.empty() || !takes_label(s.mnemonic)) return std::nullopt;
  if (!std::all_of(s.last.begin() + 1, s.last.end(),
                   [](char c) { return is_word_char(c) || c == '+' || c == '-'; })) {
    return std::nullopt;
  }
  if (s.last[0] == '.' && (s.last.size() == 1 || s.last[1] == '+' || s.last[1] == '-')) {
    i64 n = 0;
    for (const char c : s.last.substr(std::min<std::size_t>(2, s.last.size()))) {
      if (c < '0' || c > '9' || n > (i64{1} << 32)) return std::nullopt;
      n = 10 * n + (c - '0');
    }
    return s.last.size() > 1 && s.last[1] == '-' ? -n : n;
  }
  const std::optional<u64> address = labels.find(thread, s.last);
  if (!address) return std::nullopt;
  return static_cast<i64>(*address - pc);
}

/// Spellings that the reference accepts and assemblers do not: an X register extended as if it were a W
/// register
/// (`[X1,X2,UXTW]`), and a lane of a vector with its arrangement (`V0.8B[1]`).
std::string standard_spelling(std::string s) {
  for (const char* extend : {"UXTW", "SXTW"}) {
    const std::size_t at = upper(s).find(extend);
    if (at == std::string::npos) continue;
    std::size_t x = s.rfind(',', at);
    if (x == std::string::npos || x == 0) continue;
    x = s.rfind(',', x - 1);
    if (x == std::string::npos) continue;
    x = s.find_first_not_of(' ', x + 1);
    if (upper(s[x]) == 'X') s[x] = 'W';
  }
  for (std::size_t dot = s.find('.'); dot != std::string::npos; dot = s.find('.', dot + 1)) {
    std::size_t end = dot + 1;
    while (end < s.size() && s[end] >= '0' && s[end] <= '9') ++end;
    if (end > dot + 1 && end + 1 < s.size() && s[end + 1] == '[') s.erase(dot + 1, end - dot - 1);
  }
  return s;
}

}  // namespace

std::optional<u64> LitmusLabels::find(unsigned thread, std::string_view label) const {
  if (thread < of_thread.size()) {
    const auto it = of_thread[thread].find(label);
    if (it != of_thread[thread].end()) return it->second;
  }
  std::optional<u64> found;
  for (const auto& other : of_thread) {
    const auto it = other.find(label);
    if (it == other.end()) continue;
    if (found) return std::nullopt;
    found = it->second;
  }
  return found;
}

u32 assemble_litmus(const LitmusInstruction& instruction, u64 pc, unsigned thread, const LitmusLabels& labels,
                    const std::string& file) {
  const Split s = split(instruction.text);
  std::string text = instruction.text;
  if (const std::optional<i64> offset = target_offset(s, pc, thread, labels))
    text = fmt::format("{}#{}", s.before, *offset);
  const auto fail = [&](const std::string& message) {
    throw InputError(Diagnostic{{file, instruction.where.line, instruction.where.column}, message});
  };
  const bool names_label =
      !s.last.empty() && !is_digit(s.last[0]) && std::all_of(s.last.begin(), s.last.end(), is_word_char);
  if (text == instruction.text && names_label && takes_label(s.mnemonic))
    fail(fmt::format("there is no label '{}'", s.last));
  std::string why;
  if (const std::optional<u32> word = isa::assemble_word(text, &why)) return *word;
  const std::string other = standard_spelling(text);
  if (other != text) {
    if (const std::optional<u32> word = isa::assemble_word(other)) return *word;
  }
  fail(fmt::format("'{}' does not assemble: {}", instruction.text, why));
  return 0;
}

std::string instruction_text(const LitmusInstruction& instruction, u64 pc, unsigned thread,
                             const LitmusLabels& labels) {
  const Split s = split(instruction.text);
  const std::optional<i64> offset = target_offset(s, pc, thread, labels);
  std::string source = instruction.text;
  if (offset)
    source = fmt::format("{}.{}{}", s.before, *offset < 0 ? '-' : '+', *offset < 0 ? -*offset : *offset);
  std::string r;
  for (const char c : upper(source)) {
    const char before = r.empty() ? '\0' : r.back();
    const bool tight = before == ',' || before == '[' || before == '{';
    if (c == ' ' && tight) continue;
    if ((c == ',' || c == ']' || c == '}') && before == ' ') r.pop_back();
    r += c;
  }
  return r;
}

}  // namespace isobar::scenarios
