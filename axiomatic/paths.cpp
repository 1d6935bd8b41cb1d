#include "axiomatic/paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::axiomatic {
namespace {

using isa::Reg;
using isa::Uop;
using isa::UopKind;
using trace::AccessRecord;
using trace::InstructionRecord;

/// A thread half-way: a plain value that is copied at every choice.
struct State {
  u64 pc = 0, next = 0;
  std::array<Value, isa::kNumRegs> reg{};
  std::vector<InstructionRecord> done;
  unsigned uop = 0;                                ///< next micro-op of the current instruction
  std::array<Value, isa::kMaxUops> result{};       ///< U0 to U8
  std::vector<std::pair<Reg, Value>> pending;      ///< register writes of the current instruction
  Value raw;                                       ///< bytes of its read
  std::array<Value, 2> loaded{};
  bool stored = false;
  std::optional<std::pair<u64, unsigned>> reserved;  ///< address and size of the last load-exclusive
};

class PathWalk {
 public:
  PathWalk(const CandidateProgram& p, const CandidateProgram::Thread& t, const Domain& d, const CandidateOptions& o)
      : program_(p), thread_(t), domain_(d), options_(o) {}

  PathResult run() {
    State s;
    s.pc = thread_.pc;
    for (const auto& [reg, value] : thread_.registers) s.reg[index(banked(reg))] = value;
    explore(std::move(s));
    return std::move(out_);
  }

 private:
  /// True if nothing more is to be explored; says so in the result if that leaves paths out.
  bool given_up() {
    if (out_.path.size() >= options_.max_paths) out_.truncated = fmt::format("more than {} paths", options_.max_paths);
    return !out_.unsupported.empty() || out_.path.size() >= options_.max_paths;
  }

  void explore(State s) {
    while (!given_up()) {
      if (std::find(program_.stop.begin(), program_.stop.end(), s.pc) != program_.stop.end()) return finish(s);
      if (s.done.size() >= options_.max_instructions) {
        out_.truncated = fmt::format("a path of more than {} instructions", options_.max_instructions);
        return;
      }
      if (domain_.written(s.pc, 4)) {
        for (const Value& v : domain_.values(s.pc, 4)) {
          State next = s;
          fetch(next, static_cast<u32>(v.lo));
          fork(std::move(next));
        }
        return;
      }
      u32 word = 0;
      for (unsigned b = 0; b < 4; ++b) word |= u32{domain_.initial(s.pc + b)} << (8 * b);
      fetch(s, word);
      if (!instruction(s)) return;
    }
  }

  void fetch(State& s, u32 word) const {
    InstructionRecord i;
    i.pc = s.pc;
    i.word = word;
    i.word_source = domain_.written(s.pc, 4) ? trace::kUnknownWrite : trace::kInitialWrite;
    i.el = thread_.el;
    i.tso = thread_.tso;
    s.done.push_back(std::move(i));
    s.next = s.pc + 4;
    s.uop = 0;
    s.pending.clear();
    s.stored = false;
  }

  void finish(const State& s) {
    Path p;
    p.instruction = s.done;
    for (unsigned r = 0; r < index(Reg::FirstSystem); ++r) {
      const Reg reg = static_cast<Reg>(r);
      if (reg == Reg::XZR || reg == Reg::SP || isa::is_uop_result(reg)) continue;
      p.final_registers.emplace_back(reg, s.reg[r]);
    }
    out_.path.push_back(std::move(p));
  }

  /// The rest of the current instruction. False if the walk goes on in copies of `s`, or ends.
  bool instruction(State& s) {
    const isa::Instruction& d = isa::decode_cached(s.done.back().word);
    while (s.uop < d.count) {
      const unsigned k = s.uop++;
      if (!micro_op(s, d, k)) return false;
    }
    for (const auto& [reg, value] : s.pending) {
      if (reg != Reg::XZR) s.reg[index(reg)] = value;
    }
    s.pc = s.next;
    return true;
  }
  /// Goes on with each of several copies.
  void fork(State s) {
    if (given_up() || !instruction(s)) return;
    explore(std::move(s));
  }

