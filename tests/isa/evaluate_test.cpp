// Values worked out by hand for the operations that are easy to get wrong.
#include "isa/evaluate.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "isa/alu_op.h"
#include "isa/assembler.h"
#include "isa/decoder.h"

namespace isobar::isa {
namespace {

constexpr u64 kPc = 0x40'1234;

/// Registers and flags; instructions without memory accesses act on them.
struct Registers {
  std::map<Reg, Value> values;
  unsigned nzcv = 0;

  Value get(Reg r) const {
    switch (r) {
      case Reg::N: return {(nzcv >> 3) & 1, 0};
      case Reg::Z: return {(nzcv >> 2) & 1, 0};
      case Reg::C: return {(nzcv >> 1) & 1, 0};
      case Reg::V: return {nzcv & 1, 0};
      default: break;
    }
    const auto found = values.find(r);
    return found == values.end() ? Value{} : found->second;
  }

  Registers after(const std::string& text) const {
    std::string why;
    const std::optional<u32> word = assemble_word(text, &why);
    EXPECT_TRUE(word.has_value()) << text << ": " << why;
    const Instruction i = decode(word.value_or(0));
    Registers next = *this;
    for (unsigned k = 0; k < i.count; ++k) {
      const Uop& u = i.uops[k];
      EXPECT_TRUE(u.kind == UopKind::Alu || u.kind == UopKind::Select) << text;
      Inputs in;
      for (unsigned s = 0; s < u.n_src; ++s) in[s] = get(u.src[s]);
      const AluResult r = evaluate(u, in, kPc);
      if (u.dst[0] != Reg::None) next.values[u.dst[0]] = r.dst[0];
      next.nzcv = (next.nzcv & ~u.flags_out) | (r.flags & u.flags_out);
    }
    return next;
  }
};

struct Case {
  const char* text;  ///< destination X0 (or W0), operands X1, X2, X3
  u64 x1, x2, x3;
  unsigned nzcv;  ///< before
  u64 x0;         ///< expected
  unsigned nzcv_after;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Registers before;
    before.values = {{x_reg(0), {0x5555'6666'7777'8888, 0}},
                     {x_reg(1), {c.x1, 0}},
                     {x_reg(2), {c.x2, 0}},
                     {x_reg(3), {c.x3, 0}}};
    before.nzcv = c.nzcv;
    const Registers after = before.after(c.text);
    EXPECT_EQ(after.get(x_reg(0)).lo, c.x0) << c.text << std::hex << " got " << after.get(x_reg(0)).lo;
    EXPECT_EQ(after.nzcv, c.nzcv_after) << c.text;
  }
}

constexpr u64 kMax = ~u64{0}, kMin = u64{1} << 63, kX0 = 0x5555'6666'7777'8888;

TEST(Evaluate, AdditionAndFlags) {
  check({
      {"adds x0, x1, x2", kMax, 1, 0, 0, 0, 6},
      {"adds w0, w1, w2", 0x7fffffff, 1, 0, 0, 0x80000000, 9},
      {"subs x0, x1, x2", 5, 5, 0, 0, 0, 6},
      {"subs x0, x1, x2", 4, 5, 0, 0, kMax, 8},
      {"subs w0, w1, w2", 0x80000000, 1, 0, 0, 0x7fffffff, 3},
      {"adcs x0, x1, x2", kMax, 0, 0, 2, 0, 6},
      {"adcs x0, x1, x2", kMax, kMax, 0, 2, kMax, 10},
      {"adcs w0, w1, w2", 0x7fffffff, 0, 0, 2, 0x80000000, 9},
      {"adc x0, x1, x2", 1, 2, 0, 13, 3, 13},
      {"sbcs x0, x1, x2", 0, 0, 0, 0, kMax, 8},
      {"sbcs x0, x1, x2", 0, 0, 0, 2, 0, 6},
      {"sbc w0, w1, w2", 0, 0, 0, 0, 0xffffffff, 0},
      {"add x0, x1, #1, lsl #12", 1, 0, 0, 0, 0x1001, 0},
  });
}

TEST(Evaluate, ExtendedAndShiftedRegisters) {
  check({
      {"add x0, x1, w2, sxtb #2", 0x1000, 0x1ff, 0, 0, 0xffc, 0},
      {"add x0, x1, w2, uxth #1", 0x1000, 0xdead'ffff, 0, 0, 0x1000 + 0x1fffe, 0},
      {"add x0, x1, w2, sxtw", 0, 0x8000'0000, 0, 0, 0xffff'ffff'8000'0000, 0},
      {"add w0, w1, w2, sxtb #4", 0, 0x80, 0, 0, 0xffff'f800, 0},
      {"sub x0, x1, x2, asr #4", 0, kMin, 0, 0, 0x0800'0000'0000'0000, 0},
      {"orr w0, w1, w2, asr #31", 0, 0x8000'0000, 0, 0, 0xffff'ffff, 0},
      {"eor x0, x1, x2, ror #1", 0, 1, 0, 0, kMin, 0},
      {"bic x0, x1, x2, lsl #63", kMax, 1, 0, 0, kMax >> 1, 0},
      {"orn w0, w1, w2", 0, 0xffff'0000, 0, 0, 0xffff, 0},
  });
}

TEST(Evaluate, LogicalImmediatesAndFlags) {
  check({
      {"and x0, x1, #0x5555555555555555", kMax, 0, 0, 0, 0x5555'5555'5555'5555, 0},
      {"orr x0, x1, #0xff00ff00ff00ff00", 0, 0, 0, 0, 0xff00'ff00'ff00'ff00, 0},
      {"eor w0, w1, #0x80000001", 0, 0, 0, 0, 0x8000'0001, 0},
      {"and x0, x1, #0xfffffffffffffffe", kMax, 0, 0, 0, kMax - 1, 0},
      {"orr x0, x1, #0x3fffc000", 0, 0, 0, 0, 0x3fffc000, 0},
      {"ands x0, x1, x2", kMin, kMax, 0, 15, kMin, 8},
      {"bics w0, w1, w2", 0xf, 0xf, 0, 15, 0, 4},
  });
}

TEST(Evaluate, MovesAndAddresses) {
  check({
      {"mov x0, #-2", 0, 0, 0, 0, kMax - 1, 0},
      {"mov w0, #-2", 0, 0, 0, 0, 0xffff'fffe, 0},
      {"movz x0, #0x1234, lsl #32", 0, 0, 0, 0, 0x1234'0000'0000, 0},
      {"movk x0, #0xabcd, lsl #16", 0, 0, 0, 0, 0x5555'6666'abcd'8888, 0},
      {"movk w0, #0xabcd", 0, 0, 0, 0, 0x7777'abcd, 0},
      {"adr x0, #-4", 0, 0, 0, 0, kPc - 4, 0},
      {"adrp x0, #8192", 0, 0, 0, 0, 0x40'3000, 0},
  });
}

TEST(Evaluate, BitFields) {
  check({
      {"ubfx x0, x1, #4, #8", 0xabcd, 0, 0, 0, 0xbc, 0},
      {"sbfx x0, x1, #4, #8", 0xabcd, 0, 0, 0, 0xffff'ffff'ffff'ffbc, 0},
      {"sbfx w0, w1, #4, #8", 0xabcd, 0, 0, 0, 0xffff'ffbc, 0},
      {"ubfiz x0, x1, #60, #4", 0x1f, 0, 0, 0, 0xf000'0000'0000'0000, 0},
      {"sbfiz x0, x1, #8, #4", 0xf, 0, 0, 0, 0xffff'ffff'ffff'ff00, 0},
      {"bfi x0, x1, #8, #8", 0xff, 0, 0, 0, 0x5555'6666'7777'ff88, 0},
      {"bfxil x0, x1, #8, #8", 0x1200, 0, 0, 0, 0x5555'6666'7777'8812, 0},
      {"bfi w0, w1, #28, #4", 0xf, 0, 0, 0, 0xf777'8888, 0},
      {"lsl w0, w1, #31", 3, 0, 0, 0, 0x8000'0000, 0},
      {"asr x0, x1, #63", kMin, 0, 0, 0, kMax, 0},
      {"lsr x0, x1, #0", kMin, 0, 0, 0, kMin, 0},
      {"extr x0, x1, x2, #8", 0xab, 0xcd00, 0, 0, 0xab00'0000'0000'00cd, 0},
      {"extr w0, w1, w2, #31", 1, 0x8000'0000, 0, 0, 3, 0},
      {"extr x0, x1, x2, #0", 1, 2, 0, 0, 2, 0},
  });
}

TEST(Evaluate, VariableShiftsAndDivision) {
  check({
      {"lsl x0, x1, x2", 1, 65, 0, 0, 2, 0},
      {"lsr w0, w1, w2", 0x8000'0000, 33, 0, 0, 0x4000'0000, 0},
      {"asr w0, w1, w2", 0x8000'0000, 31, 0, 0, 0xffff'ffff, 0},
      {"ror w0, w1, w2", 1, 33, 0, 0, 0x8000'0000, 0},
      {"sdiv x0, x1, x2", kMin, kMax, 0, 0, kMin, 0},
      {"sdiv w0, w1, w2", 0x8000'0000, 0xffff'ffff, 0, 0, 0x8000'0000, 0},
      {"sdiv w0, w1, w2", 0xffff'fff9, 2, 0, 0, 0xffff'fffd, 0},
      {"sdiv x0, x1, x2", 7, 0, 0, 0, 0, 0},
      {"udiv w0, w1, w2", 0xffff'ffff, 2, 0, 0, 0x7fff'ffff, 0},
  });
}

TEST(Evaluate, Multiplication) {
  check({
      {"madd w0, w1, w2, w3", 0x1'0000, 0x1'0000, 5, 0, 5, 0},
      {"msub x0, x1, x2, x3", 3, 4, 5, 0, u64{0} - 7, 0},
      {"smaddl x0, w1, w2, x3", 0xffff'ffff, 2, 1, 0, kMax, 0},
      {"umaddl x0, w1, w2, x3", 0xffff'ffff, 2, 1, 0, 0x1'ffff'ffff, 0},
      {"smsubl x0, w1, w2, x3", 0xffff'ffff, 2, 1, 0, 3, 0},
      {"umsubl x0, w1, w2, x3", 0xffff'ffff, 1, 0, 0, 0xffff'ffff'0000'0001, 0},
      {"smulh x0, x1, x2", kMax, kMax, 0, 0, 0, 0},
      {"smulh x0, x1, x2", kMin, 2, 0, 0, kMax, 0},
      {"umulh x0, x1, x2", kMax, kMax, 0, 0, kMax - 1, 0},
  });
}

TEST(Evaluate, CountsAndReversals) {
  check({
      {"clz w0, w1", 0, 0, 0, 0, 32, 0},
      {"clz x0, x1", 1, 0, 0, 0, 63, 0},
      {"cls x0, x1", 0, 0, 0, 0, 63, 0},
      {"cls w0, w1", 0xffff'ffff, 0, 0, 0, 31, 0},
      {"cls x0, x1", kMin, 0, 0, 0, 0, 0},
      {"ctz w0, w1", 0, 0, 0, 0, 32, 0},
      {"ctz x0, x1", kMin, 0, 0, 0, 63, 0},
      {"cnt x0, x1", kMax, 0, 0, 0, 64, 0},
      {"cnt w0, w1", kMax, 0, 0, 0, 32, 0},
      {"abs w0, w1", 0xffff'fffe, 0, 0, 0, 2, 0},
      {"abs x0, x1", kMin, 0, 0, 0, kMin, 0},
      {"rbit w0, w1", 1, 0, 0, 0, 0x8000'0000, 0},
      {"rev16 x0, x1", 0x1122'3344'5566'7788, 0, 0, 0, 0x2211'4433'6655'8877, 0},
      {"rev32 x0, x1", 0x1122'3344'5566'7788, 0, 0, 0, 0x4433'2211'8877'6655, 0},
      {"rev x0, x1", 0x1122'3344'5566'7788, 0, 0, 0, 0x8877'6655'4433'2211, 0},
      {"rev w0, w1", 0x1122'3344'5566'7788, 0, 0, 0, 0x8877'6655, 0},
      {"smax w0, w1, w2", 0xffff'ffff, 1, 0, 0, 1, 0},
      {"umax w0, w1, w2", 0xffff'ffff, 1, 0, 0, 0xffff'ffff, 0},
      {"smin x0, x1, #-5", 1, 0, 0, 0, u64{0} - 5, 0},
      {"umin x0, x1, #200", kMax, 0, 0, 0, 200, 0},
  });
}

TEST(Evaluate, ConditionalCompareAndSelect) {
  check({
      {"ccmp x1, x2, #5, eq", 7, 7, 0, 4, kX0, 6},  // condition holds: as SUBS
      {"ccmp x1, x2, #5, eq", 7, 7, 0, 0, kX0, 5},  // it does not: the immediate
      {"ccmn w1, #1, #0, ne", 0xffff'ffff, 0, 0, 0, kX0, 6},
      {"ccmp w1, #31, #0, al", 30, 0, 0, 0, kX0, 8},
      {"csel w0, w1, w2, lt", 0xffff'ffff'0000'0001, 2, 0, 8, 1, 8},
      {"csinc x0, x1, x2, lt", 1, kMax, 0, 9, 0, 9},
      {"csinv w0, w1, w2, hi", 1, 0, 0, 6, 0xffff'ffff, 6},
      {"csneg x0, x1, x2, le", 1, 1, 0, 0, kMax, 0},
      {"csel x0, x1, x2, al", 1, 2, 0, 0, 1, 0},
      {"csel x0, x1, x2, nv", 1, 2, 0, 0, 1, 0},
  });
}

TEST(Evaluate, FlagManipulation) {
  check({
      {"rmif x1, #60, #15", 0xa000'0000'0000'0000 >> 4, 0, 0, 0, kX0, 0},
      {"rmif x1, #60, #15", 0xa000'0000'0000'0000, 0, 0, 5, kX0, 10},
      {"rmif x1, #63, #12", 0x5, 0, 0, 3, kX0, 11},  // rotated by 63: 1010; only N and Z are written
      {"setf8 w1", 0x80, 0, 0, 2, kX0, 11},
      {"setf8 w1", 0x180, 0, 0, 2, kX0, 10},
      {"setf8 w1", 0xff00, 0, 0, 0, kX0, 5},  // bit 8 set, bit 7 clear: overflow
      {"setf16 w1", 0xffff, 0, 0, 0, kX0, 9},
      {"cfinv", 0, 0, 0, 13, kX0, 15},
      {"axflag", 0, 0, 0, 15, kX0, 4},  // V gives Z, and clears C
      {"axflag", 0, 0, 0, 10, kX0, 2},
      {"xaflag", 0, 0, 0, 0, kX0, 8},
      {"xaflag", 0, 0, 0, 6, kX0, 6},
      {"xaflag", 0, 0, 0, 4, kX0, 3},
      {"xaflag", 0, 0, 0, 2, kX0, 2},
      {"mrs x0, nzcv", 0, 0, 0, 9, 0x9000'0000, 9},
      {"msr nzcv, x1", 0xffff'ffff'6000'ffff, 0, 0, 9, kX0, 6},
  });
}

TEST(Evaluate, CyclicRedundancyChecks) {
  const u64 digits = 0x3837'3635'3433'3231;  // "12345678"
  const auto crc = [&](const std::string& prefix) {
    Registers r;
    r.values = {{x_reg(0), {0xffff'ffff, 0}}, {x_reg(1), {digits, 0}}, {x_reg(2), {'9', 0}}};
    const u64 by_8 = r.after(prefix + "x w0, w0, x1").after(prefix + "b w0, w0, w2").get(x_reg(0)).lo;
    r.values[x_reg(3)] = {digits >> 32, 0};
    r.values[x_reg(4)] = {digits >> 48, 0};
    const u64 by_parts = r.after(prefix + "w w0, w0, w1")
                             .after(prefix + "h w0, w0, w3")
                             .after(prefix + "h w0, w0, w4")
                             .after(prefix + "b w0, w0, w2")
                             .get(x_reg(0))
                             .lo;
    EXPECT_EQ(by_8, by_parts) << prefix;
    return by_8 ^ 0xffff'ffff;
  };
  // The check values of the CRC catalogue: the checksum of "123456789".
  EXPECT_EQ(crc("crc32"), 0xcbf4'3926u);
  EXPECT_EQ(crc("crc32c"), 0xe306'9283u);
}

TEST(Evaluate, VectorMoves) {
  Registers r;
  r.values = {{x_reg(1), {0x1122'3344'5566'7788, 0}},
              {v_reg(0), {kMax, kMax}},
              {v_reg(1), {0x0706'0504'0302'0180, 0x0f0e'0d0c'0b0a'0908}},
              {v_reg(2), {0xffff'0000'ffff'0000, 0x00ff'00ff'00ff'00ff}}};
  const std::vector<std::pair<const char*, Value>> to_v0{
      {"fmov d0, x1", {0x1122'3344'5566'7788, 0}},
      {"fmov s0, w1", {0x5566'7788, 0}},
      {"fmov h0, w1", {0x7788, 0}},
      {"fmov v0.d[1], x1", {kMax, 0x1122'3344'5566'7788}},
      {"fmov d0, d1", {0x0706'0504'0302'0180, 0}},
      {"fmov s0, #1.0", {0x3f80'0000, 0}},
      {"fmov d0, #-2.5", {0xc004'0000'0000'0000, 0}},
      {"fmov d0, #0.125", {0x3fc0'0000'0000'0000, 0}},
      {"fmov h0, #31.0", {0x4fc0, 0}},
      {"movi v0.2d, #0xff00ff0000ff00ff", {0xff00'ff00'00ff'00ff, 0xff00'ff00'00ff'00ff}},
      {"movi d0, #0xff", {0xff, 0}},
      {"movi v0.8b, #0xa5", {0xa5a5'a5a5'a5a5'a5a5, 0}},
      {"movi v0.2s, #1, msl #16", {0x0001'ffff'0001'ffff, 0}},
      {"movi v0.4h, #1, lsl #8", {0x0100'0100'0100'0100, 0}},
      {"mvni v0.4s, #0", {kMax, kMax}},
      {"mvni v0.2s, #1, lsl #24", {0xfeff'ffff'feff'ffff, 0}},
      {"bic v0.4s, #0xff", {0xffff'ff00'ffff'ff00, 0xffff'ff00'ffff'ff00}},
      {"bic v0.2s, #0xff", {0xffff'ff00'ffff'ff00, 0}},
      {"fmov v0.2s, #1.0", {0x3f80'0000'3f80'0000, 0}},
      {"fmov v0.2d, #1.0", {0x3ff0'0000'0000'0000, 0x3ff0'0000'0000'0000}},
      {"dup v0.8h, v1.h[1]", {0x0302'0302'0302'0302, 0x0302'0302'0302'0302}},
      {"dup v0.8b, w1", {0x8888'8888'8888'8888, 0}},
      {"mov b0, v1.b[15]", {0x0f, 0}},
      {"ins v0.s[3], w1", {kMax, 0x5566'7788'ffff'ffff}},
      {"ins v0.d[0], v1.d[1]", {0x0f0e'0d0c'0b0a'0908, kMax}},
      {"mov v0.16b, v1.16b", {0x0706'0504'0302'0180, 0x0f0e'0d0c'0b0a'0908}},
      {"mov v0.8b, v1.8b", {0x0706'0504'0302'0180, 0}},
      {"bsl v0.16b, v1.16b, v2.16b", {0x0706'0504'0302'0180, 0x0f0e'0d0c'0b0a'0908}},
      {"bit v0.16b, v1.16b, v2.16b", {0x0706'ffff'0302'ffff, 0xff0e'ff0c'ff0a'ff08}},
      {"bif v0.8b, v1.8b, v2.8b", {0xffff'0504'ffff'0180, 0}},
  };
  for (const auto& [text, expected] : to_v0) {
    const Value v = r.after(text).get(v_reg(0));
    EXPECT_EQ(v, expected) << text << std::hex << " got " << v.hi << ":" << v.lo;
  }
  const std::vector<std::pair<const char*, u64>> to_x0{
      {"fmov x0, v1.d[1]", 0x0f0e'0d0c'0b0a'0908},
      {"fmov w0, s1", 0x0302'0180},
      {"fmov w0, h1", 0x0180},
      {"umov w0, v1.b[0]", 0x80},
      {"smov x0, v1.b[0]", 0xffff'ffff'ffff'ff80},
      {"smov w0, v1.b[0]", 0xffff'ff80},
      {"smov x0, v2.s[1]", 0xffff'ffff'ffff'0000},
      {"mov x0, v1.d[0]", 0x0706'0504'0302'0180},
  };
  for (const auto& [text, expected] : to_x0) EXPECT_EQ(r.after(text).get(x_reg(0)).lo, expected) << text;
}

Instruction lower(const char* text) {
  return decode(assemble_word(text).value_or(0));
}

TEST(Evaluate, Branches) {
  Inputs in;
  const auto taken = [&](const char* text, u64 value) {
    in[0].lo = value;
    return evaluate_branch(lower(text).uops[0], in, kPc).taken;
  };
  EXPECT_TRUE(taken("cbz w1, #8", u64{1} << 32));
  EXPECT_FALSE(taken("cbz x1, #8", u64{1} << 32));
  EXPECT_TRUE(taken("cbnz x1, #8", u64{1} << 32));
  EXPECT_TRUE(taken("tbnz x1, #40, #8", u64{1} << 40));
  EXPECT_FALSE(taken("tbz w1, #3, #8", 8));
  EXPECT_EQ(evaluate_branch(lower("b #-16").uops[0], in, kPc).target, kPc - 16);
  EXPECT_EQ(evaluate_branch(lower("tbz w1, #3, #8").uops[0], in, kPc).target, kPc + 4);
  in[0].lo = 0x1'0000'0004;
  EXPECT_EQ(evaluate_branch(lower("br x1").uops[0], in, kPc).target, 0x1'0000'0004u);
}

TEST(Evaluate, Addresses) {
  Inputs in;
  in[0].lo = 0x1000;
  in[1].lo = 0xffff'ffff;
  EXPECT_EQ(evaluate_address(lower("ldr x0, [x1, #8]").uops[0], in, 0), 0x1008u);
  EXPECT_EQ(evaluate_address(lower("ldr x0, [x1], #8").uops[0], in, 0), 0x1000u);
  EXPECT_EQ(evaluate_address(lower("ldr x0, [x1, #-8]!").uops[0], in, 0), 0xff8u);
  EXPECT_EQ(evaluate_address(lower("ldr x0, [x1, w2, sxtw #3]").uops[0], in, 0), 0xff8u);
  EXPECT_EQ(evaluate_address(lower("ldr x0, [x1, w2, uxtw]").uops[0], in, 0), 0x1'0000'0fffu);
  EXPECT_EQ(evaluate_address(lower("ldr q0, [x1, x2, lsl #4]").uops[0], in, 0),
            0x1000u + (0xffff'ffffull << 4));
  EXPECT_EQ(evaluate_address(lower("ldr x0, #-8").uops[0], in, kPc), kPc - 8);
}

TEST(Evaluate, Loads) {
  const Value raw{0x8877'6655'4433'2291, 0x1111'2222'3333'4444};
  const auto load = [&](const char* text) { return evaluate_load(lower(text).uops[0], raw); };
  EXPECT_EQ(load("ldrb w0, [x1]")[0], (Value{0x91, 0}));
  EXPECT_EQ(load("ldrsb w0, [x1]")[0], (Value{0xffff'ff91, 0}));
  EXPECT_EQ(load("ldrsb x0, [x1]")[0], (Value{0xffff'ffff'ffff'ff91, 0}));
  EXPECT_EQ(load("ldrsw x0, [x1]")[0], (Value{0x4433'2291, 0}));
  EXPECT_EQ(load("ldr q0, [x1]")[0], raw);
  EXPECT_EQ(load("ldr d0, [x1]")[0], (Value{raw.lo, 0}));
  EXPECT_EQ(load("ldxp x0, x2, [x1]"), (std::array<Value, 2>{Value{raw.lo, 0}, Value{raw.hi, 0}}));
  EXPECT_EQ(load("ldxp w0, w2, [x1]"), (std::array<Value, 2>{Value{0x4433'2291, 0}, Value{0x8877'6655, 0}}));
}

TEST(Evaluate, Stores) {
  Inputs in;
  in[1] = {0x1122'3344'5566'7788, 7};
  in[2] = {0x99aa'bbcc'ddee'ff00, 0};
  const auto store = [&](const char* text, unsigned k, const Value& read) {
    return evaluate_store(lower(text).uops[k], in, read);
  };
  EXPECT_EQ(store("strh w0, [x1]", 0, {}), (Value{0x7788, 0}));
  EXPECT_EQ(store("str q0, [x1]", 0, {}), (Value{0x1122'3344'5566'7788, 7}));
  EXPECT_EQ(store("str d0, [x1]", 0, {}), (Value{0x1122'3344'5566'7788, 0}));
  EXPECT_EQ(store("stxp w9, w0, w2, [x1]", 0, {}), (Value{0xddee'ff00'5566'7788, 0}));
  EXPECT_EQ(store("stxp w9, x0, x2, [x1]", 0, {}), (Value{0x1122'3344'5566'7788, 0x99aa'bbcc'ddee'ff00}));
  EXPECT_EQ(store("ldaddb w0, w2, [x1]", 1, {0x80, 0}), (Value{0x08, 0}));
  EXPECT_EQ(store("ldclrb w0, w2, [x1]", 1, {0xff, 0}), (Value{0x77, 0}));
  EXPECT_EQ(store("ldeorb w0, w2, [x1]", 1, {0xff, 0}), (Value{0x77, 0}));
  EXPECT_EQ(store("ldsetb w0, w2, [x1]", 1, {0x01, 0}), (Value{0x89, 0}));
  EXPECT_EQ(store("ldsmaxb w0, w2, [x1]", 1, {0x01, 0}), (Value{0x01, 0}));  // 0x88 is negative
  EXPECT_EQ(store("ldsminb w0, w2, [x1]", 1, {0x01, 0}), (Value{0x88, 0}));
  EXPECT_EQ(store("ldumaxb w0, w2, [x1]", 1, {0x01, 0}), (Value{0x88, 0}));
  EXPECT_EQ(store("lduminb w0, w2, [x1]", 1, {0x01, 0}), (Value{0x01, 0}));
  EXPECT_EQ(store("swp w0, w2, [x1]", 1, {0x01, 0}), (Value{0x5566'7788, 0}));
}

TEST(Evaluate, CompareAndSwap) {
  const Instruction byte = lower("casb w1, w2, [x3]");
  Inputs in;
  in[1] = {0x1234, 0};  // new value
  in[2] = {0xff05, 0};  // compared: only the low byte counts
  EXPECT_TRUE(compare_and_swap_equal(byte.uops[1], in, {0x05, 0}));
  EXPECT_FALSE(compare_and_swap_equal(byte.uops[1], in, {0x06, 0}));
  EXPECT_EQ(evaluate_store(byte.uops[1], in, {0x05, 0}), (Value{0x34, 0}));

  Inputs old;
  old[0] = {0xff05, 0};
  EXPECT_EQ(evaluate_cas_result(byte.uops[2], old, true, {Value{0x05, 0}, Value{}})[0], (Value{0x05, 0}));
  EXPECT_EQ(evaluate_cas_result(byte.uops[2], old, false, {Value{0x06, 0}, Value{}})[0], (Value{0x06, 0}));

  const Instruction pair = lower("casp x4, x5, x6, x7, [x3]");
  Inputs wide;
  wide[1] = {1, 0};
  wide[2] = {2, 0};
  wide[3] = {3, 0};
  wide[4] = {4, 0};
  EXPECT_TRUE(compare_and_swap_equal(pair.uops[1], wide, {3, 4}));
  EXPECT_FALSE(compare_and_swap_equal(pair.uops[1], wide, {3, 5}));
  EXPECT_EQ(evaluate_store(pair.uops[1], wide, {3, 4}), (Value{1, 2}));
}

TEST(Evaluate, ConditionsAndTheFlagsTheyRead) {
  for (unsigned cond = 0; cond < 16; ++cond) {
    const unsigned read = condition_flags(cond);
    bool holds_ever = false, fails_ever = false;
    for (unsigned nzcv = 0; nzcv < 16; ++nzcv) {
      EXPECT_EQ(condition_holds(cond, nzcv), condition_holds(cond, nzcv & read)) << cond << " " << nzcv;
      (condition_holds(cond, nzcv) ? holds_ever : fails_ever) = true;
    }
    EXPECT_TRUE(holds_ever);
    EXPECT_EQ(fails_ever, cond < 14) << cond;
  }
}

}  // namespace
}  // namespace isobar::isa
