#include "scenarios/import/qemu.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "scenarios/import/line_cursor.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

namespace {

constexpr std::size_t kMaxBlockBytes = std::size_t{1} << 20;  // QEMU's own limit is far below

class Parser {
 public:
  Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  QemuLog run() {
    const u32 number = for_each_line(text_, file_, [this](LineCursor& c) { read_line(c); });
    finish_code(number);
    if (log_.blocks.empty()) {
      throw InputError(
          Diagnostic{{file_, 0, 0},
                     "no translated block found; expected the log of 'qemu-x86_64 -d in_asm,out_asm' with an "
                     "arm64 host"});
    }
    return std::move(log_);
  }

 private:
  enum class Section { Other, Guest, Operations, Prologue, Block };

  void read_line(LineCursor& c) {
    if (c.accept("PROLOGUE:")) {
      start_code(c, Section::Prologue);
    } else if (c.accept("OUT:")) {
      start_code(c, Section::Block);
    } else if (c.accept("IN:")) {
      finish_code(c.number());
      section_ = Section::Guest;
      pending_ = TranslatedBlock{};
      pending_->line = c.number();
      c.skip_spaces();
      pending_->symbol = std::string(c.rest());
    } else if (c.starts_with("OP") || c.starts_with("----")) {
      finish_code(c.number());
      // Operations are shown as made, as optimised, or both; the last is what the code does.
      section_ = c.starts_with("OP") && pending_ ? Section::Operations : Section::Other;
      if (section_ == Section::Operations) pending_->calls.clear();
    } else if (section_ == Section::Operations) {
      c.skip_spaces();
      if (c.accept("call ")) pending_->calls.emplace_back(c.rest().substr(0, c.rest().find(',')));
    } else if (section_ == Section::Guest) {
      guest_line(c);
    } else if (section_ == Section::Prologue || section_ == Section::Block) {
      code_line(c);
    }
  }

  void start_code(LineCursor& c, Section section) {
    finish_code(c.number());
    c.skip_spaces();
    if (!c.accept("[size=")) c.fail("expected '[size=N]'");
    std::size_t n = 0;
    const std::string_view digits = c.rest();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (error != std::errc{} || end == digits.data() + digits.size() || *end != ']')
      c.fail("expected '[size=N]'");
    if (n == 0 || n > kMaxBlockBytes) c.fail("expected a size from 1 to " + std::to_string(kMaxBlockBytes));
    if (section == Section::Block && !pending_)
      c.fail("host code without the guest code it translates ('IN:')");
    section_ = section;
    announced_ = n;
    code_ = HostCode{};
    seen_ = 0;
    start_line_ = c.number();
  }

  void guest_line(LineCursor& c) {
    if (!c.accept("0x")) return;
    const u64 pc = c.hexadecimal(16, "an address");
    if (!c.accept(":")) c.fail("expected ':' after the address");
    // Bytes in pairs, then the text; a long instruction continues on lines that have bytes only.
    c.skip_spaces();
    while (c.rest().size() >= 2 && LineCursor::is_hex(c.rest()[0]) && LineCursor::is_hex(c.rest()[1]) &&
           (c.rest().size() == 2 || c.rest()[2] == ' ')) {
      c.hexadecimal(2, "a byte");
      c.skip_spaces();
    }
    if (c.at_end()) return;
    std::string text(c.rest());
    text.erase(text.find_last_not_of(' ') + 1);
    if (pending_->guest.empty()) pending_->guest_pc = pc;
    pending_->guest.push_back({pc, text, 0});
  }

