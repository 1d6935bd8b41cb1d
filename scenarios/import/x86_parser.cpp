// AT&T syntax, as the reference has it for X86_64: sources before destinations, CMPXCHG in either order.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "scenarios/import/litmus_program.h"
#include "scenarios/import/x86_instruction.h"
#include "support/text.h"

namespace isobar::scenarios {
namespace {

using Kind = X86Operand::Kind;

constexpr std::array<std::string_view, 8> kOldNames{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};

/// How an operation takes its operands.
enum class Form : u8 {
  None,
  SourceDestination,
  Destination,
  Target,
  Exchange,  ///< two operands, at most one in memory, in either order
  Vector,
  Extract,
  Ignored,  ///< any operands, no effect
};

struct Mnemonic {
  std::string_view name;
  X86Op op;
  Form form;
  bool sized = true;  ///< takes a suffix b, w, l or q
};

constexpr std::array<Mnemonic, 52> kMnemonics{{
    {"mov", X86Op::Mov, Form::SourceDestination},
    {"movnti", X86Op::Mov, Form::SourceDestination},
    {"add", X86Op::Add, Form::SourceDestination},
    {"sub", X86Op::Sub, Form::SourceDestination},
    {"and", X86Op::And, Form::SourceDestination},
    {"or", X86Op::Or, Form::SourceDestination},
    {"xor", X86Op::Xor, Form::SourceDestination},
    {"cmp", X86Op::Cmp, Form::SourceDestination},
    {"test", X86Op::Test, Form::SourceDestination},
    {"shl", X86Op::Shl, Form::SourceDestination},
    {"lea", X86Op::Lea, Form::SourceDestination},
    {"inc", X86Op::Inc, Form::Destination},
    {"dec", X86Op::Dec, Form::Destination},
    {"neg", X86Op::Neg, Form::Destination},
    {"not", X86Op::Not, Form::Destination},
    {"xchg", X86Op::Xchg, Form::Exchange},
    {"uxch", X86Op::Xchg, Form::Exchange},
    {"xadd", X86Op::Xadd, Form::Exchange},
    {"cmpxchg", X86Op::Cmpxchg, Form::Exchange},
    {"cmpxchg16b", X86Op::Cmpxchg16b, Form::Destination, false},
    {"push", X86Op::Push, Form::Destination},
    {"pop", X86Op::Pop, Form::Destination},
    {"movdqa", X86Op::MovVector, Form::Vector, false},
    {"movdqu", X86Op::MovVector, Form::Vector, false},
    {"movaps", X86Op::MovVector, Form::Vector, false},
    {"movups", X86Op::MovVector, Form::Vector, false},
    {"movapd", X86Op::MovVector, Form::Vector, false},
    {"movupd", X86Op::MovVector, Form::Vector, false},
    {"movd", X86Op::MovLow, Form::SourceDestination, false},
    {"pextrq", X86Op::ExtractHigh, Form::Extract, false},
    {"jmp", X86Op::Jmp, Form::Target, false},
    {"ret", X86Op::Ret, Form::None, false},
    {"retq", X86Op::Ret, Form::None, false},
    {"mfence", X86Op::Mfence, Form::None, false},
    {"lfence", X86Op::Lfence, Form::None, false},
    {"sfence", X86Op::Sfence, Form::None, false},
    {"nop", X86Op::Nop, Form::None, false},
    {"endbr64", X86Op::Nop, Form::None, false},
    {"pause", X86Op::Nop, Form::None, false},
    {"clflush", X86Op::Nop, Form::Ignored, false},
    {"clflushopt", X86Op::Nop, Form::Ignored, false},
    {"clwb", X86Op::Nop, Form::Ignored, false},
    {"prefetcht0", X86Op::Nop, Form::Ignored, false},
    {"prefetchw", X86Op::Nop, Form::Ignored, false},
    {"movzb", X86Op::MovZero, Form::SourceDestination},
    {"movzw", X86Op::MovZero, Form::SourceDestination},
    {"movzx", X86Op::MovZero, Form::SourceDestination, false},
    {"movabs", X86Op::Mov, Form::SourceDestination},
    {"movsb", X86Op::RepMovs, Form::None, false},
    {"movsw", X86Op::RepMovs, Form::None, false},
    {"movsl", X86Op::RepMovs, Form::None, false},
    {"movsq", X86Op::RepMovs, Form::None, false},
}};

struct NamedCondition {
  std::string_view name;
  X86Condition condition;
};
constexpr std::array<NamedCondition, 24> kConditions{
    {{"e", X86Condition::E},   {"z", X86Condition::E},   {"ne", X86Condition::Ne}, {"nz", X86Condition::Ne},
     {"l", X86Condition::L},   {"lt", X86Condition::L},  {"nge", X86Condition::L}, {"le", X86Condition::Le},
     {"ng", X86Condition::Le}, {"g", X86Condition::G},   {"gt", X86Condition::G},  {"nle", X86Condition::G},
     {"ge", X86Condition::Ge}, {"nl", X86Condition::Ge}, {"b", X86Condition::B},   {"c", X86Condition::B},
     {"be", X86Condition::Be}, {"na", X86Condition::Be}, {"a", X86Condition::A},   {"ae", X86Condition::Ae},
     {"nb", X86Condition::Ae}, {"nc", X86Condition::Ae}, {"s", X86Condition::S},   {"ns", X86Condition::Ns}}};

u8 suffix_size(char c) {
  return c == 'b' ? 1 : c == 'w' ? 2 : c == 'l' || c == 'd' ? 4 : c == 'q' ? 8 : 0;
}

/// What a mnemonic means, with the size of its suffix (0: none).
struct Meaning {
  X86Op op = X86Op::Nop;
  Form form = Form::None;
  X86Condition condition = X86Condition::E;
  u8 size = 0;
};

const NamedCondition* condition_named(std::string_view name) {
  const auto it =
      std::find_if(kConditions.begin(), kConditions.end(), [&](const auto& c) { return c.name == name; });
  return it == kConditions.end() ? nullptr : &*it;
}

/// cmovCC, setCC, jCC; CMOVCC may have a suffix.
std::optional<Meaning> conditional(const std::string& name) {
  const auto make = [&](X86Op op, Form form, std::string_view rest, u8 size) -> std::optional<Meaning> {
    const NamedCondition* c = condition_named(rest);
    return c == nullptr ? std::nullopt : std::optional(Meaning{op, form, c->condition, size});
  };
  const std::string_view s = name;
  if (s.substr(0, 4) == "cmov") {
    const std::string_view rest = s.substr(4);
    if (auto m = make(X86Op::Cmov, Form::SourceDestination, rest, 0)) return m;
    const u8 size = rest.empty() ? u8{0} : suffix_size(rest.back());
    if (size != 0) return make(X86Op::Cmov, Form::SourceDestination, rest.substr(0, rest.size() - 1), size);
  }
  if (s.substr(0, 3) == "set") return make(X86Op::Set, Form::Destination, s.substr(3), 1);
  if (s.substr(0, 1) == "j") return make(X86Op::Jcc, Form::Target, s.substr(1), 0);
  return std::nullopt;
}

std::optional<Meaning> meaning_of(const std::string& name) {
  for (const Mnemonic& m : kMnemonics)
    if (m.name == name) return Meaning{m.op, m.form, X86Condition::E, 0};
  for (const Mnemonic& m : kMnemonics) {
    if (!m.sized || name.size() != m.name.size() + 1 || name.compare(0, m.name.size(), m.name) != 0) continue;
    if (const u8 size = suffix_size(name.back())) return Meaning{m.op, m.form, X86Condition::E, size};
  }
  return conditional(name);
}

class InstructionParser {
 public:
  InstructionParser(const LitmusThread& thread, const LitmusInstruction& i, const std::string& file)
      : thread_(thread), text_(i.text), where_(i.where), file_(file) {}

