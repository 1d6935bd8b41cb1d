#include "scenarios/import/x86_core.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/bits.h"

namespace isobar::scenarios {
namespace {

using Kind = X86Operand::Kind;
constexpr unsigned kMaxLocalSteps = 10'000;

Value masked(Value v, unsigned size) {
  if (size >= 16) return v;
  return {v.lo & ones(8 * size), 0};
}

/// One instruction of one core. Reads go to its buffer and then to `memory`; without memory only what needs
/// none may be executed.
class Executor {
 public:
  Executor(const X86Program& x, X86Core& c, std::vector<u8>* memory)
      : x_(x), c_(c), memory_(memory), i_(x.threads[c.thread][c.pc]) {}

  void run(X86Step step) {
    switch (i_.op) {
      case X86Op::MovVector: return vector(step);
      case X86Op::RepMovs: return copy();
      case X86Op::Cmpxchg16b: compare_exchange_16(); break;
      case X86Op::Push:
        store(c_.reg[kX86Rsp] - 8, 8, {operand(i_.destination), 0});
        c_.reg[kX86Rsp] -= 8;
        break;
      case X86Op::Pop: {
        const u64 v = load(c_.reg[kX86Rsp], 8).lo;
        c_.reg[kX86Rsp] += 8;
        write_register(i_.destination, v);
        break;
      }
      case X86Op::Jmp: c_.pc = i_.target; return;
      case X86Op::Jcc: c_.pc = holds(i_.condition) ? i_.target : c_.pc + 1; return;
      case X86Op::Ret: c_.pc = static_cast<u32>(x_.threads[c_.thread].size()); return;
      case X86Op::Cmov: conditional_move(); break;
      case X86Op::Set: write(i_.destination, holds(i_.condition) ? 1 : 0); break;
      case X86Op::Lea: write(i_.destination, address(i_.source)); break;
      case X86Op::MovLow: move_low(); break;
      case X86Op::ExtractHigh: write(i_.destination, c_.xmm[i_.source.reg].hi); break;
      case X86Op::Mov: write(i_.destination, read(i_.source)); break;
      case X86Op::MovZero: write(i_.destination, read_sized(i_.source, i_.source_size)); break;
      case X86Op::Nop:
      case X86Op::Mfence:
      case X86Op::Lfence:
      case X86Op::Sfence: break;
      case X86Op::Xchg:
      case X86Op::Xadd:
      case X86Op::Cmpxchg: exchange(); break;
      default: arithmetic();
    }
    ++c_.pc;
  }

 private:
  u64 address(const X86Operand& m) const {
    u64 a = static_cast<u64>(m.value);
    if (!m.symbol.empty()) a += x_.addresses.at(m.symbol);
    if (m.base != kX86None) a += c_.reg[m.base];
    if (m.index != kX86None) a += c_.reg[m.index] * m.scale;
    return a;
  }

  void check(u64 a, unsigned size) const {
    if (a - kLitmusData < x_.memory_bytes && a - kLitmusData + size <= x_.memory_bytes) return;
    throw InputError(Diagnostic{{x_.program.file, i_.where.line, i_.where.column},
                                fmt::format("'{}' accesses {:#x}, where no location is", i_.text, a)});
  }

  Value load(u64 a, unsigned size) const {
    check(a, size);
    Value v;
    for (unsigned b = 0; b < size; ++b) v.set_byte(b, byte_at(a + b));
    return v;
  }

  u8 byte_at(u64 a) const {
    for (auto e = c_.buffer.rbegin(); e != c_.buffer.rend(); ++e)
      if (a - e->address < e->size) return e->value.byte(static_cast<unsigned>(a - e->address));
    return (*memory_)[a - kLitmusData];
  }

  void store(u64 a, unsigned size, Value v, bool with_previous = false) {
    check(a, size);
    if (is_locked(i_)) {
      for (unsigned b = 0; b < size; ++b) (*memory_)[a + b - kLitmusData] = v.byte(b);
    } else {
      c_.buffer.push_back({a, static_cast<u8>(size), masked(v, size), with_previous});
    }
  }

