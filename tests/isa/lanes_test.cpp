// Lane operations on vector registers, with values worked out by hand.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::isa {
namespace {

/// V0 to V3 before each case.
constexpr std::array<Value, 4> kVectors{
    Value{0xffff'ffff'ffff'ffff, 0xffff'ffff'ffff'ffff}, Value{0x0706'0504'0302'0180, 0x0f0e'0d0c'0b0a'0908},
    Value{0xffff'0000'8000'7fff, 0x00ff'00ff'00ff'00ff}, Value{0x0706'0504'0302'0100, 0x1f10'0d0c'ff0a'0908}};

Value after(const std::string& text) {
  std::string why;
  const std::optional<u32> word = assemble_word(text, &why);
  EXPECT_TRUE(word.has_value()) << text << ": " << why;
  const Instruction i = decode(word.value_or(0));
  EXPECT_EQ(i.count, 1) << text;
  const Uop& u = i.uops[0];
  EXPECT_EQ(u.kind, UopKind::Alu) << text;
  EXPECT_EQ(u.dst[0], v_reg(0)) << text;
  Inputs in;
  for (unsigned s = 0; s < u.n_src; ++s) {
    if (is_vector(u.src[s])) in[s] = kVectors.at(index(u.src[s]) - index(Reg::V0));
  }
  return evaluate(u, in, 0).dst[0];
}

struct LaneCase {
  const char* text;
  Value expected;
};

void check_lanes(const std::vector<LaneCase>& cases) {
  for (const LaneCase& c : cases) {
    const Value v = after(c.text);
    EXPECT_EQ(v, c.expected) << c.text << std::hex << " got " << v.hi << ":" << v.lo;
  }
}

TEST(Lanes, Arithmetic) {
  check_lanes({
      {"add v0.8b, v1.8b, v1.8b", {0x0e0c'0a08'0604'0200, 0}},
      {"add v0.2d, v0.2d, v2.2d", {0xffff'0000'8000'7ffe, 0x00ff'00ff'00ff'00fe}},
      {"sub v0.4h, v1.4h, v2.4h", {0x0707'0504'8302'8181, 0}},
      {"mul v0.2s, v2.2s, v2.2s", {0x3fff'0001, 0}},
      {"neg v0.4h, v2.4h", {0x0001'0000'8000'8001, 0}},
      {"abs v0.4h, v2.4h", {0x0001'0000'8000'7fff, 0}},
      {"smax v0.4h, v1.4h, v2.4h", {0x0706'0504'0302'7fff, 0}},
      {"umax v0.4h, v1.4h, v2.4h", {0xffff'0504'8000'7fff, 0}},
      {"smin v0.4h, v1.4h, v2.4h", {0xffff'0000'8000'0180, 0}},
      {"umin v0.4h, v1.4h, v2.4h", {0x0706'0000'0302'0180, 0}},
      {"add d0, d0, d0", {0xffff'ffff'ffff'fffe, 0}},
      {"sub d0, d1, d0", {0x0706'0504'0302'0181, 0}},
      {"cnt v0.8b, v1.8b", {0x0302'0201'0201'0101, 0}},
      {"rbit v0.8b, v1.8b", {0xe060'a020'c040'8001, 0}},
      {"mvn v0.8b, v2.8b", {0x0000'ffff'7fff'8000, 0}},
  });
}

TEST(Lanes, Comparisons) {
  check_lanes({
      {"cmeq v0.8b, v2.8b, #0", {0x0000'ffff'00ff'0000, 0}},
      {"cmeq v0.4h, v0.4h, v2.4h", {0xffff'0000'0000'0000, 0}},
      {"cmgt v0.4h, v1.4h, v2.4h", {0xffff'ffff'ffff'0000, 0}},
      {"cmhi v0.4h, v1.4h, v2.4h", {0x0000'ffff'0000'0000, 0}},
      {"cmge v0.4h, v2.4h, #0", {0x0000'ffff'0000'ffff, 0}},
      {"cmle v0.4h, v2.4h, #0", {0xffff'ffff'ffff'0000, 0}},
      {"cmlt v0.4h, v2.4h, #0", {0xffff'0000'ffff'0000, 0}},
      {"cmgt v0.4h, v2.4h, #0", {0x0000'0000'0000'ffff, 0}},
      {"cmhs v0.8b, v1.8b, v1.8b", {0xffff'ffff'ffff'ffff, 0}},
      {"cmtst v0.4h, v1.4h, v2.4h", {0xffff'0000'0000'ffff, 0}},
  });
}

TEST(Lanes, PairwiseAndAcross) {
  check_lanes({
      {"addp v0.8b, v1.8b, v2.8b", {0xfe00'807e'0d09'0581, 0}},
      {"umaxp v0.8b, v1.8b, v2.8b", {0xff00'80ff'0705'0380, 0}},
      {"sminp v0.4h, v1.4h, v2.4h", {0xffff'8000'0504'0180, 0}},
      {"addp d0, v1.2d", {0x1614'1210'0e0c'0a88, 0}},
      {"addv b0, v1.8b", {0x9c, 0}},
      {"addv s0, v2.4s", {0x81fd'81fd, 0}},
      {"umaxv b0, v1.16b", {0x80, 0}},
      {"sminv h0, v2.8h", {0x8000, 0}},
      {"uminv b0, v1.8b", {0x01, 0}},
  });
}

TEST(Lanes, ShiftsNarrowAndWiden) {
  check_lanes({
      {"shl v0.4h, v2.4h, #1", {0xfffe'0000'0000'fffe, 0}},
      {"ushr v0.4h, v2.4h, #15", {0x0001'0000'0001'0000, 0}},
      {"ushr v0.4h, v2.4h, #16", {0, 0}},
      {"sshr v0.4h, v2.4h, #16", {0xffff'0000'ffff'0000, 0}},
      {"ushr d0, d2, #64", {0, 0}},
      {"sshr d0, d2, #64", {0xffff'ffff'ffff'ffff, 0}},
      {"shrn v0.8b, v2.8h, #4", {0x0f0f'0f0f'ff00'00ff, 0}},
      {"xtn v0.4h, v2.4s", {0x00ff'00ff'0000'7fff, 0}},
      {"xtn2 v0.8h, v2.4s", {0xffff'ffff'ffff'ffff, 0x00ff'00ff'0000'7fff}},
      {"uxtl v0.4s, v2.4h", {0x0000'8000'0000'7fff, 0x0000'ffff'0000'0000}},
      {"sshll v0.4s, v2.4h, #4", {0xfff8'0000'0007'fff0, 0xffff'fff0'0000'0000}},
      {"uxtl2 v0.8h, v1.16b", {0x000b'000a'0009'0008, 0x000f'000e'000d'000c}},
  });
}

TEST(Lanes, Permutations) {
  check_lanes({
      {"zip1 v0.8b, v1.8b, v2.8b", {0x8003'0002'7f01'ff80, 0}},
      {"zip2 v0.4h, v1.4h, v2.4h", {0xffff'0706'0000'0504, 0}},
      {"uzp1 v0.4h, v1.4h, v2.4h", {0x0000'7fff'0504'0180, 0}},
      {"uzp2 v0.4h, v1.4h, v2.4h", {0xffff'8000'0706'0302, 0}},
      {"trn1 v0.4h, v1.4h, v2.4h", {0x0000'0504'7fff'0180, 0}},
      {"trn2 v0.4h, v1.4h, v2.4h", {0xffff'0706'8000'0302, 0}},
      {"zip1 v0.2d, v1.2d, v2.2d", {0x0706'0504'0302'0180, 0xffff'0000'8000'7fff}},
      {"rev64 v0.8b, v1.8b", {0x8001'0203'0405'0607, 0}},
      {"rev32 v0.4h, v1.4h", {0x0504'0706'0180'0302, 0}},
      {"rev16 v0.8b, v1.8b", {0x0607'0405'0203'8001, 0}},
      {"ext v0.8b, v1.8b, v2.8b, #3", {0x007f'ff07'0605'0403, 0}},
      {"ext v0.16b, v1.16b, v2.16b, #8", {0x0f0e'0d0c'0b0a'0908, 0xffff'0000'8000'7fff}},
      {"tbl v0.16b, {v1.16b}, v3.16b", {0x0706'0504'0302'0180, 0x0000'0d0c'000a'0908}},
      {"tbl v0.8b, {v1.16b, v2.16b}, v3.8b", {0x0706'0504'0302'0180, 0}},
      {"tbl v0.16b, {v1.16b, v2.16b}, v3.16b", {0x0706'0504'0302'0180, 0x00ff'0d0c'000a'0908}},
      {"tbx v0.16b, {v1.16b}, v3.16b", {0x0706'0504'0302'0180, 0xffff'0d0c'ff0a'0908}},
  });
}

}  // namespace
}  // namespace isobar::isa