  static Reg banked(Reg r) { return r == Reg::SP ? Reg::SP_EL0 : r; }
  static Value input(const State& s, Reg r) {
    if (isa::is_uop_result(r)) return s.result[index(r) - index(Reg::U0)];
    r = banked(r);
    return r == Reg::XZR || index(r) >= isa::kNumRegs ? Value{} : s.reg[index(r)];
  }
  static isa::Inputs inputs(const State& s, const Uop& u) {
    isa::Inputs in{};
    for (unsigned i = 0; i < u.n_src; ++i) in[i] = input(s, u.src[i]);
    return in;
  }
  static void define(State& s, unsigned k, const Uop& u, const Value& first, const Value& second = {}) {
    s.result[k] = first;
    const Value v[2] = {first, second};
    for (unsigned d = 0; d < 2; ++d) {
      if (u.dst[d] == Reg::None) continue;
      const u64 old = isa::accumulates(u.dst[d]) ? input(s, u.dst[d]).lo : 0;
      s.pending.emplace_back(banked(u.dst[d]), Value{v[d].lo | old, v[d].hi});
    }
  }
  static void define_flags(State& s, const Uop& u, u8 flags) {
    constexpr Reg kFlag[4] = {Reg::V, Reg::C, Reg::Z, Reg::N};
    for (unsigned b = 0; b < 4; ++b) {
      if ((u.flags_out >> b & 1) != 0) s.pending.emplace_back(kFlag[b], Value{u64{flags} >> b & 1, 0});
    }
  }
  bool unsupported(const State& s) {
    out_.unsupported = fmt::format("the instruction {:08x} at {:#x}", s.done.back().word, s.pc);
    return false;
  }

  bool micro_op(State& s, const isa::Instruction& d, unsigned k) {
    const Uop& u = d.uops[k];
    const isa::Inputs in = inputs(s, u);
    switch (u.kind) {
      case UopKind::Alu: {
        const isa::AluResult r = isa::evaluate(u, in, s.pc);
        define(s, k, u, r.dst[0], r.dst[1]);
        define_flags(s, u, r.flags);
        return true;
      }
      case UopKind::Select: {
        const bool first = isa::select_condition(u, in);
        s.done.back().choice = first ? 1 : 0;
        define(s, k, u, isa::select_arm(u, in, first));
        return true;
      }
      case UopKind::Branch: {
        const isa::BranchResult r = isa::evaluate_branch(u, in, s.pc);
        s.next = r.taken ? r.target : s.pc + 4;
        return true;
      }
      case UopKind::Read: return read(s, u, in, k);
      case UopKind::Write: return write(s, d, u, in, k);
      case UopKind::Status: define(s, k, u, Value{s.stored ? u64{0} : u64{1}, 0}); return true;
      case UopKind::CasResult: define(s, k, u, s.loaded[0], s.loaded[1]); return true;
      case UopKind::Barrier:
      case UopKind::Isb:
      case UopKind::Hint: return true;
      case UopKind::ClearExclusive: s.reserved.reset(); return true;
      case UopKind::CacheOp: return maintain(s, u, in, k);
      case UopKind::SysRead:
      case UopKind::SysWrite:
      case UopKind::Exception:
      case UopKind::Eret: return unsupported(s);
    }
    return unsupported(s);
  }

  bool maintain(State& s, const Uop& u, const isa::Inputs& in, unsigned k) {
    const bool by_address = u.n_addr != 0;
    if (u.cache_op() == isa::CacheOpKind::TlbiAll || (thread_.el == 0 && !by_address)) return unsupported(s);
    AccessRecord a;
    a.kind = u.cache_op() <= isa::CacheOpKind::DcIvac ? AccessRecord::Kind::CleanData
                                                      : AccessRecord::Kind::InvalidateInstruction;
    a.uop = static_cast<u8>(k);
    a.addr = by_address ? isa::evaluate_address(u, in, s.pc) : 0;
    s.done.back().access.push_back(std::move(a));
    return true;
  }

  bool one_piece(const Uop& u, u64 addr) const {
    const bool structure = u.mem.element != 0 && u.mem.element < u.mem.size;
    return (addr & 15) + u.mem.size <= 16 && (u.mem.size < 16 || u.mem.pair) && !structure;
  }

  bool read(State& s, const Uop& u, const isa::Inputs& in, unsigned k) {
    const u64 addr = isa::evaluate_address(u, in, s.pc);
    if (!one_piece(u, addr)) return unsupported(s);
    if (u.mem.exclusive) s.reserved = {addr, u.mem.size};
    for (const Value& v : domain_.values(addr, u.mem.size)) {
      State next = s;
      AccessRecord a;
      a.uop = static_cast<u8>(k);
      a.size = u.mem.size;
      a.addr = addr;
      a.value = v;
      a.source.assign(a.size, trace::kUnknownWrite);
      next.done.back().access.push_back(std::move(a));
      next.raw = v;
      next.loaded = isa::evaluate_load(u, v);
      define(next, k, u, next.loaded[0], next.loaded[1]);
      fork(std::move(next));
    }
    return false;
  }

