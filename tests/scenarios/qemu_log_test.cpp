// The reader of QEMU logs: what it takes from a log, and what it refuses.
#include <gtest/gtest.h>

#include <string>

#include "scenarios/import/qemu.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {
namespace {

const std::string kPrologue =
    "PROLOGUE: [size=8]\n"
    "0x550bae9000:  a9ba7bfd  stp      x29, x30, [sp, #-0x60]!\n"
    "0x550bae9004:  d61f0020  br       x1\n"
    "\n";

const std::string kBlock =
    "----------------\n"
    "IN: writer\n"
    "0x00401000:  48 c7 04 25 18 30 40 00  movq     $1, 0x403018\n"
    "0x00401008:  01 00 00 00\n"
    "0x00401018:  c3                       retq     \n"
    "\n"
    "OP:\n"
    " mov_i64 tmp2,$0x403018\n"
    "\n"
    "OUT: [size=28]\n"
    "  -- guest addr 0x0000000000401000 + tb prologue\n"
    "0x550bae9220:  f8356b94  str      x20, [x28, x21]\n"
    "  -- guest addr 0x0000000000401018\n"
    "0x550bae9224:  d0fa3e3e  adrp     x30, #0x55002af000\n"
    "0x550bae9228:  9106c3de  add      x30, x30, #0x1b0\n"
    "0x550bae922c:  d63f03c0  blr      x30\n"
    "0x550bae9230:  9000001e  adrp     x30, #0x550bae9000\n"
    "0x550bae9234:  910003de  add      x30, x30, #0\n"
    "0x550bae9238:  d61f03c0  br       x30\n"
    "\n";

TEST(QemuLog, ReadsBlocksAndPrologue) {
  const QemuLog log = parse_qemu_log(kPrologue + kBlock, "log");
  EXPECT_EQ(log.prologue.base, 0x550bae9000u);
  EXPECT_EQ(log.prologue.words, (std::vector<u32>{0xa9ba7bfd, 0xd61f0020}));
  ASSERT_EQ(log.blocks.size(), 1u);
  const TranslatedBlock& b = log.blocks[0];
  EXPECT_EQ(b.symbol, "writer");
  EXPECT_EQ(b.guest_pc, 0x401000u);
  EXPECT_EQ(b.line, 6u);
  EXPECT_EQ(b.code.base, 0x550bae9220u);
  EXPECT_EQ(b.code.words.size(), 7u);
  ASSERT_EQ(b.guest.size(), 2u);
  EXPECT_EQ(b.guest[0].text, "movq     $1, 0x403018");
  EXPECT_EQ(b.guest[0].first_word, 0u);
  EXPECT_EQ(b.guest[1].pc, 0x401018u);
  EXPECT_EQ(b.guest[1].first_word, 1u);
}

TEST(QemuLog, FindsHelpersAndIgnoresUnsetLinks) {
  const QemuLog log = parse_qemu_log(kPrologue + kBlock, "log");
  EXPECT_EQ(helper_addresses(log), (std::vector<u64>{0x55002af1b0}));
}

TEST(QemuLog, ResetsLinksToTheNextWord) {
  QemuLog log = parse_qemu_log(kBlock, "log");
  reset_links(log);
  EXPECT_EQ(log.blocks[0].code.words[4], 0x14000003u);
  EXPECT_EQ(log.blocks[0].code.words[5], 0xd503201fu);
  EXPECT_EQ(log.blocks[0].code.words[6], 0xd61f03c0u);
}

TEST(QemuLog, ResetsDirectLinksBehindTheirFarForm) {
  QemuLog log = parse_qemu_log("IN: \n0x10:  90  nop\nOUT: [size=12]\n0x1000:  14000000  b 0x1000\n"
                               "0x1004:  d61f0200  br x16\n0x1008:  d503249f  bti j\n", "log");
  reset_links(log);
  EXPECT_EQ(log.blocks[0].code.words, (std::vector<u32>{0x14000002, 0xd61f0200, 0xd503249f}));
}

TEST(QemuLog, ReadsLiteralData) {
  const QemuLog log = parse_qemu_log(
      "IN: \n0x10:  90  nop\nOUT: [size=16]\n0x1000:  d503201f  nop\n0x1004:  d503201f  nop\n"
      "  data: [size=8]\n0x1008:  .quad  0x1122334455667788\n",
      "log");
  EXPECT_EQ(log.blocks[0].code.words, (std::vector<u32>{0xd503201f, 0xd503201f, 0x55667788, 0x11223344}));
}

TEST(QemuLog, ReadsCarriageReturns) {
  std::string text = kBlock;
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) text.insert(i, "\r");
  EXPECT_EQ(parse_qemu_log(text, "log").blocks[0].symbol, "writer");
}

struct Bad {
  const char* what;
  std::string text;
  u32 line;
  const char* message;
};

TEST(QemuLog, RefusesWithLineAndReason) {
  const std::string in = "IN: f\n0x10:  90  nop\n";
  const Bad cases[] = {
      {"empty", "", 0, "no translated block"},
      {"other text", "hello\nworld\n", 0, "no translated block"},
      {"cut", in + "OUT: [size=8]\n0x1000:  d503201f  nop\n", 4, "4 bytes, 8 were announced"},
      {"too long", in + "OUT: [size=4]\n0x1000:  d503201f  nop\n0x1004:  d503201f  nop\n", 5,
       "more host code"},
      {"gap", in + "OUT: [size=8]\n0x1000:  d503201f  nop\n0x1008:  d503201f  nop\n", 5, "does not follow"},
      {"word", in + "OUT: [size=4]\n0x1000:  nop\n", 4, "instruction word"},
      {"long word", in + "OUT: [size=4]\n0x1000:  d503201fd503201f  nop\n", 4, "instruction word"},
      {"no colon", in + "OUT: [size=4]\n0x1000  d503201f  nop\n", 4, "expected ':'"},
      {"odd address", in + "OUT: [size=4]\n0x1002:  d503201f  nop\n", 4, "multiple of 4"},
      {"size", in + "OUT: [size=]\n", 3, "[size=N]"},
      {"size zero", in + "OUT: [size=0]\n", 3, "expected a size"},
      {"size huge", in + "OUT: [size=99999999999999999999]\n", 3, "[size=N]"},
      {"size open", in + "OUT: [size=4", 3, "[size=N]"},
      {"no guest", "OUT: [size=4]\n0x1000:  d503201f  nop\n", 1, "without the guest code"},
      {"guest address", "IN: f\n0xzz:  90  nop\n", 2, "an address"},
      {"literal", in + "OUT: [size=4]\n0x1000:  .long 12\n", 4, "literal"},
  };
  for (const Bad& bad : cases) {
    try {
      parse_qemu_log(bad.text, "log");
      ADD_FAILURE() << bad.what << ": accepted";
    } catch (const InputError& e) {
      EXPECT_EQ(e.diagnostics().at(0).where.line, bad.line) << bad.what;
      EXPECT_NE(std::string(e.what()).find(bad.message), std::string::npos) << bad.what << ": " << e.what();
    }
  }
}

TEST(QemuLog, SurvivesEveryPrefix) {
  const std::string all = kPrologue + kBlock;
  std::size_t refused = 0;
  for (std::size_t n = 0; n <= all.size(); ++n) {
    try {
      parse_qemu_log(std::string_view(all).substr(0, n), "log");
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, all.size() / 2);
}

}  // namespace
}  // namespace isobar::scenarios
