#include "model/thread/window.h"

#include <cstring>

#include "isa/evaluate.h"
#include "model/thread/tags.h"

namespace isobar::model {

using isa::Reg;
using isa::UopKind;

namespace {

unsigned flag_bit(Reg r) { return 8u >> (isa::index(r) - isa::index(Reg::N)); }
bool is_flag(Reg r) { return r >= Reg::N && r <= Reg::V; }

/// CNTV_TVAL_EL0 is a view of CNTV_CVAL_EL0.
Reg written_register(Reg sys) { return sys == Reg::CNTV_TVAL_EL0 ? Reg::CNTV_CVAL_EL0 : sys; }

bool writes(const Entry& e, Reg r) {
  const isa::Uop& u = *e.uop;
  if (is_flag(r)) return u.kind == UopKind::Eret || (u.flags_out & flag_bit(r)) != 0;
  if (u.kind == UopKind::SysWrite) return written_register(u.sys) == r;
  return actual_register(u.dst[0], e.context) == r || actual_register(u.dst[1], e.context) == r;
}

Value result_of(const Entry& e, Reg r) {
  if (is_flag(r)) return {(e.nzcv & flag_bit(r)) != 0, 0};
  const isa::Uop& u = *e.uop;
  if (u.kind != UopKind::SysWrite && actual_register(u.dst[0], e.context) != r &&
      actual_register(u.dst[1], e.context) == r)
    return e.value2;
  return e.value;
}

Operand produced(const Core& c, Reg r, u8 producer) {
  if (producer == kFromRegisterFile) return {true, c.reg.get(r), 0};
  const Entry& p = c.window[producer];
  return {p.known, result_of(p, r), p.guess};
}

void write_register(Core& c, Reg r, Value v) {
  if (r != Reg::None) c.reg.set(r, v);
}

/// A register that arithmetic only sets bits in: what every writer up to the last assignment has set.
Operand accumulated(const Core& c, Reg r, unsigned end) {
  Operand all{true, {}, 0};
  for (unsigned j = end; j-- > 0;) {
    const Entry& e = c.window[j];
    if (!writes(e, r)) continue;
    if (!e.known) return {};
    all.value.lo |= result_of(e, r).lo;
    all.guess |= e.guess;
    if (e.uop->kind == UopKind::SysWrite) return all;
  }
  all.value.lo |= c.reg.get(r).lo;
  return all;
}

void write_results(Core& c, const Entry& e) {
  const isa::Uop& u = *e.uop;
  if (is_tag_check(e)) {
    if (e.choice == 0) return;
    const Reg status = tag_fault_status(e.context);
    return c.reg.set(status, {c.reg[isa::index(status)] | 1, 0});
  }
  if (u.kind == UopKind::SysWrite) {
    write_register(c, written_register(u.sys), e.value);
    return;
  }
  write_register(c, actual_register(u.dst[0], e.context), e.value);
  const Reg second = actual_register(u.dst[1], e.context);
  write_register(c, second, isa::accumulates(second) ? Value{e.value2.lo | c.reg.get(second).lo, 0} : e.value2);
  const unsigned flags = u.kind == UopKind::Eret ? 15u : u.flags_out;
  if (flags == 0) return;
  for (Reg r : {Reg::N, Reg::Z, Reg::C, Reg::V})
    if ((flags & flag_bit(r)) != 0) c.reg.set(r, {(e.nzcv & flag_bit(r)) != 0, 0});
}

void update_monitor(Core& c, const Entry& e) {
  const isa::Uop& u = *e.uop;
  if (u.kind == UopKind::ClearExclusive || u.kind == UopKind::Eret || (is_write(e) && u.mem.exclusive))
    c.monitor = {};
  else if (is_read(e) && u.mem.exclusive)
    c.monitor = {true, u.mem.size, e.foreign, e.own, e.addr};
}

u8 find_partner(const Core& c, const isa::Uop& u, unsigned start, unsigned slot) {
  if (u.kind == UopKind::Status || u.kind == UopKind::CasResult ||
      (u.kind == UopKind::Write && u.mem.rmw != isa::RmwOp::Plain)) {
    const UopKind wanted = u.kind == UopKind::Write ? UopKind::Read : UopKind::Write;
    for (unsigned j = slot; j-- > start;)
      if (c.window[j].uop->kind == wanted) return static_cast<u8>(j);
  }
  if (u.kind != UopKind::Write || !u.mem.exclusive) return kNoSlot;
  for (unsigned j = start; j-- > 0;) {
    const isa::Uop& q = *c.window[j].uop;
    if (q.kind == UopKind::Read && q.mem.exclusive) return static_cast<u8>(j);
    if ((q.kind == UopKind::Write && q.mem.exclusive) || q.kind == UopKind::ClearExclusive || q.kind == UopKind::Eret)
      return kNoSlot;
  }
  return c.monitor.valid ? kMonitorSlot : kNoSlot;
}

u8 shifted(u8 slot, unsigned n, u8 gone) { return slot >= kMonitorSlot ? slot : slot < n ? gone : u8(slot - n); }

/// The bytes of Entry::source, which are mostly all the same, in two words.
std::array<u64, 2> source_words(const Entry& e) {
  std::array<u64, 2> words;
  static_assert(sizeof words == sizeof e.source);
  std::memcpy(words.data(), e.source.data(), sizeof words);
  return words;
}

/// Does any byte of the read come from a store in the window?
bool takes_from_stores(const Entry& e) {
  constexpr u64 kTops = 0x8080808080808080;  // set in kUnbound and kFromMemory, and in no slot
  static_assert((kUnbound & kFromMemory & 0x80) != 0);
  const auto [low, high] = source_words(e);
  return (low & high & kTops) != kTops;
}

}  // namespace

u16 unbound_bytes(const Entry& e) {
  static_assert(kUnbound == 0xff);
  const auto [low, high] = source_words(e);
  if ((low & high) == ~u64{0}) return all_bytes(e);
  u16 mask = 0;
  for (unsigned b = 0; b < e.uop->mem.size; ++b) mask = static_cast<u16>(mask | u16{e.source[b] == kUnbound} << b);
  return mask;
}

Reg actual_register(Reg r, const Context& ctx) {
  if (r == Reg::SP) return ctx.el == 1 && ctx.sp_sel ? Reg::SP_EL1 : Reg::SP_EL0;
  return r == Reg::XZR ? Reg::None : r;
}

u8 find_producer(const Core& c, Reg r, unsigned end) {
  if (r == Reg::None) return kFromRegisterFile;
  const u64 bit = u64{1} << (isa::index(r) % 64);
  for (unsigned j = end; j-- > 0;)
    if ((c.window[j].uop->may_write & bit) != 0 && writes(c.window[j], r)) return static_cast<u8>(j);
  return kFromRegisterFile;
}

Operand register_operand(const Core& c, Reg r, unsigned end) {
  return isa::accumulates(r) ? accumulated(c, r, end) : produced(c, r, find_producer(c, r, end));
}

Operand operand(const Core& c, const Entry& e, unsigned s) {
  const Reg name = e.uop->src[s];
  if (isa::is_uop_result(name)) {
    const Entry& p = c.window[e.producer[s]];
    return {p.known, p.value, p.guess};
  }
  const Reg r = actual_register(name, e.context);
  if (r == Reg::None) return {true, {}, 0};
  return produced(c, r, e.producer[s]);
}

Operand operands(const Core& c, const Entry& e, unsigned first, unsigned last, std::array<Value, 6>& values) {
  Operand all{true, {}, 0};
  for (unsigned s = first; s < last; ++s) {
    const Operand o = operand(c, e, s);
    if (!o.known) return {};
    values[s] = o.value;
    all.guess |= o.guess;
  }
  return all;
}

bool guesses_resolved(const Core& c, u64 mask) {
  u64 seen = 0;
  while (mask != 0) {
    const unsigned j = static_cast<unsigned>(__builtin_ctzll(mask));
    seen |= u64{1} << j;
    if (!c.window[j].resolved) return false;
    mask = (mask | c.window[j].guess_cond) & ~seen;
  }
  return true;
}

unsigned instruction_start(const Core& c, unsigned i) {
  while (c.window[i].index != 0) --i;
  return i;
}

unsigned instruction_end(const Core& c, unsigned i) {
  while (!c.window[i].last) ++i;
  return i + 1;
}

void append(Core& c, const isa::Instruction& instruction, u64 pc) {
  const unsigned start = static_cast<unsigned>(c.window.size());
  const isa::Uop* check = checks_tags(c.context) ? tag_check(instruction, c.context) : nullptr;
  const unsigned first = check != nullptr ? 1 : 0;
  for (unsigned k = 0; k < first + instruction.count; ++k) {
    Entry& e = c.window.add(k < first ? check : &instruction.uops[k - first], c.context);
    e.pc = pc;
    e.word = instruction.word;
    e.seq = c.next_seq++;
    e.index = static_cast<u8>(k);
    e.last = k + 1u == first + instruction.count;
    if (is_read(e)) e.source.fill(kUnbound);
    for (unsigned s = 0; s < e.uop->n_src; ++s) {
      const Reg r = e.uop->src[s];
      e.producer[s] = isa::is_uop_result(r) ? static_cast<u8>(start + first + isa::index(r) - isa::index(Reg::U0))
                                            : find_producer(c, actual_register(r, c.context), start);
    }
    e.partner = find_partner(c, *e.uop, start, start + k);
  }
}

void truncate(Core& c, unsigned first) {
  if (first >= c.window.size()) return;
  c.window.truncate(first);
  c.waiting = false;
}

void retire(Core& c, unsigned n) {
  if (n == 0) return;
  for (unsigned i = 0; i < n; ++i) {
    write_results(c, c.window[i]);
    update_monitor(c, c.window[i]);
    c.ineffective_ic |= c.window[i].uop->kind == UopKind::CacheOp && c.window[i].inert;
    if (c.window[i].last) ++c.retired;
  }
  c.window.drop_front(n);
  for (Entry& e : c.window) {
    for (unsigned k = 0; k < e.uop->n_src; ++k) e.producer[k] = shifted(e.producer[k], n, kFromRegisterFile);
    e.partner = shifted(e.partner, n, kMonitorSlot);
    e.guess = n >= 64 ? 0 : e.guess >> n;
    e.guess_addr = n >= 64 ? 0 : e.guess_addr >> n;
    e.guess_cond = n >= 64 ? 0 : e.guess_cond >> n;
  }
  for (unsigned i : each_one(c.window.reads())) {
    Entry& e = c.window[i];
    if (!takes_from_stores(e)) continue;
    for (unsigned b = 0; b < e.uop->mem.size; ++b) e.source[b] = shifted(e.source[b], n, kFromMemory);
  }
}

}  // namespace isobar::model
