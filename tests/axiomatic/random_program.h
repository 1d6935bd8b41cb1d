// Seeded random user-level programs: two or three threads of a few instructions over two locations.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

namespace isobar::axiomatic {

/// Deterministic for a seed, whatever the standard library: std::mt19937_64 with a plain remainder.
class RandomProgram {
 public:
  explicit RandomProgram(unsigned seed) : random_(seed) {}

  std::vector<std::string> threads() {
    std::vector<std::string> out;
    const unsigned n = 2 + pick(2);
    for (unsigned t = 0; t < n; ++t) out.push_back(thread(n == 2 ? 2 + pick(4) : 1 + pick(3)));
    return out;
  }
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }

 private:
  std::string thread(unsigned length) {
    std::string text = ".arch armv8.5-a\n";
    result_ = 11;
    value_ = "w9";
    for (unsigned i = 0; i < length; ++i) text += instruction();
    return text;
  }

  std::string location() { return "x" + std::to_string(pick(2)); }
  std::string fresh() { return "w" + std::to_string(result_ < 27 ? ++result_ : result_); }
  /// Something to store: a constant, or what was read last.
  std::string operand() { return pick(3) == 0 ? value_ : pick(2) == 0 ? "w9" : "w10"; }
  static std::string x_form(std::string w) {
    w[0] = 'x';
    return w;
  }

  std::string instruction() {
    static constexpr std::array<const char*, 3> kLoads{"ldr", "ldar", "ldapr"};
    static constexpr std::array<const char*, 6> kBarriers{"dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb st", "isb"};
    static constexpr std::array<const char*, 6> kAtomics{"ldadd", "ldaddal", "ldadda", "swp", "swpl", "swpal"};
    const std::string at = location();
    switch (pick(14)) {
      case 0:
      case 1:
      case 2: return load(std::string(kLoads[pick(3)]), at);
      case 3:
      case 4:
      case 5: return (pick(4) == 0 ? "stlr " : "str ") + operand() + ",[" + at + "]\n";
      case 6: return std::string(kBarriers[pick(6)]) + "\n";
      case 7: {
        const std::string index = fresh();
        return "eor " + index + "," + value_ + "," + value_ + "\nstr " + operand() + ",[" + at + "," + index + ",uxtw]\n";
      }
      case 8: {
        const std::string index = fresh(), use = "eor " + index + "," + value_ + "," + value_ + "\n";
        return use + load("ldr", at + "," + index + ",uxtw");
      }
      case 9: return "cbnz " + value_ + ",1f\n1:\n";
      case 10: {
        const std::string chosen = x_form(fresh());
        return "cmp " + value_ + ",#1\ncsel " + chosen + "," + at + "," + at + ",eq\nstr " + operand() + ",[" + chosen + "]\n";
      }
      case 11: {
        const std::string status = fresh();
        return load("ldxr", at) + "stxr " + status + ",w10,[" + at + "]\n";
      }
      case 12: return load(std::string(kAtomics[pick(6)]) + " w9,", at);
      default: {
        const std::string old = fresh(), expected = std::to_string(pick(2));
        value_ = old;
        return "mov " + old + ",#" + expected + "\ncas " + old + ",w10,[" + at + "]\n";
      }
    }
  }
  /// `mnemonic` into a fresh register, which is then what was read last.
  std::string load(const std::string& mnemonic, const std::string& address) {
    value_ = fresh();
    return mnemonic + " " + value_ + ",[" + address + "]\n";
  }

  std::mt19937_64 random_;
  unsigned result_ = 11;
  std::string value_ = "w9";
};

}  // namespace isobar::axiomatic
