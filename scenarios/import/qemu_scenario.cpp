#include "scenarios/import/qemu_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

#include "isa/assembler.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

// CPUX86State of QEMU 7.2: general registers from offset 0, then the instruction pointer and the lazy flags.
// The flag that asks a block to exit lies 8 bytes before it, since QEMU 8 16 bytes, with can_do_io behind it.
constexpr std::array<const char*, 16> kRegisters = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr unsigned kStackPointer = 4;
constexpr u64 kExitRequest = 0x10;  // before the state
constexpr u64 kInstructionPointer = 0x80;
constexpr u64 kFlags = 0x88;  // eflags, cc_dst, cc_src, cc_src2, cc_op

// Where the scenario puts what the log does not place. Guest addresses below 4 GiB plus QEMU's guest base
// stay clear.
constexpr u64 kCpuStates = 0x6000'0000'0000;
constexpr u64 kHostStacks = 0x6100'0000'0000;
constexpr u64 kPerThread = 0x10000;
constexpr u64 kHostStackBytes = 0x800;
constexpr u64 kGuestStacks = 0x7000'0000;  // guest addresses
constexpr u64 kGuestStackBytes = 512;  // the pointer starts in the middle

constexpr u32 kEnterBlock = 0xd61f0020;  // BR X1, the end of the entry code

