#include "scenarios/import/qemu_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "isa/assembler.h"
#include "scenarios/import/guest_registers.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

// CPUX86State: general registers from offset 0, then the instruction pointer and the lazy flags. The flag that asks a block
// to exit lies 8 bytes before it, since QEMU 8 16 bytes, with can_do_io behind it. The vector registers are 32 of 64 bytes,
// with a scratch register behind them.
constexpr unsigned kGeneralRegisters = 16;
constexpr u64 kAfterFlags = 0xb0;
constexpr unsigned kVectorQuads = 4;                    // elements of 16 bytes of a vector register
constexpr unsigned kVectorElements = 33 * kVectorQuads;
constexpr u64 kAfterVectors = 512;                      // bytes: scratch registers of MMX and masks

/// What differs between versions.
struct QemuLayout {
  const char* version;
  u64 vectors;          ///< offset of XMM0
  unsigned flags_kept;  ///< cc_op: the flags are in cc_src
};
constexpr QemuLayout kQemu7{"7.2", 848, 1};
constexpr QemuLayout kQemu10{"10.0", 864, 0};
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

/// LDUR W, [X19, #-8]: the flag that asks a block to exit is where QEMU 7 has it.
bool is_old(const QemuLog& log) {
  return std::any_of(log.blocks.begin(), log.blocks.end(), [](const TranslatedBlock& b) {
    return std::any_of(b.code.words.begin(), b.code.words.end(), [](u32 w) { return (w & 0xffffffe0) == 0xb85f8260; });
  });
}

/// Do the blocks access more of the state than general registers and flags?
bool uses_more_state(const QemuLog& log) {
  for (const TranslatedBlock& b : log.blocks) {
    for (const u32 w : b.code.words) {
      const std::string text = isa::disassemble(w, b.code.base);
      const std::size_t at = text.find("[x19, #");
      if (at != std::string::npos && text[at + 7] != '-' && std::stoull(text.substr(at + 7), nullptr, 0) >= kAfterFlags) return true;
    }
  }
  return false;
}

bool asks_for_vectors(const GuestOptions& guest) {
  const auto named = [](const std::string& s) { return s.find("xmm") != std::string::npos; };
  return std::any_of(guest.registers.begin(), guest.registers.end(), [&](const GuestRegister& r) { return named(r.name); }) ||
         std::any_of(guest.questions.begin(), guest.questions.end(), [&](const GuestQuestion& q) { return named(q.condition); });
}

/// Where a thread's state and stacks are.
struct QemuThread {
  std::string name;
  u64 cpu = 0, stack = 0, guest_stack = 0;
};

std::string vectors_yaml(const QemuThread& t, const QemuLayout& layout, const std::vector<GuestStart>& starts) {
  std::array<std::string, 16> values;
  unsigned last = 0;
  for (const GuestStart& s : starts) {
    if (s.part.kind != GuestPart::Kind::Vector) continue;
    values[s.part.number] = s.value;
    last = std::max(last, s.part.number + 1);
  }
  std::string list;
  for (unsigned i = 0; i < last; ++i)
    list += fmt::format("{}{}", i == 0 ? "" : ", 0, 0, 0, ", values[i].empty() ? "0" : values[i]);
  const u64 end = layout.vectors + u64{16} * kVectorElements;
  return fmt::format("  {}_state: {{at: {:#x}, count: {}}}\n", t.name, t.cpu + kAfterFlags, (layout.vectors - kAfterFlags) / 8) +
         fmt::format("  {}_xmm: {{type: u128, at: {:#x}, count: {}{}}}\n", t.name, t.cpu + layout.vectors, kVectorElements,
                     last == 0 ? "" : ", value: [" + list + "]") +
         fmt::format("  {}_scratch: {{at: {:#x}, count: {}}}\n", t.name, t.cpu + end, kAfterVectors / 8);
}

