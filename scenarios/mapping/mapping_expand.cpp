#include "scenarios/mapping/mapping_expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace isobar::scenarios {
namespace {

constexpr std::array<unsigned, kMappingTemporaries> kTemporaries{19, 22, 23};

std::string mnemonic(std::string_view instruction) {
  std::string m(instruction.substr(0, std::min(instruction.find(' '), instruction.size())));
  std::transform(m.begin(), m.end(), m.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return m;
}

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// "retry:" without the colon; empty if the line is an instruction.
std::string_view label_of(std::string_view line) {
  if (line.size() < 2 || line.back() != ':') return {};
  return line.substr(0, line.size() - 1);
}

std::string filled(const MappingLine& line, const MappingValues& values, const std::string& file) {
  std::string out;
  for (std::size_t at = 0; at < line.text.size();) {
    if (line.text[at] != '{') {
      out += line.text[at++];
      continue;
    }
    const std::size_t end = std::min(line.text.find('}', at), line.text.size());
    const std::string name = line.text.substr(at + 1, end - at - 1);
    const auto value = values.find(name);
    if (end == line.text.size() || value == values.end()) {
      std::string known;
      for (const auto& [key, v] : values) known += (known.empty() ? "" : ", ") + key;
      throw InputError(
          Diagnostic{{file, line.line, line.column + static_cast<u32>(at)},
                     fmt::format("unknown placeholder '{{{}}}'; expected one of {}", name, known)});
    }
    out += value->second;
    at = end + 1;
  }
  return out;
}

/// The last operand of a branch, if it names one of `labels`, with the prefix.
std::string with_prefixed_label(const std::string& text, const std::set<std::string>& labels,
                                const std::string& prefix) {
  std::size_t at = text.size();
  while (at > 0 && is_word_char(text[at - 1])) --at;
  const std::string last = text.substr(at);
  const std::string m = mnemonic(text);
  if (m.empty() || labels.count(last) == 0 || (m[0] != 'b' && m[0] != 'c' && m[0] != 't')) return text;
  return text.substr(0, at) + prefix + last;
}

}  // namespace

std::string host_register(unsigned number, unsigned size) {
  return fmt::format("{}{}", size >= 8 ? 'X' : 'W', number);
}

MappingValues common_values(unsigned size) {
  MappingValues v;
  v["b"] = size == 1 ? "b" : size == 2 ? "h" : "";
  for (unsigned i = 0; i < kMappingTemporaries; ++i) {
    v[fmt::format("x{}", i)] = host_register(kTemporaries[i], 8);
    v[fmt::format("w{}", i)] = host_register(kTemporaries[i], 4);
    v[fmt::format("t{}", i)] = host_register(kTemporaries[i], size);
  }
  return v;
}

void expand(const MappingSequence& sequence, const MappingValues& values, const std::string& prefix,
            std::optional<LitmusPosition> where, const std::string& mapping_file, LitmusThread& out) {
  std::set<std::string> labels;
  for (const MappingLine& l : sequence.lines)
    if (!label_of(l.text).empty()) labels.emplace(label_of(l.text));
  for (const MappingLine& l : sequence.lines) {
    const LitmusPosition place = where.value_or(LitmusPosition{l.line, l.column});
    if (const std::string_view label = label_of(l.text); !label.empty()) {
      out.labels.push_back({prefix + std::string(label), static_cast<u32>(out.code.size()), place});
    } else {
      out.code.push_back({with_prefixed_label(filled(l, values, mapping_file), labels, prefix), place});
    }
  }
}

bool is_barrier(std::string_view instruction) {
  const std::string m = mnemonic(instruction);
  return m == "dmb" || m == "dsb" || m == "isb";
}

bool is_computation(std::string_view instruction) {
  static const std::set<std::string> kNames{
      "mov",  "movz", "movk", "movn", "add",  "sub",  "and",  "orr",  "eor",  "mvn",  "neg", "lsl",  "lsr",
      "ubfx", "bfi",  "cmp",  "tst",  "adds", "subs", "ands", "cset", "csel", "fmov", "ins", "umov", "nop"};
  return kNames.count(mnemonic(instruction)) != 0;
}

}  // namespace isobar::scenarios
