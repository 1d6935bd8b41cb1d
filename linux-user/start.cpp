// What execve() leaves behind: segments, stack with argv, envp and auxv, registers (Linux fs/binfmt_elf.c, System V ABI
// for AArch64).
#include <fmt/format.h>

#include <algorithm>

#include "linux-user/elf_symbols.h"
#include "linux-user/system.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_user {

namespace {

using functional::kExecute;
using functional::kPageSize;
using functional::kRead;
using functional::kWrite;
using isa::Reg;

constexpr u64 kStackTop = 0xffff'ffff'f000, kStackSize = 8 << 20, kStackGap = 16 << 20;
constexpr u64 kMaxArguments = 2 << 20;

enum : u64 {
  kAtNull = 0,
  kAtPhdr = 3,
  kAtPhent = 4,
  kAtPhnum = 5,
  kAtPagesz = 6,
  kAtBase = 7,
  kAtFlags = 8,
  kAtEntry = 9,
  kAtUid = 11,
  kAtEuid = 12,
  kAtGid = 13,
  kAtEgid = 14,
  kAtPlatform = 15,
  kAtHwcap = 16,
  kAtClktck = 17,
  kAtSecure = 23,
  kAtRandom = 25,
  kAtHwcap2 = 26,
  kAtRseqFeatureSize = 27,
  kAtRseqAlign = 28,
  kAtExecfn = 31,
  kAtMinsigstksz = 51,
};

/// Features of the instruction set in isa/, by their bits in arch/arm64/include/uapi/asm/hwcap.h and their names in
/// /proc/cpuinfo. Neither SVE nor pointer authentication; CPUID (emulated reads of ID registers) is absent too.
struct HardwareFeature {
  unsigned word, bit;  ///< AT_HWCAP, AT_HWCAP2
  const char* name;
  bool Options::*needed = nullptr;
};
constexpr HardwareFeature kHardwareFeatures[] = {
    {0, 0, "fp"},        {0, 1, "asimd"},   {0, 3, "aes"},      {0, 4, "pmull"},   {0, 5, "sha1"},
    {0, 6, "sha2"},      {0, 7, "crc32"},   {0, 8, "atomics"},  {0, 9, "fphp"},    {0, 10, "asimdhp"},
    {0, 12, "asimdrdm"}, {0, 13, "jscvt"},  {0, 14, "fcma"},    {0, 15, "lrcpc"},  {0, 16, "dcpop"},
    {0, 17, "sha3"},     {0, 18, "sm3"},    {0, 19, "sm4"},     {0, 20, "asimddp"}, {0, 21, "sha512"},
    {0, 23, "asimdfhm"}, {0, 25, "uscat"},  {0, 26, "ilrcpc"},  {0, 27, "flagm"},  {0, 29, "sb"},
    {1, 0, "dcpodp"},    {1, 7, "flagm2"},  {1, 8, "frint"},    {1, 17, "bti", &Options::guarding}, {1, 18, "mte", &Options::tagging},
    {1, 22, "mte3", &Options::tagging},
    {1, 34, "cssc"},     {1, 44, "hbc"},    {1, 46, "lrcpc3"}};

u64 hardware_word(const Options& options, unsigned word) {
  u64 bits = 0;
  for (const HardwareFeature& f : kHardwareFeatures) {
    if (f.word == word && (f.needed == nullptr || options.*f.needed)) bits |= u64{1} << f.bit;
  }
  return bits;
}

constexpr u64 kCtr = 0x8444'c004, kCtrDic = u64{1} << 29;  // 64-byte lines, PIPT
constexpr u64 kDczid = 4;                                  // DC ZVA of 64 bytes
constexpr u64 kCounterFrequency = 1'000'000'000;

}  // namespace

std::string feature_names(const Options& options) {
  std::string names;
  for (const HardwareFeature& f : kHardwareFeatures) {
    if (f.needed == nullptr || options.*f.needed) names += std::string(names.empty() ? "" : " ") + f.name;
  }
  return names;
}

void Process::load(Thread& t, std::shared_ptr<const ElfImage> program, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment) {
  const bool coherent_fetch = system.options.coherent_fetch;
  auto fresh = std::make_shared<AddressSpace>();
  fresh->memory = std::make_shared<functional::Memory>(memory().pool(), coherent_fetch, system.options.tagging);
  image = std::move(program);
  space = std::move(fresh);
  t.core.use(memory());
  t.core.checks_stack = true;
  t.core.branch_type = 0;
  const u64 bias = map_program(*image);

  const std::string& name = arguments.empty() ? image->file : arguments.front();
  t.name = name.substr(name.find_last_of('/') + 1).substr(0, 15);
  isa::ArchState& s = t.core.state();
  s = {};
  s.pc = bias + image->entry;
  s.set(Reg::CTR_EL0, {kCtr | (coherent_fetch ? kCtrDic : 0), 0});
  s.set(Reg::DCZID_EL0, {kDczid, 0});
  s.set(Reg::CNTFRQ_EL0, {kCounterFrequency, 0});
  constexpr u64 kAllTagsExcluded = 0xffff;
  s.set(Reg::GCR_EL1, {kAllTagsExcluded, 0});
  build_stack(t, arguments, environment, bias);
}

