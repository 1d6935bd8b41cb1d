#include "session/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "isa/assembler.h"
#include "model/storage/tags.h"
#include "scenarios/import/litmus.h"
#include "trace/execution.h"

namespace isobar::session {

namespace {

constexpr u64 kFirstAddress = 0x1000;  ///< smaller numbers are never told as addresses
constexpr std::string_view kWord = ".inst ";        ///< an instruction given as a number
constexpr std::string_view kGuest = "// guest ";    ///< CodeLine::guest
constexpr u64 kNear = 0x1000;          ///< code this far behind a label is told as label and offset

model::Segment* segment_of(model::Program& p, u64 pc) {
  const auto found = std::find_if(p.segments.begin(), p.segments.end(), [pc](const model::Segment& s) {
    return pc >= s.base && pc - s.base + 4 <= s.bytes.size();
  });
  return found == p.segments.end() ? nullptr : &*found;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Where the instruction of a line of assembly begins, behind labels; npos if there is none.
std::size_t instruction_start(const std::string& line) {
  std::size_t at = 0;
  for (;;) {
    at = line.find_first_not_of(" \t\r", at);
    if (at == std::string::npos || line[at] == '#') return std::string::npos;
    if (line[at] == '.') return line.compare(at, kWord.size(), kWord) == 0 ? at : std::string::npos;
    std::size_t end = at;
    while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) != 0 ||
                                 line[end] == '_' || line[end] == '.' || line[end] == '$'))
      ++end;
    if (end == line.size() || line[end] != ':') return at;
    at = end + 1;
  }
}

}  // namespace

std::optional<u32> word_at(const model::Program& p, u64 pc) {
  const model::Segment* s = segment_of(const_cast<model::Program&>(p), pc);
  if (s == nullptr) return std::nullopt;
  u32 word = 0;
  for (unsigned b = 4; b-- > 0;) word = word << 8 | s->bytes[pc - s->base + b];
  return word;
}

void set_word(model::Program& p, u64 pc, u32 word) {
  model::Segment* s = segment_of(p, pc);
  if (s == nullptr) return;
  for (unsigned b = 0; b < 4; ++b) s->bytes[pc - s->base + b] = static_cast<u8>(word >> (8 * b));
}

Listing::Listing(const Workload& w) {
  if (w.litmus) list_litmus(w);
  if (w.scenario) list_scenario(w);
  if (w.litmus) tell_changed_words(w.litmus->program);
  if (w.scenario) tell_changed_words(w.build->program);
  for (std::size_t i = 0; i < code_.size(); ++i) by_pc_.emplace(code_[i].pc, i);
  std::sort(locations_.begin(), locations_.end(),
            [](const NamedLocation& a, const NamedLocation& b) { return a.address < b.address; });
}

void Listing::list_litmus(const Workload& w) {
  const scenarios::LitmusTest test = scenarios::parse_litmus(w.text, w.file);
  for (const scenarios::LitmusThread& t : test.threads) {
    cores_.push_back(fmt::format("P{}", t.number));
    for (u32 i = 0; i < t.code.size(); ++i) {
      const u64 pc = scenarios::kLitmusCode + t.number * scenarios::kLitmusCodeStride + 4 * u64{i};
      const std::optional<u32> word = word_at(w.machine->program(), pc);
      if (!word) continue;
      code_.push_back({t.number, pc, *word, t.code[i].text, t.code[i].where.line, t.code[i].where.column, i});
    }
  }
  for (const auto& [address, s] : w.litmus->symbols) {
    const Named n{s.name, u64{s.size} * s.count, s.is_array ? u64{s.size} : 0};
    names_[address] = n;
    locations_.push_back({n.name, address, n.bytes, n.element});
  }
  for (const auto& [address, label] : w.litmus->labels) names_[address] = {label, kNear, 0};
}

void Listing::list_scenario(const Workload& w) {
  const scenarios::Scenario& s = *w.scenario;
  cores_.resize(w.machine->config().cores);
  for (unsigned t = 0; t < s.threads.size(); ++t) {
    const scenarios::Thread& thread = s.threads[t];
    list_block(t, thread.assembly, thread.code, w.machine->program());
    if (!w.build->kernel && thread.core && *thread.core < cores_.size()) cores_[*thread.core] = thread.name;
  }
  for (const scenarios::MemoryLocation& m : s.memory) {
    if (m.is_code) list_block(kSharedCode, m.assembly, m.code, w.machine->program());
  }
  for (const auto& [address, name] : w.build->symbols) names_[address] = {name, kNear, 0};
  for (const scenarios::MemoryLocation& m : s.memory) {
    if (m.is_code) continue;
    const Named n{m.name, m.bytes(), m.count > 1 ? u64{m.element} : 0};
    names_[m.address] = n;
    locations_.push_back({n.name, m.address, n.bytes, n.element});
  }
}

