// FEX's environment: blocks of its 64-bit code as the texts of threads.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "isa/assembler.h"
#include "scenarios/import/code_branches.h"
#include "scenarios/import/code_parts.h"
#include "scenarios/import/guest_registers.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

// FEXCore/Source/Interface/Core/ArchHelpers/Arm64Emitter.cpp, x64::SRA and SRAFPR; RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI,
// R8 ...
constexpr std::array<unsigned, 16> kFexRegisters = {4, 7, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 29};
constexpr unsigned kFexStackPointer = 4;
constexpr unsigned kFexVectors = 16;  ///< the register of XMM0
constexpr unsigned kFexState = 28;
constexpr u64 kStateBytes = 4096;
constexpr u32 kFexBranch = 0x14000000;
constexpr std::size_t kExitWords = 4;  ///< behind an exit: the address that it calls and the guest address

// Between blocks the carry flag is kept inverted; X26 has the parity of the last result, X27 what it takes to find its
// auxiliary carry (OpcodeDispatcher/Flags.cpp).
constexpr const char* kFexClearFlags = "NZCV: 0x20000000, X26: 1";
constexpr const char* kFexFlags =
    "      // EFLAGS in X0\n"
    "      CSET W0, CC\n"
    "      CSET W1, EQ\n      BFI W0, W1, #6, #1\n"
    "      CSET W1, MI\n      BFI W0, W1, #7, #1\n"
    "      CSET W1, VS\n      BFI W0, W1, #11, #1\n"
    "      EOR W1, W26, W26, LSR #4\n      EOR W1, W1, W1, LSR #2\n      EOR W1, W1, W1, LSR #1\n      MVN W1, W1\n"
    "      BFI W0, W1, #2, #1\n"
    "      EOR W1, W26, W27\n      LSR W1, W1, #4\n      BFI W0, W1, #4, #1\n"
    "      ORR W0, W0, #2\n";

bool is_state_access(u32 word, u32 opcode) {
  return (word & 0xffc003e0) == (opcode | kFexState << 5);
}
bool is_state_load(u32 word) { return is_state_access(word, 0xf9400000); }
bool is_state_store(u32 word) { return is_state_access(word, 0xf9000000); }
u64 state_offset(u32 word) { return u64{word >> 10 & 0xfff} * 8; }
bool is_pair_load(u32 word) { return (word & 0xffc00000) == 0xa9400000; }  // LDP, offset
bool is_condition(u32 word) { return branch_offset(word) && !is_call(word) && (word & 0xfc000000) != kFexBranch; }

/// Where a place of a block leaves it for.
enum class FexExit : u8 {
  None,
  End,       ///< code that is not known; B to the end
  Link,      ///< through a literal, which FEX links to the next block
  Dispatch,  ///< FEX's main loop, with the guest address in the state
};

