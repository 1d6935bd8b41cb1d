#include "isa/assembler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <set>

namespace isobar::isa {
namespace {

std::vector<u32> words(const Assembly& a) {
  std::vector<u32> out(a.bytes.size() / 4);
  std::memcpy(out.data(), a.bytes.data(), out.size() * 4);
  return out;
}

u64 quad_at(const Assembly& a, u64 address) {
  u64 v = 0;
  std::memcpy(&v, &a.bytes.at(address - a.base), 8);
  return v;
}

std::vector<Diagnostic> errors_of(std::string_view text, const AssemblerOptions& options = {}) {
  try {
    assemble(text, 0x10000, options);
  } catch (const InputError& e) {
    return e.diagnostics();
  }
  return {};
}

TEST(Assemble, LabelsAndBranchesBothWays) {
  const Assembly a =
      assemble("start:\n  cbz x0, done\n1: b.ne 1b\n  tbnz w3, #2, start\ndone: ret\n", 0x8000);
  EXPECT_EQ(words(a), (std::vector<u32>{0xb4000060, 0x54000001, 0x3717ffc3, 0xd65f03c0}));
  EXPECT_EQ(a.labels, (std::map<std::string, u64>{{"start", 0x8000}, {"done", 0x800c}}));
  EXPECT_EQ(a.line_of_word, (std::vector<u32>{2, 3, 4, 5}));
}

TEST(Assemble, SectionsFollowTextAndRelocationsResolve) {
  const Assembly a = assemble(
      "  adrp x0, value\n  add x0, x0, :lo12:value\n  ldr x1, [x0, :lo12:value]\n  adr x2, value\n  ldr x3, "
      "value\n"
      "  bl far\n  movz x4, #:abs_g2:value\n  movk x4, #:abs_g1_nc:value\n  movk x4, #:abs_g0_nc:value\n"
      "  .data\n  .balign 16\nvalue: .quad value, far\n  .word far - .\n  .bss\nzero: .zero 8\n"
      "  .section .text.far, \"ax\"\nfar: ret\n",
      0x123456789000);
  const u64 value = a.labels.at("value"), far = a.labels.at("far");
  EXPECT_EQ(value % 16, 0u);
  EXPECT_LT(far, value);
  EXPECT_LT(value, a.labels.at("zero"));
  EXPECT_EQ(quad_at(a, value), value);
  EXPECT_EQ(quad_at(a, value + 8), far);
  EXPECT_EQ(static_cast<u32>(quad_at(a, value + 16)), static_cast<u32>(far - (value + 16)));
  EXPECT_EQ(quad_at(a, a.labels.at("zero")), 0u);
  const std::vector<u32> w = words(a);
  const u64 low = value & 0xfff;
  EXPECT_EQ(w[0], 0x90000000u);
  EXPECT_EQ(w[1], 0x91000000u | static_cast<u32>(low << 10));
  EXPECT_EQ(w[2], 0xf9400001u | static_cast<u32>((low / 8) << 10));
  EXPECT_EQ(disassemble(w[3], a.base + 12),
            disassemble(0x10000002u | static_cast<u32>(((value - a.base - 12) >> 2) << 5), a.base + 12));
  EXPECT_EQ(w[5], 0x94000000u | static_cast<u32>((far - (a.base + 20)) / 4));
  EXPECT_EQ(w[6], 0xd2c00004u | static_cast<u32>(((value >> 32) & 0xffff) << 5));
  EXPECT_EQ(w[7], 0xf2a00004u | static_cast<u32>(((value >> 16) & 0xffff) << 5));
  EXPECT_EQ(w[8], 0xf2800004u | static_cast<u32>((value & 0xffff) << 5));
}

TEST(Assemble, LiteralPool) {
  const Assembly a = assemble("  ldr x0, =0x123456789abcdef0\n  ldr x1, =label\nlabel: ret\n", 0x4000);
  ASSERT_GE(a.bytes.size(), 28u);
  EXPECT_EQ(quad_at(a, 0x4010), 0x123456789abcdef0u);
  EXPECT_EQ(quad_at(a, 0x4018), 0x4008u);
}

TEST(Assemble, MacrosRepetitionsAndConditions) {
  AssemblerOptions options;
  options.symbols = {{"WITH_NOP", 1}};
  const Assembly a = assemble(
      ".macro twice op:vararg\n  \\op\n  \\op\n.endm\n  twice mov x1, x2\n  .rept 2\n  .irp r, x3, x4\n  neg "
      "\\r, \\r\n"
      "  .endr\n  .endr\n  .if WITH_NOP == 1\n  nop\n  .else\n  ret\n  .endif\n  .ifdef MISSING\n  ret\n  "
      ".endif\n",
      0, options);
  EXPECT_EQ(words(a), (std::vector<u32>{0xaa0203e1, 0xaa0203e1, 0xcb0303e3, 0xcb0403e4, 0xcb0303e3,
                                        0xcb0403e4, 0xd503201f}));
  EXPECT_EQ(a.line_of_word, (std::vector<u32>{5, 5, 6, 6, 6, 6, 12}));
}

TEST(Assemble, ExternalSymbolsAreAddressesOfPcRelativeInstructionsAndConstantsElsewhere) {
  AssemblerOptions options;
  options.symbols = {{"handler", 0x20000}, {"SIZE", 40}};
  const Assembly a = assemble(
      "  bl handler\n  adr x0, handler+4\n  add x1, x1, #SIZE\n  ldr x2, =handler\n"
      "  b.eq handler\n  .quad handler\n",
      0x10000, options);
  const std::vector<u32> w = words(a);
  EXPECT_EQ(w[0], 0x94004000u);
  EXPECT_EQ(disassemble(w[1], 0x10004), "adr x0, 0x20004");
  EXPECT_EQ(w[2], 0x9100a021u);
  EXPECT_EQ(disassemble(w[4], 0x10010), "b.eq 0x20000");
  EXPECT_EQ(quad_at(a, 0x10014), 0x20000u);
  EXPECT_TRUE(a.labels.empty());
}

TEST(Assemble, AMacroThatUsesItselfIsAnErrorSoon) {
  const char* text = ".macro twice\n twice\n twice\n.endm\ntwice\n";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THROW(assemble(text, 0x1000), InputError);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(Assemble, ExternalSymbolReachingABranchThroughAMacroIsAnError) {
  AssemblerOptions options;
  options.symbols = {{"near", 0x40}};
  const auto errors = errors_of(".macro go t\n  b \\t\n.endm\n  go near\n", options);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].where.line, 4u);
}

TEST(Assemble, DataAndInstDirectivesHaveLines) {
  const Assembly a = assemble("  nop\n  .inst 0xd65f03c0\n  .word 1, 2\n  .balign 32\n  .quad 7\n", 0x1000);
  EXPECT_EQ(a.line_of_word, (std::vector<u32>{1, 2, 3, 3, 0, 0, 0, 0, 5, 5}));
}

TEST(Assemble, AllErrorsAreReportedWithTheirPlaces) {
  AssemblerOptions options;
  options.file = "test.yaml";
  options.first_line = 10;
  options.first_column = 7;
  const auto errors = errors_of("  frob x0\n  nop\n  add x0, x1\n.macro m\n  quux\n.endm\n  m\n", options);
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(to_string(errors[0]).rfind("test.yaml:10:9: error: ", 0), 0u) << to_string(errors[0]);
  EXPECT_EQ(to_string(errors[1]).rfind("test.yaml:12:3: error: ", 0), 0u) << to_string(errors[1]);
  EXPECT_EQ(to_string(errors[2]).rfind("test.yaml:16:3: error: ", 0), 0u) << to_string(errors[2]);
  EXPECT_NE(errors[2].message.find("quux"), std::string::npos);
}

TEST(Assemble, UndefinedSymbolsAreReportedTogether) {
  const auto errors = errors_of("  b one\n  nop\n  ldr x0, =two\n  adr x1, three\n");
  ASSERT_EQ(errors.size(), 3u);
  std::map<u32, std::string> by_line;
  for (const Diagnostic& d : errors) by_line[d.where.line] = d.message;
  EXPECT_EQ(by_line[1], "undefined symbol 'one'");
  EXPECT_EQ(by_line[3], "undefined symbol 'two'");
  EXPECT_EQ(by_line[4], "undefined symbol 'three'");
}

TEST(Assemble, RangeOfRelocationsIsChecked) {
  EXPECT_EQ(errors_of("  tbz x0, #1, far\n  .section .text.far, \"ax\"\n  .zero 70000\nfar: ret\n").size(),
            1u);
  EXPECT_EQ(errors_of("  adr x0, far\n  .data\n  .zero 2000000\nfar: .word 1\n").size(), 1u);
  EXPECT_EQ(errors_of("  ldr x0, [x1, :lo12:odd]\n  .data\n  .byte 1\nodd: .quad 1\n").size(), 1u);
  AssemblerOptions options;
  options.symbols = {{"far", 0x100000000000}};
  EXPECT_EQ(errors_of("  bl far\n", options).size(), 1u);
}

TEST(Assemble, TextMustNotReadFilesOrExhaustTheHost) {
  const char* const texts[] = {
      ".incbin \"/etc/passwd\"\n",
      ".INCBIN \"/etc/passwd\"\n",
      ".include \"/etc/passwd\"\n",
      ".macro m d, f\n.\\d \\f\n.endm\n m incbin, \"/etc/passwd\"\n",
      "\".incbin\" \"/etc/passwd\"\n",
      ".rept 0x7fffffffffffffff\n.endr\n",
      ".rep 100000000\nnop\n.endr\n",
      ".rept 4000\n.rept 4000\nnop\n.endr\n.endr\n",
      ".macro m n\n.if \\n\nm (\\n-1)\nm (\\n-1)\nm (\\n-1)\n.endif\n.endm\nm 19\n",
      ".macro m a\nm \\a\\a\\a\\a\\a\\a\\a\\a\n.endm\nm aaaaaaaaaaaaaaaa\n",
      ".macro m\nm\n.endm\nm\n",
      ".macro m; nop; .endm\nm\n",
      ".fill 0x7fffffffffff, 1, 0\n",
      ".space 0x7fffffffffffffff\n.space 0x7fffffffffffffff\n.space 2\n",
      ".zero 70000000\n",
      ".org 0x3fffffff\nnop\n",
      ".data\n.byte 1\n.p2align 31\n.byte 1\n",
      ".if 1\nnop\n",
      ".macro m\n.if 0\n.endm\nm\nnop\n",
      ("a=l+l\nb=a+a\nc=b+b\nd=c+c\ne=d+d\nf=e+e\ng=f+f\nh=g+g\ni=h+h\nj=i+i\nk=j+j\nm=k+k\nn=m+m\no=n+n\np="
       "o+o\nq=p+p\n"
       "r=q+q\ns=r+r\nl:\n.quad s-s\n"),
      "nop\x01\n",
      ".irpc c,a=b\nnop\n.endr\n",
  };
  for (const char* text : texts) EXPECT_FALSE(errors_of(text).empty()) << text;
  EXPECT_FALSE(errors_of("mov x0, #" + std::string(5000, '(') + "1" + std::string(5000, ')') + "\n").empty());
  EXPECT_FALSE(errors_of(std::string(5000, '-') + "1\n").empty());
}

TEST(Assemble, CompilerOutputIsAccepted) {
  const Assembly a = assemble(
      "\t.arch armv8-a\n\t.file \"x.c\"\n\t.text\n\t.align 2\n\t.global f\n\t.type f, %function\nf:\n.LFB0:\n"
      "\t.cfi_startproc\n\t.loc 1 2 3\n\tret\n\t.cfi_endproc\n.LFE0:\n\t.size f, .-f\n\t.ident \"GCC\"\n"
      "\t.section .note.GNU-stack,\"\",@progbits\n",
      0x400);
  EXPECT_EQ(words(a), std::vector<u32>{0xd65f03c0});
  EXPECT_EQ(a.labels, (std::map<std::string, u64>{{"f", 0x400}}));
}

TEST(Assemble, CommentsDoNotMoveLines) {
  const Assembly a = assemble("/* one\n two */ nop // three \"\n  .ascii \"// not a comment\"\n", 0);
  EXPECT_EQ(a.line_of_word.at(0), 2u);
  EXPECT_EQ(a.bytes.size(), 4u + 16u);
}

TEST(Assemble, RandomTextNeverCrashes) {
  std::mt19937 rng(7);
  const char* const pieces[] = {
      "mov",    " x0",    ", ",      "#",      "1",         "(",    ")",        "\n",   ";",       ":",
      "foo",    ".word",  " ",       "\\",     "\"",        "ldr",  "[",        "]",    "!",       "=",
      ".macro", ".endm",  " m",      ".rept",  ".endr",     "3",    "b ",       "-",    ".if",     ".else",
      ".endif", ".irp",   ".",       "//",     "/*",        "*/",   "\t",       "'",    "{v0.4s}", "w1",
      ".set",   ".data",  ".balign", ".inst",  "@",         "$",    "0x",       "lsl",  ".fill",   ".org",
      ":lo12:", ".ascii", ".purgem", ".exitm", ".endmacro", ".equ", ".section", ".req", "\\()",    "\\@"};
  unsigned accepted = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    std::string text;
    for (unsigned n = rng() % 40; n > 0; --n) text += pieces[rng() % std::size(pieces)];
    accepted += errors_of(text).empty() ? 1 : 0;
  }
  EXPECT_GT(accepted, 0u);
}

