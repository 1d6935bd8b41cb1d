#include "scenarios/import/code_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "isa/assembler.h"
#include "scenarios/import/code_branches.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

// FEXCore/Source/Interface/Core/ArchHelpers/Arm64Emitter.cpp, x64::SRA.
constexpr std::array<std::pair<const char*, unsigned>, 16> kFexRegisters = {{{"rax", 4}, {"rcx", 7}, {"rdx", 5}, {"rbx", 6},
                                                                            {"rsp", 8}, {"rbp", 9}, {"rsi", 10}, {"rdi", 11},
                                                                            {"r8", 12}, {"r9", 13}, {"r10", 14}, {"r11", 15},
                                                                            {"r12", 16}, {"r13", 17}, {"r14", 19}, {"r15", 29}}};
constexpr unsigned kFexState = 28;
constexpr u32 kBranch = 0x14000000;
constexpr u64 kLowest = 0x200000;         ///< what is listed below has been linked for no place in particular
constexpr u64 kMovedTo = 0x5000'0000;
constexpr u64 kStackBytes = 512, kStateBytes = 4096;

[[noreturn]] void fail(const std::string& file, u32 line, const std::string& message) {
  throw InputError(Diagnostic{{file, line, 0}, message});
}

/// A thread and the block it starts in.
struct Thread {
  std::string name;
  const CodeBlock* block = nullptr;
};

std::optional<u64> address_of(const std::string& text) {
  const bool numeric = text.rfind("0x", 0) == 0 && text.size() > 2 && text.size() <= 18 &&
                       text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  return numeric ? std::optional<u64>(std::stoull(text, nullptr, 16)) : std::nullopt;
}

std::vector<Thread> choose_threads(const std::vector<CodeBlock>& blocks, const std::string& file,
                                   const std::vector<std::string>& wanted) {
  std::vector<Thread> threads;
  for (const std::string& text : wanted) {
    const std::size_t equals = text.find('=');
    const std::string block = equals == std::string::npos ? text : text.substr(equals + 1);
    const auto address = address_of(block);
    const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const CodeBlock& b) {
      return address ? (b.guest_pc != 0 ? b.guest_pc : b.base) == *address : b.name == block;
    });
    if (found == blocks.end()) fail(file, 0, fmt::format("no block '{}'", block));
    std::string name = equals != std::string::npos ? text.substr(0, equals)
                       : is_name(block)             ? block
                                                    : fmt::format("P{}", threads.size());
    if (!is_name(name)) fail(file, 0, fmt::format("'{}' is not a name for a thread", name));
    const auto taken = [&] { return std::any_of(threads.begin(), threads.end(), [&](const Thread& t) { return t.name == name; }); };
    if (taken()) name += fmt::format("_{}", threads.size());
    threads.push_back({name, &*found});
  }
  return threads;
}

std::string word_yaml(u32 word, u64 pc, const std::string& remark) {
  return fmt::format("      .inst {:#010x}  // {}{}\n", word, isa::disassemble(word, pc), remark);
}

std::string stack_yaml(const std::string& name) {
  return fmt::format("  {}: {{count: {}, align: 16}}\n", name, kStackBytes / 8);
}

/// Values that the options give to registers of `thread`, as ", X4: value".
std::string initial_registers(const CodeScenarioOptions& options, const std::vector<Thread>& threads,
                              const std::string& thread, const GuestPlace& place) {
  std::string y;
  for (const GuestRegister& r : options.guest.registers) {
    const bool known = std::any_of(threads.begin(), threads.end(), [&](const Thread& t) { return t.name == r.thread; });
    if (!known) throw InputError(Diagnostic{{}, fmt::format("--register: no thread '{}'", r.thread)});
    if (r.thread != thread) continue;
    const std::string where = place(r.thread, r.name);
    if (where.empty()) throw InputError(Diagnostic{{}, fmt::format("--register: '{}' is no register of the guest", r.name)});
    y += fmt::format(", {}: {}", where.substr(where.find('.') + 1), r.value);
  }
  return y;
}

std::vector<std::string> names_of(const std::vector<Thread>& threads) {
  std::vector<std::string> names;
  for (const Thread& t : threads) names.push_back(t.name);
  return names;
}

