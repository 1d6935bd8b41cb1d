// Whole recorded sequences executed by isa::step() and by Unicorn, from the same registers and memory: every register,
// flag and byte of memory must agree at the end.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "functional/sequence.h"
#include "isa/assembler.h"
#include "tests/differential/exclusions.h"
#include "tests/differential/machines.h"

namespace isobar::differential {
namespace {

using functional::Sequence;
using functional::SequenceMemory;
using functional::SequenceRun;

constexpr std::size_t kSequences = 5000;
constexpr u64 kStepLimit = 20'000;
constexpr u64 kAddressLimit = u64{1} << 40;  ///< of Unicorn's memory
constexpr u64 kPage = SequenceMemory::kPage;

struct Recorded {
  std::vector<u32> words;
  u64 place = 0;  ///< offset in its page
  unsigned state_register = 28;
  std::string where;  ///< file and line
};

/// Links of QEMU that have no target yet (ADRP X30, #0; ADD X30, X30, #0; BR X30, or B . before BR X16) go on behind.
void settle_links(std::vector<u32>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == 0x14000000 && words[i + 1] == 0xd61f0200) words[i] = 0x14000002;
    if (words[i] == 0x9000001e && words[i + 1] == 0x910003de) words[i] = 0x14000003;
  }
}

/// The sequences of a file without those that have instructions we do not.
std::vector<Recorded> recorded(const std::string& path) {
  std::ifstream in(path);
  std::vector<Recorded> found;
  unsigned number = 0;
  for (std::string line; std::getline(in, line);) {
    Recorded r;
    r.where = fmt::format("{}:{}", path.substr(path.rfind('/') + 1), ++number);
    const std::size_t begin = line.find("\"words\": ["), end = line.find(']', begin);
    if (begin == std::string::npos) continue;
    for (std::size_t at = line.find('"', begin + 10); at < end; at = line.find('"', at + 10))
      r.words.push_back(static_cast<u32>(std::stoul(line.substr(at + 1, 8), nullptr, 16)));
    const std::size_t host = line.find("\"host_pc\": \"");
    if (host != std::string::npos) {
      r.place = std::stoull(line.substr(host + 12), nullptr, 16) % kPage;
      r.state_register = 19;
    }
    settle_links(r.words);
    if (!r.words.empty() && std::all_of(r.words.begin(), r.words.end(), isa::is_defined)) found.push_back(std::move(r));
  }
  return found;
}

/// A Unicorn engine for some sequences, each at an address of its own.
class Engine {
 public:
  Engine() {
    check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine_), "uc_open");
    check(uc_ctl_set_cpu_model(engine_, UC_CPU_ARM64_MAX), "cpu model");
    check(uc_hook_add(engine_, &hook_, UC_HOOK_INTR, reinterpret_cast<void*>(on_interrupt), nullptr, 1, 0), "hook");
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() { uc_close(engine_); }

  void fill(u64 page, const SequenceMemory::Page& bytes) {
    if (mapped_.insert(page).second) check(uc_mem_map(engine_, page, kPage, UC_PROT_ALL), "map");
    check(uc_mem_write(engine_, page, bytes.data(), kPage), "fill");
  }
  SequenceMemory::Page page(u64 address) {
    SequenceMemory::Page bytes;
    check(uc_mem_read(engine_, address, bytes.data(), kPage), "read page");
    return bytes;
  }
  uc_err run(isa::ArchState& state, u64 count) {
    registers_.write(engine_, state);
    const uc_err e = uc_emu_start(engine_, state.pc, 0, 0, count);
    registers_.read(engine_, state);
    return e;
  }

 private:
  static void on_interrupt(uc_engine* engine, u32, void*) { uc_emu_stop(engine); }

  uc_engine* engine_ = nullptr;
  uc_hook hook_ = 0;
  UnicornRegisters registers_;
  std::set<u64> mapped_;
};

std::string differences(const isa::ArchState& ours, const isa::ArchState& theirs) {
  std::string out;
  const auto line = [&](const std::string& what, u64 a, u64 b) {
    if (a != b) out += fmt::format("    {:<8} ours {:016x}  Unicorn {:016x}\n", what, a, b);
  };
  for (unsigned i = 0; i < 31; ++i) line(fmt::format("X{}", i), ours.x[i], theirs.x[i]);
  line("SP", ours.sp[1], theirs.sp[1]);
  line("PC", ours.pc, theirs.pc);
  line("NZCV", ours.nzcv, theirs.nzcv);
  for (unsigned i = 0; i < 32; ++i) {
    line(fmt::format("V{}.lo", i), ours.v[i].lo, theirs.v[i].lo);
    line(fmt::format("V{}.hi", i), ours.v[i].hi, theirs.v[i].hi);
  }
  for (const isa::Reg r : kComparedSystemRegisters)
    line(std::string(isa::name(r)), ours.get(r).lo, theirs.get(r).lo);
  return out;
}