  void code_line(LineCursor& c) {
    c.skip_spaces();
    if (c.accept("-- guest addr 0x")) {
      mark(c.hexadecimal(16, "a guest address"));
      return;
    }
    if (c.starts_with("-- tb slow paths") && section_ == Section::Block)
      pending_->slow_paths = static_cast<u32>(code_.words.size());
    if (!c.accept("0x")) return;  // "data:" and blank lines
    const u64 address = c.hexadecimal(16, "an address");
    if (!c.accept(":")) c.fail("expected ':' after the address");
    c.skip_spaces();
    unsigned bytes = 4;
    if (c.accept(".quad")) {
      bytes = 8;
    } else if (!c.accept(".long")) {
      bytes = 0;
    }
    u64 word = 0;
    if (bytes != 0) {
      c.skip_spaces();
      if (!c.accept("0x")) c.fail("expected a literal that starts with 0x");
      word = c.hexadecimal(2 * bytes, "a literal");
    } else {
      bytes = 4;
      word = c.hexadecimal(8, "a 32-bit instruction word");
    }
    append(c, address, word, bytes);
  }

  void append(LineCursor& c, u64 address, u64 word, unsigned bytes) {
    if (code_.words.empty()) {
      if (!is_aligned(address, 4)) c.fail("the address of an instruction must be a multiple of 4");
      code_.base = address;
    }
    if (address != code_.base + 4 * code_.words.size()) {
      c.fail("the address does not follow the line before; the log may be cut or mix several threads");
    }
    for (unsigned i = 0; i < bytes; i += 4) code_.words.push_back(static_cast<u32>(word >> (8 * i)));
    if (4 * code_.words.size() > announced_) {
      c.fail("more host code than the " + std::to_string(announced_) + " bytes announced in line " +
             std::to_string(start_line_));
    }
  }

  void mark(u64 guest_pc) {
    if (section_ != Section::Block || seen_ >= pending_->guest.size()) return;
    // QEMU marks the guest instructions in order; an instruction without code of its own has no mark.
    for (std::size_t i = seen_; i < pending_->guest.size(); ++i) {
      pending_->guest[i].first_word = static_cast<u32>(code_.words.size());
      if (pending_->guest[i].pc == guest_pc) {
        seen_ = i + 1;
        return;
      }
    }
  }

  /// Called where a new section starts: the code read so far must be complete.
  void finish_code(u32 line) {
    if (section_ != Section::Prologue && section_ != Section::Block) return;
    if (4 * code_.words.size() != announced_) {
      throw InputError(Diagnostic{{file_, line, 0},
                                  "the code that starts in line " + std::to_string(start_line_) + " has " +
                                      std::to_string(4 * code_.words.size()) + " bytes, " +
                                      std::to_string(announced_) +
                                      " were announced; the log may be cut or mix several threads"});
    }
    if (section_ == Section::Prologue) {
      log_.prologue = std::move(code_);
    } else {
      pending_->code = std::move(code_);
      log_.blocks.push_back(std::move(*pending_));
      pending_.reset();
    }
    section_ = Section::Other;
  }

  std::string_view text_;
  const std::string& file_;
  QemuLog log_;
  Section section_ = Section::Other;
  std::optional<TranslatedBlock> pending_;
  HostCode code_;
  std::size_t announced_ = 0, seen_ = 0;
  u32 start_line_ = 0;
};

/// ADRP X30, #0; ADD X30, X30, #0; BR X30: the place of a link that has no target yet.
bool is_unset_link(const HostCode& code, std::size_t branch) {
  return branch >= 2 && code.words[branch - 2] == 0x9000001e && code.words[branch - 1] == 0x910003de &&
         code.words[branch] == 0xd61f03c0;
}

/// B .; BR X16: the same in QEMU 8 and later, which links with a direct branch and needs the register for far targets only.
bool is_unset_branch(const HostCode& code, std::size_t branch) {
  return branch + 1 < code.words.size() && code.words[branch] == 0x14000000 && code.words[branch + 1] == 0xd61f0200;
}

bool is_inside(const QemuLog& log, u64 address) {
  return log.prologue.contains(address) ||
         std::any_of(log.blocks.begin(), log.blocks.end(),
                     [&](const TranslatedBlock& b) { return b.code.contains(address); });
}

/// Where an unconditional direct branch or the ADRP, ADD, BR/BLR idiom that ends at word `i` goes.
std::optional<u64> far_target(const HostCode& code, std::size_t i) {
  const u32 w = code.words[i];
  const u64 pc = code.base + 4 * i;
  if ((w & 0x7c000000) == 0x14000000) return pc + (sign_extend(bits(w, 25, 0), 26) << 2);  // B, BL
  const bool register_branch = (w & 0xffdffc1f) == 0xd61f0000;                             // BR, BLR
  if (!register_branch || i < 2) return std::nullopt;
  const u32 add = code.words[i - 1], adrp = code.words[i - 2];
  const u64 r = bits(w, 9, 5);
  const bool idiom = (adrp & 0x9f000000) == 0x90000000 && bits(adrp, 4, 0) == r &&
                     (add & 0xffc00000) == 0x91000000 && bits(add, 4, 0) == r && bits(add, 9, 5) == r;
  if (!idiom) return std::nullopt;
  const u64 pages = sign_extend((bits(adrp, 23, 5) << 2) | bits(adrp, 30, 29), 21);
  return align_down(pc - 8, 4096) + (pages << 12) + bits(add, 21, 10);
}

}  // namespace

