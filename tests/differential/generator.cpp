#include "tests/differential/generator.h"

#include <algorithm>
#include <string_view>

#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::differential {

using isa::Reg;
using isa::Uop;
using isa::UopKind;

u64 Generator::value() {
  static constexpr u64 kEdges[] = {0,
                                   1,
                                   2,
                                   0x7f,
                                   0x80,
                                   0xff,
                                   0x7fff,
                                   0x8000,
                                   0xffff,
                                   0x7fffffff,
                                   0x80000000,
                                   0xffffffff,
                                   0x100000000,
                                   0x7fffffffffffffff,
                                   0x8000000000000000,
                                   0xffffffff80000000,
                                   0xfffffffffffffffe,
                                   0xffffffffffffffff};
  switch (bits() % 6) {
    case 0: return kEdges[bits() % std::size(kEdges)];
    case 1: return kEdges[bits() % std::size(kEdges)] + bits() % 5 - 2;
    case 2: return u64{1} << bits() % 64;
    case 3: return bits() % 64;
    case 4: return sign_extend(bits(), 32);
    default: return bits();
  }
}

/// A floating-point number of `width` bits: zeros, infinities, NaNs, denormals, limits, small integers and
/// halves, numbers near another format's limits, or anything.
u64 Generator::float_bits(unsigned width) {
  const unsigned fraction = width == 16 ? 10 : width == 32 ? 23 : 52;
  const unsigned exponents = width - 1 - fraction, bias = (1u << (exponents - 1)) - 1;
  const u64 sign = u64{one_in(2)} << (width - 1);
  const auto number = [&](u64 exponent, u64 f) {
    return sign | (exponent & isobar::ones(exponents)) << fraction | (f & isobar::ones(fraction));
  };
  const u64 few = one_in(2) ? bits() : bits() << (bits() % fraction);
  switch (bits() % 12) {
    case 0: return number(0, 0);
    case 1: return number(~u64{0}, 0);
    case 2: return number(~u64{0}, bits());
    case 3: return number(0, few >> bits() % fraction);
    case 4: return number(~u64{0} - 1, ~u64{0} << bits() % 4);
    case 5: return number(bits() % 3, few);
    case 6: return number(bias + bits() % 4 - 2, u64{bits() % 4} << (fraction - 2));
    case 7: return number(bias + 14 + bits() % 4, few);
    case 8: return number(bias + 29 + bits() % 6, few);
    case 9: return number(bias + 61 + bits() % 6, few);
    case 10: return number(bias - 30 + bits() % 60, few);
    default: return number(bits(), few);
  }
}

u64 Generator::lanes() {
  const unsigned width = 8u << bits() % 4;
  if (width == 8 || one_in(4)) return value();
  u64 v = 0;
  for (unsigned i = 0; i < 64; i += width) v |= (float_bits(width) & isobar::ones(width)) << i;
  return v;
}

void Generator::fill(Data& data) {
  for (std::size_t i = 0; i < data.size(); i += 8) {
    const u64 v = value();
    for (unsigned k = 0; k < 8; ++k) data[i + k] = static_cast<u8>(v >> (8 * k));
  }
}

u32 Generator::word_of(const isa::Encoding& e) {
  u32 word = (static_cast<u32>(bits()) & ~e.mask) | e.value;
  // Equal register fields and register 31 are rarer in uniform words than the bugs they show.
  if (one_in(8)) word = (((word & ~0x3e0u) | (word & 31) << 5) & ~e.mask) | e.value;
  if (one_in(8)) word = ((word | 31u << (5 * (bits() % 3))) & ~e.mask) | e.value;
  return word;
}

isa::ArchState Generator::state(u64 pc) {
  isa::ArchState s;
  for (u64& x : s.x) x = value();
  s.sp[1] = kData + bits() % (kDataSize / 16) * 16;
  s.pc = pc;
  s.nzcv = static_cast<u8>(bits() % 16);
  s.el = 1;
  s.sp_sel = true;
  for (Value& v : s.v) v = {lanes(), lanes()};
  for (const Reg r : {Reg::TPIDR_EL0, Reg::TPIDRRO_EL0, Reg::TPIDR_EL1}) s.set(r, {value(), 0});
  constexpr u64 kFpcr = 0x07c80000, kFpsr = 0x0800009f;
  s.set(Reg::FPCR, {one_in(3) ? 0 : bits() & kFpcr, 0});
  s.set(Reg::FPSR, {one_in(4) ? bits() & kFpsr : 0, 0});
  return s;
}

