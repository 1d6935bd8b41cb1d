#include "kernel-shim/registers.h"

#include <algorithm>

#include "isa/decoder.h"

namespace isobar::kernel {

namespace {

constexpr unsigned kAll = 31;

/// One more than the number of the register, 0 if it is not a general one.
unsigned count_up_to(isa::Reg r) {
  return r <= isa::Reg::X30 ? isa::index(r) + 1 : 0;
}

unsigned named_in(u32 word) {
  const isa::Instruction i = isa::decode(word);
  unsigned n = 0;
  for (unsigned k = 0; k < i.count; ++k) {
    for (const isa::Reg r : i.uops[k].src) n = std::max(n, count_up_to(r));
    for (const isa::Reg r : i.uops[k].dst) n = std::max(n, count_up_to(r));
  }
  return n;
}

/// Words of the segments inside the region, whether code or data between it.
unsigned named_in(const ShimConfig& config, const model::Region& r) {
  unsigned n = 0;
  for (const model::Segment& s : config.segments) {
    for (std::size_t i = 0; i + 4 <= s.bytes.size(); i += 4) {
      if (s.base + i - r.base >= r.size) continue;
      const auto at = [&](std::size_t b) { return u32{s.bytes[i + b]} << (8 * b); };
      n = std::max(n, named_in(at(0) | at(1) | at(2) | at(3)));
    }
  }
  return n;
}

}  // namespace

unsigned general_registers(const ShimConfig& config) {
  if (config.general_registers != 0) return config.general_registers;
  unsigned n = 1;
  for (const ThreadConfig& t : config.threads) {
    for (const auto& [reg, value] : t.registers) n = std::max(n, count_up_to(reg));
  }
  for (const model::Region& r : config.regions) {
    if ((r.permissions & model::kExecEl0) == 0) continue;
    if ((r.permissions & model::kWriteEl0) != 0) return kAll;
    n = std::max(n, named_in(config, r));
  }
  return n;
}

}  // namespace isobar::kernel
