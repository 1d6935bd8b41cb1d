// Cryptographic instructions against published examples: FIPS 197 (appendix B), FIPS 180-4 ("abc"), GB/T
// 32907 (appendix A).
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::isa {
namespace {

using Vectors = std::array<Value, 32>;

void run(Vectors& v, const std::string& text) {
  std::string why;
  const std::optional<u32> word = assemble_word(text, &why);
  ASSERT_TRUE(word.has_value()) << text << ": " << why;
  const Instruction i = decode(*word);
  ASSERT_EQ(i.count, 1) << text;
  const Uop& u = i.uops[0];
  Inputs in;
  for (unsigned s = 0; s < u.n_src; ++s) in[s] = v.at(index(u.src[s]) - index(Reg::V0));
  v.at(index(u.dst[0]) - index(Reg::V0)) = evaluate(u, in, 0).dst[0];
}

Value bytes(const std::string& hex) {
  Value v;
  for (unsigned i = 0; i < 16; ++i)
    v.set_byte(i, static_cast<u8>(std::stoul(hex.substr(2 * i, 2), nullptr, 16)));
  return v;
}

Value words(u32 a, u32 b, u32 c, u32 d) {
  return {a | u64{b} << 32, c | u64{d} << 32};
}

TEST(Crypto, OneRoundOfAes) {
  Vectors v{};
  v[0] = bytes("193de3bea0f4e22b9ac68d2ae9f84808");
  run(v, "aese v0.16b, v1.16b");
  EXPECT_EQ(v[0], bytes("d4bf5d30e0b452aeb84111f11e2798e5"));
  run(v, "aesmc v0.16b, v0.16b");
  EXPECT_EQ(v[0], bytes("046681e5e0cb199a48f8d37a2806264c"));
  run(v, "aesimc v0.16b, v0.16b");
  run(v, "aesd v0.16b, v1.16b");
  EXPECT_EQ(v[0], bytes("193de3bea0f4e22b9ac68d2ae9f84808"));
}

/// The padded block of "abc" as big-endian words.
std::array<u32, 16> abc() {
  std::array<u32, 16> w{};
  w[0] = 0x61626380;
  w[15] = 24;
  return w;
}

TEST(Crypto, Sha256OfAbc) {
  constexpr std::array<u32, 64> kRound{
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  const Value first = words(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a),
              second = words(0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  const std::array<u32, 16> w = abc();
  Vectors v{};
  for (unsigned i = 0; i < 4; ++i) v[i] = words(w[4 * i], w[4 * i + 1], w[4 * i + 2], w[4 * i + 3]);
  v[4] = first;
  v[5] = second;
  for (unsigned i = 0; i < 16; ++i) {
    v[6] = words(kRound[4 * i], kRound[4 * i + 1], kRound[4 * i + 2], kRound[4 * i + 3]);
    run(v, "add v6.4s, v6.4s, v0.4s");
    v[7] = v[4];
    run(v, "sha256h q4, q5, v6.4s");
    run(v, "sha256h2 q5, q7, v6.4s");
    run(v, "sha256su0 v0.4s, v1.4s");
    run(v, "sha256su1 v0.4s, v2.4s, v3.4s");
    const Value next = v[0];
    for (unsigned k = 0; k < 3; ++k) v[k] = v[k + 1];
    v[3] = next;
  }
  v[8] = first;
  v[9] = second;
  run(v, "add v4.4s, v4.4s, v8.4s");
  run(v, "add v5.4s, v5.4s, v9.4s");
  EXPECT_EQ(v[4], words(0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223));
  EXPECT_EQ(v[5], words(0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad));
}

TEST(Crypto, Sha1OfAbc) {
  const std::array<u32, 16> w = abc();
  const Value first = words(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476),
              last = words(0xc3d2e1f0, 0, 0, 0);
  Vectors v{};
  for (unsigned i = 0; i < 4; ++i) v[i] = words(w[4 * i], w[4 * i + 1], w[4 * i + 2], w[4 * i + 3]);
  v[4] = first;
  v[5] = last;
  constexpr u32 kRound[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
  constexpr const char* kHash[4] = {"sha1c q4, s5, v6.4s", "sha1p q4, s5, v6.4s", "sha1m q4, s5, v6.4s",
                                    "sha1p q4, s5, v6.4s"};
  for (unsigned i = 0; i < 20; ++i) {
    v[6] = words(kRound[i / 5], kRound[i / 5], kRound[i / 5], kRound[i / 5]);
    run(v, "add v6.4s, v6.4s, v0.4s");
    run(v, "sha1h s7, s4");
    run(v, kHash[i / 5]);
    v[5] = v[7];
    run(v, "sha1su0 v0.4s, v1.4s, v2.4s");
    run(v, "sha1su1 v0.4s, v3.4s");
    const Value next = v[0];
    for (unsigned k = 0; k < 3; ++k) v[k] = v[k + 1];
    v[3] = next;
  }
  v[8] = first;
  v[9] = last;
  run(v, "add v4.4s, v4.4s, v8.4s");
  run(v, "add v5.4s, v5.4s, v9.4s");
  EXPECT_EQ(v[4], words(0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c));
  EXPECT_EQ(v[5].lo, 0x9cd0d89du);
}

TEST(Crypto, Sm4) {
  // Key and text 0123456789abcdeffedcba9876543210.
  constexpr u32 kFamily[4] = {0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc};
  constexpr u32 kText[4] = {0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210};
  Vectors v{};
  v[0] = words(kText[0], kText[1], kText[2], kText[3]);
  v[1] = words(kText[0] ^ kFamily[0], kText[1] ^ kFamily[1], kText[2] ^ kFamily[2], kText[3] ^ kFamily[3]);
  for (unsigned i = 0; i < 8; ++i) {
    std::array<u32, 4> constant{};
    for (unsigned k = 0; k < 16; ++k) constant[k / 4] = constant[k / 4] << 8 | ((16 * i + k) * 7 & 0xff);
    v[2] = words(constant[0], constant[1], constant[2], constant[3]);
    run(v, "sm4ekey v1.4s, v1.4s, v2.4s");
    run(v, "sm4e v0.4s, v1.4s");
  }
  EXPECT_EQ(v[0], words(0x536e4246, 0x86b3e94f, 0xd206965e, 0x681edf34)) << "the ciphertext, last word first";
}

TEST(Crypto, PolynomialsAndThreeOperandLogic) {
  Vectors v{};
  v[1] = {3, u64{1} << 63};
  v[2] = {5, 2};
  run(v, "pmull v0.1q, v1.1d, v2.1d");
  EXPECT_EQ(v[0], (Value{15, 0}));
  run(v, "pmull2 v0.1q, v1.2d, v2.2d");
  EXPECT_EQ(v[0], (Value{0, 1}));
  run(v, "eor3 v0.16b, v1.16b, v2.16b, v2.16b");
  EXPECT_EQ(v[0], v[1]);
  run(v, "bcax v0.16b, v1.16b, v2.16b, v2.16b");
  EXPECT_EQ(v[0], v[1]);
  run(v, "xar v0.2d, v1.2d, v2.2d, #1");
  EXPECT_EQ(v[0], (Value{3, (u64{1} << 62) + 1}));
}

}  // namespace
}  // namespace isobar::isa
