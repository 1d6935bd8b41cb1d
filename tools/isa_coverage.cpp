#include "tools/isa_coverage.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_set>
#include <vector>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "support/diagnostic.h"
#include "tools/files.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kListed = 40;

[[noreturn]] void reject(const std::string& file, u32 line, const std::string& message) {
  const Diagnostic d{{file, line, 0}, message};
  throw InputError(d);
}

std::optional<u32> parse_word(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  std::string text = value.get<std::string>();
  if (text.rfind("0x", 0) == 0) text.erase(0, 2);
  if (text.empty() || text.size() > 8) return std::nullopt;
  if (text.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return std::nullopt;
  return static_cast<u32>(std::stoul(text, nullptr, 16));
}

/// The instructions of one line of the file.
std::vector<u32> parse_sequence(const std::string& file, u32 number, const std::string& line) {
  const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) reject(file, number, "expected a JSON object");
  const auto words = object.find("words");
  if (words == object.end() || !words->is_array()) reject(file, number, "expected an array \"words\"");
  std::set<std::size_t> data;
  if (const auto indices = object.find("data_words"); indices != object.end()) {
    if (!indices->is_array()) reject(file, number, "expected \"data_words\" to be an array");
    for (const Json& i : *indices) {
      if (!i.is_number_unsigned()) reject(file, number, "expected \"data_words\" to hold indices");
      data.insert(i.get<std::size_t>());
    }
  }
  std::vector<u32> instructions;
  for (std::size_t i = 0; i < words->size(); ++i) {
    const std::optional<u32> word = parse_word((*words)[i]);
    if (!word)
      reject(file, number, "expected words[" + std::to_string(i) + "] to be a hexadecimal 32-bit word");
    if (data.count(i) == 0) instructions.push_back(*word);
  }
  return instructions;
}

struct Missing {
  u64 words = 0;
  u64 sequences = 0;
  u32 example = 0;
};

struct Totals {
  u64 words = 0, decoded = 0, sequences = 0, covered = 0;
  u64 without_sve = 0, without_sve_covered = 0;  ///< sequences
  std::unordered_set<u32> distinct, distinct_decoded;
  std::map<std::string, Missing> missing;
};

std::string mnemonic(u32 word) {
  const std::string text = isa::disassemble(word);
  return text.substr(0, text.find(' '));
}

/// The part of the encoding space that SVE has (Arm ARM C4.1, op0 0b0010).
bool is_sve(u32 word) {
  return (word >> 25 & 15) == 2;
}

void count(Totals& t, const std::vector<u32>& sequence) {
  ++t.sequences;
  std::set<std::string> missing_here;
  for (const u32 word : sequence) {
    ++t.words;
    t.distinct.insert(word);
    if (isa::is_defined(word)) {
      ++t.decoded;
      t.distinct_decoded.insert(word);
      continue;
    }
    const std::string name = mnemonic(word);
    Missing& m = t.missing[name];
    if (m.words++ == 0) m.example = word;
    if (missing_here.insert(name).second) ++m.sequences;
  }
  if (missing_here.empty()) ++t.covered;
  if (std::any_of(sequence.begin(), sequence.end(), is_sve)) return;
  ++t.without_sve;
  if (missing_here.empty()) ++t.without_sve_covered;
}

std::string share(u64 part, u64 whole) {
  std::ostringstream out;
  out.precision(2);
  out << part << " of " << whole << " (" << std::fixed
      << (whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole)) << " %)";
  return out.str();
}

}  // namespace

void run_isa_coverage(const std::string& file, std::ostream& out) {
  std::istringstream in(read_file(file));
  Totals t;
  u32 number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) count(t, parse_sequence(file, number, line));
  }
  out << "instructions decoded:           " << share(t.decoded, t.words) << '\n'
      << "distinct instructions decoded:  " << share(t.distinct_decoded.size(), t.distinct.size()) << '\n'
      << "sequences decoded completely:   " << share(t.covered, t.sequences) << '\n'
      << "  of those without SVE:         " << share(t.without_sve_covered, t.without_sve) << '\n';
  std::vector<std::pair<std::string, Missing>> worst(t.missing.begin(), t.missing.end());
  std::sort(worst.begin(), worst.end(), [](const auto& a, const auto& b) {
    return a.second.words != b.second.words ? a.second.words > b.second.words : a.first < b.first;
  });
  if (!worst.empty()) out << "not decoded (words, sequences, mnemonic, example):\n";
  for (std::size_t i = 0; i < worst.size() && i < kListed; ++i) {
    const auto& [name, m] = worst[i];
    std::ostringstream row;
    row.width(8);
    row << m.words << ' ';
    row.width(7);
    row << m.sequences << "  ";
    row.width(12);
    row << std::left << name << ' ' << isa::disassemble(m.example);
    out << row.str() << '\n';
  }
  if (worst.size() > kListed) out << "and " << worst.size() - kListed << " more mnemonics\n";
}

}  // namespace isobar::tools