std::string thread_memory_yaml(const QemuThread& t, u64 base, const QemuLayout& layout, const std::vector<GuestStart>& starts,
                               bool more) {
  std::string y = fmt::format("  {}_exit_request: {{at: {:#x}, count: 2}}\n", t.name, t.cpu - kExitRequest);
  for (unsigned r = 0; r < kGeneralRegisters; ++r) {
    std::string value = r == kStackPointer ? fmt::format("{:#x}", t.guest_stack + kGuestStackBytes / 2) : "";
    for (const GuestStart& s : starts) {
      if (s.part.kind == GuestPart::Kind::General && s.part.number == r) value = s.value;
    }
    y += fmt::format("  {}_{}: {{at: {:#x}{}}}\n", t.name, guest_register_name(r), t.cpu + 8 * r,
                     value.empty() ? "" : ", value: " + value);
  }
  y += fmt::format("  {}_rip: {{at: {:#x}}}\n", t.name, t.cpu + kInstructionPointer);
  y += fmt::format("  {}_flags: {{at: {:#x}, count: 5{}}}\n", t.name, t.cpu + kFlags,
                   layout.flags_kept == 0 ? "" : fmt::format(", value: [0, 0, 0, 0, {}]", layout.flags_kept));
  if (more) y += vectors_yaml(t, layout, starts);
  y += fmt::format("  {}_host_stack: {{at: {:#x}, count: {}}}\n", t.name, t.stack, kHostStackBytes / 8);
  y += fmt::format("  {}_guest_stack: {{at: {:#x}, count: {}}}\n", t.name, base + t.guest_stack, kGuestStackBytes / 8);
  return y;
}

/// The first helper of all has a name without number.
std::string numbered(const char* name, std::size_t number) {
  return number == 0 ? name : fmt::format("{}_{}", name, number);
}

/// Code without its last RET.
std::string without_return(const std::string& code) {
  return code.substr(0, code.rfind("RET"));
}

/// What a helper's code says in braces: {guest_base}, what is added to guest addresses, and {NAME}, what another helper does.
std::string expanded(std::string code, const GuestOptions& guest, u64 base) {
  for (std::size_t at = 0; (at = code.find('{', at)) != std::string::npos;) {
    const std::size_t end = code.find('}', at);
    if (end == std::string::npos) break;
    const std::string name = code.substr(at + 1, end - at - 1);
    const auto other = guest.helpers.find(name);
    if (name == "guest_base") {
      code.replace(at, end + 1 - at, fmt::format("{:#x}", base));
    } else if (other != guest.helpers.end() && other->second.find('{') == std::string::npos) {
      code.replace(at, end + 1 - at, without_return(other->second));
    } else {
      ++at;
    }
  }
  return code;
}