class SequenceComparison {
 public:
  /// What differs; empty if nothing does or the sequence is excluded.
  std::string one(const Recorded& r, u64 seed) {
    if (++in_engine_ > 256) {
      engine_ = std::make_unique<Engine>();
      in_engine_ = 1;
      next_ = functional::kSequenceBase;
    }
    const Sequence code{next_ + r.place, r.words, r.state_register};
    next_ = (code.end() / kPage + 1) * kPage;
    SequenceMemory memory(code, seed);
    isa::ArchState ours = functional::sequence_registers(code, seed);
    ours.el = 1;
    ours.sp_sel = true;
    isa::ArchState theirs = ours;
    const Exclusion* exclusion = nullptr;
    const auto look = [&](const isa::ArchState& state, u32 word) {
      if (exclusion == nullptr) exclusion = find_exclusion(state, word);
    };
    const SequenceRun run = functional::run_sequence(code, ours, memory, kStepLimit, look);
    if (exclusion != nullptr) return exclude(exclusion->reason);
    if (run.end == SequenceRun::End::Endless) return exclude("no end after 20,000 instructions");
    if (run.end != SequenceRun::End::Left) return exclude("an access of ours faults for its alignment");
    if (!memory.pages().empty() && memory.pages().rbegin()->first >= kAddressLimit)
      return exclude("an address beyond 40 bits, where Unicorn has no memory");
    for (u64 at = code.base / kPage * kPage; at < code.end(); at += kPage) engine_->fill(at, memory.initial(at));
    for (const auto& [at, page] : memory.pages()) engine_->fill(at, memory.initial(at));
    for (const SequenceRun::Stretch& s : run.stretches) {
      if (s.count == 0) continue;
      theirs.pc = s.pc;
      const uc_err e = engine_->run(theirs, s.count);
      // Unicorn looks at what a branch leads to before it counts the branch; leaving is what is expected there.
      const bool left = (e == UC_ERR_FETCH_UNMAPPED || e == UC_ERR_FETCH_PROT) && !code.contains(theirs.pc);
      if (e != UC_ERR_OK && !left) return fmt::format("    Unicorn stops at {:#x}: {}\n", theirs.pc, uc_strerror(e));
      if (&s != &run.stretches.back()) {
        theirs.x[0] = s.result ? theirs.x[*s.result] : 0;
        theirs.pc = (&s + 1)->pc;
      }
    }
    std::string report = differences(ours, theirs);
    for (const auto& [at, page] : memory.pages()) {
      if (engine_->page(at) != page) report += fmt::format("    memory at {:#x}\n", at);
    }
    ++compared_;
    instructions_ += run.steps;
    return report;
  }

  std::size_t compared() const { return compared_; }
  u64 instructions() const { return instructions_; }
  const std::map<std::string, std::size_t>& excluded_sequences() const { return excluded_; }

 private:
  std::string exclude(const char* reason) {
    ++excluded_[reason];
    return "";
  }
  static const Exclusion* find_exclusion(const isa::ArchState& state, u32 word) {
    static const Data kNone{};
    Case c;
    c.word = word;
    c.state = state;
    while ((word & isa::encodings()[c.encoding].mask) != isa::encodings()[c.encoding].value) ++c.encoding;
    // Its row is about faults outside the page of the other tests; here all memory exists.
    if (std::string_view(isa::encodings()[c.encoding].name) == "DC_ZVA") return nullptr;
    return excluded(c, kNone);
  }

  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  unsigned in_engine_ = 0;
  u64 next_ = functional::kSequenceBase;
  std::size_t compared_ = 0;
  u64 instructions_ = 0;
  std::map<std::string, std::size_t> excluded_;
};

TEST(SequenceDifferential, CodeOfTranslatorsAgreesWithUnicorn) {
  const char* folder = std::getenv("ISOBAR_TRANSLATOR");
  if (folder == nullptr) GTEST_SKIP() << "ISOBAR_TRANSLATOR is not set";
  std::vector<Recorded> all = recorded(std::string(folder) + "/fex_sequences.jsonl");
  for (Recorded& r : recorded(std::string(folder) + "/qemu_sequences.jsonl")) all.push_back(std::move(r));
  ASSERT_GT(all.size(), 12000u);
  const char* count = std::getenv("ISOBAR_DIFFERENTIAL_SEQUENCES");
  const std::size_t wanted = count != nullptr ? std::strtoul(count, nullptr, 0) : kSequences;
  std::mt19937_64 random(0x5e9);
  SequenceComparison comparison;
  std::size_t failures = 0, taken = 0;
  while (!all.empty() && comparison.compared() < wanted) {
    std::swap(all[random() % all.size()], all.back());
    const std::string report = comparison.one(all.back(), ++taken);
    if (!report.empty() && ++failures <= 20) ADD_FAILURE() << all.back().where << "\n" << report;
    all.pop_back();
  }
  std::cout << fmt::format("{} sequences compared, {} instructions executed\n", comparison.compared(),
                           comparison.instructions());
  for (const auto& [reason, n] : comparison.excluded_sequences()) std::cout << fmt::format("excluded {:>5}  {}\n", n, reason);
  EXPECT_EQ(failures, 0u);
}

}  // namespace
}  // namespace isobar::differential
