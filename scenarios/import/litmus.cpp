#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scenarios/import/litmus_parser.h"

namespace isobar::scenarios {
namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 20;  ///< bytes of one test; the longest known is 3 KiB
constexpr unsigned kMaxElements = 1024;                 ///< of one array

struct NamedType {
  std::string_view name;
  u8 size;
  bool is_signed;
};
constexpr std::array<NamedType, 14> kTypes{{{"int", 4, true},
                                            {"int8_t", 1, true},
                                            {"uint8_t", 1, false},
                                            {"int16_t", 2, true},
                                            {"uint16_t", 2, false},
                                            {"int32_t", 4, true},
                                            {"uint32_t", 4, false},
                                            {"int64_t", 8, true},
                                            {"uint64_t", 8, false},
                                            {"int128_t", 16, true},
                                            {"uint128_t", 16, false},
                                            {"ins_t", 4, false},
                                            {"pteval_t", 8, false},
                                            {"void", 8, false}}};

std::string without_blanks(std::string s) {
  s.erase(std::remove_if(s.begin(), s.end(), [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }),
          s.end());
  return s;
}

const NamedType* find_type(std::string_view name) {
  const auto it =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& t) { return t.name == name; });
  return it == kTypes.end() ? nullptr : &*it;
}

}  // namespace

int litmus_thread_number(std::string_view w) {
  if (w.size() < 2 || w.size() > 3 || w[0] != 'P') return -1;
  int n = 0;
  for (const char c : w.substr(1)) {
    if (c < '0' || c > '9') return -1;
    n = 10 * n + (c - '0');
  }
  return n < static_cast<int>(kMaxThreads) ? n : -1;
}

/// The reference takes a header comment that is never closed for one line.
void LitmusParser::skip_header_blank() {
  while (true) {
    while (s_.at_open_comment()) s_.rest_of_line();
    if (!s_.skip_blank_character()) return;
  }
}

void LitmusParser::header() {
  s_.skip_blank();
  test_.architecture = s_.word();
  if (test_.architecture.empty())
    s_.fail(fmt::format("expected an architecture such as AArch64, found {}", s_.here()));
  test_.name = s_.rest_of_line();
  if (test_.name.empty()) s_.fail("expected the name of the test after the architecture");
  for (skip_header_blank(); s_.peek() != '{'; skip_header_blank()) {
    if (s_.peek() == '"') {
      test_.description = s_.quoted();
      continue;
    }
    LitmusInfo info;
    info.where = s_.position();
    info.key = s_.word();
    while (!info.key.empty() && s_.accept('-')) info.key += fmt::format("-{}", s_.word());
    s_.skip_spaces();
    if (info.key.empty() || !s_.accept('=')) {
      s_.fail(info.where,
              fmt::format("expected a line KEY=VALUE, a description in double quotes or '{{' before the "
                          "initial state, found {}",
                          info.key.empty() ? s_.here() : fmt::format("'{}'", info.key)));
    }
    s_.skip_spaces();
    info.value_where = s_.position();
    info.value = s_.rest_of_line();
    test_.info.push_back(std::move(info));
  }
}

void LitmusParser::init() {
  s_.expect('{', "'{' before the initial state");
  while (true) {
    s_.skip_blank();
    if (s_.accept('}')) return;
    if (s_.accept(';')) continue;
    test_.init.push_back(declaration());
    s_.skip_blank();
    if (s_.peek() != ';' && s_.peek() != '}') {
      s_.fail(fmt::format("expected ';' or '}}' after a declaration, found {}", s_.here()));
    }
  }
}

LitmusType LitmusParser::type() {
  LitmusType t;
  const std::string_view w = s_.peek_word();
  if (w.empty()) return t;
  // A word is a type if another name follows: `int x`, `int *x`, `uint64_t 0:X1`, `int [x]`.
  LitmusScanner ahead = s_;
  ahead.word();
  ahead.skip_blank();
  const char next = ahead.peek();
  const bool follows =
      next == '*' || ahead.at_digit() || !ahead.peek_word().empty() || (next == '[' && find_type(w));
  if (!follows) return t;
  const NamedType* named = find_type(w);
  if (!named)
    s_.fail(
        fmt::format("unknown type '{}': expected int, int8_t to int128_t, uint8_t to uint128_t or ins_t", w));
  t.declared = true;
  t.size = named->size;
  t.is_signed = named->is_signed;
  t.instruction = named->name == "ins_t";
  s_ = ahead;
  while (s_.accept('*')) {
    t.pointer = true;
    s_.skip_blank();
  }
  if (t.pointer) {
    t.size = 8;
    t.is_signed = t.instruction = false;
  } else if (named->name == "void") {
    s_.fail("expected '*' after void");
  }
  return t;
}

