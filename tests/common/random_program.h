// Seeded random programs of a few memory accesses per core, with every kind of ordering between them.
#pragma once

#include <string>
#include <vector>

#include "explore/random.h"
#include "tests/model/bench.h"

namespace isobar::model {

struct RandomProgramOptions {
  unsigned threads = 2;
  unsigned accesses = 3;     ///< per thread
  bool atomics = true;       ///< LSE, CAS, exclusives
  bool mixed_sizes = false;  ///< bytes and halves of the same locations
};

/// Writes one thread. X20, X21, X22 hold the addresses of x, y, z; loads go to X1, X2, ...; data come from X10 on.
class RandomThread {
 public:
  RandomThread(explore::Random& random, const RandomProgramOptions& options) : random_(random), options_(options) {}

  std::string write(std::vector<std::string>& observed, unsigned thread) {
    for (unsigned k = 0; k < options_.accesses; ++k) {
      if (k != 0) between();
      access(k + 1);
    }
    for (unsigned r : loaded_) observed.push_back(std::to_string(thread) + ":X" + std::to_string(r));
    return text_;
  }

 private:
  template <typename... S>
  std::string pick(S... s) {
    const std::string all[] = {s...};
    return all[random_.below(sizeof...(s))];
  }
  void line(const std::string& s) { text_ += s + "\n"; }
  std::string location() { return pick("x20", "x21", "x20", "x21", "x22"); }

  void between() {
    switch (random_.below(5)) {
      case 0: return line("dmb " + pick("sy", "ld", "st"));
      case 1: return line("dsb " + pick("sy", "ld", "st"));
      case 2: return line("isb");
      default: return;
    }
  }

  /// The address register: plain, or depending on an earlier load.
  std::string address() {
    const std::string base = location();
    if (loaded_.empty() || random_.below(3) != 0) return "[" + base + "]";
    const std::string r = std::to_string(loaded_[random_.below(loaded_.size())]);
    line("eor x9, x" + r + ", x" + r);
    line("add x9, x9, " + base);
    return "[x9]";
  }

  void control() {
    if (loaded_.empty() || random_.below(4) != 0) return;
    const std::string label = "l" + std::to_string(labels_++);
    line("cbnz w" + std::to_string(loaded_[random_.below(loaded_.size())]) + ", " + label);
    if (random_.below(2) == 0) line("isb");
    line(label + ":");
  }

  void access(unsigned k) {
    control();
    const std::string d = "w" + std::to_string(k);
    const std::string v = "w" + std::to_string(9 + k);
    const unsigned kind = static_cast<unsigned>(random_.below(options_.atomics ? 10 : 6));
    line("mov " + v + ", #" + std::to_string(random_.below(3) + 1));
    if (kind < 3) {
      const std::string a = address();
      line(pick("ldr", "ldr", "ldar", "ldapr") + size() + " " + d + ", " + a);
      loaded_.push_back(k);
    } else if (kind < 6) {
      if (!loaded_.empty() && random_.below(3) == 0) {
        const std::string r = "w" + std::to_string(loaded_.back());
        line("eor w8, " + r + ", " + r);
        line("add " + v + ", " + v + ", w8");
      }
      const std::string a = address();
      line(pick("str", "str", "stlr") + size() + " " + v + ", " + a);
    } else if (kind == 6) {
      line(pick("swp", "ldadd", "ldset") + pick("", "a", "l", "al") + " " + v + ", " + pick(d, "wzr") + ", " + address());
      loaded_.push_back(k);
    } else if (kind == 7) {
      line("cas" + pick("", "a", "l", "al") + " " + d + ", " + v + ", [" + location() + "]");
      loaded_.push_back(k);
    } else if (kind == 8) {
      const std::string a = "[" + location() + "]";
      line(pick("ldxr", "ldaxr") + " " + d + ", " + a);
      line(pick("stxr", "stlxr") + " w7, " + v + ", " + a);
      loaded_.push_back(k);
    } else {
      const std::string r = loaded_.empty() ? "wzr" : "w" + std::to_string(loaded_.back());
      line("cmp " + r + ", w7");
      line("csel x9, x20, x21, " + pick("eq", "ne"));
      line("ldr " + d + ", [x9]");
      loaded_.push_back(k);
    }
  }

  std::string size() { return options_.mixed_sizes ? pick("", "b", "h") : ""; }

  explore::Random& random_;
  const RandomProgramOptions& options_;
  std::string text_;
  std::vector<unsigned> loaded_;
  unsigned labels_ = 0;
};

/// The same program for the same seed. Everything that was loaded and every location is observed.
inline Bench random_program(u64 seed, const RandomProgramOptions& options = {}) {
  explore::Random random(seed * 0x9e3779b97f4a7c15ull + 1);
  std::vector<std::string> threads, observed;
  for (unsigned t = 0; t < options.threads; ++t) threads.push_back(RandomThread(random, options).write(observed, t));
  for (const char* location : {"x", "y", "z"}) observed.push_back(location);
  return Bench(threads).observe(observed);
}

}  // namespace isobar::model
