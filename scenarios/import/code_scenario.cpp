#include "scenarios/import/code_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "isa/assembler.h"
#include "scenarios/import/code_branches.h"
#include "scenarios/import/code_parts.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

constexpr u32 kBranch = 0x14000000;
constexpr u64 kLowest = 0x200000;         ///< what is listed below has been linked for no place in particular
constexpr u64 kMovedTo = 0x5000'0000;

std::optional<u64> address_of(const std::string& text) {
  const bool numeric = text.rfind("0x", 0) == 0 && text.size() > 2 && text.size() <= 18 &&
                       text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
  return numeric ? std::optional<u64>(std::stoull(text, nullptr, 16)) : std::nullopt;
}

std::vector<CodeThread> choose_threads(const std::vector<CodeBlock>& blocks, const std::string& file,
                                       const std::vector<std::string>& wanted) {
  std::vector<CodeThread> threads;
  for (const std::string& text : wanted) {
    const std::size_t equals = text.find('=');
    const std::string block = equals == std::string::npos ? text : text.substr(equals + 1);
    const CodeBlock& found = find_code_block(blocks, file, block);
    std::string name = equals != std::string::npos ? text.substr(0, equals)
                       : is_name(block)             ? block
                                                    : fmt::format("P{}", threads.size());
    if (!is_name(name)) fail_at(file, 0, fmt::format("'{}' is not a name for a thread", name));
    const auto taken = [&] { return std::any_of(threads.begin(), threads.end(), [&](const CodeThread& t) { return t.name == name; }); };
    if (taken()) name += fmt::format("_{}", threads.size());
    threads.push_back({name, &found});
  }
  return threads;
}

std::string native_register(const std::string& name) {
  if (name.size() < 2 || name.size() > 3 || (name[0] != 'x' && name[0] != 'X')) return "";
  const bool digits = std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoul(name.substr(1)) <= 30 ? "X" + name.substr(1) : "";
}

/// Values that the options give to registers of `thread`, as ", X4: value".
std::string native_starts(const CodeScenarioOptions& options, const std::vector<CodeThread>& threads, const std::string& thread) {
  std::string y;
  for (const GuestRegister& r : options.guest.registers) {
    const bool known = std::any_of(threads.begin(), threads.end(), [&](const CodeThread& t) { return t.name == r.thread; });
    if (!known) throw InputError(Diagnostic{{}, fmt::format("--register: no thread '{}'", r.thread)});
    if (r.thread != thread) continue;
    const std::string where = native_register(r.name);
    if (where.empty()) throw InputError(Diagnostic{{}, fmt::format("--register: '{}' is no register of the guest; expected x0 to x30", r.name)});
    if (!is_name(r.value) && !fits_in(r.value, 64))
      throw InputError(Diagnostic{{}, fmt::format("--register: {} does not fit in {}", r.value, r.name)});
    y += fmt::format(", {}: {}", where, r.value);
  }
  return y;
}

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
    if (!call) fail_at(file_, from.lines[i], fmt::format("{}: leads to {:#x}, which is not listed", where, target));
    if (!stub_helpers_)
      fail_at(file_, from.lines[i], fmt::format("{}: calls {:#x}, which is not listed; --stub-helpers lets it return without effect", where, target));
    stubs_.insert(target);
  }

  const std::vector<CodeBlock>& blocks_;
  const std::string& file_;
  bool stub_helpers_;
  std::map<u64, const CodeBlock*> used_;
  std::vector<const CodeBlock*> waiting_;
  std::set<u64> stubs_;
};

std::string native_scenario(const std::vector<CodeBlock>& blocks, const std::vector<CodeThread>& threads, const std::string& file,
                            const CodeScenarioOptions& options) {
  GuestOptions guest = options.guest;
  guest.register_names = "x0 to x30";
  const GuestPlace place = [](const std::string& thread, const std::string& reg) {
    const std::string found = native_register(reg);
    return found.empty() ? "" : thread + "." + found;
  };
  Reached reached(blocks, file, options.guest.stub_helpers);
  for (const CodeThread& t : threads) reached.add(*t.block);
  reached.close();
  const u64 shift = reached.used().begin()->first < kLowest ? kMovedTo : 0;
  std::string y = code_header(options, "Listing",
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
  for (const CodeThread& t : threads) {
    y += stack_yaml(t.name + "_stack");
    text += fmt::format("  {}:\n    registers: {{X16: {}, SP: {}_stack+{}{}}}\n    asm: |\n      BLR X16\n", t.name,
                        labels[t.block->base], t.name, kCodeStackBytes, native_starts(options, threads, t.name));
  }
  return y + text + guest_questions_yaml(guest, names_of(threads), {"x0", "x1", "x2", "x3"}, place);
}

}  // namespace

void fail_at(const std::string& file, u32 line, const std::string& message) {
  throw InputError(Diagnostic{{file, line, 0}, message});
}

const CodeBlock& find_code_block(const std::vector<CodeBlock>& blocks, const std::string& file, const std::string& name) {
  const auto address = address_of(name);
  const auto found = std::find_if(blocks.begin(), blocks.end(), [&](const CodeBlock& b) {
    return address ? (b.guest_pc != 0 ? b.guest_pc : b.base) == *address : b.name == name;
  });
  if (found == blocks.end()) fail_at(file, 0, fmt::format("no block '{}'", name));
  return *found;
}

std::string word_yaml(u32 word, u64 pc, const std::string& remark) {
  return fmt::format("      .inst {:#010x}  // {}{}\n", word, isa::disassemble(word, pc), remark);
}

std::string stack_yaml(const std::string& name) {
  return fmt::format("  {}: {{count: {}, align: 16}}\n", name, kCodeStackBytes / 8);
}

std::string code_header(const CodeScenarioOptions& options, const std::string& fallback, const std::string& text) {
  return fmt::format("name: {}\ndescription: |\n{}machine: {{kind: none}}\nmemory:\n",
                     options.guest.name.empty() ? fallback : options.guest.name, text);
}

std::vector<std::string> names_of(const std::vector<CodeThread>& threads) {
  std::vector<std::string> names;
  for (const CodeThread& t : threads) names.push_back(t.name);
  return names;
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
  const std::vector<CodeThread> threads = choose_threads(blocks, file, options.threads);
  if (threads.empty()) fail_at(file, 0, "no thread: name the blocks to run");
  return options.environment == CodeEnvironment::Fex ? fex_scenario(blocks, threads, file, options)
                                                     : native_scenario(blocks, threads, file, options);
}

}  // namespace isobar::scenarios
