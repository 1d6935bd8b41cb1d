// Vector and floating-point instructions as encodings and as micro-ops: text and word are inverse to each
// other, and the inputs of a micro-op are exactly what its result hangs on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "isa/alu_op.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"
#include "isa/sequential.h"

namespace isobar::isa {
namespace {

bool is_vector_arithmetic(const Encoding& e) {
  static const std::set<std::string> families{"vector",      "lanes",         "float",
                                              "float_lanes", "integer_lanes", "crypto"};
  return families.contains(e.family);
}

u32 random_word(const Encoding& e, std::mt19937_64& random) {
  return (static_cast<u32>(random()) & ~e.mask) | e.value;
}

TEST(VectorEncodings, TextAndWordAreInverse) {
  std::mt19937_64 random(1);
  for (const Encoding& e : encodings()) {
    if (!is_vector_arithmetic(e)) continue;
    unsigned checked = 0;
    for (unsigned k = 0; k < 400 && checked < 40; ++k) {
      const u32 word = random_word(e, random);
      if (!is_defined(word)) continue;
      ++checked;
      std::string why;
      const std::optional<u32> again = assemble_word(disassemble(word), &why);
      ASSERT_TRUE(again.has_value()) << e.name << " " << disassemble(word) << ": " << why;
      if (*again == word) continue;
      // Another word of the same meaning, such as MOV of an immediate that two encodings can make.
      const Instruction a = decode(word), b = decode(*again);
      ASSERT_EQ(a.count, b.count) << e.name << " " << disassemble(word);
      EXPECT_EQ(disassemble(*again), disassemble(word)) << e.name;
      EXPECT_EQ(a.uops[0].op, b.uops[0].op) << e.name << " " << disassemble(word);
    }
    EXPECT_GT(checked, 0u) << e.name;
  }
}

/// Lanes that are often numbers near 1, infinities, NaNs or denormals of some format.
u64 interesting(std::mt19937_64& random) {
  constexpr u64 kSpecial[] = {0,
                              0x3f800000'3f800000,
                              0x3ff0000000000000,
                              0x3c003c003c003c00,
                              0x7f8000007f800001,
                              0x7ff0000000000001,
                              0x7c007c017e003c01,
                              0x0000000100000001,
                              0x8000000000000000,
                              0x4000000000000000,
                              0x0101010101010101,
                              0xffffffffffffffff};
  const u64 special = kSpecial[random() % std::size(kSpecial)];
  switch (random() % 4) {
    case 0: return special;
    case 1: return special ^ (u64{1} << random() % 64);
    case 2: return random() & random() & random();
    default: return random();
  }
}

Value random_input(Reg r, std::mt19937_64& random) {
  if (r == Reg::FPCR) return {random() & 0x07c80000, 0};
  if (r >= Reg::N && r <= Reg::V) return {random() & 1, 0};
  return {interesting(random), is_vector(r) ? interesting(random) : 0};
}

TEST(VectorDataflow, EveryInputMatters) {
  std::mt19937_64 random(2);
  for (const Encoding& e : encodings()) {
    if (!is_vector_arithmetic(e)) continue;
    std::set<unsigned> unused;
    unsigned most = 0;
    bool defined = false;
    for (unsigned k = 0; k < 20000; ++k) {
      const Instruction i = decode(random_word(e, random));
      const Uop& u = i.uops[0];
      if (u.kind != UopKind::Alu) continue;
      defined = true;
      for (unsigned s = most; s < u.n_src; ++s) unused.insert(s);
      most = std::max<unsigned>(most, u.n_src);
      if (unused.empty()) break;
      Inputs in;
      for (unsigned s = 0; s < u.n_src; ++s)
        in[s] = u.src[s] == Reg::XZR ? Value{} : random_input(u.src[s], random);
      const AluResult before = evaluate(u, in, 0);
      for (unsigned s = 0; s < u.n_src; ++s) {
        if (u.src[s] == Reg::XZR) {
          unused.erase(s);
          continue;
        }
        Inputs changed = in;
        changed[s] = random_input(u.src[s], random);
        const AluResult after = evaluate(u, changed, 0);
        if (after.dst != before.dst || ((after.flags ^ before.flags) & u.flags_out) != 0) unused.erase(s);
      }
    }
    EXPECT_TRUE(unused.empty()) << e.name << ": input " << (unused.empty() ? 0 : *unused.begin())
                                << " changes nothing";
    EXPECT_TRUE(defined || std::string(e.name) == "FCSEL") << e.name;
  }
}

/// Whether the first micro-op of an instruction takes `r` as input.
bool reads(const std::string& text, Reg r) {
  std::string why;
  const std::optional<u32> word = assemble_word(text, &why);
  EXPECT_TRUE(word.has_value()) << text << ": " << why;
  const Uop u = decode(word.value_or(0)).uops[0];
  return std::find(u.src.begin(), u.src.end(), r) != u.src.end();
}

TEST(VectorDataflow, DestinationsThatAreRead) {
  for (const char* text : {"fmla v0.4s, v1.4s, v2.4s",   "fmls v0.2d, v1.2d, v2.d[1]",
                           "mla v0.8h, v1.8h, v2.8h",    "sqdmlal s0, h1, h2",
                           "fcvtn2 v0.8h, v1.4s",        "sqxtn2 v0.16b, v1.8h",
                           "addhn2 v0.8h, v1.4s, v2.4s", "shrn2 v0.4s, v1.2d, #3",
                           "sli v0.2d, v1.2d, #5",       "ssra d0, d1, #5",
                           "uadalp v0.4s, v1.8h",        "suqadd v0.4s, v1.4s",
                           "sdot v0.4s, v1.16b, v2.16b", "fcmla v0.4s, v1.4s, v2.4s, #90",
                           "fmlal v0.4s, v1.4h, v2.4h",  "sqrdmlah v0.4h, v1.4h, v2.4h",
                           "aese v0.16b, v1.16b",        "sha256h q0, q1, v2.4s",
                           "sha512h2 q0, q1, v2.2d",     "ins v0.s[1], w1",
                           "tbx v0.8b, {v1.16b}, v2.8b"}) {
    EXPECT_TRUE(reads(text, v_reg(0))) << text;
  }
}

TEST(VectorDataflow, DestinationsThatAreNot) {
  for (const char* text :
       {"fmul v0.4s, v1.4s, v2.4s", "fmadd s0, s1, s2, s3", "fcvtn v0.4h, v1.4s", "sqxtn v0.8b, v1.8h",
        "addhn v0.4h, v1.4s, v2.4s", "rshrn v0.2s, v1.2d, #3", "sqshl d0, d1, d2", "uaddlp v0.4s, v1.8h",
        "smull v0.4s, v1.4h, v2.4h", "fcadd v0.4s, v1.4s, v2.4s, #90", "aesmc v0.16b, v1.16b", "sha1h s0, s1",
        "fadd d0, d1, d2"}) {
    EXPECT_FALSE(reads(text, v_reg(0))) << text;
  }
}

TEST(VectorDataflow, OnlyWhatRoundsOrComparesReadsTheControlRegister) {
  for (const char* text :
       {"fadd s0, s1, s2", "fcmp d1, d2", "fccmp d1, d2, #0, eq", "fmax v0.4h, v1.4h, v2.4h", "scvtf d0, x1",
        "fcvtzs w0, s1", "frecpe d0, d1", "fcvt s0, d1"}) {
    EXPECT_TRUE(reads(text, Reg::FPCR)) << text;
  }
  for (const char* text : {"fmov s0, s1", "fabs v0.4s, v1.4s", "fneg d0, d1", "fcsel s0, s1, s2, eq",
                           "urecpe v0.4s, v1.4s", "sqadd v0.4s, v1.4s, v2.4s", "bsl v0.8b, v1.8b, v2.8b"}) {
    EXPECT_FALSE(reads(text, Reg::FPCR)) << text;
  }
}

class Words : public MemoryInterface {
 public:
  explicit Words(std::vector<u32> code) : code_(std::move(code)) {}
  bool fetch(u64 address, u32& word) override {
    if (address / 4 >= code_.size()) return false;
    word = code_[address / 4];
    return true;
  }
  bool read(const Uop&, u64, Value&) override { return false; }
  bool write(const Uop&, u64, const Value&) override { return false; }

 private:
  std::vector<u32> code_;
};

TEST(FloatStatus, CollectsUntilItIsWritten) {
  std::vector<u32> code;
  for (const char* text : {"msr fpcr, x1", "mrs x2, fpcr", "msr fpsr, x1", "mrs x3, fpsr", "msr fpsr, xzr",
                           "fdiv s0, s1, s2", "fsqrt s0, s3", "sqadd b0, b4, b4", "mrs x4, fpsr"})
    code.push_back(assemble_word(text).value());
  Words memory(code);
  ArchState s;
  s.x[1] = ~u64{0};
  s.v[1].lo = 0x3f800000;  // 1
  s.v[3].lo = 0xbf800000;  // -1
  s.v[4].lo = 0x7f;
  for (std::size_t i = 0; i < code.size(); ++i) ASSERT_EQ(step(s, memory).kind, StepResult::Kind::Completed);
  EXPECT_EQ(s.x[2], 0x07c80000u) << "reserved bits and trap enables read as zero";
  EXPECT_EQ(s.x[3], 0x0800009fu);
  EXPECT_EQ(s.x[4], 0x08000003u) << "QC, DZC and IOC";
}

}  // namespace
}  // namespace isobar::isa