/// The helper at `address`, or nothing but its return.
std::string qemu_helper_yaml(const GuestOptions& guest, std::size_t number, u64 address, u64 base) {
  const std::string code = helper_code(guest, address);
  if (code.empty()) return helper_yaml(numbered("helper", number), "A helper, reduced to its return.", address, "RET");
  const std::string& name = guest.helper_names.at(address);
  return helper_yaml("helper_" + name, "helper_" + name, address, expanded(code, guest, base));
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

std::string qemu_place(const std::string& thread, const std::string& reg) {
  const auto part = find_guest_part(reg);
  if (!part) return "";
  switch (part->kind) {
    case GuestPart::Kind::General: return part_of(thread + "_" + guest_register_name(part->number), 64, *part);
    case GuestPart::Kind::Vector: return part_of(fmt::format("{}_xmm[{}]", thread, kVectorQuads * part->number), 128, *part);
    case GuestPart::Kind::Flag: return part_of(thread + ".W0", 32, *part);
  }
  return "";
}

/// A variable is given by its guest address, which is not the one in the scenario.
std::vector<GuestStart> starts_in_guest(const GuestOptions& guest, const std::vector<std::string>& threads, const std::string& thread) {
  std::vector<GuestStart> starts = guest_starts(guest, threads, thread);
  for (GuestStart& s : starts) {
    for (const GuestVariable& v : guest.variables) {
      if (v.name == s.value) s.value = fmt::format("{:#x}", v.address);
    }
  }
  return starts;
}

/// The end of a thread that has to know its flags: what QEMU's helper makes of its lazy ones, in X0.
std::string flags_text(const GuestOptions& guest, const std::string& thread) {
  const auto code = guest.helpers.find("cc_compute_all");
  if (code == guest.helpers.end())
    throw InputError(Diagnostic{{}, "the flags of the guest need the work of the helper cc_compute_all; --helpers gives it"});
  std::string y = fmt::format("      // EFLAGS in X0\n      LDR X9, ={}_rax\n      LDP X0, X1, [X9, #{}]\n      LDR X2, [X9, #{}]\n"
                              "      LDR W3, [X9, #{}]\n", thread, kFlags + 8, kFlags + 24, kFlags + 32);
  const std::string body = without_return(code->second);
  for (std::size_t from = 0; from < body.size();) {
    const std::size_t end = std::min(body.find('\n', from), body.size());
    if (end > from) y += "      " + body.substr(from, end - from) + "\n";
    from = end + 1;
  }
  return y + "      ORR W0, W0, #2\n";
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
  GuestOptions guest = options.guest;
  guest.register_names = kGuestRegisterNames;
  for (const auto& [address, name] : helper_names(log, file)) guest.helper_names.emplace(address, name);
  const std::vector<u64> helpers = helper_addresses(used);
  const std::vector<u64> lookups = lookup_addresses(used);
  const auto is_lookup = [&](u64 h) { return std::find(lookups.begin(), lookups.end(), h) != lookups.end(); };
  for (const u64 h : helpers) {
    if (guest.stub_helpers || is_lookup(h) || guest.helper_names.count(h) != 0) continue;
    fail(file, fmt::format("the blocks call a helper at {:#x} whose work is not known; log with op_opt too, or name it with "
                           "--helper {:#x}=NAME; --stub-helpers lets it return without effect", h, h));
  }
  reset_links(used);

  std::string y = fmt::format(
      "name: {}\ndescription: |\n  Imported from a log of QEMU user emulation.\n"
      "machine: {{kind: none}}\nmemory:\n",
      options.guest.name.empty() ? "QEMU" : options.guest.name);
  y += guest_variables_yaml(guest, base);
  y += code_yaml("enter_and_leave", used.prologue, {});
  for (std::size_t i = 0; i < helpers.size(); ++i)
    y += is_lookup(helpers[i]) ? lookup_yaml(i, helpers[i], exit) : qemu_helper_yaml(guest, i, helpers[i], base);
  std::string threads = "threads:\n";
  const bool flags = asks_for_flags(guest);
  const bool more = asks_for_vectors(guest) || uses_more_state(used);
  const QemuLayout& layout = is_old(used) ? kQemu7 : kQemu10;
  std::map<u64, std::string> placed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const QemuThread thread{names[i], kCpuStates + kPerThread * i + 0x100, kHostStacks + kPerThread * i, kGuestStacks + kPerThread * i};
    const TranslatedBlock& b = used.blocks[i];
    const std::string label = labels.empty() ? names[i] + "_block" : labels[b.guest_pc];
    if (placed.emplace(b.code.base, label).second) y += code_yaml(label, b.code, b.guest);
    y += thread_memory_yaml(thread, base, layout, starts_in_guest(guest, names, names[i]), more);
    const std::string& first = placed[b.code.base];
    threads += labels.empty() ? enter_once_yaml(names[i], first, thread.stack + kHostStackBytes)
                              : main_loop_yaml(names[i], first, thread.stack + kHostStackBytes, labels);
    if (flags) threads += flags_text(guest, names[i]);
  }
  for (std::size_t i = names.size(); i < used.blocks.size(); ++i) {
    const TranslatedBlock& b = used.blocks[i];
    const std::string& label = labels[b.guest_pc];
    if (placed.emplace(b.code.base, label).second) y += code_yaml(label, b.code, b.guest);
  }
  return y + threads + guest_questions_yaml(guest, names, {"rax", "rbx", "rcx", "rdx"}, qemu_place);
}

std::string qemu_version(const QemuLog& log) {
  return is_old(log) ? kQemu7.version : kQemu10.version;
}

}  // namespace isobar::scenarios