  u64 operand(const X86Operand& o) const {
    if (o.kind == Kind::Immediate) return static_cast<u64>(o.value);
    const u64 v = c_.reg[o.reg];
    return (o.high ? v >> 8 : v) & ones(8u * o.size);
  }
  u64 read_sized(const X86Operand& o, unsigned size) const {
    return o.is_memory() ? load(address(o), size).lo : operand(o) & ones(8 * size);
  }
  u64 read(const X86Operand& o) const { return read_sized(o, i_.size); }

  /// A 4-byte result clears the upper half, smaller ones keep the other bytes.
  void write_register(const X86Operand& o, u64 v) {
    u64& r = c_.reg[o.reg];
    const unsigned shift = o.high ? 8 : 0;
    const u64 mask = o.size >= 4 ? ~u64{0} : ones(8u * o.size) << shift;
    r = (r & ~mask) | (((v & ones(8u * o.size)) << shift) & mask);
  }
  void write(const X86Operand& o, u64 v) {
    if (o.is_memory()) return store(address(o), i_.size, {v, 0});
    write_register(o, v);
  }

  bool holds(X86Condition c) const {
    switch (c) {
      case X86Condition::E: return c_.zf;
      case X86Condition::Ne: return !c_.zf;
      case X86Condition::L: return c_.sf != c_.of;
      case X86Condition::Ge: return c_.sf == c_.of;
      case X86Condition::Le: return c_.zf || c_.sf != c_.of;
      case X86Condition::G: return !c_.zf && c_.sf == c_.of;
      case X86Condition::B: return c_.cf;
      case X86Condition::Ae: return !c_.cf;
      case X86Condition::Be: return c_.cf || c_.zf;
      case X86Condition::A: return !c_.cf && !c_.zf;
      case X86Condition::S: return c_.sf;
      case X86Condition::Ns: return !c_.sf;
    }
    return false;
  }

  u64 result_flags(u64 v) {
    v &= ones(8u * i_.size);
    c_.zf = v == 0;
    c_.sf = bit(v, 8u * i_.size - 1) != 0;
    return v;
  }
  u64 add(u64 a, u64 b) {
    const unsigned top = 8u * i_.size - 1;
    a &= ones(top + 1);
    b &= ones(top + 1);
    const u64 r = result_flags(a + b);
    c_.cf = r < a;
    c_.of = bit(~(a ^ b) & (a ^ r), top) != 0;
    return r;
  }
  u64 subtract(u64 a, u64 b) {
    const unsigned top = 8u * i_.size - 1;
    a &= ones(top + 1);
    b &= ones(top + 1);
    const u64 r = result_flags(a - b);
    c_.cf = a < b;
    c_.of = bit((a ^ b) & (a ^ r), top) != 0;
    return r;
  }
  u64 logic(u64 v) {
    c_.cf = c_.of = false;
    return result_flags(v);
  }

  void arithmetic() {
    const X86Operand& d = i_.destination;
    const u64 old = read(d);
    const u64 other = i_.source.kind == Kind::None ? 0 : read(i_.source);
    const bool carry = c_.cf;
    switch (i_.op) {
      case X86Op::Add: return write(d, add(old, other));
      case X86Op::Sub: return write(d, subtract(old, other));
      case X86Op::And: return write(d, logic(old & other));
      case X86Op::Or: return write(d, logic(old | other));
      case X86Op::Xor: return write(d, logic(old ^ other));
      case X86Op::Cmp: subtract(old, other); return;
      case X86Op::Test: logic(old & other); return;
      case X86Op::Neg: return write(d, subtract(0, old));
      case X86Op::Not: return write(d, ~old);
      case X86Op::Inc:
      case X86Op::Dec: {
        const u64 r = i_.op == X86Op::Inc ? add(old, 1) : subtract(old, 1);
        c_.cf = carry;
        return write(d, r);
      }
      case X86Op::Shl: {
        const u64 n = other & (i_.size == 8 ? 63 : 31);
        if (n == 0) return write(d, old);
        const u64 r = result_flags(old << n);
        c_.cf = n <= 8u * i_.size && bit(old, 8u * i_.size - static_cast<unsigned>(n)) != 0;
        c_.of = false;
        return write(d, r);
      }
      default: return;
    }
  }