  static void store(State& s, const Uop& u, unsigned k, u64 addr, const Value& value) {
    AccessRecord a;
    a.kind = AccessRecord::Kind::Write;
    a.uop = static_cast<u8>(k);
    a.size = u.mem.size;
    a.addr = addr;
    for (unsigned b = 0; b < a.size; ++b) a.value.set_byte(b, value.byte(b));
    s.done.back().access.push_back(std::move(a));
    s.stored = true;
  }

  bool write(State& s, const isa::Instruction& d, const Uop& u, const isa::Inputs& in, unsigned k) {
    const u64 addr = isa::evaluate_address(u, in, s.pc);
    if (!one_piece(u, addr)) return unsupported(s);
    if (u.mem.rmw == isa::RmwOp::CompareAndSwap) return compare_and_swap(s, u, in, k, addr);
    if (u.mem.exclusive) return store_exclusive(s, u, in, k, addr);
    const bool reads = u.mem.rmw != isa::RmwOp::Plain && d.uops[0].kind == UopKind::Read;
    store(s, u, k, addr, isa::evaluate_store(u, in, reads ? s.raw : Value{}));
    return true;
  }

  bool store_exclusive(State& s, const Uop& u, const isa::Inputs& in, unsigned k, u64 addr) {
    const bool possible = s.reserved && s.reserved->first == addr && s.reserved->second == u.mem.size;
    s.reserved.reset();
    if (!possible) return true;
    State success = s;
    success.done.back().choice = 1;
    store(success, u, k, addr, isa::evaluate_store(u, in, Value{}));
    fork(std::move(success));
    fork(s);
    return false;
  }

  bool compare_and_swap(State& s, const Uop& u, const isa::Inputs& in, unsigned k, u64 addr) {
    const bool equal = isa::compare_and_swap_equal(u, in, s.raw);
    for (u8 choice : {trace::kCasEqualOld, trace::kCasEqualRead, trace::kCasUnequal, trace::kCasWriteBack}) {
      if (equal != (choice <= trace::kCasEqualRead)) continue;
      State next = s;
      next.done.back().choice = choice;
      if (equal) store(next, u, k, addr, isa::evaluate_store(u, in, s.raw));
      if (choice == trace::kCasWriteBack) store(next, u, k, addr, s.raw);
      fork(std::move(next));
    }
    return false;
  }

  const CandidateProgram& program_;
  const CandidateProgram::Thread& thread_;
  const Domain& domain_;
  const CandidateOptions& options_;
  PathResult out_;
};

struct ByValue {
  bool operator()(const Value& a, const Value& b) const { return std::tie(a.hi, a.lo) < std::tie(b.hi, b.lo); }
};

}  // namespace

bool Domain::add(const AccessRecord& w) { return writes_.emplace(w.addr, w.size, w.value.lo, w.value.hi).second; }

bool Domain::written(u64 addr, unsigned size) const {
  auto w = writes_.lower_bound({addr >= 16 ? addr - 16 : 0, 0, 0, 0});
  for (; w != writes_.end() && std::get<0>(*w) < addr + size; ++w) {
    if (std::get<0>(*w) + std::get<1>(*w) > addr) return true;
  }
  return false;
}

u8 Domain::initial(u64 byte) const {
  const auto found = program_.memory.find(byte);
  return found == program_.memory.end() ? u8{0} : found->second;
}

std::vector<Value> Domain::values(u64 addr, unsigned size) const {
  std::set<Value, ByValue> out;
  Value start;
  for (unsigned b = 0; b < size; ++b) start.set_byte(b, initial(addr + b));
  out.insert(start);
  bool mixed = false;
  for (const auto& [waddr, wsize, lo, hi] : writes_) {
    if (waddr >= addr + size || addr >= waddr + wsize) continue;
    mixed = mixed || waddr > addr || waddr + wsize < addr + size;
    Value v = start;
    for (unsigned b = 0; b < size; ++b) {
      if (addr + b - waddr < wsize) v.set_byte(b, Value{lo, hi}.byte(static_cast<unsigned>(addr + b - waddr)));
    }
    out.insert(v);
  }
  if (!mixed) return {out.begin(), out.end()};
  std::set<Value, ByValue> all{Value{}};
  for (unsigned b = 0; b < size; ++b) {
    std::set<Value, ByValue> longer;
    for (const Value& prefix : all) {
      for (const Value& v : out) {
        Value x = prefix;
        x.set_byte(b, v.byte(b));
        longer.insert(x);
      }
    }
    all = std::move(longer);
  }
  return {all.begin(), all.end()};
}

PathResult paths(const CandidateProgram& program, unsigned thread, const Domain& domain, const CandidateOptions& options) {
  return PathWalk(program, program.thread[thread], domain, options).run();
}

}  // namespace isobar::axiomatic
