// Bad programs are refused with a reason, whatever is wrong with them.
#include <cstring>
#include <random>

#include "support/diagnostic.h"
#include "tests/linux_user/program.h"

namespace isobar::linux_user {
namespace {

/// A program of one executable segment that makes exit_group(3).
std::string small_program() {
  std::string s(64 + 56 + 12, '\0');
  const auto put = [&s](std::size_t at, u64 value, unsigned bytes) { std::memcpy(s.data() + at, &value, bytes); };
  std::memcpy(s.data(), "\177ELF\2\1\1", 7);
  put(16, 2, 2);
  put(18, 183, 2);
  put(20, 1, 4);
  put(24, 0x400078, 8);  // entry
  put(32, 64, 8);        // program headers
  put(52, 64, 2);
  put(54, 56, 2);
  put(56, 1, 2);
  put(64, 1, 4);  // PT_LOAD
  put(68, 5, 4);  // readable, executable
  put(80, 0x400000, 8);
  put(96, s.size(), 8);
  put(104, s.size(), 8);
  put(112, 0x1000, 8);
  const u32 code[] = {0xd2800060, 0xd2800bc8, 0xd4000001};  // mov x0,#3; mov x8,#94; svc #0
  std::memcpy(s.data() + 120, code, sizeof code);
  return s;
}

std::string refusal(const std::string& contents) {
  try {
    parse_elf("it.elf", contents);
  } catch (const InputError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Elf, ASmallProgramRuns) {
  System p(parse_elf("small", small_program()), {});
  const Outcome o = p.run();
  EXPECT_EQ(o.kind, Outcome::Kind::Exited);
  EXPECT_EQ(o.status, 3);
  EXPECT_EQ(o.instructions, 3u);
}

TEST(Elf, EveryFieldThatMattersIsChecked) {
  struct Change {
    std::size_t at;
    u64 value;
    unsigned bytes;
    const char* message;
  };
  const Change changes[] = {
      {1, 'X', 1, "not an ELF file"},
      {4, 1, 1, "not a 64-bit ELF file"},
      {5, 2, 1, "not a little-endian ELF file"},
      {20, 7, 4, "unknown version"},
      {18, 62, 2, "machine 62 instead of 183"},
      {16, 1, 2, "ELF type 1"},
      {24, 0x500000, 8, "entry point 0x500000 is in no executable segment"},
      {32, 1 << 20, 8, "the file ends inside"},
      {54, 32, 2, "program headers of 32 bytes"},
      {56, 0, 2, "no segment is to be loaded"},
      {64, 3, 4, "dynamically linked"},
      {68, 6, 4, "no executable segment"},
      {80, 0x400001, 8, "differ within a page"},
      {80, 0, 8, "first page"},
      {80, u64{1} << 48, 8, "outside the address space"},
      {96, 1 << 20, 8, "more bytes in the file than in memory"},
      {104, u64{1} << 40, 8, "larger than 4 GiB"},
  };
  for (const Change& c : changes) {
    std::string s = small_program();
    std::memcpy(s.data() + c.at, &c.value, c.bytes);
    const std::string what = refusal(s);
    EXPECT_NE(what.find(c.message), std::string::npos) << c.message << ": " << what;
    EXPECT_EQ(what.find("it.elf: error: "), 0u) << what;
  }
}

TEST(Elf, DynamicProgramsAreRefused) {
  ISOBAR_NEEDS_PROGRAM("hello-dynamic");
  EXPECT_NE(refusal(contents_of(program_path("hello-dynamic"))).find("names an interpreter"), std::string::npos);
}

TEST(Elf, DamagedProgramsAreRefusedOrRun) {
  std::mt19937_64 random(7);
  for (unsigned i = 0; i < 20000; ++i) {
    std::string s = small_program();
    for (u64 n = random() % 4; n < 4; ++n) s[random() % s.size()] = static_cast<char>(random());
    if (random() % 4 == 0) s.resize(random() % s.size());
    try {
      Options o;
      o.limit = 100;
      o.page_limit = 64;
      System(parse_elf("damaged", s), o).run();
    } catch (const InputError&) {
    }
  }
}

}  // namespace
}  // namespace isobar::linux_user
