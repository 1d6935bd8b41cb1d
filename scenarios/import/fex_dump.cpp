// FEX's disassembly, printed by VIXL, back to words.
#include <algorithm>
#include <array>
#include <optional>

#include "isa/assembler.h"
#include "scenarios/import/code_branches.h"
#include "scenarios/import/code_listing.h"
#include "scenarios/import/line_cursor.h"

namespace isobar::scenarios {

namespace {

constexpr std::size_t kMaxDumpInstructions = std::size_t{1} << 18;
constexpr u64 kFirstBlock = 0x5000'0000;  ///< the log does not say where blocks stand
constexpr u64 kBlockStride = 0x10'0000;
constexpr unsigned kLinkWords = 4;  ///< behind an exit: the address that it calls and the guest address

/// VIXL names the flags of RMIF, CCMP and the like: upper-case letters are 1. nullopt for anything else.
std::optional<unsigned> flag_mask(std::string_view s) {
  constexpr std::string_view kLower = "nzcv", kUpper = "NZCV";
  if (s.size() != 4) return std::nullopt;
  unsigned mask = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    if (s[i] != kLower[i] && s[i] != kUpper[i]) return std::nullopt;
    mask = mask << 1 | (s[i] == kUpper[i] ? 1u : 0u);
  }
  return mask;
}

/// The text in the syntax of other assemblers: no remarks in parentheses (`#0x10 (16)`, `(addr 0x...)`; the value of a
/// floating-point immediate is in them), no plus signs, no `pc+8`, flags as numbers.
std::string normalise(std::string_view text) {
  std::string out;
  const std::size_t remark = text.find(" (");
  const std::size_t immediate = text.rfind('#', remark);
  const bool is_float = text.substr(0, 5) == "fmov " && remark != std::string_view::npos && immediate != std::string_view::npos;
  if (is_float) return std::string(text.substr(0, immediate + 1)) + std::string(text.substr(remark + 2, text.find(')', remark) - remark - 2));
  while (!text.empty()) {
    if (text.substr(0, 2) == " (") {
      const std::size_t close = text.find(')');
      if (close == std::string_view::npos) break;
      text.remove_prefix(close + 1);
    } else if (text.substr(0, 2) == "#+") {
      out += '#';
      text.remove_prefix(2);
    } else if (text.substr(0, 4) == " pc+" || text.substr(0, 4) == " pc-") {
      out += text[3] == '+' ? " #" : " #-";
      text.remove_prefix(4);
    } else if (const auto mask = text[0] == '#' ? flag_mask(text.substr(1, 4)) : std::nullopt) {
      out += '#' + std::to_string(*mask);
      text.remove_prefix(5);
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

class FexReader {
 public:
  FexReader(const std::string& file, const SymbolMap& symbols) : file_(file), symbols_(symbols) {}

  void line(LineCursor& c) {
    const std::string_view text = c.rest();
    if (const std::size_t at = text.find("Disassemble Begin"); at != std::string_view::npos) return begin(c, at);
    if (text.find("Disassemble End") != std::string_view::npos) return end(c);
    if (inside_) return instruction(c);
    if (const std::size_t at = text.find("RIP: 0x"); at != std::string_view::npos) {
      c.skip(at + 7);
      guest_pc_ = c.hexadecimal(16, "a guest address");
    }
  }

  std::vector<CodeBlock> finish(u32 lines) {
    if (inside_) throw InputError(Diagnostic{{file_, lines, 0}, "the log ends inside a block; expected 'Disassemble End'"});
    if (blocks_.empty())
      throw InputError(Diagnostic{{file_, 0, 0}, "no block found; expected FEX's log with FEX_DISASSEMBLE=blocks"});
    return std::move(blocks_);
  }

 private:
  void begin(LineCursor& c, std::size_t at) {
    if (inside_) c.fail("a block begins inside another; the log may mix several threads");
    prefix_ = at;
    inside_ = true;
    complete_ = false;
    data_ = left_out_ = 0;
    block_ = CodeBlock{};
    block_.line = c.number();
    block_.guest_pc = guest_pc_;
    block_.base = kFirstBlock + blocks_.size() * kBlockStride;
    if (const auto s = symbols_.find(guest_pc_); s != symbols_.end()) block_.name = s->second;
  }

  void end(LineCursor& c) {
    if (!inside_) c.fail("the end of a block that has not begun");
    inside_ = false;
    if (block_.words.empty()) c.fail("a block without instructions");
    blocks_.push_back(std::move(block_));
  }

  void instruction(LineCursor& c) {
    if (c.rest().size() < prefix_) return c.at_end() ? void() : c.fail("expected an instruction");
    c.skip(prefix_);
    c.skip_spaces();
    if (data_ != 0) {
      --data_;
      return;
    }
    // Literals, which VIXL prints as the instructions they look like, follow the marker of the end or an exit.
    const bool literal = c.starts_with("udf ") || c.starts_with("unallocated") || c.starts_with("unimplemented");
    complete_ = complete_ || literal;
    if (complete_ || c.at_end()) return;
    if (block_.words.size() * 4 >= kBlockStride || ++instructions_ > kMaxDumpInstructions) c.fail("too many instructions");
    std::string text = normalise(c.rest());
    text.erase(text.find_last_not_of(' ') + 1);
    std::string why;
    const std::optional<u32> word = isa::assemble_word(text, &why);
    if (!word) c.fail("'" + text + "' is no instruction: " + why);
    const bool exit = is_register_call(*word) && !block_.words.empty() && is_literal_behind_call(block_.words.back()) &&
                      (block_.words.back() & 31) == branch_register(*word);
    // What an exit has left out is needed if code follows.
    for (; left_out_ != 0; --left_out_) add(0, c.number());
    add(*word, c.number());
    if (exit) data_ = left_out_ = kLinkWords;
  }

  /// LDR (literal) of what follows the next instruction.
  static bool is_literal_behind_call(u32 word) { return literal_offset(word) == i64{8}; }

  void add(u32 word, u32 line) {
    block_.words.push_back(word);
    block_.lines.push_back(line);
  }

  const std::string& file_;
  const SymbolMap& symbols_;
  std::vector<CodeBlock> blocks_;
  CodeBlock block_;
  u64 guest_pc_ = 0;
  std::size_t prefix_ = 0, instructions_ = 0;
  unsigned data_ = 0;      ///< words of an exit's literals that the next lines show
  unsigned left_out_ = 0;  ///< those that the block does not have yet
  bool inside_ = false, complete_ = false;
};

}  // namespace

std::vector<CodeBlock> parse_fex_dump(std::string_view text, const std::string& file, const SymbolMap& symbols) {
  FexReader reader(file, symbols);
  const u32 lines = for_each_line(text, file, [&](LineCursor& c) { reader.line(c); });
  return reader.finish(lines);
}

}  // namespace isobar::scenarios
