#include "scenarios/import/qemu_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "isa/assembler.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

// CPUX86State of QEMU 7.2: general registers from offset 0, then the instruction pointer and the lazy flags.
// The flag that asks a block to exit lies 8 bytes before it.
constexpr std::array<const char*, 16> kRegisters = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr unsigned kStackPointer = 4;
constexpr u64 kExitRequest = 0x8;  // before the state
constexpr u64 kInstructionPointer = 0x80;
constexpr u64 kFlags = 0x88;  // eflags, cc_dst, cc_src, cc_src2, cc_op

// Where the scenario puts what the log does not place. Guest addresses below 4 GiB plus QEMU's guest base
// stay clear.
constexpr u64 kCpuStates = 0x6000'0000'0000;
constexpr u64 kHostStacks = 0x6100'0000'0000;
constexpr u64 kPerThread = 0x10000;
constexpr u64 kHostStackBytes = 0x800;
constexpr u64 kGuestStacks = 0x7000'0000;  // guest addresses
constexpr u64 kGuestStackBytes = 64;

constexpr u32 kEnterBlock = 0xd61f0020;  // BR X1, the end of the entry code

[[noreturn]] void fail(const std::string& file, const std::string& message) {
  throw InputError(Diagnostic{{file, 0, 0}, message});
}