  X86Instruction parse() {
    out_.text = text_;
    out_.where = where_;
    std::string name = word();
    if (name == "lock") {
      out_.lock = true;
      name = word();
    }
    bool repeated = false;
    if (name == "rep") {
      repeated = true;
      name = word();
    }
    const std::optional<Meaning> m = meaning_of(name);
    if (!m) throw UnsupportedError(place(), fmt::format("instruction '{}' is not modelled", text_));
    out_.op = m->op;
    out_.condition = m->condition;
    if (repeated != (out_.op == X86Op::RepMovs))
      throw UnsupportedError(place(), fmt::format("'{}': REP is modelled with MOVS only", text_));
    operands(m->form);
    if (out_.op == X86Op::RepMovs) {
      out_.size = suffix_size(name.back());
    } else {
      resolve(*m, name);
    }
    check();
    return std::move(out_);
  }

 private:
  Location place() const { return {file_, where_.line, where_.column}; }
  [[noreturn]] void fail(const std::string& message) const {
    throw InputError(Diagnostic{place(), fmt::format("'{}': {}", text_, message)});
  }

  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  char peek() {
    blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  }
  std::string raw_word() {
    blanks();
    std::string s;
    while (at_ < text_.size() && is_name(text_[at_])) s += text_[at_++];
    return s;
  }
  std::string word() { return lower(raw_word()); }