  void exchange() {
    const u64 old = read(i_.destination), value = read(i_.source);
    if (i_.op == X86Op::Xchg) {
      write(i_.destination, value);
      write_register(i_.source, old);
    } else if (i_.op == X86Op::Xadd) {
      const u64 sum = add(old, value);
      write_register(i_.source, old);
      write(i_.destination, sum);
    } else {
      X86Operand accumulator;
      accumulator.kind = Kind::Register;
      accumulator.reg = kX86Rax;
      accumulator.size = i_.size;
      subtract(operand(accumulator), old);
      if (c_.zf) {
        write(i_.destination, value);
      } else {
        write_register(accumulator, old);
      }
    }
  }

  void compare_exchange_16() {
    const u64 a = address(i_.destination);
    const Value old = load(a, 16);
    c_.zf = old == Value{c_.reg[kX86Rax], c_.reg[kX86Rdx]};
    if (c_.zf) {
      store(a, 16, {c_.reg[kX86Rbx], c_.reg[kX86Rcx]});
    } else {
      c_.reg[kX86Rax] = old.lo;
      c_.reg[kX86Rdx] = old.hi;
    }
  }

  /// A source in memory is read whatever the condition (Intel SDM volume 2, CMOVcc).
  void conditional_move() {
    const u64 v = read(i_.source);
    if (holds(i_.condition)) {
      write_register(i_.destination, v);
    } else if (i_.destination.size == 4) {
      write_register(i_.destination, operand(i_.destination));
    }
  }

  void move_low() {
    const X86Operand& s = i_.source;
    const u64 v = s.kind == Kind::Vector ? c_.xmm[s.reg].lo & ones(8u * i_.size) : read(s);
    if (i_.destination.kind == Kind::Vector) {
      c_.xmm[i_.destination.reg] = {v, 0};
    } else {
      write(i_.destination, v);
    }
  }

  void vector(X86Step step) {
    const X86Operand &s = i_.source, &d = i_.destination;
    if (d.is_memory()) {
      const u64 a = address(d);
      const Value v = c_.xmm[s.reg];
      if (x_.atomic_vectors) {
        store(a, 16, v);
      } else {
        store(a, 8, {v.lo, 0});
        store(a + 8, 8, {v.hi, 0}, true);
      }
    } else if (!s.is_memory()) {
      c_.xmm[d.reg] = c_.xmm[s.reg];
    } else if (step == X86Step::Whole) {
      c_.xmm[d.reg] = load(address(s), 16);
    } else {
      const bool low = step == X86Step::Low;
      (low ? c_.xmm[d.reg].lo : c_.xmm[d.reg].hi) = load(address(s) + (low ? 0 : 8), 8).lo;
      c_.halves = static_cast<u8>(c_.halves | (low ? 1 : 2));
      if (c_.halves != 3) return;
      c_.halves = 0;
    }
    ++c_.pc;
  }

  void copy() {
    if (c_.reg[kX86Rcx] == 0) {
      c_.copying = false;
      ++c_.pc;
      return;
    }
    const Value v = load(c_.reg[kX86Rsi], i_.size);
    store(c_.reg[kX86Rdi], i_.size, v, c_.copying && !c_.buffer.empty());
    c_.copying = true;
    c_.reg[kX86Rsi] += i_.size;
    c_.reg[kX86Rdi] += i_.size;
    --c_.reg[kX86Rcx];
  }