std::string header(const CodeScenarioOptions& options, const std::string& fallback, const std::string& text) {
  return fmt::format("name: {}\ndescription: |\n{}machine: {{kind: none}}\nmemory:\n",
                     options.guest.name.empty() ? fallback : options.guest.name, text);
}

// --- FEX ------------------------------------------------------------------------------------------------------------

/// One block as the text of a thread: what leaves it branches to its end instead.
class FexThread {
 public:
  FexThread(const CodeBlock& block, const std::string& file, bool stub_helpers)
      : block_(block), file_(file), stub_helpers_(stub_helpers), words_(block.words), leaves_(block.words.size()) {
    for (std::size_t i = 0; i < words_.size(); ++i) settle(i);
  }

  std::string text() const {
    std::string y;
    for (std::size_t i = 0; i < words_.size(); ++i)
      y += word_yaml(words_[i], block_.base + 4 * i, leaves_[i] ? ", leaves the block" : "");
    return y;
  }
  /// Offsets in the state block of addresses of helpers.
  const std::set<u64>& helpers() const { return helpers_; }

 private:
  [[noreturn]] void refuse(std::size_t i, const std::string& message) const {
    fail(file_, block_.lines[i], isa::disassemble(block_.words[i], block_.base + 4 * i) + ": " + message);
  }

  void leave(std::size_t i) {
    words_[i] = *with_branch_offset(kBranch, static_cast<i64>(4 * (words_.size() - i)));
    leaves_[i] = true;
  }

  void settle(std::size_t i) {
    const u32 word = block_.words[i];
    const i64 size = static_cast<i64>(4 * words_.size()), at = static_cast<i64>(4 * i);
    if (const auto offset = branch_offset(word)) {
      if (at + *offset >= 0 && at + *offset <= size) return;
      if (is_call(word)) refuse(i, "calls code outside of the block");
      const auto changed = with_branch_offset(word, size - at);
      if (!changed) refuse(i, "the end of the block is too far for it");
      words_[i] = *changed;
      leaves_[i] = true;
    } else if (const auto literal = literal_offset(word)) {
      const u32 next = i + 1 < words_.size() ? block_.words[i + 1] : 0;
      const bool exit = (is_register_jump(next) || is_register_call(next)) && branch_register(next) == (word & 31);
      if (exit) return leave(i);
      if (at + *literal < 0 || at + *literal >= size) refuse(i, "loads a literal that is not listed");
    } else if (is_register_jump(word) || is_return(word)) {
      leave(i);
    } else if (is_register_call(word) && !leaves_[i]) {
      call(i, branch_register(word));
    }
  }

  /// BLR of an address that an LDR before it has taken from the state block.
  void call(std::size_t i, unsigned reg) {
    for (std::size_t k = i; k-- > 0;) {
      const u32 load = block_.words[k];
      if (leaves_[k] && literal_offset(load)) return;  // an exit that links
      if ((load & 31) != reg || (load & 0xffc003e0) != (0xf9400000 | kFexState << 5)) continue;
      if (!stub_helpers_)
        refuse(i, "calls a helper whose work is not known; --stub-helpers lets it return without effect");
      helpers_.insert(u64{load >> 10 & 0xfff} * 8);
      return;
    }
    refuse(i, "calls a helper whose address does not come from the state block");
  }

  const CodeBlock& block_;
  const std::string& file_;
  bool stub_helpers_;
  std::vector<u32> words_;
  std::vector<bool> leaves_;
  std::set<u64> helpers_;
};

std::string state_yaml(const std::string& name, const std::set<u64>& helpers) {
  const u64 last = helpers.empty() ? 0 : *helpers.rbegin();
  std::string values;
  for (u64 at = 0; !helpers.empty() && at <= last; at += 8)
    values += std::string(at == 0 ? "" : ", ") + (helpers.count(at) != 0 ? "helper" : "0");
  return fmt::format("  {}: {{count: {}{}}}\n", name, std::max(kStateBytes, last + 8) / 8,
                     values.empty() ? "" : ", value: [" + values + "]");
}

