// The reader of QEMU logs: what it takes from a log, and what it refuses.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "isa/assembler.h"
#include "isa/sequential.h"
#include "scenarios/import/helper_library.h"
#include "scenarios/import/qemu.h"
#include "support/bits.h"
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

TEST(QemuLog, NamesHelpersByTheirCalls) {
  std::string log = kPrologue + kBlock;
  log.replace(log.find(" mov_i64 tmp2"), 0, " call lookup_tb_ptr,$0x6,$1,tmp3,env\n");
  EXPECT_EQ(helper_names(parse_qemu_log(log, "log"), "log"), (std::map<u64, std::string>{{0x55002af1b0, "lookup_tb_ptr"}}));
  EXPECT_TRUE(helper_names(parse_qemu_log(kPrologue + kBlock, "log"), "log").empty());
  std::string other = kBlock;
  other.replace(other.find(" mov_i64 tmp2"), 0, " call pause,$0x6,$0,env\n");
  EXPECT_THROW(helper_names(parse_qemu_log(log + other, "log"), "log"), InputError);
}

std::map<std::string, std::string> shipped_helpers(const std::string& name) {
  const std::string file = std::string(ISOBAR_SOURCE_DIR) + "/helpers/" + name + ".yaml";
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  std::map<std::string, std::string> helpers;
  add_helpers(text.str(), file, helpers);
  return helpers;
}

/// Code and nothing else.
struct CodeMemory : isa::MemoryInterface {
  explicit CodeMemory(const std::string& text) : code(isa::assemble(text, 0x10000)) {}
  bool fetch(u64 address, u32& word) override {
    if (address < code.base || address + 4 > code.base + code.bytes.size()) return false;
    word = 0;
    for (unsigned i = 0; i < 4; ++i) word |= u32{code.bytes[address - code.base + i]} << (8 * i);
    return true;
  }
  bool read(const isa::Uop&, u64, Value&) override { return false; }
  bool write(const isa::Uop&, u64, const Value&) override { return false; }
  isa::Assembly code;
};

u64 call(CodeMemory& memory, const std::array<u64, 4>& arguments) {
  isa::ArchState state;
  state.pc = memory.code.base;
  std::copy(arguments.begin(), arguments.end(), state.x.begin());
  state.x[30] = 0;
  while (state.pc != 0) {
    if (isa::step(state, memory).kind != isa::StepResult::Kind::Completed) throw std::runtime_error("a helper faults");
  }
  return state.x[0];
}

/// What QEMU remembers of an operation of x86 on `a`, `b` and the carry flag, and the flags that it leaves (Intel SDM 2).
struct Lazy {
  u64 dst = 0, src = 0, src2 = 0, flags = 0;
};
constexpr u64 kCf = 1, kPf = 4, kAf = 16, kZf = 64, kSf = 128, kOf = 2048;

Lazy lazy(unsigned kind, unsigned width, u64 a, u64 b, u64 carry) {
  const u64 mask = ones(width), sign = u64{1} << (width - 1);
  a &= mask;
  b &= mask;
  Lazy l{0, b, 0, 0};
  bool cf = false, of = false, af = false;
  const bool inc = kind == 7, dec = kind == 8;
  if (inc || dec) b = 1;
  const u64 c = kind == 3 || kind == 5 ? carry : 0;
  if (kind == 2 || kind == 3 || inc) {
    l.dst = (a + b + c) & mask;
    cf = c != 0 ? l.dst <= a : l.dst < a;
    of = (~(a ^ b) & (a ^ l.dst) & sign) != 0;
    af = (a & 15) + (b & 15) + c > 15;
  } else if (kind == 4 || kind == 5 || dec) {
    l.dst = (a - b - c) & mask;
    cf = c != 0 ? a <= b : a < b;
    of = ((a ^ b) & (a ^ l.dst) & sign) != 0;
    af = (a & 15) < (b & 15) + c;
  } else {
    l.dst = a;
    if (kind == 1) cf = of = b != 0;
    if (kind == 9) cf = (b & sign) != 0;
    if (kind == 10) cf = (b & 1) != 0;
    if (kind == 9 || kind == 10) of = ((a ^ b) & sign) != 0;
    if (kind == 11) cf = b == 0;
    if (kind == 12) cf = b != 0;
  }
  if (kind == 3 || kind == 5) l.src2 = carry;
  if (inc || dec) {
    cf = carry != 0;
    l.src = carry;
  }
  l.flags = (cf ? kCf : 0) | (of ? kOf : 0) | (af ? kAf : 0) | (l.dst == 0 ? kZf : 0) | ((l.dst & sign) != 0 ? kSf : 0) |
            (std::popcount(l.dst & 0xff) % 2 == 0 ? kPf : 0);
  return l;
}

