// Floating-point instructions on values and modes that the Arm ARM singles out; results and exception bits
// worked out by hand from its pseudocode. Random operands are the business of tests/differential.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "isa/alu_op.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"
#include "isa/fp/arithmetic.h"

namespace isobar::isa {
namespace {

constexpr u64 kUp = 1u << 22, kDown = 2u << 22, kZero = 3u << 22, kFlushHalf = 1u << 19, kFlush = 1u << 24,
              kDefaultNan = 1u << 25, kAlternativeHalf = 1u << 26;
constexpr u32 kNone = 0;

struct FloatCase {
  const char* text;  ///< destination register 0, operands V1, V2, V3 or X1
  u64 fpcr;
  u64 v1, v2, v3;
  u64 expected;
  u32 exceptions;
};

struct Result {
  Value value;
  u32 exceptions = 0;
  u8 flags = 0;
};

Result run(const std::string& text, u64 fpcr, u64 v1, u64 v2, u64 v3) {
  std::string why;
  const std::optional<u32> word = assemble_word(text, &why);
  EXPECT_TRUE(word.has_value()) << text << ": " << why;
  const Instruction i = decode(word.value_or(0));
  EXPECT_EQ(i.count, 1) << text;
  const Uop& u = i.uops[0];
  EXPECT_EQ(u.kind, UopKind::Alu) << text;
  Inputs in;
  for (unsigned s = 0; s < u.n_src; ++s) {
    const Reg r = u.src[s];
    if (r == Reg::FPCR) in[s].lo = fpcr;
    if (r == v_reg(1) || r == x_reg(1)) in[s].lo = v1;
    if (r == v_reg(2)) in[s].lo = v2;
    if (r == v_reg(3)) in[s].lo = v3;
  }
  const AluResult r = evaluate(u, in, 0);
  EXPECT_TRUE(r.dst[1].lo == 0 || u.dst[1] == Reg::FPSR) << text;
  return {r.dst[0], static_cast<u32>(r.dst[1].lo), r.flags};
}

void check_float(const std::vector<FloatCase>& cases) {
  for (const FloatCase& c : cases) {
    const Result r = run(c.text, c.fpcr, c.v1, c.v2, c.v3);
    EXPECT_EQ(r.value.lo, c.expected) << c.text << std::hex << " fpcr " << c.fpcr << " got " << r.value.lo;
    EXPECT_EQ(r.value.hi, 0u) << c.text;
    EXPECT_EQ(r.exceptions, c.exceptions) << c.text << std::hex << " fpcr " << c.fpcr;
  }
}

constexpr u64 kOneS = 0x3f800000, kTwoS = 0x40000000, kInfS = 0x7f800000, kQuietS = 0x7fc01234,
              kSignallingS = 0x7f801234, kTinyS = 0x00000001, kMaxS = 0x7f7fffff, kMinNormalS = 0x00800000,
              kMinusS = 0x80000000, kDefaultS = 0x7fc00000;
constexpr u64 kOneD = 0x3ff0000000000000, kTwoD = 0x4000000000000000;

TEST(Float, AddRoundsInFourModes) {
  // 1 + 2^-25 is a quarter of the last place above 1.
  const u64 small = 0x33000000;
  check_float({
      {"fadd s0, s1, s2", 0, kOneS, small, 0, kOneS, fp::kInexact},
      {"fadd s0, s1, s2", kUp, kOneS, small, 0, kOneS + 1, fp::kInexact},
      {"fadd s0, s1, s2", kDown, kOneS, small, 0, kOneS, fp::kInexact},
      {"fadd s0, s1, s2", kZero, kOneS, small, 0, kOneS, fp::kInexact},
      {"fadd s0, s1, s2", kDown, kOneS | kMinusS, small | kMinusS, 0, (kOneS | kMinusS) + 1, fp::kInexact},
      {"fsub s0, s1, s2", 0, kOneS, kOneS, 0, 0, kNone},
      {"fsub s0, s1, s2", kDown, kOneS, kOneS, 0, kMinusS, kNone},
      {"fadd d0, d1, d2", 0, kOneD, kOneD, 0, kTwoD, kNone},
      {"fadd h0, h1, h2", 0, 0x3c00, 0x3c00, 0, 0x4000, kNone},
      {"fadd s0, s1, s2", 0, kMaxS, kMaxS, 0, kInfS, fp::kOverflow | fp::kInexact},
      {"fadd s0, s1, s2", kZero, kMaxS, kMaxS, 0, kMaxS, fp::kOverflow | fp::kInexact},
      {"fsub s0, s1, s2", 0, kInfS, kInfS, 0, kDefaultS, fp::kInvalid},
  });
}

TEST(Float, NansAreQuietenedInOrder) {
  check_float({
      {"fadd s0, s1, s2", 0, kQuietS, kSignallingS, 0, kSignallingS | 0x400000, fp::kInvalid},
      {"fadd s0, s1, s2", 0, kQuietS, kQuietS + 1, 0, kQuietS, kNone},
      {"fadd s0, s1, s2", kDefaultNan, kQuietS, kOneS, 0, kDefaultS, kNone},
      {"fmadd s0, s1, s2, s3", 0, kInfS, 0, kQuietS, kDefaultS, fp::kInvalid},
      {"fmadd s0, s1, s2, s3", 0, kQuietS, kQuietS + 1, kQuietS + 2, kQuietS + 2, kNone},
      {"fmsub s0, s1, s2, s3", 0, kQuietS, kOneS, kOneS, kQuietS | kMinusS, kNone},
      {"fmaxnm s0, s1, s2", 0, kQuietS, kOneS, 0, kOneS, kNone},
      {"fmax s0, s1, s2", 0, kQuietS, kOneS, 0, kQuietS, kNone},
      {"fmaxnm s0, s1, s2", 0, kSignallingS, kOneS, 0, kSignallingS | 0x400000, fp::kInvalid},
      {"fmax s0, s1, s2", 0, kMinusS, 0, 0, 0, kNone},
      {"fmin s0, s1, s2", 0, kMinusS, 0, 0, kMinusS, kNone},
      {"fabs s0, s1", 0, kSignallingS | kMinusS, 0, 0, kSignallingS, kNone},
      {"fneg s0, s1", kDefaultNan, kSignallingS, 0, 0, kSignallingS | kMinusS, kNone},
  });
}

TEST(Float, DenormalsAreFlushedWhereFpcrSaysSo) {
  check_float({
      {"fmul s0, s1, s2", 0, kMinNormalS, 0x3f000000, 0, 0x00400000, kNone},
      {"fmul s0, s1, s2", 0, kMinNormalS + 1, 0x3f000000, 0, 0x00400000, fp::kUnderflow | fp::kInexact},
      {"fmul s0, s1, s2", kFlush, kMinNormalS, 0x3f000000, 0, 0, fp::kUnderflow},
      {"fadd s0, s1, s2", kFlush, kTinyS, kOneS, 0, kOneS, fp::kInputDenormal},
      {"fadd h0, h1, h2", kFlush, 1, 1, 0, 2, kNone},
      {"fadd h0, h1, h2", kFlushHalf, 1, 0x3c00, 0, 0x3c00, kNone},
      // Tininess is found before rounding: the result rounds to the smallest normal number.
      {"fmul s0, s1, s2", 0, 0x00ffffff, 0x3f000000, 0, kMinNormalS, fp::kUnderflow | fp::kInexact},
  });
}

TEST(Float, FusedMultiplyAddRoundsOnce) {
  // (1 + 2^-23)^2 - (1 + 2^-22) = 2^-46, which two roundings would lose.
  check_float({
      {"fmadd s0, s1, s2, s3", 0, kOneS + 1, kOneS + 1, (kOneS + 2) | kMinusS, 0x28800000, kNone},
      {"fnmsub s0, s1, s2, s3", 0, kOneS + 1, kOneS + 1, kOneS + 2, 0x28800000, kNone},
      {"fnmadd s0, s1, s2, s3", 0, kOneS, kOneS, kOneS, kTwoS | kMinusS, kNone},
      {"fnmul s0, s1, s2", 0, kOneS, kTwoS, 0, kTwoS | kMinusS, kNone},
      {"fmulx s0, s1, s2", 0, kInfS | kMinusS, 0, 0, kTwoS | kMinusS, kNone},
      {"frecps s0, s1, s2", 0, kInfS, 0, 0, kTwoS, kNone},
      {"frsqrts s0, s1, s2", 0, 0, kInfS, 0, 0x3fc00000, kNone},
  });
}

TEST(Float, DivisionRootsAndEstimates) {
  check_float({
      {"fdiv s0, s1, s2", 0, kOneS, 0x40400000, 0, 0x3eaaaaab, fp::kInexact},
      {"fdiv d0, d1, d2", 0, kOneD, 0, 0, 0x7ff0000000000000, fp::kDivideByZero},
      {"fdiv s0, s1, s2", 0, 0, 0, 0, kDefaultS, fp::kInvalid},
      {"fsqrt s0, s1", 0, kTwoS, 0, 0, 0x3fb504f3, fp::kInexact},
      {"fsqrt d0, d1", 0, 0x4010000000000000, 0, 0, kTwoD, kNone},
      {"fsqrt s0, s1", 0, kMinusS, 0, 0, kMinusS, kNone},
      {"fsqrt s0, s1", 0, kOneS | kMinusS, 0, 0, kDefaultS, fp::kInvalid},
      {"frecpe s0, s1", 0, kOneS, 0, 0, 0x3f7f8000, kNone},
      {"frecpe s0, s1", 0, 0, 0, 0, kInfS, fp::kDivideByZero},
      {"frsqrte s0, s1", 0, kOneS, 0, 0, 0x3f7f8000, kNone},
      {"frecpx s0, s1", 0, kOneS, 0, 0, 0x40000000, kNone},
  });
}

TEST(Float, Conversions) {
  check_float({
      {"fcvtzs w0, s1", 0, 0xbfc00000, 0, 0, 0xffffffff, fp::kInexact},
      {"fcvtms w0, s1", 0, 0xbfc00000, 0, 0, 0xfffffffe, fp::kInexact},
      {"fcvtas x0, s1", 0, 0x40200000, 0, 0, 3, fp::kInexact},
      {"fcvtns x0, s1", 0, 0x40200000, 0, 0, 2, fp::kInexact},
      {"fcvtzu w0, s1", 0, 0xbf800000, 0, 0, 0, fp::kInvalid},
      {"fcvtzu w0, s1", 0, 0xbf000000, 0, 0, 0, fp::kInexact},
      {"fcvtzs x0, d1", 0, 0x43e0000000000000, 0, 0, 0x7fffffffffffffff, fp::kInvalid},
      {"fcvtzs w0, s1", 0, kQuietS, 0, 0, 0, fp::kInvalid},
      {"fcvtzs w0, s1, #4", 0, 0x3fc00000, 0, 0, 24, kNone},
      {"scvtf s0, w1", 0, 0xffffffff, 0, 0, kOneS | kMinusS, kNone},
      {"ucvtf s0, w1", 0, 0xffffffff, 0, 0, 0x4f800000, fp::kInexact},
      {"ucvtf d0, x1, #64", 0, u64{1} << 63, 0, 0, 0x3fe0000000000000, kNone},
      {"scvtf h0, w1", 0, 70000, 0, 0, 0x7c00, fp::kOverflow | fp::kInexact},
      {"fcvt s0, d1", 0, 0x3ff0000010000000, 0, 0, kOneS, fp::kInexact},
      {"fcvt d0, s1", 0, kSignallingS, 0, 0, 0x7ff8024680000000, fp::kInvalid},
      {"fcvt h0, s1", 0, 0x47800000, 0, 0, 0x7c00, fp::kOverflow | fp::kInexact},
      {"fcvt h0, s1", kAlternativeHalf, 0x47800000, 0, 0, 0x7c00, kNone},
      {"fcvt h0, s1", kAlternativeHalf, kInfS, 0, 0, 0x7fff, fp::kInvalid},
      {"fcvt s0, h1", kAlternativeHalf, 0x7c00, 0, 0, 0x47800000, kNone},
      {"fcvtxn s0, d1", 0, 0x3ff0000000000001, 0, 0, kOneS + 1, fp::kInexact},
  });
}

TEST(Float, RoundingToIntegralValues) {
  check_float({
      {"frintn s0, s1", 0, 0x40200000, 0, 0, kTwoS, kNone},
      {"frinta s0, s1", 0, 0x40200000, 0, 0, 0x40400000, kNone},
      {"frintx s0, s1", 0, 0x40200000, 0, 0, kTwoS, fp::kInexact},
      {"frinti s0, s1", kUp, 0x40200000, 0, 0, 0x40400000, kNone},
      {"frintz s0, s1", 0, 0xbf000000, 0, 0, kMinusS, kNone},
      {"frint32z s0, s1", 0, 0x4f000000, 0, 0, 0xcf000000, fp::kInvalid},
      {"frint64x d0, d1", 0, 0x3ff8000000000000, 0, 0, kTwoD, fp::kInexact},
  });
}

TEST(Float, JavaScriptConversionIsModulo) {
  const Result whole = run("fjcvtzs w0, d1", 0, 0x41f0000000100000, 0, 0);  // 2^32 + 1
  EXPECT_EQ(whole.value.lo, 1u);
  EXPECT_EQ(whole.exceptions, fp::kInvalid);
  EXPECT_EQ(whole.flags, 0);
  const Result exact = run("fjcvtzs w0, d1", 0, 0xc000000000000000, 0, 0);
  EXPECT_EQ(exact.value.lo, 0xfffffffeu);
  EXPECT_EQ(exact.flags, kFlagZ);
  EXPECT_EQ(run("fjcvtzs w0, d1", 0, u64{1} << 63, 0, 0).flags, 0) << "minus zero is not an integer";
}

TEST(Float, Comparisons) {
  struct Compared {
    u64 a, b;
    u8 flags;
    u32 quiet, signalling;
  };
  for (const Compared& c : std::vector<Compared>{{kOneS, kTwoS, 8, 0, 0},
                                                 {kOneS, kOneS, 6, 0, 0},
                                                 {kMinusS, 0, 6, 0, 0},
                                                 {kTwoS, kInfS | kMinusS, 2, 0, 0},
                                                 {kQuietS, kOneS, 3, 0, fp::kInvalid},
                                                 {kOneS, kSignallingS, 3, fp::kInvalid, fp::kInvalid}}) {
    const Result quiet = run("fcmp s1, s2", 0, c.a, c.b, 0), signalling = run("fcmpe s1, s2", 0, c.a, c.b, 0);
    EXPECT_EQ(quiet.flags, c.flags);
    EXPECT_EQ(signalling.flags, c.flags);
    EXPECT_EQ(quiet.exceptions, c.quiet);
    EXPECT_EQ(signalling.exceptions, c.signalling);
  }
  check_float({
      {"fcmeq s0, s1, s2", 0, kQuietS, kQuietS, 0, 0, kNone},
      {"fcmge s0, s1, s2", 0, kQuietS, kOneS, 0, 0, fp::kInvalid},
      {"facgt s0, s1, s2", 0, kTwoS | kMinusS, kOneS, 0, 0xffffffff, kNone},
      {"fcmlt s0, s1, #0.0", 0, kOneS | kMinusS, 0, 0, 0xffffffff, kNone},
      {"fcmle d0, d1, #0.0", 0, u64{1} << 63, 0, 0, ~u64{0}, kNone},
  });
}

TEST(Float, LanesOfTheLowerHalf) {
  const u64 two_ones = kOneS | kOneS << 32;
  check_float({
      {"fadd v0.2s, v1.2s, v2.2s", 0, two_ones, two_ones, 0, kTwoS | kTwoS << 32, kNone},
      {"faddp v0.2s, v1.2s, v2.2s", 0, two_ones, kTwoS, 0, kTwoS | kTwoS << 32, kNone},
      {"faddp s0, v1.2s", 0, two_ones, 0, 0, kTwoS, kNone},
      {"fmaxv h0, v1.4h", 0, 0x3c00'4000'bc00'7c00, 0, 0, 0x7c00, kNone},
      {"fmul v0.2s, v1.2s, v2.s[1]", 0, two_ones, kTwoS << 32, 0, kTwoS | kTwoS << 32, kNone},
      {"fcvtn v0.4h, v1.4s", 0, two_ones, 0, 0, 0x3c003c00, kNone},
      {"scvtf v0.2s, v1.2s, #1", 0, 2 | u64{4} << 32, 0, 0, kOneS | kTwoS << 32, kNone},
      {"fcadd v0.2s, v1.2s, v2.2s, #90", 0, 0, kOneS | kTwoS << 32, 0, (kTwoS | kMinusS) | kOneS << 32,
       kNone},
      {"urecpe v0.2s, v1.2s", 0, 0x80000000, 0, 0, 0xffffffff'ff800000, kNone},
  });
}

}  // namespace
}  // namespace isobar::isa