LitmusDeclaration LitmusParser::declaration() {
  LitmusDeclaration d;
  d.type = type();
  d.place = place();
  s_.skip_blank();
  if (s_.accept('=')) d.value = value(0);
  return d;
}

LitmusPlace LitmusParser::place() {
  LitmusPlace p;
  p.where = s_.position();
  const std::string_view w = s_.peek_word();
  const int thread = litmus_thread_number(w);
  LitmusScanner ahead = s_;
  ahead.word();
  ahead.skip_blank();
  if (s_.at_digit() || (thread >= 0 && ahead.peek() == ':')) {
    p.kind = LitmusPlace::Kind::Register;
    if (thread >= 0) {
      s_.word();
      p.thread = static_cast<unsigned>(thread);
    } else {
      p.thread = s_.small_number(kMaxThreads, "a thread number");
    }
    s_.skip_blank();
    s_.expect(':', "':' and a register after the thread");
    s_.skip_blank();
    p.name = s_.word();
    if (p.name.empty()) s_.fail(fmt::format("expected a register such as X1, found {}", s_.here()));
    if (s_.accept('.')) {
      while ((s_.peek() >= '0' && s_.peek() <= '9') || (s_.peek() >= 'A' && s_.peek() <= 'Z'))
        p.arrangement += s_.take();
      if (p.arrangement.empty())
        s_.fail(fmt::format("expected an arrangement such as 4S, found {}", s_.here()));
    }
    return p;
  }
  p.kind = LitmusPlace::Kind::Memory;
  p.bracketed = s_.accept('[');
  s_.skip_blank();
  p.name = s_.word();
  if (p.name.empty()) {
    s_.fail(
        fmt::format("expected a location such as x or [x], or a register such as 0:X1, found {}", s_.here()));
  }
  s_.skip_blank();
  if (!p.bracketed && (p.name == "fault" || p.name == "Fault") && s_.peek() == '(') return fault(p.where);
  if (s_.peek() == '(' && p.name == "PTE") {
    p.name += without_blanks(s_.balanced('(', ')'));
  } else if (s_.peek() == '(' && p.name == "tag") {
    tag_place(p);
  } else if (s_.peek() == '(') {
    p.kind = LitmusPlace::Kind::Unmodelled;
    p.name += s_.balanced('(', ')');
  }
  if (p.bracketed) {
    s_.skip_blank();
    s_.expect(']', "']'");
  } else if (s_.accept('[')) {
    s_.skip_blank();
    p.index = s_.small_number(kMaxElements, "an array index or size");
    s_.skip_blank();
    s_.expect(']', "']'");
  }
  return p;
}

/// The location of a memory tag, from the parenthesis on: `tag(x)`, `tag(x+16)`.
void LitmusParser::tag_place(LitmusPlace& p) {
  p.kind = LitmusPlace::Kind::Tag;
  s_.take();
  s_.skip_blank();
  p.name = s_.word();
  if (p.name.empty()) s_.fail(fmt::format("expected a location, found {}", s_.here()));
  s_.skip_blank();
  if (s_.accept('+')) {
    s_.skip_blank();
    p.offset = s_.small_number(1u << 16, "an offset in bytes");
    s_.skip_blank();
  }
  s_.expect(')', "')' after the location of a tag");
}

void LitmusParser::address_offset(LitmusValue& v) {
  s_.skip_blank();
  if (s_.accept('[')) {
    s_.skip_blank();
    v.index = s_.small_number(kMaxElements, "an array index");
    s_.skip_blank();
    s_.expect(']', "']'");
  } else if (s_.accept('+')) {
    s_.skip_blank();
    v.number = s_.small_number(1u << 16, "an offset in bytes");
  }
}

