// Cryptographic operations on vector registers: AES, SHA-1, SHA-2, the three-operand logic of SHA-3, SM3 and
// SM4 (Arm ARM C7.2; FIPS 180-4, FIPS 197, GB/T 32905, GB/T 32907).
#include <array>
#include <bit>
#include <utility>

#include "isa/alu.h"
#include "support/bits.h"

namespace isobar::isa {
namespace {

using Words = std::array<u32, 4>;  ///< a register as 32-bit lanes
using SBox = std::array<u8, 256>;

Words words(const Value& v) {
  return {static_cast<u32>(v.lo), static_cast<u32>(v.lo >> 32), static_cast<u32>(v.hi),
          static_cast<u32>(v.hi >> 32)};
}
Value value(const Words& w) {
  return {w[0] | u64{w[1]} << 32, w[2] | u64{w[3]} << 32};
}

/// Product in GF(2^8) modulo `polynomial`.
constexpr u8 multiply(unsigned a, unsigned b, unsigned polynomial) {
  unsigned r = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) r ^= a;
    a <<= 1;
    if ((a & 0x100) != 0) a ^= polynomial;
  }
  return static_cast<u8>(r);
}

constexpr u8 inverse(u8 a, unsigned polynomial) {
  unsigned r = 1;
  for (unsigned i = 0; i < 254; ++i) r = multiply(r, a, polynomial);
  return static_cast<u8>(r);
}

/// The circulant matrix with first row `row` over {0, 1} times `x`, plus `constant`.
constexpr u8 affine(u8 x, u8 row, u8 constant) {
  unsigned y = 0;
  for (int i = 0; i < 8; ++i)
    y |= (static_cast<unsigned>(std::popcount(static_cast<u8>(std::rotl(row, i) & x))) & 1) << i;
  return static_cast<u8>(y ^ constant);
}

constexpr unsigned kAesPolynomial = 0x11b, kSm4Polynomial = 0x1f5;

constexpr SBox make_aes_box() {
  SBox box{};
  for (unsigned x = 0; x < 256; ++x) box[x] = affine(inverse(static_cast<u8>(x), kAesPolynomial), 0xf1, 0x63);
  return box;
}
constexpr SBox make_sm4_box() {
  SBox box{};
  for (unsigned x = 0; x < 256; ++x)
    box[x] = affine(inverse(affine(static_cast<u8>(x), 0xa7, 0xd3), kSm4Polynomial), 0xa7, 0xd3);
  return box;
}
SBox inverted(const SBox& box) {
  SBox r{};
  for (unsigned x = 0; x < 256; ++x) r[box[x]] = static_cast<u8>(x);
  return r;
}

const SBox kAesBox = make_aes_box();
const SBox kAesInverseBox = inverted(kAesBox);
const SBox kSm4Box = make_sm4_box();

/// ShiftRows and SubBytes, or their inverses; byte 4c + r is row r of column c.
Value aes_round(const Value& state, bool decrypt) {
  const SBox& box = decrypt ? kAesInverseBox : kAesBox;
  Value r;
  for (unsigned column = 0; column < 4; ++column) {
    for (unsigned row = 0; row < 4; ++row) {
      const unsigned from = (column + (decrypt ? 4 - row : row)) % 4;
      r.set_byte(4 * column + row, box[state.byte(4 * from + row)]);
    }
  }
  return r;
}

Value aes_mix_columns(const Value& state, const std::array<u8, 4>& factors) {
  Value r;
  for (unsigned i = 0; i < 16; ++i) {
    u8 b = 0;
    for (unsigned k = 0; k < 4; ++k)
      b = static_cast<u8>(b ^ multiply(state.byte((i & ~3u) + (i + k) % 4), factors[k], kAesPolynomial));
    r.set_byte(i, b);
  }
  return r;
}

u32 choose(u32 x, u32 y, u32 z) {
  return ((y ^ z) & x) ^ z;
}
u32 majority(u32 x, u32 y, u32 z) {
  return (x & y) | ((x | y) & z);
}

Value sha1_hash(unsigned function, const Value& hash, u32 y, const Words& schedule) {
  Words x = words(hash);
  for (const u32 w : schedule) {
    const u32 t = function == 0   ? choose(x[1], x[2], x[3])
                  : function == 1 ? x[1] ^ x[2] ^ x[3]
                                  : majority(x[1], x[2], x[3]);
    y += std::rotl(x[0], 5) + t + w;
    x[1] = std::rotl(x[1], 30);
    const u32 next = x[3];
    x = {y, x[0], x[1], x[2]};
    y = next;
  }
  return value(x);
}