TEST(AssembleWord, AcceptsEitherCaseAndPcRelativeOperands) {
  const std::pair<const char*, u32> cases[] = {
      {"LDR W1,[X0]", 0xb9400001},
      {"DMB SY", 0xd5033fbf},
      {"CAS W0,W6,[X1]", 0x88a07c26},
      {"b .+8", 0x14000002},
      {"B.EQ .-4", 0x54ffffe0},
      {"STXR W5,X6,[X7]", 0xc8057ce6},
      {"isb", 0xd5033fdf},
      {"MOV X0,#1", 0xd2800020},
      {"ic ivau, x3", 0xd50b7523},
      {".inst 0x1", 0x00000001},
      {"adr x0, .+4", 0x10000020},
      {"CBNZ W1, .+12", 0x35000061},
      {"mov x0, x1 // c", 0xaa0103e0},
  };
  for (const auto& [text, word] : cases) {
    std::string why;
    const auto got = assemble_word(text, &why);
    ASSERT_TRUE(got.has_value()) << text << ": " << why;
    EXPECT_EQ(*got, word) << text;
    EXPECT_EQ(assemble_word(text), got) << "from the cache";
  }
}

TEST(AssembleWord, SaysWhyNot) {
  for (const char* text :
       {"", "  ", "frob x0", "nop; nop", "nop\nnop", "ldr x0, =0x123456789abcdef", "b elsewhere",
        "add x0, x1, #99999", "label:", ".incbin \"x\"", "nop nop", "\x01"}) {
    std::string why;
    EXPECT_FALSE(assemble_word(text, &why).has_value()) << text;
    EXPECT_FALSE(why.empty()) << text;
  }
  EXPECT_FALSE(assemble_word(std::string(2000, 'a')).has_value());
}