TEST(QemuHelpers, ComputeLazyFlags) {
  std::mt19937_64 random(1);
  const std::array<u64, 6> edges{0, 1, 0x7f7f'7f7f'7f7f'7f7f, 0x8080'8080'8080'8080, ~u64{0}, 0x10};
  for (const bool old : {true, false}) {
    const std::map<std::string, std::string> helpers = shipped_helpers(old ? "qemu-7.2" : "qemu-10.0");
    CodeMemory all(helpers.at("cc_compute_all")), carry_only(helpers.at("cc_compute_c"));
    const auto check = [&](u64 op, const Lazy& l, const std::string& what) {
      EXPECT_EQ(call(all, {l.dst, l.src, l.src2, op}), l.flags) << what;
      EXPECT_EQ(call(carry_only, {l.dst, l.src, l.src2, op}), l.flags & kCf) << what;
    };
    for (unsigned kind = 1; kind <= (old ? 11u : 12u); ++kind) {
      for (unsigned size = 0; size < 4; ++size) {
        for (unsigned n = 0; n < 24; ++n) {
          const u64 a = n % 2 == 0 ? edges[n / 2 % 6] : random(), b = n < 12 ? edges[n % 6] : random();
          Lazy l = lazy(kind, 8u << size, a, b, n / 3 % 2);
          // Bits above the operand's are anything.
          if (size < 3 && n % 4 == 0) l.dst |= ~u64{0} << (8u << size);
          const unsigned op = 4 * kind + size - (old ? 2 : 0);
          check(op, l, fmt::format("kind {} size {} {:#x} {:#x}", kind, size, a, b));
        }
      }
    }
    check(old ? 1 : 0, {5, 0x8d5, 1, 0x8d5}, "flags kept");
    check(old ? 46 : 1, {1, 0x8d4, 0, 0x8d5}, "ADCX");
    check(old ? 47 : 2, {1, 0x0d4, 1, 0x8d4}, "ADOX");
    check(old ? 48 : 3, {1, 0x0d4, 1, 0x8d5}, "both");
    check(old ? 50 : 55, {7, 7, 0, 0}, "POPCNT");
    check(old ? 50 : 55, {0, 0, 0, kZf}, "POPCNT of 0");
    if (old) check(49, {7, 7, 7, kZf | kPf}, "CLR");
  }
}

TEST(QemuHelpers, ShippedOnesAssemble) {
  for (const char* name : {"qemu-lse", "qemu-llsc", "qemu-7.2", "qemu-10.0"}) {
    for (const auto& [helper, code] : shipped_helpers(name)) {
      std::string text = code;
      for (std::size_t at = 0; (at = text.find("{guest_base}")) != std::string::npos;) text.replace(at, 12, "0x10000000");
      if (const std::size_t at = text.find("{cc_compute_all}"); at != std::string::npos) text.replace(at, 16, "NOP");
      EXPECT_FALSE(isa::assemble(text, 0x10000).bytes.empty()) << name << ' ' << helper;
    }
  }
}

TEST(QemuHelpers, WrongLibrariesAreLocated) {
  const auto refused = [](const std::string& text) {
    std::map<std::string, std::string> helpers;
    try {
      add_helpers(text, "h.yaml", helpers);
    } catch (const InputError& e) {
      return e.diagnostics().at(0).where.line;
    }
    return 0u;
  };
  const std::string head = "title: a\ndescription: b\nsource: c\n";
  EXPECT_EQ(refused(head + "helpers: {f: RET}\n"), 0u);
  EXPECT_EQ(refused(head + "helpers: RET\n"), 4u);
  EXPECT_EQ(refused(head + "helpers:\n  f:\n    - RET\n"), 6u);
  EXPECT_EQ(refused(head + "helpers:\n  1f: RET\n"), 5u);
  EXPECT_EQ(refused(head + "extra: 1\nhelpers: {f: RET}\n"), 4u);
}

}  // namespace
}  // namespace isobar::scenarios