Value sha1_schedule1(const Value& a, const Value& b) {
  const Words d = words(a), n = words(b);
  const Words t{d[0] ^ n[1], d[1] ^ n[2], d[2] ^ n[3], d[3]};
  return value(
      {std::rotl(t[0], 1), std::rotl(t[1], 1), std::rotl(t[2], 1), std::rotl(t[3], 1) ^ std::rotl(t[0], 2)});
}

Value sha256_hash(const Value& a, const Value& b, const Words& schedule, bool first_part) {
  Words x = words(a), y = words(b);
  for (const u32 w : schedule) {
    const u32 sigma1 = std::rotr(y[0], 6) ^ std::rotr(y[0], 11) ^ std::rotr(y[0], 25);
    const u32 sigma0 = std::rotr(x[0], 2) ^ std::rotr(x[0], 13) ^ std::rotr(x[0], 22);
    const u32 t = y[3] + sigma1 + choose(y[0], y[1], y[2]) + w;
    const u32 to_y = x[3] + t, to_x = t + sigma0 + majority(x[0], x[1], x[2]);
    x = {to_x, x[0], x[1], x[2]};
    y = {to_y, y[0], y[1], y[2]};
  }
  return value(first_part ? x : y);
}

Value sha256_schedule0(const Value& a, const Value& b) {
  Words d = words(a);
  const Words t{d[1], d[2], d[3], words(b)[0]};
  for (unsigned i = 0; i < 4; ++i) d[i] += std::rotr(t[i], 7) ^ std::rotr(t[i], 18) ^ (t[i] >> 3);
  return value(d);
}

Value sha256_schedule1(const Value& a, const Value& b, const Value& c) {
  const Words d = words(a), n = words(b), m = words(c);
  const Words t{n[1], n[2], n[3], m[0]};
  Words r{};
  for (unsigned i = 0; i < 4; ++i) {
    const u32 e = i < 2 ? m[i + 2] : r[i - 2];
    r[i] = (std::rotr(e, 17) ^ std::rotr(e, 19) ^ (e >> 10)) + d[i] + t[i];
  }
  return value(r);
}

u64 choose64(u64 x, u64 y, u64 z) {
  return (x & y) ^ (~x & z);
}
u64 majority64(u64 x, u64 y, u64 z) {
  return (x & y) ^ (x & z) ^ (y & z);
}
u64 rotations(u64 v, int a, int b, int c) {
  return std::rotr(v, a) ^ std::rotr(v, b) ^ std::rotr(v, c);
}

/// SHA512H (part 0) and SHA512H2 of w, x and y.
Value sha512_hash(const Value& w, const Value& x, const Value& y, bool second_part) {
  if (second_part) {
    const u64 high = majority64(x.lo, y.hi, y.lo) + rotations(y.lo, 28, 34, 39) + w.hi;
    return {majority64(high, y.lo, y.hi) + rotations(high, 28, 34, 39) + w.lo, high};
  }
  const u64 high = choose64(y.hi, x.lo, x.hi) + rotations(y.hi, 14, 18, 41) + w.hi;
  const u64 t = high + y.lo;
  return {choose64(t, y.hi, x.lo) + rotations(t, 14, 18, 41) + w.lo, high};
}

u64 sha512_sigma0(u64 v) {
  return std::rotr(v, 1) ^ std::rotr(v, 8) ^ (v >> 7);
}
u64 sha512_sigma1(u64 v) {
  return std::rotr(v, 19) ^ std::rotr(v, 61) ^ (v >> 6);
}

Value sm3_rotate(const Value& n, const Value& m, const Value& a) {
  return value({0, 0, 0, std::rotl(std::rotl(words(n)[3], 12) + words(m)[3] + words(a)[3], 7)});
}

Value sm3_round(unsigned variant, u32 word, const Words& n, const Words& d) {
  const u32 parity = d[1] ^ d[2] ^ d[3];
  if (variant < 2) {
    const u32 function = variant == 0 ? parity : majority(d[1], d[2], d[3]);
    const u32 t = function + d[0] + (n[3] ^ std::rotl(d[3], 12)) + word;
    return value({d[1], std::rotl(d[2], 9), d[3], t});
  }
  const u32 function = variant == 2 ? parity : choose(d[3], d[2], d[1]);
  const u32 t = function + d[0] + n[3] + word;
  return value({d[1], std::rotl(d[2], 19), d[3], t ^ std::rotl(t, 9) ^ std::rotl(t, 17)});
}

u32 sm3_permute(u32 v) {
  return v ^ std::rotl(v, 15) ^ std::rotl(v, 23);
}

Value sm3_schedule1(const Words& d, const Words& n, const Words& m) {
  Words r{};
  for (unsigned i = 0; i < 4; ++i) r[i] = sm3_permute(d[i] ^ n[i] ^ std::rotl(i < 3 ? m[i + 1] : r[0], 15));
  return value(r);
}

