// Registers, constants, arithmetic and flags: what of a translation is no memory operation.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/mapping/thread_translator.h"
#include "support/bits.h"

namespace isobar::scenarios {
namespace {

constexpr unsigned kFlagA = 20, kFlagB = 21;
constexpr unsigned kFirstSymbol = 24, kLastSymbol = 30;

/// Number in "W17" or "X17".
unsigned number_of(const std::string& reg) {
  return static_cast<unsigned>(std::stoul(reg.substr(1)));
}

bool sets_flags(const X86Instruction& i) {
  switch (i.op) {
    case X86Op::Add:
    case X86Op::Sub:
    case X86Op::And:
    case X86Op::Or:
    case X86Op::Xor:
    case X86Op::Cmp:
    case X86Op::Test:
    case X86Op::Inc:
    case X86Op::Dec:
    case X86Op::Neg:
    case X86Op::Shl:
    case X86Op::Xadd:
    case X86Op::Cmpxchg:
    case X86Op::Cmpxchg16b: return true;
    default: return false;
  }
}

bool uses_flags(const X86Instruction& i) {
  return i.op == X86Op::Jcc || i.op == X86Op::Set || i.op == X86Op::Cmov;
}

const char* operation_of(X86Op op) {
  switch (op) {
    case X86Op::Add:
    case X86Op::Inc:
    case X86Op::Xadd: return "add";
    case X86Op::Sub:
    case X86Op::Dec: return "sub";
    case X86Op::And: return "and";
    case X86Op::Or: return "orr";
    case X86Op::Xor: return "eor";
    case X86Op::Shl: return "lsl";
    default: return nullptr;
  }
}

}  // namespace

void ThreadTranslator::unsupported(const X86Instruction& i, const std::string& why) const {
  throw UnsupportedError({out_.test.file, i.where.line, i.where.column},
                         fmt::format("'{}': {}", i.text, why));
}

void ThreadTranslator::emit(std::string text) {
  t_.code.push_back({std::move(text), where_});
}

std::string ThreadTranslator::fresh_label() {
  return fmt::format("S{}", expansions_++);
}

void ThreadTranslator::sequence(const std::string& operation, unsigned size, MappingValues values) {
  const MappingSequence* s = mapping_.find(operation, size);
  if (s == nullptr)
    unsupported(code_[index_], fmt::format("the mapping {} has no {}", mapping_.name, operation));
  const std::string specific = fmt::format("{}.{}", operation, 8 * size);
  out_.operations.insert(mapping_.operations.count(specific) != 0 ? specific : operation);
  const std::size_t from = t_.code.size();
  expand(*s, values, fresh_label() + "_", where_, mapping_.file, t_);
  if (mapping_.merge_barriers) merge_barriers(from);
}

void ThreadTranslator::barrier(const std::optional<MappingLine>& line) {
  if (line) emit(line->text);
}

/// A barrier at the start of the newest sequence joins one before it, if only computations lie between.
void ThreadTranslator::merge_barriers(std::size_t from) {
  if (from >= t_.code.size() || !is_barrier(t_.code[from].text)) return;
  std::size_t earlier = from;
  while (earlier > 0 && is_computation(t_.code[earlier - 1].text)) --earlier;
  if (earlier == 0 || !is_barrier(t_.code[earlier - 1].text)) return;
  const bool label_between = std::any_of(t_.labels.begin(), t_.labels.end(), [&](const LitmusLabel& l) {
    return l.index >= earlier && l.index <= from;
  });
  if (label_between) return;
  if (t_.code[earlier - 1].text != t_.code[from].text) t_.code[earlier - 1].text = "dmb ish";
  t_.code.erase(t_.code.begin() + static_cast<std::ptrdiff_t>(from));
  for (LitmusLabel& l : t_.labels)
    if (l.index > from) --l.index;
}

std::string ThreadTranslator::symbol_register(const std::string& symbol) {
  const auto known = symbols_.find(symbol);
  if (known != symbols_.end()) return host_register(known->second, 8);
  const unsigned reg = kFirstSymbol + static_cast<unsigned>(symbols_.size());
  if (reg > kLastSymbol) unsupported(code_[index_], "more than seven locations in one thread");
  symbols_[symbol] = reg;
  return host_register(reg, 8);
}

std::string ThreadTranslator::address(const X86Operand& m, unsigned scratch) {
  const std::string to = host_register(scratch, 8);
  std::string base = !m.symbol.empty()    ? symbol_register(m.symbol)
                     : m.base != kX86None ? host_register(m.base, 8)
                                          : std::string();
  if (base.empty()) unsupported(code_[index_], "an address without a location or a register");
  if (!m.symbol.empty() && m.base != kX86None) {
    emit(fmt::format("add {}, {}, {}", to, base, host_register(m.base, 8)));
    base = to;
  }
  if (m.index != kX86None) {
    const unsigned shift = m.scale == 8 ? 3 : m.scale == 4 ? 2 : m.scale == 2 ? 1 : 0;
    emit(fmt::format("add {}, {}, {}, lsl #{}", to, base, host_register(m.index, 8), shift));
    base = to;
  }
  if (m.value != 0) {
    const u64 distance = static_cast<u64>(m.value < 0 ? -m.value : m.value);
    if (distance > 4095) unsupported(code_[index_], "an offset of more than 4095 bytes");
    emit(fmt::format("{} {}, {}, #{}", m.value < 0 ? "sub" : "add", to, base, distance));
    base = to;
  }
  return base;
}

void ThreadTranslator::constant(unsigned reg, unsigned size, u64 v) {
  const unsigned bytes = size >= 8 ? 8 : 4;
  v &= ones(8 * bytes);
  const std::string r = host_register(reg, bytes);
  emit(fmt::format("movz {}, #{}", r, v & 0xffff));
  for (unsigned shift = 16; shift < 8 * bytes; shift += 16) {
    const u64 part = (v >> shift) & 0xffff;
    if (part != 0) emit(fmt::format("movk {}, #{}, lsl #{}", r, part, shift));
  }
}

std::string ThreadTranslator::value(const X86Operand& o, unsigned size, unsigned scratch) {
  if (o.kind == Kind::Immediate) {
    constant(scratch, size, static_cast<u64>(o.value));
    return host_register(scratch, size);
  }
  if (o.high) {
    emit(fmt::format("ubfx {}, {}, #8, #8", host_register(scratch, 4), host_register(o.reg, 4)));
    return host_register(scratch, size);
  }
  return host_register(o.reg, size);
}

/// A register operand := `from`; parts of 1 and 2 bytes are inserted.
void ThreadTranslator::write(const X86Operand& o, const std::string& from, unsigned from_number) {
  if (o.size >= 4) return emit(fmt::format("mov {}, {}", host_register(o.reg, o.size), from));
  emit(fmt::format("bfi {}, {}, #{}, #{}", host_register(o.reg, 8), host_register(from_number, 8),
                   o.high ? 8 : 0, 8 * o.size));
}

void ThreadTranslator::flags_of_sum(const X86Instruction& i, const std::string& a, const std::string& b,
                                    const char* op) {
  if (i.size >= 4) return emit(fmt::format("{} {}, {}", op, a, b));
  const unsigned shift = 32 - 8u * i.size;
  emit(fmt::format("lsl {}, {}, #{}", host_register(kFlagA, 4), a, shift));
  emit(fmt::format("lsl {}, {}, #{}", host_register(kFlagB, 4), b, shift));
  emit(fmt::format("{} {}, {}", op, host_register(kFlagA, 4), host_register(kFlagB, 4)));
}

void ThreadTranslator::flags_of_value(unsigned size, const std::string& v) {
  if (size >= 4) return emit(fmt::format("tst {0}, {0}", v));
  emit(fmt::format("lsl {}, {}, #{}", host_register(kFlagA, 4), v, 32 - 8 * size));
  emit(fmt::format("tst {0}, {0}", host_register(kFlagA, 4)));
}

void ThreadTranslator::compute(const X86Instruction& i, const std::string& result, const std::string& old,
                               const std::string& other, bool flags) {
  switch (i.op) {
    case X86Op::Cmp: return flags_of_sum(i, old, other, "cmp");
    case X86Op::Test:
      emit(fmt::format("and {}, {}, {}", result, old, other));
      return flags_of_value(i.size, result);
    case X86Op::Neg:
      if (flags) flags_of_sum(i, i.size >= 8 ? "XZR" : "WZR", old, "cmp");
      return emit(fmt::format("neg {}, {}", result, old));
    case X86Op::Not: return emit(fmt::format("mvn {}, {}", result, old));
    default: break;
  }
  const char* op = operation_of(i.op);
  if (op == nullptr) unsupported(i, "is not translated");
  const bool sum = std::string(op) == "add", difference = std::string(op) == "sub";
  // Before the result, which may overwrite an operand.
  if (flags && (sum || difference)) flags_of_sum(i, old, other, sum ? "cmn" : "cmp");
  emit(fmt::format("{} {}, {}, {}", op, result, old, other));
  if (flags && !sum && !difference) flags_of_value(i.size, result);
}

std::string ThreadTranslator::condition(const X86Instruction& i) const {
  using C = X86Condition;
  const bool carry =
      i.condition == C::B || i.condition == C::Ae || i.condition == C::Be || i.condition == C::A;
  if (carry) {
    u32 at = index_;
    while (at > 0 && !sets_flags(code_[at - 1])) --at;
    const X86Op op = at == 0 ? X86Op::Nop : code_[at - 1].op;
    if (op != X86Op::Cmp && op != X86Op::Sub && op != X86Op::Cmpxchg)
      unsupported(i, "the carry flag is translated after CMP and SUB only");
  }
  switch (i.condition) {
    case C::E: return "eq";
    case C::Ne: return "ne";
    case C::L: return "lt";
    case C::Le: return "le";
    case C::G: return "gt";
    case C::Ge: return "ge";
    case C::B: return "lo";
    case C::Be: return "ls";
    case C::A: return "hi";
    case C::Ae: return "hs";
    case C::S: return "mi";
    case C::Ns: return "pl";
  }
  return "al";
}

/// May anything look at the flags before they are set again? With a backward jump: yes if anything does.
bool ThreadTranslator::wants_flags(u32 index) const {
  const bool loops = std::any_of(code_.begin(), code_.end(), [](const X86Instruction& i) {
    return i.op == X86Op::Jmp || i.op == X86Op::Jcc;
  });
  for (u32 n = index + 1; n < code_.size(); ++n) {
    if (uses_flags(code_[n])) return true;
    if (!loops && sets_flags(code_[n])) return false;
  }
  return loops;
}

void ThreadTranslator::local(const X86Instruction& i) {
  const X86Operand &d = i.destination, &s = i.source;
  const unsigned kSource = 17, kOld = 18;
  const unsigned wide = std::max<unsigned>(4, i.size);
  switch (i.op) {
    case X86Op::MovVector: return emit(fmt::format("mov V{}.16B, V{}.16B", d.reg, s.reg));
    case X86Op::ExtractHigh: return emit(fmt::format("umov X{}, V{}.D[1]", d.reg, s.reg));
    case X86Op::MovLow:
      if (d.kind == Kind::Vector && s.kind == Kind::Vector)
        return emit(fmt::format("fmov {0}{1}, {0}{2}", i.size == 8 ? 'D' : 'S', d.reg, s.reg));
      if (d.kind == Kind::Vector)
        return emit(
            fmt::format("fmov {}{}, {}", i.size == 8 ? 'D' : 'S', d.reg, host_register(s.reg, i.size)));
      return emit(fmt::format("fmov {}, {}{}", host_register(d.reg, i.size), i.size == 8 ? 'D' : 'S', s.reg));
    case X86Op::Lea: {
      const unsigned at = number_of(address(s, kOld));
      return write(d, host_register(at, d.size), at);
    }
    case X86Op::Mov: {
      if (s.kind == Kind::Immediate && i.size >= 4) return constant(d.reg, i.size, static_cast<u64>(s.value));
      const std::string from = value(s, i.size, kSource);
      return write(d, from, number_of(from));
    }
    case X86Op::MovZero: {
      const std::string from = value(s, s.size, kSource);
      emit(fmt::format("ubfx {}, {}, #0, #{}", host_register(kOld, 4), host_register(number_of(from), 4),
                       8 * i.source_size));
      return write(d, host_register(kOld, d.size), kOld);
    }
    case X86Op::Set:
      emit(fmt::format("cset {}, {}", host_register(kOld, 4), condition(i)));
      return write(d, host_register(kOld, 1), kOld);
    case X86Op::Cmov:
      emit(fmt::format("csel {}, {}, {}, {}", host_register(kOld, wide), host_register(s.reg, wide),
                       host_register(d.reg, wide), condition(i)));
      return write(d, host_register(kOld, i.size), kOld);
    case X86Op::Xchg:
    case X86Op::Xadd:
    case X86Op::Cmpxchg: return local_exchange(i);
    default: break;
  }
  const std::string old = value(d, i.size, kOld);
  const std::string other = other_operand(i);
  if (i.op == X86Op::Cmp || i.op == X86Op::Test)
    return compute(i, host_register(kOld, i.size), old, other, true);
  compute(i, host_register(kOld, i.size), old, other, wants_flags(index_));
  write(d, host_register(kOld, i.size), kOld);
}

void ThreadTranslator::local_exchange(const X86Instruction& i) {
  const X86Operand &d = i.destination, &s = i.source;
  const unsigned kSource = 17, kOld = 18;
  if (i.op == X86Op::Cmpxchg) unsupported(i, "CMPXCHG of registers is not translated");
  const std::string old = host_register(kOld, i.size);
  emit(fmt::format("mov {}, {}", host_register(kOld, std::max<unsigned>(4, i.size)), value(d, i.size, kOld)));
  if (i.op == X86Op::Xchg) {
    const std::string from = value(s, i.size, kSource);
    write(d, from, number_of(from));
  } else {
    compute(i, host_register(kSource, i.size), old, value(s, i.size, kSource), wants_flags(index_));
    write(d, host_register(kSource, i.size), kSource);
  }
  write(s, old, kOld);
}

}  // namespace isobar::scenarios