std::string fex_scenario(const std::vector<Thread>& threads, const std::string& file, const CodeScenarioOptions& options) {
  const GuestPlace place = [](const std::string& thread, const std::string& reg) {
    const std::string found = fex_register(reg);
    return found.empty() ? "" : thread + "." + found;
  };
  std::string y = header(options, "FEX", "  Imported from FEX: blocks of translated x86-64 code. RAX is X4, RCX X7, RDX X5, RBX X6, RSP X8, RBP X9, RSI X10,\n"
                                         "  RDI X11, R8 to R13 X12 to X17, R14 X19, R15 X29; X28 points to the state block.\n");
  y += guest_variables_yaml(options.guest, 0);
  std::string text = "threads:\n";
  bool stubs = false;
  for (const Thread& t : threads) {
    const FexThread code(*t.block, file, options.guest.stub_helpers);
    stubs = stubs || !code.helpers().empty();
    y += state_yaml(t.name + "_state", code.helpers()) + stack_yaml(t.name + "_host_stack") + stack_yaml(t.name + "_guest_stack");
    const std::string given = initial_registers(options, threads, t.name, place);
    const bool has_stack = given.find(", X8: ") != std::string::npos;
    text += fmt::format("  {0}:\n    registers: {{X28: {0}_state, SP: {0}_host_stack+{1}{2}{3}}}\n    asm: |\n", t.name, kStackBytes,
                        has_stack ? "" : fmt::format(", X8: {}_guest_stack+{}", t.name, kStackBytes / 2), given);
    if (t.block->guest_pc != 0) text += fmt::format("      // guest {:#x}: {}\n", t.block->guest_pc, t.block->name.empty() ? "a block" : t.block->name);
    text += code.text();
  }
  if (stubs) y += "  # Helpers of the translator, reduced to their return.\n  helper:\n    type: code\n    asm: |\n      RET\n";
  return y + text + guest_questions_yaml(options.guest, names_of(threads), {"rax", "rbx", "rcx", "rdx"}, place);
}

// --- native ---------------------------------------------------------------------------------------------------------

/// The blocks that the threads reach by direct branches and calls, and addresses outside of the listing that they call.
class Reached {
 public:
  Reached(const std::vector<CodeBlock>& blocks, const std::string& file, bool stub_helpers)
      : blocks_(blocks), file_(file), stub_helpers_(stub_helpers) {}

  void add(const CodeBlock& block) {
    if (used_.emplace(block.base, &block).second) waiting_.push_back(&block);
  }
  /// Adds what the blocks added so far lead to.
  void close() {
    while (!waiting_.empty()) {
      const CodeBlock* next = waiting_.back();
      waiting_.pop_back();
      follow(*next);
    }
  }
  const std::map<u64, const CodeBlock*>& used() const { return used_; }
  const std::set<u64>& stubs() const { return stubs_; }

 private:
  void follow(const CodeBlock& block) {
    for (std::size_t i = 0; i < block.words.size(); ++i) follow(block, i);
    // A block may run on into the next one.
    const u32 last = block.words.back();
    const bool stops = is_return(last) || is_register_jump(last) || (last & 0xfc000000) == kBranch || last >> 16 == 0;
    if (!stops) reach(block, block.words.size() - 1, block.end(), false);
  }

  void follow(const CodeBlock& block, std::size_t i) {
    const u32 word = block.words[i];
    const u64 pc = block.base + 4 * i;
    if (const auto offset = branch_offset(word)) reach(block, i, pc + static_cast<u64>(*offset), is_call(word));
    if (const auto offset = literal_offset(word)) {
      const u64 address = pc + static_cast<u64>(*offset);
      const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const CodeBlock& b) { return b.contains(address); });
      if (found != blocks_.end()) add(*found);
    }
  }

  void reach(const CodeBlock& from, std::size_t i, u64 target, bool call) {
    if (from.contains(target)) return;
    const auto found = std::find_if(blocks_.begin(), blocks_.end(), [&](const CodeBlock& b) { return b.contains(target); });
    if (found != blocks_.end()) return add(*found);
    const std::string where = isa::disassemble(from.words[i], from.base + 4 * i);
    if (!call) fail(file_, from.lines[i], fmt::format("{}: leads to {:#x}, which is not listed", where, target));
    if (!stub_helpers_)
      fail(file_, from.lines[i], fmt::format("{}: calls {:#x}, which is not listed; --stub-helpers lets it return without effect", where, target));
    stubs_.insert(target);
  }

  const std::vector<CodeBlock>& blocks_;
  const std::string& file_;
  bool stub_helpers_;
  std::map<u64, const CodeBlock*> used_;
  std::vector<const CodeBlock*> waiting_;
  std::set<u64> stubs_;
};