LitmusValue LitmusParser::label_or_instruction(LitmusPosition where, bool is_label) {
  LitmusValue v;
  v.where = where;
  v.kind = is_label ? LitmusValue::Kind::Label : LitmusValue::Kind::Instruction;
  s_.skip_blank();
  s_.expect(':', "':' and a string");
  s_.skip_blank();
  const LitmusPosition inside = s_.position();
  const std::string text = s_.quoted();
  if (!is_label) {
    v.text = text;
    return v;
  }
  const std::size_t colon = text.find(':');
  std::string thread = text.substr(0, colon == std::string::npos ? 0 : colon);
  if (!thread.empty() && thread[0] != 'P') thread.insert(0, "P");
  if (litmus_thread_number(thread) < 0 || colon + 1 == text.size())
    s_.fail(inside, "expected a thread and a label, as in \"P0:L0\"");
  v.thread = static_cast<unsigned>(litmus_thread_number(thread));
  v.text = text.substr(colon + 1);
  return v;
}

LitmusValue LitmusParser::named_value(LitmusPosition where) {
  LitmusValue v;
  v.where = where;
  const std::string w(s_.word());
  s_.skip_blank();
  const int thread = litmus_thread_number(w);
  if (s_.peek() == ':' && (w == "label" || w == "instr")) return label_or_instruction(where, w == "label");
  if (s_.peek() == ':' && thread >= 0) {
    s_.take();
    s_.skip_blank();
    v.kind = LitmusValue::Kind::Label;
    v.thread = static_cast<unsigned>(thread);
    v.text = s_.word(true);
    if (v.text.empty()) s_.fail(fmt::format("expected a label, found {}", s_.here()));
    return v;
  }
  if (w == "NOP") {
    v.kind = LitmusValue::Kind::Instruction;
    v.text = w;
    return v;
  }
  v.kind = LitmusValue::Kind::Address;
  v.text = w;
  if (s_.peek() == '(' && w == "PTE") {
    v.text += without_blanks(s_.balanced('(', ')'));
    return v;
  }
  if (s_.peek() == '(') {
    v.kind = LitmusValue::Kind::Unmodelled;
    v.text += s_.balanced('(', ')');
    return v;
  }
  address_offset(v);
  if (s_.accept(':')) {  // x:green, a pointer with a memory tag
    v.tag = s_.word();
    if (v.tag.empty()) s_.fail(fmt::format("expected a memory tag such as green, found {}", s_.here()));
  }
  return v;
}

LitmusValue LitmusParser::value(unsigned depth) {
  s_.skip_blank();
  LitmusValue v;
  v.where = s_.position();
  if (depth > kMaxDepth) s_.fail("values are nested too deeply");
  if (s_.accept('{')) {
    v.kind = LitmusValue::Kind::List;
    for (s_.skip_blank(); !s_.accept('}'); s_.skip_blank()) {
      if (!v.list.empty()) s_.expect(',', "',' or '}'");
      v.list.push_back(value(depth + 1));
      if (v.list.size() > kMaxElements) s_.fail(v.where, fmt::format("more than {} values", kMaxElements));
    }
    return v;
  }
  if (s_.peek() == '(') {
    v.kind = LitmusValue::Kind::Descriptor;
    v.text = s_.balanced('(', ')');
    return v;
  }
  if (s_.accept(':')) {
    v.kind = LitmusValue::Kind::Tag;
    v.text = s_.word();
    if (v.text.empty()) s_.fail(fmt::format("expected a memory tag such as green, found {}", s_.here()));
    return v;
  }
  v.negative = s_.accept('-');
  if (s_.at_digit()) {
    v.number = s_.number();
    if (v.negative) {
      if (v.number > u64{1} << 63) s_.fail(v.where, "this number does not fit in 64 bits");
      v.number = -v.number;
    } else if (s_.peek() == ':') {  // 1:L0
      if (v.number >= kMaxThreads)
        s_.fail(v.where, fmt::format("a thread number must be below {}", kMaxThreads));
      s_.take();
      v.kind = LitmusValue::Kind::Label;
      v.thread = static_cast<unsigned>(std::exchange(v.number, 0));
      v.text = s_.word(true);
      if (v.text.empty()) s_.fail(fmt::format("expected a label, found {}", s_.here()));
    }
    return v;
  }
  if (s_.accept('&')) s_.skip_blank();
  if (v.negative || s_.peek_word().empty()) {
    s_.fail(fmt::format("expected a number, a location, a label, instr:\"...\" or a list in braces, found {}",
                        s_.here()));
  }
  return named_value(v.where);
}

