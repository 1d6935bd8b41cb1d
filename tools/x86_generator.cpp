#include "tools/x86_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "explore/random.h"

namespace isobar::tools {

namespace {

constexpr std::array<const char*, 4> kRegisters{"rax", "rbx", "rcx", "rdx"};
constexpr std::array<const char*, 4> kWords{"eax", "ebx", "ecx", "edx"};
constexpr std::array<char, 3> kLocations{'x', 'y', 'z'};

class Generator {
 public:
  Generator(u64 seed, unsigned number) : random_(seed * 0x9e3779b97f4a7c15ull + number + 1) {}

  std::string test(const std::string& name) {
    const unsigned threads = 2 + below(2);
    locations_ = 2 + below(2);
    std::vector<std::vector<std::string>> columns(threads);
    std::size_t height = 0;
    for (unsigned t = 0; t < threads; ++t) {
      const unsigned count = 2 + below(threads == 2 ? 3 : 2);
      loads_ = 0;
      for (unsigned n = 0; n < count; ++n) operation(t, columns[t]);
      height = std::max(height, columns[t].size());
    }
    std::string out = fmt::format("X86_64 {}\n{{\n}}\n", name);
    out += row(threads, [](unsigned t) { return fmt::format("P{}", t); });
    for (std::size_t r = 0; r < height; ++r)
      out += row(threads, [&](unsigned t) { return r < columns[t].size() ? columns[t][r] : std::string(); });
    out += "locations [";
    for (const std::string& o : observed_) out += o + "; ";
    for (unsigned l = 0; l < locations_; ++l) out += fmt::format("{}; ", kLocations[l]);
    return out + "]\nforall (true)\n";
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_.below(n)); }
  char location() { return kLocations[below(locations_)]; }
  unsigned next_value() { return ++value_; }

  /// Registers are used up in order, so that every loaded value is still there at the end.
  const char* load_target(unsigned t) {
    observed_.push_back(fmt::format("{}:{}", t, kRegisters[loads_]));
    return kWords[loads_++];
  }

  void operation(unsigned t, std::vector<std::string>& code) {
    const unsigned kind = loads_ < 3 ? below(12) : 4 + below(3);
    switch (kind) {
      case 0:
      case 1:
      case 2:
      case 3: code.push_back(fmt::format("movl ({}),%{}", location(), load_target(t))); break;
      case 4:
      case 5:
      case 6: code.push_back(fmt::format("movl ${},({})", next_value(), location())); break;
      case 7: code.emplace_back("mfence"); break;
      case 8: code.push_back(fmt::format("lock addl ${},({})", next_value(), location())); break;
      case 9: {
        const char* r = load_target(t);
        code.push_back(fmt::format("movl ${},%{}", next_value(), r));
        code.push_back(fmt::format("xchgl %{},({})", r, location()));
        break;
      }
      case 10: {
        const char* r = load_target(t);
        code.push_back(fmt::format("movl ${},%{}", next_value(), r));
        code.push_back(fmt::format("lock xaddl %{},({})", r, location()));
        break;
      }
      default: compare_exchange(t, code);
    }
  }

  /// The accumulator is RAX, so only a thread that has not used it yet may do this.
  void compare_exchange(unsigned t, std::vector<std::string>& code) {
    if (loads_ != 0) {
      code.push_back(fmt::format("movl ({}),%{}", location(), load_target(t)));
      return;
    }
    load_target(t);
    code.push_back(fmt::format("movl ${},%eax", below(2) == 0 ? 0 : 9));
    code.push_back(fmt::format("movl ${},%esi", next_value()));
    code.push_back(fmt::format("lock cmpxchgl %esi,({})", location()));
  }

  template <class Cell>
  std::string row(unsigned threads, const Cell& cell) {
    std::string out;
    for (unsigned t = 0; t < threads; ++t)
      out += fmt::format(" {:<24} {}", cell(t), t + 1 == threads ? ";\n" : "|");
    return out;
  }

  explore::Random random_;
  unsigned locations_ = 2, loads_ = 0, value_ = 0;
  std::vector<std::string> observed_;
};

}  // namespace

std::string random_x86_test(const std::string& name, u64 seed, unsigned number) {
  return Generator(seed, number).test(name);
}

}  // namespace isobar::tools