/// One block as a piece of the text of a thread.
class FexBlock {
 public:
  FexBlock(const CodeBlock& block, const std::string& file, const GuestOptions& options)
      : block_(block), file_(file), options_(options), words_(block.words), exits_(block.words.size(), FexExit::None) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (i >= data_from_ && i < data_from_ + kExitWords) continue;
      settle(i);
    }
  }

  const CodeBlock& block() const { return block_; }
  const std::vector<u32>& words() const { return words_; }
  FexExit exit(std::size_t i) const { return exits_[i]; }
  /// Index of the words that leave through a literal, and the guest address in it if the words behind it are listed.
  const std::vector<std::pair<std::size_t, u64>>& links() const { return links_; }
  /// Offsets in the state block of addresses of helpers.
  const std::set<u64>& helpers() const { return helpers_; }
  /// Where in the state block the block stores the guest address before it leaves for the main loop.
  std::optional<u64> rip() const { return rip_; }

 private:
  [[noreturn]] void refuse(std::size_t i, const std::string& message) const {
    fail_at(file_, block_.lines[i], isa::disassemble(block_.words[i], block_.base + 4 * i) + ": " + message);
  }

  void leave(std::size_t i, FexExit exit) {
    words_[i] = *with_branch_offset(kFexBranch, static_cast<i64>(4 * (words_.size() - i)));
    exits_[i] = exit;
  }

  /// Guest address behind the host address that an exit through a literal loads (FEX's ExitFunctionLinkData).
  u64 linked_address(std::size_t i, i64 literal) const {
    const std::size_t at = i + static_cast<std::size_t>(literal) / 4 + kExitWords / 2;
    if (literal <= 0 || at + 1 >= words_.size()) return 0;
    return u64{block_.words[at + 1]} << 32 | block_.words[at];
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
      exits_[i] = FexExit::End;
    } else if (const auto literal = literal_offset(word)) {
      const u32 next = i + 1 < words_.size() ? block_.words[i + 1] : 0;
      const bool exit = (is_register_jump(next) || is_register_call(next)) && branch_register(next) == (word & 31);
      if (exit) {
        links_.emplace_back(i, linked_address(i, *literal));
        if (is_register_call(next) && *literal == 8) data_from_ = i + 2;
        return leave(i, FexExit::Link);
      }
      if (at + *literal < 0 || at + *literal >= size) refuse(i, "loads a literal that is not listed");
    } else if (is_pair_load(word)) {
      lookup(i);
    } else if (is_register_jump(word) || is_return(word)) {
      jump(i);
    } else if (is_register_call(word) && exits_[i - (i != 0 ? 1 : 0)] != FexExit::Link) {
      call(i, branch_register(word));
    }
  }

  /// LDP of an entry of the lookup table, a comparison, a conditional branch over the BR that takes the host address from
  /// it: the table is empty here, and the branch is taken.
  void lookup(std::size_t i) {
    constexpr std::size_t kReach = 4;
    const unsigned first = block_.words[i] & 31, second = block_.words[i] >> 10 & 31;
    for (std::size_t k = i + 1; k < words_.size() && k <= i + kReach; ++k) {
      const u32 word = block_.words[k];
      const bool jumps = is_register_jump(word) && (branch_register(word) == first || branch_register(word) == second);
      if (!jumps || !is_condition(block_.words[k - 1])) continue;
      const i64 target = static_cast<i64>(4 * (k - 1)) + *branch_offset(block_.words[k - 1]) - static_cast<i64>(4 * i);
      if (const auto miss = with_branch_offset(kFexBranch, target)) words_[i] = *miss;
      return;
    }
  }

  /// BR of the address of the main loop, taken from the state block, next to a store of the guest address into it.
  void jump(std::size_t i) {
    constexpr std::size_t kReach = 3;
    bool from_state = false;
    std::optional<u64> rip;
    for (std::size_t k = i; k-- > 0 && k + kReach >= i;) {
      const u32 word = block_.words[k];
      if (is_state_load(word) && (word & 31) == branch_register(block_.words[i])) from_state = true;
      if (is_state_store(word)) rip = state_offset(word);
    }
    if (!from_state || !rip) return leave(i, FexExit::End);
    if (rip_ && *rip_ != *rip) refuse(i, "stores the guest address elsewhere than other exits");
    rip_ = rip;
    leave(i, FexExit::Dispatch);
  }

  /// BLR of an address that an LDR before it has taken from the state block.
  void call(std::size_t i, unsigned reg) {
    for (std::size_t k = i; k-- > 0;) {
      const u32 load = block_.words[k];
      if ((load & 31) != reg || !is_state_load(load)) continue;
      const u64 offset = state_offset(load);
      if (!options_.stub_helpers && options_.helper_names.count(offset) == 0)
        refuse(i, fmt::format("calls a helper (address at {:#x} of the state) whose work is not known; --helper names it, "
                              "--stub-helpers lets it return without effect", offset));
      helpers_.insert(offset);
      return;
    }
    refuse(i, "calls a helper whose address does not come from the state block");
  }

  const CodeBlock& block_;
  const std::string& file_;
  const GuestOptions& options_;
  std::vector<u32> words_;
  std::vector<FexExit> exits_;
  std::vector<std::pair<std::size_t, u64>> links_;
  std::set<u64> helpers_;
  std::optional<u64> rip_;
  std::size_t data_from_ = ~std::size_t{0} - kExitWords;  ///< where the literals of an exit begin
};

std::string block_label(const CodeBlock& b) {
  return fmt::format("block_{:x}", b.guest_pc != 0 ? b.guest_pc : b.base);
}

u64 address_in_guest(const CodeBlock& b) {
  return b.guest_pc != 0 ? b.guest_pc : b.base;
}

/// Where the exits of blocks through literals go, as the options say.
class FexLinks {
 public:
  FexLinks(const std::vector<CodeBlock>& blocks, const std::string& file, const std::vector<std::string>& options) {
    for (const std::string& text : options) {
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
        throw InputError(Diagnostic{{}, "--link " + text + ": expected BLOCK=TARGET[,TARGET...], such as 0x401000=0x401020,-"});
      std::vector<const CodeBlock*>& targets = targets_[&find_code_block(blocks, file, text.substr(0, equals))];
      for (std::size_t from = equals + 1; from <= text.size();) {
        const std::size_t end = std::min(text.find(',', from), text.size());
        const std::string name = text.substr(from, end - from);
        targets.push_back(name == "-" ? nullptr : &find_code_block(blocks, file, name));
        from = end + 1;
      }
    }
  }
  const std::vector<const CodeBlock*>* of(const CodeBlock& block) const {
    const auto found = targets_.find(&block);
    return found == targets_.end() ? nullptr : &found->second;
  }
  std::vector<const CodeBlock*> all() const {
    std::vector<const CodeBlock*> found;
    for (const auto& [block, targets] : targets_) {
      found.push_back(block);
      for (const CodeBlock* t : targets) {
        if (t != nullptr) found.push_back(t);
      }
    }
    return found;
  }

