// Random single instructions executed by isa::step() and by Unicorn; every register, flag and memory byte
// must agree.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "isa/assembler.h"
#include "tests/differential/exclusions.h"
#include "tests/differential/generator.h"
#include "tests/differential/machines.h"

namespace isobar::differential {
namespace {

constexpr unsigned kChunks = 10;
constexpr unsigned kPerChunk = 150000;
constexpr unsigned kMaxFailures = 1000;       ///< then a chunk ends
constexpr unsigned kReportedPerEncoding = 2;  ///< with full context

/// Lines for every difference between two states; empty if they agree.
std::string differences(const isa::ArchState& before, const isa::ArchState& ours,
                        const isa::ArchState& theirs) {
  std::string out;
  const auto line = [&](const std::string& what, u64 was, u64 a, u64 b) {
    if (a != b)
      out += fmt::format("    {:<8} before {:016x}  ours {:016x}  Unicorn {:016x}\n", what, was, a, b);
  };
  for (unsigned i = 0; i < 31; ++i) line(fmt::format("X{}", i), before.x[i], ours.x[i], theirs.x[i]);
  line("SP", before.sp[1], ours.sp[1], theirs.sp[1]);
  line("PC", before.pc, ours.pc, theirs.pc);
  line("NZCV", before.nzcv, ours.nzcv, theirs.nzcv);
  for (unsigned i = 0; i < 32; ++i) {
    line(fmt::format("V{}.lo", i), before.v[i].lo, ours.v[i].lo, theirs.v[i].lo);
    line(fmt::format("V{}.hi", i), before.v[i].hi, ours.v[i].hi, theirs.v[i].hi);
  }
  for (const isa::Reg r : kComparedSystemRegisters) {
    line(std::string(isa::name(r)), before.get(r).lo, ours.get(r).lo, theirs.get(r).lo);
  }
  return out;
}

std::string differences(const Data& ours, const Data& theirs) {
  std::string out;
  unsigned listed = 0;
  for (std::size_t i = 0; i < ours.size() && listed < 32; ++i) {
    if (ours[i] == theirs[i]) continue;
    out += fmt::format("    byte {:#x}  ours {:02x}  Unicorn {:02x}\n", kData + i, ours[i], theirs[i]);
    ++listed;
  }
  return out;
}

/// The inputs of the instruction, for the report of a failure.
std::string inputs(const Case& c) {
  std::string out;
  const isa::Instruction& decoded = isa::decode_cached(c.word);
  for (unsigned i = 0; i < decoded.count; ++i) {
    for (unsigned k = 0; k < decoded.uops[i].n_src; ++k) {
      const isa::Reg r = decoded.uops[i].src[k];
      if (isa::is_uop_result(r)) continue;
      const Value v = c.state.get(r);
      out += fmt::format("    {:<8} {:016x} {:016x}\n", isa::name(r), v.hi, v.lo);
    }
  }
  return out;
}

class Comparison {
 public:
  explicit Comparison(u64 seed) : generator_(seed) {}

  void run(unsigned count) {
    for (unsigned i = 0; i < count && failures_ < kMaxFailures; ++i) {
      if (i % 256 == 0) refill();
      one(generator_.next(theirs_.next_place()));
    }
  }

  /// Each of `words` on `times` states.
  void run(const std::set<u32>& words, unsigned times) {
    for (unsigned i = 0; i < times && failures_ < kMaxFailures; ++i) {
      refill();
      for (const u32 word : words) one(generator_.next(theirs_.next_place(), word));
    }
  }

  unsigned compared() const { return compared_; }
  unsigned failures() const { return failures_; }
  const std::map<const Exclusion*, unsigned>& excluded_cases() const { return excluded_; }
  const std::map<unsigned, unsigned>& per_encoding() const { return per_encoding_; }
  /// Names of encodings that were neither compared nor excluded.
  std::string untouched() const {
    std::string names;
    for (unsigned e = 0; e + 1 < isa::encodings().size(); ++e) {
      if (per_encoding_.count(e) == 0 && skipped_.count(e) == 0)
        names += std::string(" ") + isa::encodings()[e].name;
    }
    return names;
  }

 private:
  void refill() {
    generator_.fill(ours_.data);
    theirs_.data() = ours_.data;
  }