std::string native_register(const std::string& name) {
  if (name.size() < 2 || name.size() > 3 || (name[0] != 'x' && name[0] != 'X')) return "";
  const bool digits = std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoul(name.substr(1)) <= 30 ? "X" + name.substr(1) : "";
}

std::string native_scenario(const std::vector<CodeBlock>& blocks, const std::vector<Thread>& threads, const std::string& file,
                            const CodeScenarioOptions& options) {
  const GuestPlace place = [](const std::string& thread, const std::string& reg) {
    const std::string found = native_register(reg);
    return found.empty() ? "" : thread + "." + found;
  };
  Reached reached(blocks, file, options.guest.stub_helpers);
  for (const Thread& t : threads) reached.add(*t.block);
  reached.close();
  const u64 shift = reached.used().begin()->first < kLowest ? kMovedTo : 0;
  std::string y = header(options, "Listing",
                         "  Imported from a listing; every thread calls a function.\n" +
                             (shift == 0 ? "" : fmt::format("  All addresses of the listing are moved by {:#x}.\n", shift)));
  y += guest_variables_yaml(options.guest, shift);
  std::map<u64, std::string> labels;
  for (const auto& [base, block] : reached.used()) {
    labels[base] = fmt::format("code_{:x}", base + shift);
    y += fmt::format("  # {}\n  {}:\n    type: code\n    at: {:#x}\n    asm: |\n", block->name.empty() ? "code" : block->name,
                     labels[base], base + shift);
    for (std::size_t i = 0; i < block->words.size(); ++i) y += word_yaml(block->words[i], base + shift + 4 * i, "");
  }
  for (const u64 stub : reached.stubs())
    y += fmt::format("  # Called but not listed: returns at once.\n  stub_{0:x}:\n    type: code\n    at: {0:#x}\n    asm: |\n      RET\n", stub + shift);
  std::string text = "threads:\n";
  for (const Thread& t : threads) {
    y += stack_yaml(t.name + "_stack");
    text += fmt::format("  {}:\n    registers: {{X16: {}, SP: {}_stack+{}{}}}\n    asm: |\n      BLR X16\n", t.name,
                        labels[t.block->base], t.name, kStackBytes, initial_registers(options, threads, t.name, place));
  }
  return y + text + guest_questions_yaml(options.guest, names_of(threads), {"x0", "x1", "x2", "x3"}, place);
}

}  // namespace

std::string fex_register(const std::string& guest) {
  for (const auto& [name, number] : kFexRegisters) {
    if (guest == name) return fmt::format("X{}", number);
  }
  return "";
}

std::string list_code(const std::vector<CodeBlock>& blocks) {
  std::string out = fmt::format("{:>6}  {:<18} {:>6} {:>8}  {}\n", "line", "address", "words", "barriers", "name");
  for (const CodeBlock& b : blocks) {
    out += fmt::format("{:>6}  {:<18} {:>6} {:>8}  {}\n", b.line, fmt::format("{:#x}", b.guest_pc != 0 ? b.guest_pc : b.base),
                       b.words.size(), std::count_if(b.words.begin(), b.words.end(), is_barrier), b.name);
  }
  return out;
}

std::string code_scenario(const std::vector<CodeBlock>& blocks, const std::string& file, const CodeScenarioOptions& options) {
  const std::vector<Thread> threads = choose_threads(blocks, file, options.threads);
  if (threads.empty()) fail(file, 0, "no thread: name the blocks to run");
  return options.environment == CodeEnvironment::Fex ? fex_scenario(threads, file, options)
                                                     : native_scenario(blocks, threads, file, options);
}

}  // namespace isobar::scenarios