 private:
  std::map<const CodeBlock*, std::vector<const CodeBlock*>> targets_;
};

/// The blocks of one thread, linked.
class FexText {
 public:
  FexText(const CodeBlock& first, const std::vector<const CodeBlock*>& others, const std::string& file,
          const GuestOptions& options, const FexLinks& links)
      : file_(file) {
    parts_.emplace_back(first, file, options);
    by_address_[address_in_guest(first)] = &first;
    for (const CodeBlock* b : others) {
      if (by_address_.emplace(address_in_guest(*b), b).second) parts_.emplace_back(*b, file, options);
    }
    for (const FexBlock& part : parts_) {
      const std::vector<const CodeBlock*>* given = links.of(part.block());
      if (given != nullptr && given->size() > part.links().size())
        fail_at(file_, part.block().line, fmt::format("--link names {} targets, but {} exits of the block go through literals",
                                                      given->size(), part.links().size()));
      for (std::size_t n = 0; n < part.links().size(); ++n) {
        const u64 address = part.links()[n].second;
        const auto known = by_address_.find(address);
        const CodeBlock* target = address == 0 || known == by_address_.end() ? nullptr : known->second;
        if (given != nullptr && n < given->size()) target = (*given)[n];
        if (target != nullptr) targets_[{&part, part.links()[n].first}] = target;
      }
      if (!part.rip()) continue;
      if (rip_ && *rip_ != *part.rip()) fail_at(file_, part.block().line, "stores the guest address elsewhere than other blocks");
      rip_ = part.rip();
    }
  }

  std::string text() const {
    if (parts_.size() == 1 && targets_.empty()) return remark(parts_[0].block()) + lines(parts_[0], false);
    std::string y;
    for (const FexBlock& part : parts_)
      y += fmt::format("      {}:\n", block_label(part.block())) + remark(part.block()) + lines(part, true) + "      B leave\n";
    return y + dispatcher() + "      leave:\n";
  }
  std::set<u64> helpers() const {
    std::set<u64> all;
    for (const FexBlock& part : parts_) all.insert(part.helpers().begin(), part.helpers().end());
    return all;
  }

 private:
  static std::string remark(const CodeBlock& b) {
    return b.guest_pc == 0 ? "" : fmt::format("      // guest {:#x}: {}\n", b.guest_pc, b.name.empty() ? "a block" : b.name);
  }

  std::string lines(const FexBlock& part, bool linked) const {
    std::string y;
    for (std::size_t i = 0; i < part.words().size(); ++i) {
      const auto target = targets_.find({&part, i});
      if (target != targets_.end()) {
        y += fmt::format("      B {}  // linked\n", block_label(*target->second));
      } else if (linked && part.exit(i) == FexExit::Dispatch) {
        y += "      B dispatch\n";
      } else if (linked && part.exit(i) == FexExit::Link) {
        y += "      B leave  // to a block that is not followed\n";
      } else {
        y += word_yaml(part.words()[i], part.block().base + 4 * i, part.exit(i) != FexExit::None ? ", leaves the block" : "");
      }
    }
    return y;
  }

  /// FEX's main loop in small: on to the block of the guest address in the state, if there is one. Uses what blocks do not
  /// keep (X0 to X3), and no branches, which would be guessed, before the last.
  std::string dispatcher() const {
    if (!rip_) return "";
    std::string y = fmt::format("      dispatch:\n      LDR X0, [X28, #{}]  // RIP\n      MRS X3, NZCV\n      MOV X1, #0\n", *rip_);
    for (const auto& [pc, block] : by_address_)
      y += fmt::format("      LDR X2, ={:#x}\n      CMP X0, X2\n      ADR X2, {}\n      CSEL X1, X2, X1, EQ\n", pc, block_label(*block));
    return y + "      MSR NZCV, X3\n      CBZ X1, leave\n      BR X1\n";
  }

  const std::string& file_;
  std::vector<FexBlock> parts_;
  std::map<u64, const CodeBlock*> by_address_;
  std::map<std::pair<const FexBlock*, std::size_t>, const CodeBlock*> targets_;
  std::optional<u64> rip_;
};

std::string helper_label(const GuestOptions& options, u64 offset) {
  const auto name = options.helper_names.find(offset);
  return name == options.helper_names.end() ? "helper" : "helper_" + name->second;
}

