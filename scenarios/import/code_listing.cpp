#include "scenarios/import/code_listing.h"

#include <algorithm>
#include <optional>

#include "scenarios/import/line_cursor.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

constexpr std::size_t kMaxWords = std::size_t{1} << 20;  // of one text

/// The rest of a line without a comment.
bool at_end_or_comment(const LineCursor& c) {
  return c.at_end() || c.starts_with("#");
}

void require_blocks(const std::vector<CodeBlock>& blocks, const std::string& file, const char* expected) {
  if (blocks.empty()) throw InputError(Diagnostic{{file, 0, 0}, std::string("no code found; expected ") + expected});
}

/// Collects words into blocks.
class Blocks {
 public:
  void start(std::string name, u32 line) {
    finish();
    block_.name = std::move(name);
    block_.line = line;
  }
  void append(const LineCursor& c, u64 address, u32 word) {
    if (!is_aligned(address, 4)) c.fail("the address of an instruction must be a multiple of 4");
    if (block_.words.empty()) {
      block_.base = address;
      if (block_.line == 0) block_.line = c.number();
    }
    if (++words_ > kMaxWords) c.fail("more than " + std::to_string(kMaxWords) + " words");
    block_.words.push_back(word);
    block_.lines.push_back(c.number());
  }
  void finish() {
    if (!block_.words.empty()) blocks_.push_back(std::move(block_));
    block_ = CodeBlock{};
  }
  bool empty() const { return block_.words.empty(); }
  u64 next() const { return block_.end(); }
  std::vector<CodeBlock> take() {
    finish();
    return std::move(blocks_);
  }

 private:
  std::vector<CodeBlock> blocks_;
  CodeBlock block_;
  std::size_t words_ = 0;
};

/// `0000000000400580 <main>:`, the start of a function.
std::optional<std::string> function_name(LineCursor c) {
  if (c.at_end() || !LineCursor::is_hex(c.rest()[0])) return std::nullopt;
  const std::string_view line = c.rest();
  const std::size_t open = line.find(" <");
  if (open == std::string_view::npos || line.size() < open + 5 || line.substr(line.size() - 2) != ">:") return std::nullopt;
  if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(open), LineCursor::is_hex)) return std::nullopt;
  return std::string(line.substr(open + 2, line.size() - open - 4));
}

/// Does the line look like `  400580:  ...`?
bool is_code_line(LineCursor c) {
  if (!c.starts_with(" ") && !c.starts_with("\t")) return false;
  c.skip_spaces();
  std::size_t digits = 0;
  while (digits < c.rest().size() && LineCursor::is_hex(c.rest()[digits])) ++digits;
  return digits != 0 && digits < c.rest().size() && c.rest()[digits] == ':';
}

}  // namespace

SymbolMap parse_symbols(std::string_view text, const std::string& file) {
  SymbolMap symbols;
  for_each_line(text, file, [&](LineCursor& c) {
    c.skip_spaces();
    if (at_end_or_comment(c)) return;
    c.accept("0x");
    const u64 address = c.hexadecimal(16, "an address");
    const std::size_t before = c.rest().size();
    c.skip_spaces();
    if (c.rest().size() == before) c.fail("expected a blank after the address");
    const std::string_view rest = c.rest();
    const bool lettered = rest.size() > 2 && rest[1] == ' ' && ((rest[0] >= 'A' && rest[0] <= 'Z') || (rest[0] >= 'a' && rest[0] <= 'z'));
    if (lettered) {
      c.skip(1);
      c.skip_spaces();
    }
    const std::string_view name = c.rest().substr(0, c.rest().find_first_of(" \t#"));
    if (name.empty()) c.fail("expected the name of a symbol");
    c.skip(name.size());
    c.skip_spaces();
    if (!at_end_or_comment(c)) c.fail("expected the end of the line after the symbol");
    symbols.emplace(address, name);
  });
  return symbols;
}

std::vector<CodeBlock> parse_objdump(std::string_view text, const std::string& file) {
  Blocks blocks;
  for_each_line(text, file, [&](LineCursor& c) {
    if (c.rest().find("file format ") != std::string_view::npos && c.rest().find("aarch64") == std::string_view::npos &&
        c.rest().find("binary") == std::string_view::npos) {
      c.fail("a listing of another architecture; expected arm64");
    }
    if (const auto name = function_name(c)) return blocks.start(*name, c.number());
    const std::size_t relocation = c.rest().find("R_AARCH64_");
    if (relocation != std::string_view::npos) {
      c.skip(relocation);
      c.fail("a relocation that has not been applied; list the linked program");
    }
    if (c.rest().find_first_not_of(" \t") != std::string_view::npos && c.rest().find_first_not_of(" \t.") == std::string_view::npos)
      return blocks.finish();  // "...": zeroes are left out
    if (!is_code_line(c)) return;
    c.skip_spaces();
    const u64 address = c.hexadecimal(16, "an address");
    c.accept(":");
    c.skip_spaces();
    LineCursor word = c;
    const u32 value = static_cast<u32>(c.hexadecimal(8, "an instruction word of 8 digits"));
    if (word.rest().size() - c.rest().size() != 8) word.fail("expected an instruction word of 8 digits; is it arm64?");
    if (!blocks.empty() && address != blocks.next())
      word.fail("the address does not follow the line before");
    blocks.append(word, address, value);
  });
  std::vector<CodeBlock> found = blocks.take();
  require_blocks(found, file, "what 'objdump -d' prints");
  return found;
}

std::vector<CodeBlock> parse_raw_words(std::string_view text, const std::string& file, const SymbolMap& symbols,
                                       u64 base) {
  Blocks blocks;
  u64 address = base;
  for_each_line(text, file, [&](LineCursor& c) {
    c.skip_spaces();
    bool first = true;
    while (!at_end_or_comment(c)) {
      const LineCursor start = c;
      c.accept("0x");
      const std::size_t before = c.rest().size();
      const u64 value = c.hexadecimal(16, "a word of 8 digits");
      const std::size_t digits = before - c.rest().size();
      if (first && c.accept(":")) {
        if (value != address || blocks.empty()) blocks.finish();
        address = value;
      } else {
        if (digits != 8 || (!c.at_end() && c.rest()[0] != ' ' && c.rest()[0] != '\t' && c.rest()[0] != '#'))
          start.fail("expected a word of 8 hexadecimal digits");
        if (const auto symbol = symbols.find(address); symbol != symbols.end()) blocks.start(symbol->second, c.number());
        blocks.append(start, address, static_cast<u32>(value));
        address += 4;
      }
      first = false;
      c.skip_spaces();
    }
  });
  std::vector<CodeBlock> found = blocks.take();
  require_blocks(found, file, "words of 8 hexadecimal digits");
  return found;
}

}  // namespace isobar::scenarios
