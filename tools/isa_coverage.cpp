#include "tools/isa_coverage.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <unordered_set>
#include <vector>

#include "functional/sequence.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "scenarios/import/qemu.h"
#include "support/diagnostic.h"
#include "tools/files.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kListed = 40;
constexpr u64 kRuns = 8;             ///< of every sequence, each with registers and memory of its own
constexpr u64 kStepLimit = 100'000;  ///< of one run

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

/// One line of the file.
struct Recorded {
  functional::Sequence code;
  std::vector<bool> is_literal;  ///< by word
  std::string family;            ///< the file it was taken from, as the line says
};

/// Exits that QEMU has not linked yet go on behind the link, as they do when they are first taken.
void settle_links(functional::Sequence& code) {
  scenarios::QemuLog log;
  log.blocks.emplace_back();
  log.blocks[0].code.words = std::move(code.words);
  scenarios::reset_links(log);
  code.words = std::move(log.blocks[0].code.words);
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Recorded by QEMU if it says where the code stood; the address matters for ADRP.
void read_environment(const std::string& file, u32 number, const Json& object, Recorded& r) {
  r.code.base = functional::kSequenceBase;
  const std::string place = text_of(object, "host_pc");
  if (place.empty()) return;
  const bool hexadecimal = place.rfind("0x", 0) == 0 && place.size() > 2 && place.size() <= 14 &&
                           place.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  if (!hexadecimal || std::stoull(place, nullptr, 16) % 4 != 0)
    reject(file, number, "expected \"host_pc\" to be the hexadecimal address of an instruction, such as 0x550000");
  r.code.base = std::stoull(place, nullptr, 16);
  r.code.state_register = 19;
}

Recorded parse_sequence(const std::string& file, u32 number, const std::string& line) {
  const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) reject(file, number, "expected a JSON object");
  const auto words = object.find("words");
  if (words == object.end() || !words->is_array()) reject(file, number, "expected an array \"words\"");
  Recorded r;
  r.is_literal.resize(words->size());
  if (const auto indices = object.find("data_words"); indices != object.end()) {
    if (!indices->is_array()) reject(file, number, "expected \"data_words\" to be an array");
    for (const Json& i : *indices) {
      if (!i.is_number_unsigned()) reject(file, number, "expected \"data_words\" to hold indices");
      if (i.get<u64>() < r.is_literal.size()) r.is_literal[i.get<u64>()] = true;
    }
  }
  for (std::size_t i = 0; i < words->size(); ++i) {
    const std::optional<u32> word = parse_word((*words)[i]);
    if (!word)
      reject(file, number, "expected words[" + std::to_string(i) + "] to be a hexadecimal 32-bit word");
    r.code.words.push_back(*word);
  }
  r.family = text_of(object, "file");
  read_environment(file, number, object, r);
  if (r.code.state_register == 19) settle_links(r.code);
  return r;
}

struct Missing {
  u64 words = 0;
  u64 sequences = 0;
  u32 example = 0;
};

/// Sequences that are not executed, by family and reason.
struct Failed {
  u64 sequences = 0;
  u32 line = 0;  ///< of the first
};

struct CoverageTotals {
  u64 words = 0, decoded = 0, sequences = 0, covered = 0, executed = 0;
  u64 without_sve = 0, without_sve_covered = 0, without_sve_executed = 0;  ///< sequences
  u64 reachable = 0, reached = 0;  ///< instructions of sequences that were executed
  std::unordered_set<u32> distinct, distinct_decoded;
  std::map<std::string, Missing> missing;
  std::map<std::pair<std::string, std::string>, Failed> failed;
};

std::string mnemonic(u32 word) {
  const std::string text = isa::disassemble(word);
  return text.substr(0, text.find(' '));
}

/// The part of the encoding space that SVE has (Arm ARM C4.1, op0 0b0010).
bool is_sve(u32 word) {
  return (word >> 25 & 15) == 2;
}

