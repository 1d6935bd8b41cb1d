#include "tools/code_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "isa/decoder.h"
#include "support/bits.h"

namespace isobar::tools {

namespace {

constexpr u64 kImmediate = 1 << 12;  // what ADD takes without a shift, and the unit of what it takes with one

std::string magnitude(u64 offset) {
  return fmt::format("{}", static_cast<i64>(offset) < 0 ? u64{0} - offset : offset);
}

const char* extend_name(u8 extend) {
  constexpr std::array<const char*, 8> kNames{"UXTB", "UXTH", "UXTW", "LSL", "SXTB", "SXTH", "SXTW", "SXTX"};
  return kNames[extend & 7];
}

/// "X2, LSL #3" or "W2, SXTW #2", with what stands between the two in `separator`.
std::string index_text(const CodeAddress& a, const char* separator) {
  const bool word = a.extend == 2 || a.extend == 6;
  std::string text{isa::name(a.index)};
  if (word) text[0] = 'W';
  if (a.amount == 0 && a.extend == 3) return text;
  text += fmt::format("{}{}", separator, extend_name(a.extend));
  return a.amount == 0 ? text : text + fmt::format(" #{}", a.amount);
}

}  // namespace

std::optional<std::string> CodeAddress::plain() const {
  if (index != isa::Reg::None || offset != 0) return std::nullopt;
  return std::string(isa::name(base));
}

std::string CodeAddress::text() const {
  std::string all{isa::name(base)};
  if (index != isa::Reg::None) all += " + " + index_text(*this, " ");
  if (offset != 0) all += (static_cast<i64>(offset) < 0 ? " - " : " + ") + magnitude(offset);
  return all;
}

std::vector<std::string> CodeAddress::code(const std::string& scratch) const {
  std::vector<std::string> out;
  std::string from{isa::name(base)};
  const char* operation = static_cast<i64>(offset) < 0 ? "SUB" : "ADD";
  const u64 distance = static_cast<i64>(offset) < 0 ? u64{0} - offset : offset;
  const auto step = [&](const std::string& text) {
    out.push_back(text);
    from = scratch;
  };
  if (index != isa::Reg::None) step(fmt::format("ADD {}, {}, {}", scratch, from, index_text(*this, ", ")));
  if (distance >= kImmediate)
    step(fmt::format("{} {}, {}, #{}, LSL #12", operation, scratch, from, distance / kImmediate));
  if (distance % kImmediate != 0 || out.empty())
    step(fmt::format("{} {}, {}, #{}", operation, scratch, from, distance % kImmediate));
  return out;
}

bool CodeAddress::changed_by(const isa::Instruction& i) const {
  return std::any_of(i.uops.begin(), i.uops.begin() + i.count, [this](const isa::Uop& u) {
    return std::any_of(u.dst.begin(), u.dst.end(),
                       [this](isa::Reg r) { return r != isa::Reg::None && (r == base || r == index); });
  });
}

void WrittenLines::add(const trace::InstructionRecord& store, const std::function<bool(u64)>& is_code) {
  std::map<unsigned, Span> spans;  // an access may have reached memory in pieces
  for (const trace::AccessRecord& a : store.access) {
    if (a.kind != trace::AccessRecord::Kind::Write || !is_code(a.addr)) continue;
    Span& s = spans.try_emplace(a.uop, Span{a.addr, a.addr}).first->second;
    s.begin = std::min(s.begin, a.addr);
    s.end = std::max(s.end, a.addr + a.size);
  }
  for (const auto& [uop, span] : spans) written_[store.pc][uop].push_back(span);
}

std::optional<std::vector<WrittenLine>> WrittenLines::of(u64 pc, u32 word) const {
  const auto found = written_.find(pc);
  const isa::Instruction& i = isa::decode_cached(word);
  std::vector<WrittenLine> out;
  if (found == written_.end()) return out;
  for (const auto& [k, spans] : found->second) {
    const isa::Uop& u = i.uops[k];
    if (u.n_addr == 0 || u.imm2 != 0) return std::nullopt;
    std::map<u64, std::set<u64>> by_offset;  // of the first byte in each line
    for (const Span& s : spans)
      for (u64 at = s.begin; at < s.end; at = align_down(at, line_bytes_) + line_bytes_)
        by_offset[at - s.begin].insert(align_down(at, line_bytes_));
    for (const auto& [offset, lines] : by_offset) {
      CodeAddress a;
      a.base = u.src[0];
      if (u.n_addr > 1) a.index = u.src[1];
      a.extend = u.extend;
      a.amount = u.amount;
      a.offset = u.imm + offset;
      out.push_back({a, lines});
    }
  }
  return out;
}

std::vector<std::string> free_registers(const std::string& text) {
  std::set<unsigned> named;
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(text[at])));
    const bool inside = at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '_');
    if (inside || (letter != 'X' && letter != 'W')) continue;
    unsigned number = 0;
    std::size_t digit = at + 1;
    for (; digit < text.size() && digit < at + 3 && std::isdigit(static_cast<unsigned char>(text[digit])) != 0; ++digit)
      number = number * 10 + static_cast<unsigned>(text[digit] - '0');
    if (digit > at + 1) named.insert(number);
  }
  std::vector<std::string> out;
  for (unsigned r = 9; r < 28; ++r)
    if (r != 18 && named.count(r) == 0) out.push_back(fmt::format("X{}", r));
  return out;
}

}  // namespace isobar::tools