/// An address for an access: mostly inside the data page, sometimes across its ends.
u64 Generator::target(unsigned size, bool aligned) {
  const u64 low = kData - (one_in(64) ? 16 : 0), high = kData + kDataSize - (one_in(64) ? 0 : 64);
  const u64 address = low + bits() % (high - low);
  return aligned ? align_down(address, size) : address;
}

/// Chooses the base register so that the access goes where we want.
void Generator::aim(Case& c) {
  const isa::Instruction& decoded = isa::decode_cached(c.word);
  for (unsigned i = 0; i < decoded.count; ++i) {
    const Uop& u = decoded.uops[i];
    if ((u.kind != UopKind::Read && u.kind != UopKind::Write) || u.n_addr == 0) continue;
    const bool ordered =
        u.mem.exclusive || u.mem.atomic || u.mem.acquire || u.mem.acquire_pc || u.mem.release;
    isa::Inputs in{};
    if (u.n_addr == 2) {
      if (u.src[1] == u.src[0]) return;
      if (one_in(2)) c.state.set(u.src[1], {bits() % 256, 0});
      in[1] = c.state.get(u.src[1]);
    }
    const u64 offset = isa::evaluate_address(u, in, c.state.pc);
    const u64 base = target(u.mem.size, ordered || one_in(3)) - offset;
    // SP alignment checking is on at EL1 in Unicorn and not part of step().
    c.state.set(u.src[0], {u.src[0] == Reg::SP ? align_down(base, 16) : base, 0});
    return;
  }
}

/// Half of the store-exclusives follow a load-exclusive of the same bytes.
void Generator::prepare_exclusive(Case& c) {
  const isa::Instruction& decoded = isa::decode_cached(c.word);
  const Uop& u = decoded.uops[0];
  if (u.kind != UopKind::Write || !u.mem.exclusive) return;
  constexpr u32 kClrex = 0xd5033f5f;
  if (one_in(2)) {
    c.setup = kClrex;
    return;
  }
  // The load differs from the store in L and in Rs, and must not change a register that the store uses.
  const u32 used[] = {c.word & 31, c.word >> 5 & 31, c.word >> 10 & 31, c.word >> 16 & 31};
  const auto unused = [&](u32 from) {
    for (u32 r = from;; ++r) {
      if (std::find(std::begin(used), std::end(used), r) == std::end(used)) return r;
    }
  };
  const u32 first = unused(0), second = unused(first + 1);
  c.setup = (c.word & ~0x1fu) | 1u << 22 | 0x1fu << 16 | first;
  if (u.mem.pair) c.setup = (c.setup & ~(0x1fu << 10)) | second << 10;
}

Case Generator::next(u64 pc) {
  Case c;
  const auto table = isa::encodings();
  c.state = state(pc);
  if (one_in(10)) {
    c.word = static_cast<u32>(bits());
  } else {
    const isa::Encoding& e = table[bits() % (table.size() - 1)];
    c.word = word_of(e);
    const std::string_view encoding = e.name;
    if ((encoding == "MRS" || encoding == "MSR_reg") && !one_in(4)) {
      const isa::SystemRegister& r =
          *isa::find_system_register(kComparedSystemRegisters[bits() % std::size(kComparedSystemRegisters)]);
      c.word = (c.word & ~0xfffe0u) | (r.op0 & 1u) << 19 | u32{r.op1} << 16 | u32{r.crn} << 12 |
               u32{r.crm} << 8 | u32{r.op2} << 5;
    }
    if (encoding.find("_lit") != std::string_view::npos) {
      const u64 offset = target(16, false) - pc;
      c.word = (c.word & ~(0x7ffffu << 5)) | static_cast<u32>(offset >> 2 & 0x7ffff) << 5;
    }
  }
  finish(c);
  return c;
}

Case Generator::next(u64 pc, u32 word) {
  Case c;
  c.state = state(pc);
  c.word = word;
  finish(c);
  return c;
}

void Generator::finish(Case& c) {
  const auto table = isa::encodings();
  while ((c.word & table[c.encoding].mask) != table[c.encoding].value) ++c.encoding;
  aim(c);
  prepare_exclusive(c);
}

}  // namespace isobar::differential