[[noreturn]] void fail(const std::string& file, const std::string& message) {
  throw InputError(Diagnostic{{file, 0, 0}, message});
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

/// "0x401180" as a number; nullopt for a symbol.
std::optional<u64> guest_address(const std::string& text) {
  const bool numeric = text.rfind("0x", 0) == 0 && text.size() > 2 && text.size() <= 18 &&
                       text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  return numeric ? std::optional<u64>(std::stoull(text, nullptr, 16)) : std::nullopt;
}

/// Blocks of a function start at its symbol; QEMU names every block of a function alike, so the first one
/// counts.
const TranslatedBlock& find_block(const QemuLog& log, const std::string& file, const std::string& wanted,
                                  unsigned translation) {
  std::optional<u64> guest_pc = guest_address(wanted);
  if (!guest_pc) {
    const auto first = std::find_if(log.blocks.begin(), log.blocks.end(),
                                    [&](const TranslatedBlock& b) { return b.symbol == wanted; });
    if (first == log.blocks.end()) fail(file, fmt::format("no block of a guest function '{}'", wanted));
    guest_pc = first->guest_pc;
  }
  const TranslatedBlock* found = nullptr;
  unsigned count = 0;
  for (const TranslatedBlock& b : log.blocks) {
    if (b.guest_pc != *guest_pc) continue;
    ++count;
    if (translation == 0 || count == translation) found = &b;
  }
  if (found == nullptr) {
    fail(file, count == 0 ? fmt::format("no block at guest address {:#x}", *guest_pc)
                          : fmt::format("'{}' was translated {} times, there is no translation {}", wanted,
                                        count, translation));
  }
  return *found;
}

/// The blocks of `names` (functions, or addresses of blocks), one of each guest address: the translation that was asked
/// for, else the last before it.
std::vector<const TranslatedBlock*> followed_blocks(const QemuLog& log, const std::string& file,
                                                    const std::vector<std::string>& names, unsigned translation) {
  std::map<u64, const TranslatedBlock*> found;
  const std::vector<unsigned> numbers = translations(log);
  for (const std::string& name : names) {
    bool any = false;
    for (std::size_t i = 0; i < log.blocks.size(); ++i) {
      const TranslatedBlock& b = log.blocks[i];
      const auto address = guest_address(name);
      if (address ? b.guest_pc != *address : b.symbol != name) continue;
      any = true;
      if (translation == 0 || numbers[i] <= translation) found[b.guest_pc] = &b;
    }
    if (!any) fail(file, fmt::format("no block of '{}' to follow", name));
  }
  std::vector<const TranslatedBlock*> blocks;
  for (const auto& [pc, block] : found) blocks.push_back(block);
  return blocks;
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

/// What a guest register of a thread starts with, as scenarios write it; empty for 0.
using InitialValue = std::function<std::string(const std::string& thread, const std::string& reg)>;

std::string thread_memory_yaml(const std::string& thread, u64 cpu, u64 stack, u64 guest_stack, u64 base,
                               const InitialValue& initial) {
  std::string y = fmt::format("  {}_exit_request: {{at: {:#x}, count: 2}}\n", thread, cpu - kExitRequest);
  for (unsigned r = 0; r < kRegisters.size(); ++r) {
    const std::string value = initial(thread, kRegisters[r]);
    const bool is_stack = value.empty() && r == kStackPointer;
    y += fmt::format("  {}_{}: {{at: {:#x}{}}}\n", thread, kRegisters[r], cpu + 8 * r,
                     is_stack        ? fmt::format(", value: {:#x}", guest_stack + kGuestStackBytes / 2)
                     : value.empty() ? ""
                                     : ", value: " + value);
  }
  y += fmt::format("  {}_rip: {{at: {:#x}}}\n", thread, cpu + kInstructionPointer);
  y += fmt::format("  {}_flags: {{at: {:#x}, count: 5}}\n", thread, cpu + kFlags);
  y += fmt::format("  {}_host_stack: {{at: {:#x}, count: {}}}\n", thread, stack, kHostStackBytes / 8);
  y += fmt::format("  {}_guest_stack: {{at: {:#x}, count: {}}}\n", thread, base + guest_stack,
                   kGuestStackBytes / 8);
  return y;
}

/// The first helper of all has a name without number.
std::string numbered(const char* name, std::size_t number) {
  return number == 0 ? name : fmt::format("{}_{}", name, number);
}

std::string helper_yaml(std::size_t number, u64 helper) {
  return fmt::format(
      "  # A helper, reduced to its return.\n  {}:\n    type: code\n    at: {:#x}\n    asm: |\n      RET\n",
      numbered("helper", number), helper);
}

std::string lookup_yaml(std::size_t number, u64 helper, u64 exit) {
  return fmt::format(
      "  # helper_lookup_tb_ptr, reduced to what it returns when the next block is not translated yet: the "
      "way out.\n"
      "  {}:\n    type: code\n    at: {:#x}\n    asm: |\n"
      "      MOVZ X0, #{:#x}\n      MOVK X0, #{:#x}, LSL #16\n      MOVK X0, #{:#x}, LSL #32\n"
      "      MOVK X0, #{:#x}, LSL #48\n      RET\n",
      numbered("lookup_tb_ptr", number), helper, bits(exit, 15, 0), bits(exit, 31, 16), bits(exit, 47, 32), bits(exit, 63, 48));
}

bool is_register(const std::string& name) {
  return std::find(kRegisters.begin(), kRegisters.end(), name) != kRegisters.end();
}

std::string place_of_register(const std::string& thread, const std::string& reg) {
  return is_register(reg) ? thread + "_" + reg : "";
}

void check_registers(const GuestOptions& guest, const std::vector<std::string>& threads) {
  for (const GuestRegister& r : guest.registers) {
    const bool known = std::find(threads.begin(), threads.end(), r.thread) != threads.end();
    if (!known) throw InputError(Diagnostic{{}, fmt::format("--register: no thread '{}'", r.thread)});
    if (!is_register(r.name)) throw InputError(Diagnostic{{}, fmt::format("--register: '{}' is no register of the guest", r.name)});
  }
}

/// A variable is given by its guest address, which is not the one in the scenario.
std::string initial_value(const GuestOptions& guest, const std::string& thread, const std::string& reg) {
  std::string value;
  for (const GuestRegister& r : guest.registers) {
    if (r.thread == thread && r.name == reg) value = r.value;
  }
  for (const GuestVariable& v : guest.variables) {
    if (v.name == value) value = fmt::format("{:#x}", v.address);
  }
  return value;
}

/// The text of a thread that runs one block.
std::string enter_once_yaml(const std::string& name, const std::string& block, u64 stack) {
  return fmt::format(
      "  {}:\n    registers: {{X0: {}_rax, X1: {}, X16: enter_and_leave, SP: {:#x}}}\n    asm: |\n      BLR X16\n", name,
      name, block, stack);
}

/// The text of a thread that goes on with the block of the guest's instruction pointer as long as there is one; `blocks`
/// are names by guest address. CSEL instead of branches, which would be guessed.
std::string main_loop_yaml(const std::string& name, const std::string& block, u64 stack,
                           const std::map<u64, std::string>& blocks) {
  std::string y = fmt::format(
      "  {}:\n    registers: {{X19: {}_rax, X20: enter_and_leave, X1: {}, SP: {:#x}}}\n    asm: |\n"
      "      go_on:\n      MOV X0, X19\n      BLR X20\n      LDR X9, [X19, #{}]  // RIP\n      MOV X1, #0\n",
      name, name, block, stack, kInstructionPointer);
  for (const auto& [pc, label] : blocks)
    y += fmt::format("      LDR X10, ={:#x}\n      LDR X11, ={}\n      CMP X9, X10\n      CSEL X1, X11, X1, EQ\n", pc, label);
  return y + "      CBNZ X1, go_on\n";
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
    const std::size_t equals = wanted.find('=');
    const std::string block = equals == std::string::npos ? wanted : wanted.substr(equals + 1);
    used.blocks.push_back(find_block(log, file, block, options.translation));
    const std::string& symbol = used.blocks.back().symbol;
    const std::string name = equals != std::string::npos ? wanted.substr(0, equals)
                             : is_name(block)            ? block
                             : is_name(symbol)           ? symbol
                                                         : "thread" + block;
    if (!is_name(name)) fail(file, fmt::format("'{}' is not a name for a thread", name));
    const bool taken = std::find(names.begin(), names.end(), name) != names.end();
    names.push_back(taken ? fmt::format("{}_{}", name, names.size()) : name);
  }
  std::vector<std::string> followed = options.follow;
  for (std::size_t i = 0; i < names.size() && !options.follow.empty(); ++i)
    followed.push_back(fmt::format("{:#x}", used.blocks[i].guest_pc));
  std::map<u64, std::string> labels;
  for (const TranslatedBlock* b : followed_blocks(log, file, followed, options.translation)) {
    used.blocks.push_back(*b);
    labels[b->guest_pc] = fmt::format("block_{:x}", b->guest_pc);
  }
  const std::vector<u64> helpers = helper_addresses(used);
  const std::vector<u64> lookups = lookup_addresses(used);
  for (const u64 h : helpers) {
    if (options.guest.stub_helpers || std::find(lookups.begin(), lookups.end(), h) != lookups.end()) continue;
    fail(file, fmt::format("the blocks call a helper at {:#x} whose work is not known; --stub-helpers lets it return "
                           "without effect", h));
  }
  reset_links(used);

  std::string y = fmt::format(
      "name: {}\ndescription: |\n  Imported from a log of QEMU user emulation.\n"
      "machine: {{kind: none}}\nmemory:\n",
      options.guest.name.empty() ? "QEMU" : options.guest.name);
  y += guest_variables_yaml(options.guest, base);
  y += code_yaml("enter_and_leave", used.prologue, {});
  for (std::size_t i = 0; i < helpers.size(); ++i) {
    const bool lookup = std::find(lookups.begin(), lookups.end(), helpers[i]) != lookups.end();
    y += lookup ? lookup_yaml(i, helpers[i], exit) : helper_yaml(i, helpers[i]);
  }
  std::string threads = "threads:\n";
  const InitialValue initial = [&](const std::string& thread, const std::string& reg) {
    return initial_value(options.guest, thread, reg);
  };
  check_registers(options.guest, names);
  std::map<u64, std::string> placed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const u64 cpu = kCpuStates + kPerThread * i + 0x100;
    const u64 stack = kHostStacks + kPerThread * i;
    const TranslatedBlock& b = used.blocks[i];
    const std::string label = labels.empty() ? names[i] + "_block" : labels[b.guest_pc];
    if (placed.emplace(b.code.base, label).second) y += code_yaml(label, b.code, b.guest);
    y += thread_memory_yaml(names[i], cpu, stack, kGuestStacks + kPerThread * i, base, initial);
    const std::string& first = placed[b.code.base];
    threads += labels.empty() ? enter_once_yaml(names[i], first, stack + kHostStackBytes)
                              : main_loop_yaml(names[i], first, stack + kHostStackBytes, labels);
  }
  for (std::size_t i = names.size(); i < used.blocks.size(); ++i) {
    const TranslatedBlock& b = used.blocks[i];
    const std::string& label = labels[b.guest_pc];
    if (placed.emplace(b.code.base, label).second) y += code_yaml(label, b.code, b.guest);
  }
  return y + threads + guest_questions_yaml(options.guest, names, {"rax", "rbx", "rcx", "rdx"}, place_of_register);
}

}  // namespace isobar::scenarios