  void one(const Case& c) {
    if (const Exclusion* e = excluded(c, ours_.data)) {
      ++excluded_[e];
      ++skipped_[c.encoding];
      return;
    }
    isa::ArchState state = c.state;
    if (c.setup != 0) {
      state.pc = theirs_.next_place();
      execute(c, c.setup, state);
      state.pc = c.state.pc;
    }
    execute(c, c.word, state);
    ++per_encoding_[c.encoding];
    ++compared_;
  }

  void execute(const Case& c, u32 word, isa::ArchState& state) {
    const isa::ArchState before = state;
    isa::ArchState theirs = state;
    const Ending our_ending = ours_.run(word, state);
    const Ending their_ending = theirs_.run(word, theirs);
    std::string report = differences(before, state, theirs);
    if (ours_.data != theirs_.data()) report += differences(ours_.data, theirs_.data());
    if (our_ending != their_ending) {
      report += fmt::format("    ending   ours {}  Unicorn {}\n", name(our_ending), name(their_ending));
    }
    if (report.empty()) return;
    ++failures_;
    theirs_.data() = ours_.data;
    if (++failed_[c.encoding] > kReportedPerEncoding) return;
    ADD_FAILURE() << fmt::format("{} {:08x} {} (at {:#x}, after {:08x})\n  inputs\n{}  differences\n{}",
                                 isa::encodings()[c.encoding].name, word, isa::disassemble(word, before.pc),
                                 before.pc, c.setup, inputs(c), report);
  }

  Generator generator_;
  Ours ours_;
  Theirs theirs_;
  unsigned compared_ = 0, failures_ = 0;
  std::map<const Exclusion*, unsigned> excluded_;
  std::map<unsigned, unsigned> per_encoding_, skipped_, failed_;
};

class Differential : public testing::TestWithParam<unsigned> {};

TEST_P(Differential, EveryRegisterFlagAndByteAgrees) {
  const char* count = std::getenv("ISOBAR_DIFFERENTIAL_COUNT");
  const unsigned wanted =
      count != nullptr ? static_cast<unsigned>(std::strtoul(count, nullptr, 0)) : kPerChunk;
  Comparison comparison(0x150ba5 + GetParam());
  comparison.run(wanted);
  std::cout << fmt::format("{} of {} instructions compared, {} encodings\n", comparison.compared(), wanted,
                           comparison.per_encoding().size());
  for (const auto& [e, n] : comparison.excluded_cases()) {
    std::cout << fmt::format("excluded {:>7}  {:<16} {}\n", n, e->encoding[0] != 0 ? e->encoding : "(all)",
                             e->reason);
  }
  EXPECT_EQ(comparison.failures(), 0u);
  EXPECT_GT(comparison.compared(), wanted / 2);
  EXPECT_EQ(comparison.untouched(), "");
}

/// Every instruction in the "words" arrays of a file of translated code.
std::set<u32> recorded_words(const std::string& path) {
  std::ifstream in(path);
  std::set<u32> found;
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find("\"words\": ["), end = line.find(']', begin);
    if (begin == std::string::npos) continue;
    for (std::size_t at = line.find('"', begin + 10); at < end; at = line.find('"', at + 10)) {
      const u32 word = static_cast<u32>(std::stoul(line.substr(at + 1, 8), nullptr, 16));
      if (isa::is_defined(word)) found.insert(word);
    }
  }
  return found;
}

TEST(DifferentialTranslated, InstructionsOfTranslatorsAgree) {
  const char* folder = std::getenv("ISOBAR_TRANSLATOR");
  if (folder == nullptr) GTEST_SKIP() << "ISOBAR_TRANSLATOR is not set";
  const std::set<u32> words = recorded_words(std::string(folder) + "/fex_sequences.jsonl");
  ASSERT_GT(words.size(), 5000u);
  Comparison comparison(0x7e5);
  comparison.run(words, 4);
  std::cout << fmt::format("{} executions of {} instructions compared\n", comparison.compared(),
                           words.size());
  EXPECT_EQ(comparison.failures(), 0u);
  EXPECT_GT(comparison.compared(), 3 * words.size());
}

INSTANTIATE_TEST_SUITE_P(Chunk, Differential, testing::Range(0u, kChunks));

}  // namespace
}  // namespace isobar::differential