  i64 number() {
    blanks();
    const bool negative = accept('-');
    const std::string digits = word();
    const bool hex = digits.substr(0, 2) == "0x";
    u64 v = 0;
    const std::string_view rest = std::string_view(digits).substr(hex ? 2 : 0);
    if (rest.empty() || rest.size() > (hex ? 16u : 19u)) fail("expected a number of at most 64 bits");
    for (const char c : rest) {
      const int d = c >= '0' && c <= '9' ? c - '0' : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (d < 0) fail(fmt::format("expected a number, found '{}'", digits));
      v = v * (hex ? 16 : 10) + static_cast<u64>(d);
    }
    return static_cast<i64>(negative ? ~v + 1 : v);
  }

  X86Operand named_register() {
    accept('%');
    const std::string name = word();
    const std::optional<X86Operand> r = parse_x86_register(name);
    if (!r) fail(fmt::format("expected a register such as %rax, found '{}'", name));
    return *r;
  }

  u8 address_register() {
    const X86Operand r = named_register();
    if (r.kind != Kind::Register || r.high || r.size < 4) fail("expected a 64-bit register in an address");
    return r.reg;
  }

  X86Operand memory(i64 displacement) {
    X86Operand m;
    m.kind = Kind::Memory;
    m.value = displacement;
    const char close = accept('(') ? ')' : accept('[') ? ']' : '\0';
    if (close == '\0') fail("expected '(' and an address");
    if (peek() == '%' || (close == ']' && parse_x86_register(lower(ahead())))) {
      m.base = address_register();
      if (accept(',')) {
        m.index = address_register();
        if (accept(',')) m.scale = static_cast<u8>(number());
        if (m.scale != 1 && m.scale != 2 && m.scale != 4 && m.scale != 8) fail("a scale is 1, 2, 4 or 8");
      }
    } else {
      m.symbol = raw_word();
      if (m.symbol.empty()) fail("expected a location or a register in an address");
      if (accept('+')) m.value += number();
    }
    if (!accept(close)) fail(fmt::format("expected '{}'", close));
    return m;
  }

  std::string ahead() {
    const std::size_t kept = at_;
    std::string s = raw_word();
    at_ = kept;
    return s;
  }

  X86Operand operand() {
    const char c = peek();
    X86Operand o;
    if (c == '%') return named_register();
    if (c == '(' || c == '[') return memory(0);
    if (c == '$') {
      ++at_;
      o.kind = Kind::Immediate;
      o.value = number();
      return o;
    }
    if ((c >= '0' && c <= '9') || c == '-') {
      const i64 n = number();
      if (peek() == '(' || peek() == '[') return memory(n);
      o.kind = Kind::Immediate;
      o.value = n;
      return o;
    }
    if (parse_x86_register(lower(ahead()))) return named_register();
    fail("expected $NUMBER, %REGISTER, (LOCATION) or (%REGISTER)");
  }