/// Segments, stack and the code that returns from handlers; what has to be added to linked addresses.
u64 Process::map_program(const ElfImage& program) {
  const u64 bias = load_bias(program);
  u64 end = 0;
  for (const Segment& s : program.segments) {
    const u64 begin = align_down(bias + s.address, kPageSize);
    end = align_down(bias + s.address + s.memory_size + kPageSize - 1, kPageSize);
    const bool guarded = system.options.guarding && program.guards_branches && (s.permissions & kExecute) != 0;
    memory().map(begin, end, s.permissions | (guarded ? functional::kGuarded : u8{0}));
    if (memory().write(bias + s.address, program.contents.data() + s.offset, s.file_size, 0) != s.file_size)
      throw InputError(Diagnostic{{program.file, 0, 0},
                                  fmt::format("the program does not fit into {} pages of memory", memory().page_limit())});
    space->note(begin, align_down(bias + s.address + s.file_size + kPageSize - 1, kPageSize), true);
  }
  space->break_start = space->break_end = end;

  u64& top = space->mapping_top;
  top = kStackTop - kStackSize - kStackGap;
  memory().map(kStackTop - kStackSize, kStackTop, program.executable_stack ? kRead | kWrite | kExecute : kRead | kWrite);
  // What the unwinders of GCC and LLVM recognise as a signal frame: mov x8,#139; svc #0.
  constexpr u32 kReturn[] = {0xd503201f, 0xd2801168, 0xd4000001};
  top -= kPageSize;
  memory().map(top, top + kPageSize, kRead | kExecute);
  memory().write(top, kReturn, sizeof kReturn, 0);
  space->trampoline = top + 4;
  return bias;
}

void Process::build_stack(Thread& t, const std::vector<std::string>& arguments,
                          const std::vector<std::string>& environment, u64 bias) {
  u64 sp = kStackTop - 16;
  bool fits = true;
  const auto push = [&](const void* bytes, u64 size) {
    sp -= size;
    if (sp < kStackTop - kMaxArguments) fits = false;
    if (fits) fits = memory().write(sp, bytes, size, 0) == size;
    return sp;
  };
  const auto push_text = [&](const std::string& s) { return push(s.c_str(), s.size() + 1); };
  std::vector<u64> argv(arguments.size()), envp(environment.size());
  const u64 file = push_text(image->file);
  for (std::size_t i = envp.size(); i-- > 0;) envp[i] = push_text(environment[i]);
  for (std::size_t i = argv.size(); i-- > 0;) argv[i] = push_text(arguments[i]);
  const u64 platform = push_text("aarch64");
  const u64 random_bytes[2] = {system.random(), system.random()};
  sp = align_down(sp, 16);
  const u64 random_at = push(random_bytes, sizeof random_bytes);

  const u64 user = 1000;
  const std::vector<u64> auxiliary = {kAtHwcap,     hardware_word(system.options, 0),
                                      kAtPagesz,    kPageSize,
                                      kAtClktck,    100,
                                      kAtPhdr,      image->headers == 0 ? 0 : bias + image->headers,
                                      kAtPhent,     image->header_size,
                                      kAtPhnum,     image->header_count,
                                      kAtBase,      0,
                                      kAtFlags,     0,
                                      kAtEntry,     bias + image->entry,
                                      kAtUid,       user,
                                      kAtEuid,      user,
                                      kAtGid,       user,
                                      kAtEgid,      user,
                                      kAtSecure,    0,
                                      kAtRandom,    random_at,
                                      kAtHwcap2,    hardware_word(system.options, 1),
                                      kAtRseqFeatureSize, kRseqFeatureSize,
                                      kAtRseqAlign, kRseqAlignment,
                                      kAtExecfn,    file,
                                      kAtPlatform,  platform,
                                      kAtMinsigstksz, kMinimumStack,
                                      kAtNull,      0};
  std::vector<u64> block = {argv.size()};
  block.insert(block.end(), argv.begin(), argv.end());
  block.push_back(0);
  block.insert(block.end(), envp.begin(), envp.end());
  block.push_back(0);
  block.insert(block.end(), auxiliary.begin(), auxiliary.end());
  sp = align_down(sp, 16);
  if (block.size() % 2 != 0) sp -= 8;
  push(block.data(), 8 * block.size());
  if (!fits)
    throw InputError(Diagnostic{{image->file, 0, 0},
                                fmt::format("arguments and environment take more than {} bytes", kMaxArguments)});
  t.core.state().sp[0] = sp;
}

}  // namespace isobar::linux_user