/// Why a run did not reach an end of its sequence; empty if it did.
std::string failure(const functional::SequenceRun& run, const functional::Sequence& code) {
  using End = functional::SequenceRun::End;
  const auto name = [&] { return mnemonic(code.words[(run.pc - code.base) / 4]); };
  switch (run.end) {
    case End::Left: return "";
    case End::Undefined: return name() + " is undefined";
    case End::Exception: return name() + " raises an exception";
    case End::Fault: return name() + " faults";
    case End::Endless: return "no end after " + std::to_string(kStepLimit) + " instructions";
  }
  return "";
}

/// Runs a sequence some times. Returns why it fails; counts the instructions that were reached if it does not.
std::string execute(CoverageTotals& t, const Recorded& r) {
  std::vector<bool> reached(r.code.words.size());
  for (u64 seed = 1; seed <= kRuns; ++seed) {
    functional::SequenceMemory memory(r.code, seed);
    isa::ArchState state = functional::sequence_registers(r.code, seed);
    const functional::SequenceRun run = functional::run_sequence(r.code, state, memory, kStepLimit);
    if (const std::string why = failure(run, r.code); !why.empty()) return why;
    for (std::size_t i = 0; i < reached.size(); ++i) reached[i] = reached[i] || run.executed[i];
  }
  t.reached += static_cast<u64>(std::count(reached.begin(), reached.end(), true));
  t.reachable += static_cast<u64>(std::count(r.is_literal.begin(), r.is_literal.end(), false));
  return "";
}

void count(CoverageTotals& t, const Recorded& r, u32 line) {
  ++t.sequences;
  std::set<std::string> missing_here;
  bool sve = false;
  for (std::size_t i = 0; i < r.code.words.size(); ++i) {
    const u32 word = r.code.words[i];
    if (r.is_literal[i]) continue;
    sve = sve || is_sve(word);
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
  const std::string why = missing_here.empty() ? execute(t, r) : *missing_here.begin() + " is undefined";
  if (missing_here.empty()) ++t.covered;
  if (why.empty()) ++t.executed;
  if (!why.empty()) {
    Failed& f = t.failed[{r.family, sve ? "SVE" : why}];
    if (f.sequences++ == 0) f.line = line;
  }
  if (sve) return;
  ++t.without_sve;
  if (missing_here.empty()) ++t.without_sve_covered;
  if (why.empty()) ++t.without_sve_executed;
}

std::string share(u64 part, u64 whole) {
  std::ostringstream out;
  out.precision(2);
  out << part << " of " << whole << " (" << std::fixed
      << (whole == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole)) << " %)";
  return out.str();
}

void print_failed(const CoverageTotals& t, std::ostream& out) {
  if (t.failed.empty()) return;
  out << "not executed (sequences, first line, why, where from):\n";
  for (const auto& [key, f] : t.failed) {
    std::ostringstream row;
    row.width(8);
    row << f.sequences << ' ';
    row.width(7);
    row << f.line << "  " << key.second << (key.first.empty() ? "" : ", ") << key.first;
    out << row.str() << '\n';
  }
}

}  // namespace

void run_isa_coverage(const std::string& file, std::ostream& out) {
  std::istringstream in(read_file(file));
  CoverageTotals t;
  u32 number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) count(t, parse_sequence(file, number, line), number);
  }
  out << "instructions decoded:           " << share(t.decoded, t.words) << '\n'
      << "distinct instructions decoded:  " << share(t.distinct_decoded.size(), t.distinct.size()) << '\n'
      << "sequences decoded completely:   " << share(t.covered, t.sequences) << '\n'
      << "  of those without SVE:         " << share(t.without_sve_covered, t.without_sve) << '\n'
      << "sequences executed:             " << share(t.executed, t.sequences) << '\n'
      << "  of those without SVE:         " << share(t.without_sve_executed, t.without_sve) << '\n'
      << "  instructions of them reached: " << share(t.reached, t.reachable) << '\n';
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
  print_failed(t, out);
}

}  // namespace isobar::tools