  void operands(Form form) {
    switch (form) {
      case Form::None: break;
      case Form::Ignored: at_ = text_.size(); break;
      case Form::Target: target(); break;
      case Form::Destination: out_.destination = operand(); break;
      case Form::Extract:
        if (operand().value != 1) fail("only PEXTRQ $1 is modelled");
        comma();
        [[fallthrough]];
      case Form::SourceDestination:
      case Form::Exchange:
      case Form::Vector:
        out_.source = operand();
        comma();
        out_.destination = operand();
        if (form == Form::Exchange && out_.source.is_memory()) std::swap(out_.source, out_.destination);
        break;
    }
    if (peek() != '\0') fail("expected the end of the instruction");
  }
  void comma() {
    if (!accept(',')) fail("expected ',' and another operand");
  }

  void target() {
    const std::string label = raw_word();
    const auto it = std::find_if(thread_.labels.begin(), thread_.labels.end(),
                                 [&](const LitmusLabel& l) { return l.name == label; });
    if (it == thread_.labels.end()) fail(fmt::format("there is no label '{}' in P{}", label, thread_.number));
    out_.target = it->index;
  }

  /// Sizes, and the forms that only the operands tell apart.
  void resolve(const Meaning& m, const std::string& name) {
    X86Operand& d = out_.destination;
    X86Operand& s = out_.source;
    const bool vector = d.kind == Kind::Vector || s.kind == Kind::Vector;
    if (out_.op == X86Op::Mov && vector && m.size == 8) out_.op = X86Op::MovLow;
    if (out_.op == X86Op::MovZero) {
      out_.source_size = name.substr(0, 5) == "movzb" ? 1 : name.substr(0, 5) == "movzw" ? 2 : s.size;
      if (s.is_register()) out_.source_size = s.size;
      if (out_.source_size != 1 && out_.source_size != 2) fail("the size of the source is not known");
      s.size = out_.source_size;
    }
    const u8 by_register = d.is_register() ? d.size : s.is_register() ? s.size : u8{0};
    switch (out_.op) {
      case X86Op::MovVector:
      case X86Op::Cmpxchg16b: out_.size = 16; return;
      case X86Op::MovLow: out_.size = m.size == 8 || by_register == 8 ? 8 : 4; return;
      case X86Op::ExtractHigh:
      case X86Op::Push:
      case X86Op::Pop: out_.size = 8; return;
      default: break;
    }
    out_.size = m.size != 0 ? m.size : by_register != 0 ? by_register : u8{4};
    // The reference takes `movl %rax,..` for the low half of the register.
    for (X86Operand* o : {&d, &s}) {
      if (o->is_register() && out_.op != X86Op::MovZero && !(out_.op == X86Op::Shl && o == &s)) {
        if (o->high && out_.size != 1) fail(fmt::format("%{} has one byte", x86_register_name(*o)));
        o->size = out_.size;
      }
    }
  }

  void check() const {
    const X86Operand& d = out_.destination;
    const X86Operand& s = out_.source;
    if (d.is_memory() && s.is_memory()) fail("two operands in memory");
    const bool reads_only = out_.op == X86Op::Cmp || out_.op == X86Op::Test || out_.op == X86Op::Push;
    if (d.kind == Kind::Immediate && !reads_only) fail("the destination is a number");
    const bool vector_op = out_.op == X86Op::MovVector || out_.op == X86Op::MovLow;
    if ((d.kind == Kind::Vector && !vector_op) ||
        (s.kind == Kind::Vector && !vector_op && out_.op != X86Op::ExtractHigh))
      throw UnsupportedError(place(), fmt::format("'{}' with a vector register is not modelled", text_));
    if (out_.op == X86Op::Lea && !s.is_memory()) fail("expected an address");
    if (out_.op == X86Op::Cmpxchg16b && !d.is_memory()) fail("expected an address");
    if (out_.op == X86Op::Push && !d.is_register() && d.kind != Kind::Immediate)
      throw UnsupportedError(place(), "PUSH of memory is not modelled");
    if (out_.op == X86Op::Pop && !d.is_register())
      throw UnsupportedError(place(), "POP to memory is not modelled");
    if (out_.lock && !(is_read_modify_write(out_) && d.is_memory()))
      fail("LOCK needs an instruction that modifies memory");
  }