  const X86Program& x_;
  X86Core& c_;
  std::vector<u8>* memory_;
  const X86Instruction& i_;
};

bool overlap(const X86Store& a, const X86Store& b) {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

/// Does the instruction need memory, or the buffer to be empty?
bool is_visible(const X86Instruction& i, const X86Core& c) {
  if (i.op == X86Op::RepMovs) return c.reg[kX86Rcx] != 0;
  if (i.op == X86Op::Mfence) return !c.buffer.empty();
  return is_load(i) || is_read_modify_write(i);
}

template <class T>
void append(std::string& s, const T& v) {
  s.append(reinterpret_cast<const char*>(&v), sizeof v);
}

}  // namespace

X86State initial_state(const X86Program& x) {
  X86State s;
  const model::Program& p = x.program.program;
  s.memory.resize(x.memory_bytes);
  for (const model::Segment& g : p.segments)
    if (g.base - kLitmusData < s.memory.size())
      std::copy(g.bytes.begin(), g.bytes.end(),
                s.memory.begin() + static_cast<std::ptrdiff_t>(g.base - kLitmusData));
  for (unsigned t = 0; t < x.threads.size(); ++t) {
    X86Core c;
    c.thread = t;
    for (const auto& [reg, value] : p.reset[t].registers) {
      for (u8 r = 0; r < kX86Registers; ++r) {
        if (reg == isa::parse_register(fmt::format("X{}", r))) c.reg[r] = value.lo;
        if (reg == isa::parse_register(fmt::format("V{}", r))) c.xmm[r] = value;
      }
    }
    s.core.push_back(std::move(c));
  }
  return s;
}

bool run_local(const X86Program& x, X86Core& c) {
  const std::vector<X86Instruction>& code = x.threads[c.thread];
  for (unsigned n = 0; n < kMaxLocalSteps; ++n) {
    if (c.pc >= code.size() || is_visible(code[c.pc], c)) return true;
    Executor(x, c, nullptr).run(X86Step::Whole);
  }
  return false;
}

bool may_leave(const X86Core& c, std::size_t e) {
  for (std::size_t i = e; i > 0; --i) {
    if (!c.buffer[i].with_previous || overlap(c.buffer[i - 1], c.buffer[e])) return false;
  }
  return true;
}

void leave(X86State& s, unsigned thread, std::size_t e) {
  std::vector<X86Store>& buffer = s.core[thread].buffer;
  const X86Store store = buffer[e];
  for (unsigned b = 0; b < store.size; ++b) s.memory[store.address + b - kLitmusData] = store.value.byte(b);
  if (!store.with_previous && e + 1 < buffer.size()) buffer[e + 1].with_previous = false;
  buffer.erase(buffer.begin() + static_cast<std::ptrdiff_t>(e));
}

std::vector<X86Step> steps(const X86Program& x, const X86State& s, unsigned thread) {
  const X86Core& c = s.core[thread];
  if (c.pc >= x.threads[thread].size()) return {};
  const X86Instruction& i = x.threads[thread][c.pc];
  if ((i.op == X86Op::Mfence || is_locked(i)) && !c.buffer.empty()) return {};
  if (i.op != X86Op::MovVector || x.atomic_vectors) return {X86Step::Whole};
  if (c.halves == 0) return {X86Step::Low, X86Step::High};
  return {c.halves == 1 ? X86Step::High : X86Step::Low};
}

void execute(const X86Program& x, X86State& s, unsigned thread, X86Step step) {
  Executor(x, s.core[thread], &s.memory).run(step);
}

trace::Outcome observe(const X86Program& x, const X86State& s) {
  trace::Outcome o;
  for (const trace::Observable& w : x.program.observables) {
    Value v;
    if (w.kind == trace::Observable::Kind::Memory) {
      for (unsigned b = 0; b < w.size; ++b) v.set_byte(b, s.memory[w.addr + b - kLitmusData]);
    } else if (w.kind == trace::Observable::Kind::Register) {
      for (u8 r = 0; r < kX86Registers; ++r) {
        if (w.reg == isa::parse_register(fmt::format("X{}", r))) v = {s.core[w.core].reg[r], 0};
        if (w.reg == isa::parse_register(fmt::format("V{}", r))) v = s.core[w.core].xmm[r];
      }
      v = masked(v, w.size);
    }
    o.values.push_back(v);
  }
  return o;
}

std::string fingerprint(const X86State& s) {
  std::string f(reinterpret_cast<const char*>(s.memory.data()), s.memory.size());
  for (const X86Core& c : s.core) {
    append(f, c.pc);
    append(f, c.reg);
    append(f, c.xmm);
    const u8 flags =
        static_cast<u8>(c.zf | c.sf << 1 | c.cf << 2 | c.of << 3 | c.halves << 4 | c.copying << 6);
    append(f, flags);
    append(f, static_cast<u8>(c.buffer.size()));
    for (const X86Store& e : c.buffer) {
      append(f, e.address);
      append(f, e.size);
      append(f, e.value);
      append(f, e.with_previous);
    }
  }
  return f;
}

}  // namespace isobar::scenarios