Value sm3_schedule2(const Words& d, const Words& n, const Words& m) {
  Words r{};
  for (unsigned i = 0; i < 4; ++i) r[i] = d[i] ^ n[i] ^ std::rotl(m[i], 7);
  r[3] ^= sm3_permute(std::rotl(n[0] ^ std::rotl(m[0], 7), 15));
  return value(r);
}

u32 sm4_substitute(u32 v) {
  u32 r = 0;
  for (unsigned i = 0; i < 32; i += 8) r |= u32{kSm4Box[v >> i & 0xff]} << i;
  return r;
}

/// Four rounds on `state` with the words of `keys`.
Value sm4_rounds(Words state, const Words& keys, bool key_schedule) {
  for (const u32 key : keys) {
    const u32 v = sm4_substitute(state[1] ^ state[2] ^ state[3] ^ key);
    const u32 mixed = key_schedule
                          ? v ^ std::rotl(v, 13) ^ std::rotl(v, 23)
                          : v ^ std::rotl(v, 2) ^ std::rotl(v, 10) ^ std::rotl(v, 18) ^ std::rotl(v, 24);
    state = {state[1], state[2], state[3], mixed ^ state[0]};
  }
  return value(state);
}

Value exclusive_or(const Value& a, const Value& b) {
  return {a.lo ^ b.lo, a.hi ^ b.hi};
}

/// AES and the secure hash algorithms.
Value hash_operation(const Uop& u, const Value& a, const Value& b, const Value& c) {
  const unsigned part = static_cast<unsigned>(u.imm);
  switch (alu_op(u)) {
    case AluOp::AesEncrypt: return aes_round(exclusive_or(a, b), false);
    case AluOp::AesDecrypt: return aes_round(exclusive_or(a, b), true);
    case AluOp::AesMixColumns: return aes_mix_columns(a, {2, 3, 1, 1});
    case AluOp::AesInverseMixColumns: return aes_mix_columns(a, {14, 11, 13, 9});
    case AluOp::Sha1Hash: return sha1_hash(part, a, words(b)[0], words(c));
    case AluOp::Sha1Rotate: return {std::rotl(words(a)[0], 30), 0};
    case AluOp::Sha1Schedule0: return exclusive_or(exclusive_or({a.hi, b.lo}, a), c);
    case AluOp::Sha1Schedule1: return sha1_schedule1(a, b);
    case AluOp::Sha256Hash:
      return part == 0 ? sha256_hash(a, b, words(c), true) : sha256_hash(b, a, words(c), false);
    case AluOp::Sha256Schedule0: return sha256_schedule0(a, b);
    case AluOp::Sha256Schedule1: return sha256_schedule1(a, b, c);
    case AluOp::Sha512Hash: return sha512_hash(a, b, c, part != 0);
    case AluOp::Sha512Schedule0: return {a.lo + sha512_sigma0(a.hi), a.hi + sha512_sigma0(b.lo)};
    case AluOp::Sha512Schedule1:
      return {a.lo + sha512_sigma1(b.lo) + c.lo, a.hi + sha512_sigma1(b.hi) + c.hi};
    default: return {};
  }
}

}  // namespace

AluResult evaluate_crypto(const Uop& u, const Inputs& in) {
  const Value &a = in[0], &b = in[1], &c = in[2];
  const int n = static_cast<int>(u.imm);
  Value r;
  switch (alu_op(u)) {
    case AluOp::EorThree: r = exclusive_or(exclusive_or(a, b), c); break;
    case AluOp::EorClear: r = {a.lo ^ (b.lo & ~c.lo), a.hi ^ (b.hi & ~c.hi)}; break;
    case AluOp::EorRotate: r = {std::rotr(a.lo ^ b.lo, n), std::rotr(a.hi ^ b.hi, n)}; break;
    case AluOp::EorRotateOne: r = {a.lo ^ std::rotl(b.lo, 1), a.hi ^ std::rotl(b.hi, 1)}; break;
    case AluOp::Sm3Rotate: r = sm3_rotate(a, b, c); break;
    case AluOp::Sm3Round:
      r = sm3_round(static_cast<unsigned>(u.imm2), words(c)[u.imm], words(b), words(a));
      break;
    case AluOp::Sm3Schedule1: r = sm3_schedule1(words(a), words(b), words(c)); break;
    case AluOp::Sm3Schedule2: r = sm3_schedule2(words(a), words(b), words(c)); break;
    case AluOp::Sm4Encrypt: r = sm4_rounds(words(a), words(b), false); break;
    case AluOp::Sm4Key: r = sm4_rounds(words(a), words(b), true); break;
    default: r = hash_operation(u, a, b, c);
  }
  return {{r, Value{}}, 0};
}

}  // namespace isobar::isa