std::string state_yaml(const std::string& name, const std::set<u64>& helpers, const GuestOptions& options) {
  const u64 last = helpers.empty() ? 0 : *helpers.rbegin();
  std::string values;
  for (u64 at = 0; !helpers.empty() && at <= last; at += 8)
    values += std::string(at == 0 ? "" : ", ") + (helpers.count(at) != 0 ? helper_label(options, at) : "0");
  return fmt::format("  {}: {{count: {}{}}}\n", name, std::max(kStateBytes, last + 8) / 8,
                     values.empty() ? "" : ", value: [" + values + "]");
}

std::string fex_helpers_yaml(const std::set<u64>& helpers, const GuestOptions& options) {
  std::map<std::string, std::string> known;
  bool stub = false;
  for (const u64 offset : helpers) {
    const std::string code = helper_code(options, offset);
    const std::string label = helper_label(options, offset);
    stub = stub || label == "helper";
    if (label != "helper") known[label] = code.empty() ? "RET" : code;
  }
  std::string y;
  for (const auto& [label, code] : known) y += helper_yaml(label, "A helper of the translator.", 0, code);
  return y + (stub ? helper_yaml("helper", "Helpers of the translator, reduced to their return.", 0, "RET") : "");
}

std::string fex_place(const std::string& thread, const std::string& reg) {
  const auto part = find_guest_part(reg);
  if (!part) return "";
  switch (part->kind) {
    case GuestPart::Kind::General: return part_of(fmt::format("{}.X{}", thread, kFexRegisters[part->number]), 64, *part);
    case GuestPart::Kind::Vector: return part_of(fmt::format("{}.V{}", thread, kFexVectors + part->number), 128, *part);
    case GuestPart::Kind::Flag: return part_of(thread + ".W0", 32, *part);
  }
  return "";
}

}  // namespace

std::string fex_scenario(const std::vector<CodeBlock>& blocks, const std::vector<CodeThread>& threads, const std::string& file,
                         const CodeScenarioOptions& options) {
  GuestOptions guest = options.guest;
  guest.register_names = kGuestRegisterNames;
  const bool flags = asks_for_flags(guest);
  const FexLinks links(blocks, file, options.links);
  std::vector<const CodeBlock*> others = links.all();
  for (const std::string& name : options.follow) others.push_back(&find_code_block(blocks, file, name));
  if (!others.empty()) {
    for (const CodeThread& t : threads) others.push_back(t.block);
  }
  std::sort(others.begin(), others.end(), [](const CodeBlock* a, const CodeBlock* b) { return address_in_guest(*a) < address_in_guest(*b); });

  std::string y = code_header(options, "FEX", "  Imported from FEX: blocks of translated x86-64 code. RAX is X4, RCX X7, RDX X5, RBX X6, RSP X8, RBP X9, RSI X10,\n"
                                              "  RDI X11, R8 to R13 X12 to X17, R14 X19, R15 X29; X28 points to the state block.\n");
  y += guest_variables_yaml(guest, 0);
  std::string text = "threads:\n";
  std::set<u64> helpers;
  const std::vector<std::string> names = names_of(threads);
  for (const CodeThread& t : threads) {
    const FexText code(*t.block, others, file, guest, links);
    const std::set<u64> called = code.helpers();
    helpers.insert(called.begin(), called.end());
    y += state_yaml(t.name + "_state", called, guest) + stack_yaml(t.name + "_host_stack") + stack_yaml(t.name + "_guest_stack");
    std::string given;
    bool has_stack = false;
    for (const GuestStart& start : guest_starts(guest, names, t.name)) {
      const bool vector = start.part.kind == GuestPart::Kind::Vector;
      has_stack = has_stack || (!vector && start.part.number == kFexStackPointer);
      given += vector ? fmt::format(", V{}: {}", kFexVectors + start.part.number, start.value)
                      : fmt::format(", X{}: {}", kFexRegisters[start.part.number], start.value);
    }
    text += fmt::format("  {0}:\n    registers: {{X28: {0}_state, SP: {0}_host_stack+{1}{2}{3}{4}}}\n    asm: |\n", t.name, kCodeStackBytes,
                        has_stack ? "" : fmt::format(", X8: {}_guest_stack+{}", t.name, kCodeStackBytes / 2),
                        flags ? std::string(", ") + kFexClearFlags : "", given);
    text += code.text() + (flags ? kFexFlags : "");
  }
  return y + fex_helpers_yaml(helpers, guest) + text + guest_questions_yaml(guest, names, {"rax", "rbx", "rcx", "rdx"}, fex_place);
}

}  // namespace isobar::scenarios