bool is_name(const std::string& s) {
  return !s.empty() && !std::isdigit(static_cast<unsigned char>(s[0])) &&
         std::all_of(s.begin(), s.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

/// Address of the code that leaves translated code: it follows the jump into it.
u64 exit_address(const QemuLog& log, const std::string& file) {
  const std::vector<u32>& words = log.prologue.words;
  const auto jump = std::find(words.begin(), words.end(), kEnterBlock);
  if (jump == words.end() || jump + 1 == words.end()) {
    fail(file, "the log has no entry code ('PROLOGUE:') that ends in BR X1; log from the start of QEMU");
  }
  return log.prologue.base + 4 * static_cast<u64>(jump + 1 - words.begin());
}

/// The value QEMU's entry code puts into X28: what is added to guest addresses. 0 if it does not touch X28.
u64 guest_base(const QemuLog& log, const std::string& file) {
  u64 base = 0;
  for (std::size_t i = 0; i < log.prologue.words.size(); ++i) {
    const std::string text = isa::disassemble(log.prologue.words[i], log.prologue.base + 4 * i);
    const std::size_t operands = text.find(' ') + 1;
    if (text.compare(operands, 4, "x28,") != 0 && text.compare(operands, 4, "w28,") != 0) continue;
    const std::string mnemonic = text.substr(0, operands - 1);
    const std::size_t immediate = text.find('#');
    const bool from_zero = text.find("zr, #") != std::string::npos;
    if (immediate == std::string::npos || (mnemonic != "mov" && !(mnemonic == "orr" && from_zero))) {
      fail(file, "QEMU's guest base is not set by one MOV; give QEMU a simple one such as -B 0x10000000");
    }
    base = std::stoull(text.substr(immediate + 1), nullptr, 0);
    if (text[operands] == 'w') base &= 0xffffffff;
  }
  return base;
}

/// Number of earlier blocks with the same guest address, plus one.
std::vector<unsigned> translations(const QemuLog& log) {
  std::map<u64, unsigned> seen;
  std::vector<unsigned> numbers;
  for (const TranslatedBlock& b : log.blocks) numbers.push_back(++seen[b.guest_pc]);
  return numbers;
}

/// Blocks of a function start at its symbol; QEMU names every block of a function alike, so the first one
/// counts.
const TranslatedBlock& find_block(const QemuLog& log, const std::string& file, const std::string& wanted,
                                  unsigned translation) {
  u64 guest_pc = 0;
  const bool numeric = wanted.rfind("0x", 0) == 0 && wanted.size() > 2 && wanted.size() <= 18 &&
                       wanted.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  if (numeric) {
    guest_pc = std::stoull(wanted, nullptr, 16);
  } else {
    const auto first = std::find_if(log.blocks.begin(), log.blocks.end(),
                                    [&](const TranslatedBlock& b) { return b.symbol == wanted; });
    if (first == log.blocks.end()) fail(file, fmt::format("no block of a guest function '{}'", wanted));
    guest_pc = first->guest_pc;
  }
  const TranslatedBlock* found = nullptr;
  unsigned count = 0;
  for (const TranslatedBlock& b : log.blocks) {
    if (b.guest_pc != guest_pc) continue;
    ++count;
    if (translation == 0 || count == translation) found = &b;
  }
  if (found == nullptr) {
    fail(file, count == 0 ? fmt::format("no block at guest address {:#x}", guest_pc)
                          : fmt::format("'{}' was translated {} times, there is no translation {}", wanted,
                                        count, translation));
  }
  return *found;
}

std::string code_yaml(const std::string& name, const HostCode& code,
                      const std::vector<GuestInstruction>& guest) {
  std::string y = fmt::format("  {}:\n    type: code\n    at: {:#x}\n    asm: |\n", name, code.base);
  std::size_t next = 0;
  for (u32 i = 0; i < code.words.size(); ++i) {
    for (; next < guest.size() && guest[next].first_word == i; ++next) {
      y += fmt::format("      // guest {:#x}: {}\n", guest[next].pc, guest[next].text);
    }
    y += fmt::format("      .inst {:#010x}  // {}\n", code.words[i],
                     isa::disassemble(code.words[i], code.base + 4 * i));
  }
  return y;
}

std::string thread_memory_yaml(const std::string& thread, u64 cpu, u64 stack, u64 guest_stack, u64 base) {
  std::string y = fmt::format("  {}_exit_request: {{at: {:#x}}}\n", thread, cpu - kExitRequest);
  for (unsigned r = 0; r < kRegisters.size(); ++r) {
    const u64 value = r == kStackPointer ? guest_stack : 0;
    y += fmt::format("  {}_{}: {{at: {:#x}{}}}\n", thread, kRegisters[r], cpu + 8 * r,
                     value == 0 ? "" : fmt::format(", value: {:#x}", value));
  }
  y += fmt::format("  {}_rip: {{at: {:#x}}}\n", thread, cpu + kInstructionPointer);
  y += fmt::format("  {}_flags: {{at: {:#x}, count: 5}}\n", thread, cpu + kFlags);
  y += fmt::format("  {}_host_stack: {{at: {:#x}, count: {}}}\n", thread, stack, kHostStackBytes / 8);
  y += fmt::format("  {}_guest_stack: {{at: {:#x}, count: {}}}\n", thread, base + guest_stack,
                   kGuestStackBytes / 8);
  return y;
}

std::string lookup_yaml(u64 helper, u64 exit) {
  return fmt::format(
      "  # helper_lookup_tb_ptr, reduced to what it returns when the next block is not translated yet: the "
      "way out.\n"
      "  lookup_tb_ptr:\n    type: code\n    at: {:#x}\n    asm: |\n"
      "      MOVZ X0, #{:#x}\n      MOVK X0, #{:#x}, LSL #16\n      MOVK X0, #{:#x}, LSL #32\n"
      "      MOVK X0, #{:#x}, LSL #48\n      RET\n",
      helper, bits(exit, 15, 0), bits(exit, 31, 16), bits(exit, 47, 32), bits(exit, 63, 48));
}

}  // namespace

std::string list_blocks(const QemuLog& log) {
  const std::vector<unsigned> numbers = translations(log);
  std::string out = fmt::format("{:>5} {:>4}  {:<18} {:<16} {:<18} {:>5} {:>8}\n", "line", "nth", "guest",
                                "symbol", "host", "words", "barriers");
  for (std::size_t i = 0; i < log.blocks.size(); ++i) {
    const TranslatedBlock& b = log.blocks[i];
    const auto barriers = std::count_if(b.code.words.begin(), b.code.words.end(),
                                        [](u32 w) { return (w & 0xfffff0ff) == 0xd50330bf; });  // DMB
    out += fmt::format("{:>5} {:>4}  {:<18} {:<16} {:<18} {:>5} {:>8}\n", b.line, numbers[i],
                       fmt::format("{:#x}", b.guest_pc), b.symbol, fmt::format("{:#x}", b.code.base),
                       b.code.words.size(), barriers);
  }
  return out;
}

std::string qemu_scenario(const QemuLog& log, const std::string& file, const QemuScenarioOptions& options) {
  if (options.threads.empty()) fail(file, "no thread: name the guest functions to run");
  const u64 exit = exit_address(log, file);
  const u64 base = guest_base(log, file);
  QemuLog used;
  used.prologue = log.prologue;
  std::vector<std::string> names;
  for (const std::string& wanted : options.threads) {
    used.blocks.push_back(find_block(log, file, wanted, options.translation));
    const std::string& symbol = used.blocks.back().symbol;
    const std::string name = is_name(wanted) ? wanted : is_name(symbol) ? symbol : "thread" + wanted;
    const bool taken = std::find(names.begin(), names.end(), name) != names.end();
    names.push_back(taken ? fmt::format("{}_{}", name, names.size()) : name);
  }
  const std::vector<u64> helpers = helper_addresses(used);
  if (helpers.size() > 1) {
    fail(file, fmt::format("the blocks call {} helpers; only the lookup of the next block can be modelled",
                           helpers.size()));
  }
  reset_links(used);

  std::string y = fmt::format(
      "name: {}\ndescription: |\n  Imported from a log of QEMU user emulation.\n"
      "machine: {{kind: none}}\nmemory:\n",
      options.name.empty() ? "QEMU" : options.name);
  for (const GuestVariable& v : options.variables) {
    if (!is_name(v.name)) fail(file, fmt::format("'{}' is not a name for a variable", v.name));
    y += fmt::format("  {}: {{at: {:#x}}}\n", v.name, base + v.address);
  }
  y += code_yaml("enter_and_leave", used.prologue, {});
  if (!helpers.empty()) y += lookup_yaml(helpers[0], exit);
  std::string threads = "threads:\n";
  std::string show = "show:\n";
  for (const GuestVariable& v : options.variables) show += fmt::format("  - {}\n", v.name);
  std::map<u64, std::string> placed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const u64 cpu = kCpuStates + kPerThread * i + 0x100;
    const u64 stack = kHostStacks + kPerThread * i;
    const TranslatedBlock& b = used.blocks[i];
    if (placed.emplace(b.code.base, names[i]).second) y += code_yaml(names[i] + "_block", b.code, b.guest);
    y += thread_memory_yaml(names[i], cpu, stack, kGuestStacks + kPerThread * i, base);
    threads += fmt::format(
        "  {}:\n    registers: {{X0: {}_rax, X1: {}_block, X16: enter_and_leave, SP: {:#x}}}\n"
        "    asm: |\n      BLR X16\n",
        names[i], names[i], placed[b.code.base], stack + kHostStackBytes);
    for (const char* r : {"rax", "rbx", "rcx", "rdx"}) show += fmt::format("  - {}_{}\n", names[i], r);
  }
  return y + threads + show;
}

}  // namespace isobar::scenarios