TEST(AssembleWord, SurvivesMoreTextsThanOneContextHolds) {
  for (u32 i = 0; i < 25000; ++i) {
    const u32 d = i % 31, imm = i % 4096;
    ASSERT_EQ(assemble_word("add x" + std::to_string(d) + ", x1, #" + std::to_string(imm)),
              0x91000020u | d | imm << 10);
  }
}

TEST(Disassemble, InverseOfAssemble) {
  for (const char* text :
       {"ldr w1, [x0]", "stlxr w5, x6, [x7]", "casal x0, x1, [x2]", "dmb ishld", "msr ACTLR_EL1, x0",
        "ldp x1, x2, [sp], #16", "add v0.4s, v1.4s, v2.4s", "svc #0x3"}) {
    const auto word = assemble_word(text);
    ASSERT_TRUE(word.has_value()) << text;
    const auto again = assemble_word(disassemble(*word));
    EXPECT_EQ(again, word) << disassemble(*word);
  }
  EXPECT_EQ(disassemble(0x14000002, 0x1000), "b 0x1008");
  EXPECT_EQ(disassemble(0xffffffff), ".inst 0xffffffff");
}

/// Every hexadecimal word in the "words" arrays of a JSON-lines file.
std::set<u32> recorded_words(const std::string& path) {
  std::ifstream in(path);
  std::set<u32> found;
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find("\"words\": ["), end = line.find(']', begin);
    if (begin == std::string::npos) continue;
    for (std::size_t at = line.find('"', begin + 10); at < end; at = line.find('"', at + 10)) {
      found.insert(static_cast<u32>(std::stoul(line.substr(at + 1, 8), nullptr, 16)));
    }
  }
  return found;
}

TEST(Disassemble, RecordedCodeAssemblesAgain) {
  const char* folder = std::getenv("ISOBAR_TRANSLATOR");
  if (folder == nullptr) GTEST_SKIP() << "ISOBAR_TRANSLATOR is not set";
  const std::set<u32> words = recorded_words(std::string(folder) + "/qemu_sequences.jsonl");
  ASSERT_GT(words.size(), 1000u);
  for (const u32 word : words) {
    std::string why;
    EXPECT_EQ(assemble_word(disassemble(word), &why), word) << disassemble(word) << ": " << why;
  }
}

}  // namespace
}  // namespace isobar::isa
