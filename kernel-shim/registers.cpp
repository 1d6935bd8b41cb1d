#include "kernel-shim/registers.h"

#include <algorithm>

#include "isa/decoder.h"

namespace isobar::kernel {

namespace {

constexpr unsigned kAllGeneral = 31, kAllVector = 32;

/// One more than the number of the register, 0 if it is not a general one.
unsigned count_up_to(isa::Reg r) {
  return r <= isa::Reg::X30 ? isa::index(r) + 1 : 0;
}

/// The same of vector registers; FPCR and FPSR are preserved with the first.
unsigned vectors_up_to(isa::Reg r) {
  if (r == isa::Reg::FPCR || r == isa::Reg::FPSR) return 1;
  return isa::is_vector(r) ? isa::index(r) - isa::index(isa::Reg::V0) + 1 : 0;
}

using CountUpTo = unsigned (*)(isa::Reg);

/// The largest of `of_word` for the words of the segments inside the region, whether code or data between it.
template <class OfWord>
unsigned largest_in(const ShimConfig& config, const model::Region& r, OfWord of_word) {
  unsigned n = 0;
  for (const model::Segment& s : config.segments) {
    for (std::size_t i = 0; i + 4 <= s.bytes.size(); i += 4) {
      if (s.base + i - r.base >= r.size) continue;
      const auto at = [&](std::size_t b) { return u32{s.bytes[i + b]} << (8 * b); };
      n = std::max(n, of_word(at(0) | at(1) | at(2) | at(3)));
    }
  }
  return n;
}

/// The same for all that EL0 may execute.
template <class OfWord>
unsigned largest_in_code(const ShimConfig& config, OfWord of_word) {
  unsigned n = 0;
  for (const model::Region& r : config.regions)
    if ((r.permissions & model::kExecEl0) != 0) n = std::max(n, largest_in(config, r, of_word));
  return n;
}

unsigned named_in(u32 word, CountUpTo count) {
  const isa::Instruction i = isa::decode(word);
  unsigned n = 0;
  for (unsigned k = 0; k < i.count; ++k) {
    for (const isa::Reg r : i.uops[k].src) n = std::max(n, count(r));
    for (const isa::Reg r : i.uops[k].dst) n = std::max(n, count(r));
    n = std::max(n, count(i.uops[k].sys));
  }
  return n;
}

bool may_write_code(const ShimConfig& config) {
  constexpr u8 both = model::kExecEl0 | model::kWriteEl0;
  return std::any_of(config.regions.begin(), config.regions.end(),
                     [](const model::Region& r) { return (r.permissions & both) == both; });
}

unsigned named_in_code(const ShimConfig& config, CountUpTo count) {
  return largest_in_code(config, [&](u32 word) { return named_in(word, count); });
}

}  // namespace

unsigned general_registers(const ShimConfig& config) {
  if (config.general_registers != 0) return config.general_registers;
  if (may_write_code(config)) return kAllGeneral;
  unsigned n = 1;
  for (const ThreadConfig& t : config.threads) {
    for (const auto& [reg, value] : t.registers) n = std::max(n, count_up_to(reg));
  }
  return std::max(n, named_in_code(config, count_up_to));
}

unsigned vector_registers(const ShimConfig& config) {
  if (config.vector_registers) return *config.vector_registers;
  const unsigned n = named_in_code(config, vectors_up_to);
  return n != 0 && may_write_code(config) ? kAllVector : n;
}

bool names_call(const ShimConfig& config, u64 number) {
  for (const ThreadConfig& t : config.threads) {
    for (const auto& [reg, value] : t.registers)
      if (reg == isa::x_reg(8) && value == number) return true;
  }
  const u64 movz_w8 = 0x5280'0008 | number << 5;
  return largest_in_code(config, [&](u32 word) { return unsigned{(word & 0x7fff'ffff) == movz_w8}; }) != 0;
}

}  // namespace isobar::kernel
