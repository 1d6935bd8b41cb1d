// The table of encodings: well-formed, unambiguous, and in agreement with LLVM about what exists.
#include "isa/decoder.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "isa/assembler.h"

namespace isobar::isa {
namespace {

const Encoding& encoding_of(u32 word) {
  return encodings()[decode(word).encoding];
}

u32 random_word(const Encoding& e, std::mt19937& random) {
  return (static_cast<u32>(random()) & ~e.mask) | e.value;
}

TEST(Encodings, AreWellFormed) {
  const std::set<std::string> families{"alu",       "branch",        "memory", "atomic", "system", "vector",
                                       "lanes",     "structure",     "float",  "float_lanes",
                                       "integer_lanes", "crypto",    "tags"};
  std::set<std::string> names;
  for (const Encoding& e : encodings()) {
    const std::string bits = e.bitstring;
    ASSERT_EQ(bits.size(), 32u) << e.name;
    EXPECT_TRUE(names.insert(e.name).second) << e.name << " twice";
    EXPECT_TRUE(families.contains(e.family)) << e.name << ": " << e.family;
    for (unsigned i = 0; i < 32; ++i) {
      const bool fixed = bits[i] == '0' || bits[i] == '1';
      EXPECT_TRUE(fixed || std::isalpha(static_cast<unsigned char>(bits[i])) != 0) << e.name;
      EXPECT_EQ(fixed, ((e.mask >> (31 - i)) & 1) != 0) << e.name << " bit " << 31 - i;
      EXPECT_EQ(bits[i] == '1', ((e.value >> (31 - i)) & 1) != 0) << e.name << " bit " << 31 - i;
    }
  }
  EXPECT_STREQ(encodings().back().name, "UNALLOCATED");
  EXPECT_EQ(encodings().back().mask, 0u);
}

/// Lines that may match one word, first the one that wins, and why.
const std::map<std::pair<std::string, std::string>, std::string>& intended_overlaps() {
  static const std::map<std::pair<std::string, std::string>, std::string> table{
      {{"NOP", "HINT"}, "a hint with a meaning"},
      {{"YIELD", "HINT"}, "a hint with a meaning"},
      {{"WFE", "HINT"}, "a hint with a meaning"},
      {{"WFI", "HINT"}, "a hint with a meaning"},
      {{"SEV", "HINT"}, "a hint with a meaning"},
      {{"SEVL", "HINT"}, "a hint with a meaning"},
      {{"BTI", "HINT"}, "a hint with a meaning"},
      {{"SSBB", "DSB"}, "DSB #0 is SSBB"},
      {{"PSSBB", "DSB"}, "DSB #4 is PSSBB"},
      {{"MRS_NZCV", "MRS"}, "the flags are not a system register of the model"},
      {{"MSR_NZCV", "MSR_reg"}, "the flags are not a system register of the model"},
  };
  return table;
}

TEST(Encodings, OverlapOnlyWhereIntended) {
  const auto all = encodings();
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    for (std::size_t j = i + 1; j + 1 < all.size(); ++j) {
      if (((all[i].value ^ all[j].value) & all[i].mask & all[j].mask) != 0) continue;
      const std::pair<std::string, std::string> pair{all[i].name, all[j].name};
      EXPECT_TRUE(intended_overlaps().contains(pair)) << pair.first << " and " << pair.second;
      EXPECT_EQ(all[i].mask & all[j].mask, all[j].mask) << pair.first << " is not more specific";
      seen.insert(pair);
    }
  }
  EXPECT_EQ(seen.size(), intended_overlaps().size()) << "an entry of the list overlaps no more";
}

TEST(Encodings, RandomWordsDecodeToTheirLine) {
  std::mt19937 random(1);
  for (const Encoding& e : encodings()) {
    if (e.mask == 0) continue;
    unsigned own = 0;
    for (unsigned k = 0; k < 2000; ++k) {
      const std::string found = encoding_of(random_word(e, random)).name;
      if (found == e.name) {
        ++own;
      } else {
        EXPECT_TRUE(found == "UNALLOCATED" || intended_overlaps().contains({found, e.name}))
            << found << " takes a word of " << e.name;
      }
    }
    // System registers are sparse: a random MRS or MSR seldom names one that the model has.
    const std::string name = e.name;
    const bool sparse = name == "MRS" || name == "MSR_reg";
    EXPECT_TRUE(sparse || own > 0) << e.name << " is shadowed or always reserved";
  }
}

/// LLVM warns about LDTR with the base as destination as if it wrote back, and so does not print it.
bool llvm_misjudges(const Encoding& e, u32 word) {
  return std::string(e.name).starts_with("LDTR") && ((word >> 5) & 31) == (word & 31);
}

TEST(Encodings, LlvmKnowsEveryDefinedWord) {
  std::mt19937 random(2);
  for (const Encoding& e : encodings()) {
    for (unsigned k = 0; k < 200; ++k) {
      const u32 word = random_word(e, random);
      if (!is_defined(word) || llvm_misjudges(e, word)) continue;
      const std::string text = disassemble(word);
      EXPECT_NE(text.substr(0, 5), ".inst") << encoding_of(word).name << std::hex << " " << word;
    }
  }
}

struct Spelling {
  const char* text;
  const char* encoding;
};

TEST(Decoder, FindsTheLineOfASpelling) {
  const Spelling table[] = {
      {"adrp x1, #4096", "ADRP"},
      {"add sp, x1, #16", "ADD_imm"},
      {"cmp w1, #3", "SUBS_imm"},
      {"tst w1, #1", "ANDS_imm"},
      {"mov x1, #-1", "MOVN"},
      {"movk x1, #5, lsl #48", "MOVK"},
      {"lsl w1, w2, #3", "UBFM"},
      {"sxtw x1, w2", "SBFM"},
      {"bfi w1, w2, #3, #4", "BFM"},
      {"ror x1, x2, #5", "EXTR"},
      {"mov x1, x2", "ORR_shift"},
      {"mvn x1, x2", "ORN_shift"},
      {"neg x1, x2", "SUB_shift"},
      {"add x1, sp, w3, sxtw #2", "ADD_ext"},
      {"ngcs x1, x2", "SBCS"},
      {"rmif x1, #3, #5", "RMIF"},
      {"setf16 w2", "SETF16"},
      {"ccmn x1, x2, #3, eq", "CCMN_reg"},
      {"ccmp w1, #3, #3, le", "CCMP_imm"},
      {"cset x1, eq", "CSINC"},
      {"cneg x1, x2, eq", "CSNEG"},
      {"lsl x1, x2, x3", "LSLV"},
      {"crc32cx w1, w2, x3", "CRC32CX"},
      {"smin x1, x2, #-5", "SMIN_imm"},
      {"ctz x1, x2", "CTZ"},
      {"rev x1, x2", "REV_64"},
      {"mul x1, x2, x3", "MADD"},
      {"smull x1, w2, w3", "SMADDL"},
      {"b #16", "B"},
      {"bl #-16", "BL"},
      {"b.eq #4", "B_cond"},
      {"bc.lt #8", "BC_cond"},
      {"cbnz w1, #-8", "CBNZ"},
      {"tbz x1, #40, #4", "TBZ"},
      {"ret", "RET"},
      {"eret", "ERET"},
      {"svc #1", "SVC"},
      {"udf #6", "UDF"},
      {"nop", "NOP"},
      {"paciasp", "HINT"},
      {"bti jc", "BTI"},
      {"clrex", "CLREX"},
      {"ssbb", "SSBB"},
      {"dsb ish", "DSB"},
      {"dsb ishnxs", "DSB_nXS"},
      {"dmb ishld", "DMB"},
      {"isb", "ISB"},
      {"cfinv", "CFINV"},
      {"msr daifset, #15", "MSR_DAIFSet"},
      {"ic ialluis", "IC_IALLUIS"},
      {"ic ivau, x1", "IC_IVAU"},
      {"dc zva, x1", "DC_ZVA"},
      {"dc cvau, x1", "DC_CVAU"},
      {"tlbi vae1, x3", "TLBI"},
      {"mrs x1, nzcv", "MRS_NZCV"},
      {"mrs x1, actlr_el1", "MRS"},
      {"msr ttbr0_el1, x1", "MSR_reg"},
      {"stlxrb w0, w1, [x2]", "STLXR"},
      {"ldaxp w1, w2, [x3]", "LDAXP"},
      {"caspal x0, x1, x2, x3, [x4]", "CASP"},
      {"casb w1, w2, [x3]", "CAS"},
      {"stllr x1, [x2]", "STLLR"},
      {"ldapr x1, [x2]", "LDAPR"},
      {"stadd x1, [x3]", "LDADD"},
      {"swpal x1, x2, [x3]", "SWP"},
      {"ldapursh w1, [x2]", "LDAPURSH"},
      {"ldrsw x1, #8", "LDRSW_lit"},
      {"ldrsb w1, [x2, #4]", "LDRSB_imm_unsigned"},
      {"ldur w1, [x2, #-4]", "LDUR"},
      {"ldtrsb w1, [x2]", "LDTRSB"},
      {"str x1, [x2], #8", "STR_imm_post"},
      {"ldrsw x1, [x2, #8]!", "LDRSW_imm_pre"},
      {"ldr x1, [x2, w3, uxtw #3]", "LDR_reg"},
      {"prfm pldl1keep, [x2, x3]", "PRFM_reg"},
      {"stp x1, x2, [sp, #-16]!", "STP_pre"},
      {"ldpsw x1, x2, [x3]", "LDPSW_offset"},
      {"ldnp w1, w2, [x3]", "LDNP"},
      {"ldr q1, #16", "LDR_fp_lit"},
      {"ldr b1, [x2, #1]", "LDR_fp_imm_unsigned"},
      {"str q1, [x2, #16]!", "STR_q_imm_pre"},
      {"ldur s1, [x2, #-1]", "LDUR_fp"},
      {"stp q1, q2, [x3], #32", "STP_fp_post"},
      {"fmov x1, v2.d[1]", "FMOV_top_to_x"},
      {"fmov d1, #-2.5", "FMOV_imm"},
      {"movi v1.2d, #0xff00ff", "MOVI_double"},
      {"mvni v1.8h, #3", "MVNI_half"},
      {"dup v1.2d, x2", "DUP_general"},
      {"mov v1.16b, v2.16b", "ORR_vec"},
      {"umov w1, v2.b[3]", "UMOV"},
      {"bif v1.8b, v2.8b, v3.8b", "BIF_vec"},
      {"cmeq v1.16b, v2.16b, #0", "CMEQ_zero"},
      {"cmlt v1.2d, v2.2d, #0", "CMLT_zero"},
      {"umaxp v1.16b, v2.16b, v3.16b", "UMAXP_vec"},
      {"addp d1, v2.2d", "ADDP_scalar"},
      {"mvn v1.8b, v2.8b", "NOT_vec"},
      {"xtn2 v1.16b, v2.8h", "XTN"},
      {"shrn v1.8b, v2.8h, #4", "SHRN_B"},
      {"uxtl v1.2d, v2.2s", "USHLL_S"},
      {"sshr v1.4s, v2.4s, #32", "SSHR_S"},
      {"ushr d1, d2, #64", "USHR_scalar"},
      {"zip2 v1.8h, v2.8h, v3.8h", "ZIP2"},
      {"tbl v1.16b, {v31.16b, v0.16b}, v3.16b", "TBL"},
      {"ld1 {v1.16b, v2.16b}, [x3], #32", "LD1_2_post"},
      {"st1 {v1.2d, v2.2d, v3.2d, v4.2d}, [x3]", "ST1_4"},
      {"ld1 {v1.h}[5], [x3]", "LD1_lane_H"},
      {"st2 {v1.d, v2.d}[1], [x3], x4", "ST2_lane_D_post"},
      {"ld1r {v1.4s}, [x3]", "LD1R"},
      {"ld2 {v1.4s, v2.4s}, [x3]", "LD2_multiple"},
      {"st3 {v1.8b, v2.8b, v3.8b}, [x3], #24", "ST3_multiple_post"},
      {"ld4 {v30.2d, v31.2d, v0.2d, v1.2d}, [x3], x4", "LD4_multiple_post"},
      {"ld3 {v1.h, v2.h, v3.h}[7], [x3]", "LD3_lane_H"},
      {"st4 {v1.d, v2.d, v3.d, v4.d}[1], [x3], #32", "ST4_lane_D_post"},
      {"ld2r {v1.8b, v2.8b}, [x3], x4", "LD2R_post"},
      {"ld4r {v1.2d, v2.2d, v3.2d, v4.2d}, [x3]", "LD4R"},
      {"ldapr w1, [x2], #4", "LDAPR_post"},
      {"stlr x1, [sp, #-8]!", "STLR_pre"},
      {"ldiapp x1, x2, [x3]", "LDIAPP"},
      {"ldiapp w1, w2, [x3], #8", "LDIAPP_post"},
      {"stilp w1, w1, [x3]", "STILP"},
      {"stilp x1, x2, [sp, #-16]!", "STILP_pre"},
      {"ldapur h1, [x2, #-3]", "LDAPUR_fp"},
      {"stlur q1, [x2, #255]", "STLUR_q"},
      {"ldap1 {v1.d}[1], [x2]", "LDAP1"},
      {"stl1 {v1.d}[0], [x2]", "STL1"},
  };
  for (const Spelling& s : table) {
    std::string why;
    const std::optional<u32> word = assemble_word(s.text, &why);
    ASSERT_TRUE(word.has_value()) << s.text << ": " << why;
    EXPECT_STREQ(encoding_of(*word).name, s.encoding) << s.text;
  }
}

TEST(Decoder, MakesAnUndefinedInstructionOfEverythingElse) {
  const u32 words[] = {
      0x04200000,                    // SVE
      0x00000000,                    // UDF #0
      0xd71f0c41,                    // BRAA
      0xf8400d20 | (9u << 0),        // LDR X9, [X9, #0]!: write-back to the transferred register
      0xd9410840 | (1u << 16) | 1u,  // LDIAPP X1, X1, [X2], #16: both halves into one register
      0xd9010842,                    // STILP X2, X1, [X2, #-16]!: write-back to a transferred register
      0xd9c00842,                    // LDAPR X2, [X2], #8
      0x0c408c00,                    // LD2 of one 64-bit lane per register
      0x28c00420 | (1u << 10) | 1u,  // LDP W1, W1, [X1], #0: both halves into one register
      0x12400000,                    // AND W, N = 1
      0x9240fc00,                    // AND X, all ones
      0x0b000000 | (32u << 10),      // ADD W, LSL #32
      0x8bc00000,                    // ADD X, ROR
      0x8b201400,                    // ADD X, extended by 5
      0x52c00000,                    // MOVZ W, LSL #32
      0xd53ce100,                    // MRS of a register the model does not have
      0xd5100000,                    // MSR MIDR_EL1
      0x1e804000,                    // FMOV of a reserved type
      0x4e003c00,                    // UMOV of a reserved element
      0x0ee28420,                    // ADD of one 64-bit lane as a vector
      0x0e601820,                    // REV16 of 16-bit lanes
      0x2e034020,                    // EXT of 8-byte vectors from byte 8
      0xffffffff,
  };
  for (const u32 word : words) {
    const Instruction i = decode(word);
    EXPECT_FALSE(is_defined(word)) << std::hex << word;
    ASSERT_EQ(i.count, 1) << std::hex << word;
    EXPECT_EQ(i.uops[0].kind, UopKind::Exception);
    EXPECT_EQ(i.uops[0].exception_op(), ExceptionOp::Undefined);
    EXPECT_EQ(i.uops[0].imm, word);
  }
}

TEST(Decoder, CacheIsSharedAndStable) {
  std::mt19937 random(3);
  std::vector<u32> words(20'000);
  for (u32& w : words) w = static_cast<u32>(random());
  std::vector<const Instruction*> first;
  for (const u32 w : words) first.push_back(&decode_cached(w));

  std::vector<const Instruction*> other(words.size());
  std::thread thread([&] {
    for (std::size_t i = 0; i < words.size(); ++i) other[i] = &decode_cached(words[i]);
  });
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Instruction fresh = decode(words[i]);
    EXPECT_EQ(&decode_cached(words[i]), first[i]);
    EXPECT_EQ(first[i]->word, words[i]);
    EXPECT_EQ(first[i]->encoding, fresh.encoding);
    EXPECT_EQ(first[i]->count, fresh.count);
  }
  thread.join();
  EXPECT_EQ(first, other);
}

}  // namespace
}  // namespace isobar::isa
