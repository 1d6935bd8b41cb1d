// Any sequence of system calls with any arguments ends: no crash, bounded memory. The program is always the same; it
// makes calls whose numbers and arguments come from a table that the input fills, results of earlier calls included.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "linux-user/system.h"
#include "support/diagnostic.h"

namespace {

using namespace isobar;

constexpr u64 kBase = 0x400000, kRecords = 0x410000, kValues = 0x420000, kScratch = 0x430000, kSize = 0x34000;
/// Values are found by index: constants, results of calls, the end of the records, numbers of calls.
constexpr u64 kFirstResult = 128, kEnd = 255, kFirstNumber = 256, kMostCalls = 100;

constexpr u32 kCode[] = {
    // loop: x8 and x0 to x5 are values whose indices are the next seven halfwords.
    0x78402669, 0xf8697a88,  // ldrh w9,[x19],#2; ldr x8,[x20,x9,lsl #3]
    0x78402669, 0xf8697a80, 0x78402669, 0xf8697a81, 0x78402669, 0xf8697a82,  // x0, x1, x2
    0x78402669, 0xf8697a83, 0x78402669, 0xf8697a84, 0x78402669, 0xf8697a85,  // x3, x4, x5
    0xd4000001, 0xf80086c0,  // svc #0; str x0,[x22],#8
    0xeb15027f, 0x54fffde3,  // cmp x19,x21; b.lo loop
    0xd2800000, 0xd2800bc8, 0xd4000001, 0x14000000,  // exit_group(0)
    // start
    0xd2a00833, 0xd2a00854, 0xd2a00856, 0xf2808016,  // x19 = records; x20 = values; x22 = first result
    0xf943fe95, 0x17ffffe5,  // ldr x21,[x20,#2040]; b loop
};
constexpr u64 kStart = 22 * 4;

constexpr u64 kConstants[] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 24, 28, 31, 32, 34, 48, 64, 65, 100, 127, 128,
    129, 256, 512, 1000, 1001, 1002, 1024, 4095, 4096, 8192, 65536, 1 << 20, 1ull << 31, 1ull << 32, 1ull << 40, 1ull << 47,
    1ull << 63, ~0ull, ~1ull, ~3ull, static_cast<u64>(-100), static_cast<u64>(-1000), 0xffffffff, 0x7fffffff,
    // Flags of mmap, open, clone, wait and membarrier.
    0x21, 0x22, 0x32, 0x12, 0x100022, 0102, 01102, 02000000, 04000, 02004000, 0x4111, 0x111, 0x8011, 0x50f00, 0x3d0f00,
    0x210000, 0x1000000, 0x40000000, 0x1000, 0x200, 0x1fff1, 0x80001,
    // Addresses: of nothing, code, the kernel, with a tag, the program's own data.
    16, kBase, kBase + 0x40, 0xffff000000000000, kScratch | 5ull << 56, 0xfffffffff000, 0x500000, 0x600000, kValues,
    kScratch, kScratch + 1, kScratch + 0x100, kScratch + 0x200, kScratch + 0x300, kScratch + 0x400, kScratch + 0x500,
    kScratch + 0x600, kScratch + 0x700, kScratch + 0x800, kScratch + 0x1000, kScratch + 0x2000, kScratch + 0x3ff8,
};
static_assert(std::size(kConstants) <= kFirstResult);
constexpr const char* kTexts[] = {"/tmp/a", "/tmp/b/c", "/proc/self/maps", "/proc/self/fd/3", "/proc/self/exe", "/dev/zero", "."};

std::string make_program(const u8* data, std::size_t size) {
  struct Header {
    u8 identification[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    u16 type = 2, machine = 183;
    u32 version = 1;
    u64 entry = kBase + kStart, headers = 64, sections = 0;
    u32 flags = 0;
    u16 size = 64, header_size = 56, header_count = 1, section_size = 0, section_count = 0, names = 0;
    u32 kind = 1, permissions = 7;
    u64 offset = 0x1000, address = kBase, physical = kBase, file_size = kSize, memory_size = kSize, align = 4096;
  } header;
  static_assert(sizeof header == 120);
  std::string file(0x1000 + kSize, '\0');
  std::memcpy(file.data(), &header, sizeof header);
  const auto put = [&](u64 address, const void* bytes, std::size_t n) {
    std::memcpy(file.data() + 0x1000 + (address - kBase), bytes, n);
  };
  put(kBase, kCode, sizeof kCode);
  put(kValues, kConstants, sizeof kConstants);
  const auto& calls = linux_user::system_calls();
  for (std::size_t i = 0; i < calls.size(); ++i) put(kValues + 8 * (kFirstNumber + i), &calls[i].number, 8);
  constexpr std::size_t kBytesOfCall = 7;
  const std::size_t count = std::min<std::size_t>(size / kBytesOfCall, kMostCalls);
  for (std::size_t k = 0; k < count; ++k) {
    std::array<u16, kBytesOfCall> record{};
    const u8* from = data + k * kBytesOfCall;
    record[0] = static_cast<u16>(kFirstNumber + from[0] % calls.size());
    for (std::size_t i = 1; i < kBytesOfCall; ++i)
      record[i] = from[i] < kFirstResult || k == 0 ? from[i] % kFirstResult
                                                   : static_cast<u16>(kFirstResult + from[i] % kFirstResult % k);
    put(kRecords + k * sizeof record, record.data(), sizeof record);
  }
  const u64 end = kRecords + count * kBytesOfCall * 2;
  put(kValues + 8 * kEnd, &end, 8);
  const std::size_t rest = std::min<std::size_t>(size - count * kBytesOfCall, 0x1000);
  put(kScratch, data + count * kBytesOfCall, rest);
  for (std::size_t i = 0; i < std::size(kTexts); ++i)
    put(kScratch + 0x200 + 0x100 * i, kTexts[i], std::strlen(kTexts[i]) + 1);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const isobar::u8* data, std::size_t size) {
  using namespace isobar::linux_user;
  try {
    Options options;
    options.cores = 2;
    options.limit = 20000;
    options.page_limit = 512;
    options.thread_limit = 8;
    options.tagging = size % 2 != 0;
    options.arguments = {"program", "argument"};
    options.write = [](int, const std::string&) {};
    options.read = [](isobar::u64) { return std::string("input"); };
    options.trace = [](const std::string&) {};
    System system(parse_elf("program", make_program(data, size)), options);
    system.run();
  } catch (const isobar::InputError&) {
  }
  return 0;
}