/// Variations of a test have other words than its text says.
void Listing::tell_changed_words(const model::Program& written) {
  for (CodeLine& c : code_)
    if (word_at(written, c.pc) != std::optional(c.word)) c.text = isa::disassemble(c.word, c.pc);
}

/// Lines are known only if every line with an instruction made one word; macros and the like make others.
void Listing::list_block(unsigned thread, const scenarios::AsmText& text, const scenarios::Code& code,
                         const model::Program& program) {
  std::vector<CodeLine> lines;
  std::istringstream in(text.text);
  u32 number = text.line;
  std::string guest;
  for (std::string line; std::getline(in, line); ++number) {
    if (const std::string comment = trimmed(line); comment.compare(0, kGuest.size(), kGuest) == 0)
      guest = comment.substr(kGuest.size());
    const std::string bare = line.substr(0, line.find("//"));
    const std::size_t start = instruction_start(bare);
    if (start == std::string::npos) continue;
    CodeLine c;
    c.text = trimmed(bare.substr(start));
    c.line = number;
    c.column = text.column + static_cast<u32>(start);
    c.guest = guest;
    lines.push_back(std::move(c));
  }
  const std::size_t words = (code.end - code.base) / 4;
  const bool known = lines.size() == words;
  if (!known) lines.assign(words, {});
  for (u32 i = 0; i < words; ++i) {
    CodeLine& c = lines[i];
    c.thread = thread;
    c.index = i;
    c.pc = code.base + 4 * u64{i};
    const std::optional<u32> word = word_at(program, c.pc);
    if (!word) continue;
    c.word = *word;
    if (!known || c.text.compare(0, kWord.size(), kWord) == 0) c.text = isa::disassemble(c.word, c.pc);
    code_.push_back(c);
  }
}

const CodeLine* Listing::at(u64 pc) const {
  const auto found = by_pc_.find(pc);
  return found == by_pc_.end() ? nullptr : &code_[found->second];
}

std::string Listing::core(unsigned core) const {
  return core < cores_.size() && !cores_[core].empty() ? cores_[core] : fmt::format("core {}", core);
}

std::string Listing::line(u64 pc) const {
  const CodeLine* c = at(pc);
  if (c != nullptr && c->line != 0) return fmt::format(" (line {})", c->line);
  return c == nullptr ? fmt::format(" (at {})", address(pc)) : "";
}

std::string Listing::instruction(u64 pc, u32 word) const {
  const CodeLine* c = at(pc);
  std::string text = c != nullptr && c->word == word ? c->text : isa::disassemble(word, pc);
  std::replace(text.begin(), text.end(), '\t', ' ');
  return trimmed(text) + line(pc);
}

std::string Listing::address(u64 addr) const {
  if (model::is_tag_location(addr)) return fmt::format("tag({})", address(model::tagged_granule(addr)));
  auto after = names_.upper_bound(addr);
  if (after == names_.begin()) return fmt::format("{:#x}", addr);
  const auto& [base, n] = *--after;
  const u64 offset = addr - base;
  if (offset >= std::max<u64>(n.bytes, 1)) return fmt::format("{:#x}", addr);
  if (n.element != 0 && offset % n.element == 0) return fmt::format("{}[{}]", n.name, offset / n.element);
  return offset == 0 ? n.name : fmt::format("{}+{}", n.name, offset);
}

std::string Listing::value(const Value& v, unsigned size) const {
  Value low = v;
  for (unsigned b = size; b < 16; ++b) low.set_byte(b, 0);
  if (low.hi != 0) return trace::hex(low, size);
  if (size == 8 && low.lo >= kFirstAddress) {
    const std::string name = address(low.lo);
    if (name.compare(0, 2, "0x") != 0) return "&" + name;
  }
  return low.lo < 10'000 ? fmt::format("{}", low.lo) : trace::hex(low, size);
}

}  // namespace isobar::session