  const LitmusThread& thread_;
  const std::string& text_;
  LitmusPosition where_;
  const std::string& file_;
  std::size_t at_ = 0;
  X86Instruction out_;
};

}  // namespace

bool is_read_modify_write(const X86Instruction& i) {
  if (!i.destination.is_memory()) return false;
  switch (i.op) {
    case X86Op::Add:
    case X86Op::Sub:
    case X86Op::And:
    case X86Op::Or:
    case X86Op::Xor:
    case X86Op::Inc:
    case X86Op::Dec:
    case X86Op::Neg:
    case X86Op::Not:
    case X86Op::Shl:
    case X86Op::Xchg:
    case X86Op::Xadd:
    case X86Op::Cmpxchg:
    case X86Op::Cmpxchg16b: return true;
    default: return false;
  }
}

bool is_locked(const X86Instruction& i) {
  return is_read_modify_write(i) && (i.lock || i.op == X86Op::Xchg);
}

bool is_store(const X86Instruction& i) {
  const bool writes =
      i.op == X86Op::Mov || i.op == X86Op::Set || i.op == X86Op::MovVector || i.op == X86Op::MovLow;
  return (writes && i.destination.is_memory()) || i.op == X86Op::Push;
}

bool is_load(const X86Instruction& i) {
  if (i.op == X86Op::Lea) return false;
  const bool compares = (i.op == X86Op::Cmp || i.op == X86Op::Test) && i.destination.is_memory();
  return compares || i.source.is_memory() || i.op == X86Op::Pop;
}

std::optional<X86Operand> parse_x86_register(std::string_view name) {
  std::string n = lower(name);
  if (!n.empty() && n[0] == '%') n.erase(0, 1);
  X86Operand r;
  r.kind = Kind::Register;
  if (n.substr(0, 3) == "xmm" && n.size() >= 4 && n.size() <= 5) {
    unsigned v = 0;
    for (const char c : n.substr(3)) {
      if (c < '0' || c > '9') return std::nullopt;
      v = 10 * v + static_cast<unsigned>(c - '0');
    }
    if (v >= kX86Registers) return std::nullopt;
    r.kind = Kind::Vector;
    r.reg = static_cast<u8>(v);
    r.size = 16;
    return r;
  }
  for (u8 i = 0; i < kOldNames.size(); ++i) {
    const std::string w(kOldNames[i]);
    r.reg = i;
    if (n == "r" + w) r.size = 8;
    if (n == "e" + w) r.size = 4;
    if (n == w) r.size = 2;
    if (n == (i < 4 ? std::string{w[0], 'l'} : w + "l")) r.size = 1;
    if (i < 4 && n == std::string{w[0], 'h'}) {
      r.size = 1;
      r.high = true;
    }
    if (r.size != 0) return r;
  }
  if (n.size() < 2 || n[0] != 'r') return std::nullopt;
  std::size_t at = 1;
  unsigned v = 0;
  while (at < n.size() && n[at] >= '0' && n[at] <= '9' && v < 100)
    v = 10 * v + static_cast<unsigned>(n[at++] - '0');
  const std::string rest = n.substr(at);
  if (at == 1 || v < 8 || v > 15) return std::nullopt;
  r.reg = static_cast<u8>(v);
  r.size = rest.empty() ? 8 : rest == "d" ? 4 : rest == "w" ? 2 : rest == "b" ? 1 : 0;
  return r.size == 0 ? std::nullopt : std::optional(r);
}

std::string x86_register_name(const X86Operand& r) {
  if (r.kind == Kind::Vector) return fmt::format("xmm{}", r.reg);
  return r.reg < kOldNames.size() ? fmt::format("r{}", kOldNames[r.reg]) : fmt::format("r{}", r.reg);
}

std::vector<X86Instruction> parse_x86(const LitmusThread& thread, const std::string& file) {
  std::vector<X86Instruction> code;
  for (const LitmusInstruction& i : thread.code) code.push_back(InstructionParser(thread, i, file).parse());
  return code;
}

}  // namespace isobar::scenarios