QemuLog parse_qemu_log(std::string_view text, const std::string& file) {
  return Parser(text, file).run();
}

std::vector<u64> helper_addresses(const QemuLog& log) {
  std::vector<u64> found;
  for (const TranslatedBlock& b : log.blocks) {
    for (std::size_t i = 0; i < b.code.words.size(); ++i) {
      const std::optional<u64> target = far_target(b.code, i);
      if (target && !is_unset_link(b.code, i) && !is_inside(log, *target)) found.push_back(*target);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::map<u64, std::string> helper_names(const QemuLog& log, const std::string& file) {
  std::map<u64, std::string> names;
  for (const TranslatedBlock& b : log.blocks) {
    std::vector<u64> called;
    const std::size_t end = b.slow_paths == 0 ? b.code.words.size() : b.slow_paths;
    for (std::size_t i = 0; i < end; ++i) {
      const u32 w = b.code.words[i];
      const bool call = (w & 0xfc000000) == 0x94000000 || (w & 0xfffffc1f) == 0xd63f0000;  // BL, BLR
      const auto target = call ? far_target(b.code, i) : std::nullopt;
      if (target && !is_inside(log, *target)) called.push_back(*target);
    }
    if (called.size() != b.calls.size()) continue;
    for (std::size_t i = 0; i < called.size(); ++i) {
      const auto [known, added] = names.emplace(called[i], b.calls[i]);
      if (added || known->second == b.calls[i]) continue;
      throw InputError(Diagnostic{{file, b.line, 0}, "the block calls " + b.calls[i] + " where another calls " + known->second +
                                                         "; log with op_opt instead of op"});
    }
  }
  return names;
}

std::vector<u64> lookup_addresses(const QemuLog& log) {
  constexpr u32 kJumpToResult = 0xd61f0000;  // BR X0
  std::vector<u64> found;
  for (const TranslatedBlock& b : log.blocks) {
    for (std::size_t i = 0; i + 1 < b.code.words.size(); ++i) {
      if (b.code.words[i + 1] != kJumpToResult) continue;
      if (const auto target = far_target(b.code, i); target && !is_inside(log, *target)) found.push_back(*target);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void reset_links(QemuLog& log) {
  constexpr u32 kBranchOver = 0x14000003;  // B .+12
  constexpr u32 kBranchOverNext = 0x14000002;  // B .+8
  constexpr u32 kNop = 0xd503201f;
  for (TranslatedBlock& b : log.blocks) {
    for (std::size_t i = 0; i < b.code.words.size(); ++i) {
      if (is_unset_branch(b.code, i)) b.code.words[i] = kBranchOverNext;
    }
    for (std::size_t i = 2; i < b.code.words.size(); ++i) {
      if (!is_unset_link(b.code, i)) continue;
      b.code.words[i - 2] = kBranchOver;
      b.code.words[i - 1] = kNop;
    }
  }
}

}  // namespace isobar::scenarios