void LitmusParser::thread_names() {
  do {
    s_.skip_blank();
    LitmusThread t;
    t.where = s_.position();
    const int number = litmus_thread_number(s_.peek_word());
    if (number < 0) s_.fail(fmt::format("expected a thread name such as P0, found {}", s_.here()));
    s_.word();
    t.number = static_cast<unsigned>(number);
    if (s_.accept('.')) {
      if (s_.word() != "F") s_.fail("expected F, for a fault handler, after the dot");
      t.handler = true;
    }
    const auto plain =
        std::count_if(test_.threads.begin(), test_.threads.end(), [](const auto& u) { return !u.handler; });
    if (!t.handler && t.number != plain)
      s_.fail(t.where, fmt::format("expected P{} here: threads come in order", plain));
    if (t.handler && t.number >= plain)
      s_.fail(t.where, fmt::format("a fault handler of P{}, which has no code", t.number));
    test_.threads.push_back(std::move(t));
    s_.skip_blank();
  } while (s_.accept('|'));
  s_.expect(';', "'|' or ';' after a thread name");
}

/// x86: the reference allows `lock; incl (x)` within one cell.
bool LitmusParser::accept_lock_separator(const std::string& so_far) {
  const bool lock = so_far == "lock" || so_far == "LOCK" || so_far == "lock " || so_far == "LOCK ";
  return lock && test_.architecture == "X86_64" && s_.accept(';') && s_.peek() != '|';
}

void LitmusParser::instruction(LitmusThread& t) {
  LitmusInstruction i;
  i.where = s_.position();
  bool line_start = false;
  bool in_string = false;
  while (in_string || (s_.peek() != '|' && s_.peek() != ';') || accept_lock_separator(i.text)) {
    if (line_start && at_final_part())
      s_.fail(fmt::format("expected ';' at the end of a row of code, found {}", s_.here()));
    if (s_.at_end()) s_.fail("expected ';' at the end of a row of code, found the end of the file");
    if (s_.peek() == '"') in_string = !in_string;
    if (!in_string && s_.skip_comment()) continue;
    const char c = s_.take();
    line_start = c == '\n' || (line_start && (c == ' ' || c == '\t' || c == '\r'));
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      i.text += c;
    } else if (!i.text.empty() && i.text.back() != ' ') {
      i.text += ' ';
    }
  }
  while (!i.text.empty() && i.text.back() == ' ') i.text.pop_back();
  if (!i.text.empty()) t.code.push_back(std::move(i));
}

void LitmusParser::cell(LitmusThread& t) {
  while (true) {
    s_.skip_blank();
    LitmusScanner ahead = s_;
    const std::string name(ahead.word(true));
    ahead.skip_blank();
    if (name.empty() || !ahead.accept(':')) break;
    const bool known =
        std::any_of(t.labels.begin(), t.labels.end(), [&](const LitmusLabel& l) { return l.name == name; });
    if (known) s_.fail(fmt::format("label '{}' is already defined in P{}", name, t.number));
    t.labels.push_back({name, static_cast<u32>(t.code.size()), s_.position()});
    s_ = ahead;
  }
  instruction(t);
}

void LitmusParser::row() {
  for (std::size_t column = 0;; ++column) {
    cell(test_.threads[column]);
    const bool last = column + 1 == test_.threads.size();
    if (s_.peek() == ';' && last) break;
    if (s_.peek() == ';')
      s_.fail(fmt::format("this row of code has {} columns, expected {}", column + 1, test_.threads.size()));
    if (last) s_.fail(fmt::format("this row of code has more than {} columns", test_.threads.size()));
    s_.take();
  }
  s_.take();
}

void LitmusParser::code() {
  thread_names();
  for (s_.skip_blank(); !at_final_part(); s_.skip_blank()) row();
}

LitmusTest parse_litmus(std::string_view text, const std::string& file) {
  if (text.size() > kMaxText) {
    throw InputError(Diagnostic{
        {file, 0, 0},
        fmt::format("a litmus test has at most {} bytes, this file has {}", kMaxText, text.size())});
  }
  return LitmusParser(text, file).parse();
}

}  // namespace isobar::scenarios
