#include "axiomatic/values.h"

#include <array>
#include <map>

#include "axiomatic/code_versions.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::axiomatic {
namespace {

using isa::Reg;
using isa::Uop;
using isa::UopKind;
using trace::AccessRecord;
using trace::InstructionRecord;

/// Registers of one core as far as they are known.
class Registers {
 public:
  explicit Registers(const std::vector<std::pair<Reg, Value>>* initial) {
    if (initial == nullptr) return;
    for (unsigned r = 0; r < index(Reg::FirstSystem); ++r) value_[r] = Value{};
    value_[index(Reg::SP_EL0)] = Value{};
    for (const auto& [reg, value] : *initial) set(reg, value);
  }
  std::optional<Value> get(Reg r) const {
    if (r == Reg::XZR) return Value{};
    return index(r) < isa::kNumRegs ? value_[index(r)] : std::nullopt;
  }
  void set(Reg r, const std::optional<Value>& v) {
    if (r != Reg::XZR && index(r) < isa::kNumRegs) value_[index(r)] = v;
  }

 private:
  std::array<std::optional<Value>, isa::kNumRegs> value_;
};

Reg banked(Reg r, const InstructionRecord& i) {
  if (r != Reg::SP) return r;
  return i.el != 0 && i.sp_sel ? Reg::SP_EL1 : Reg::SP_EL0;
}

/// System registers that hold what software wrote, with no other effect on reads.
bool is_plain_storage(Reg r) {
  return r == Reg::TPIDR_EL0 || r == Reg::TPIDRRO_EL0 || r == Reg::TPIDR_EL1 || r == Reg::SP_EL0 ||
         r == Reg::CONTEXTIDR_EL1 || r == Reg::VBAR_EL1;
}

/// The sequential reading of one core.
class Replay {
 public:
  Replay(const std::vector<InstructionRecord>& code, const std::vector<std::pair<Reg, Value>>* initial, bool complete)
      : code_(code), registers_(initial), complete_(complete) {}

  void run(std::vector<Resolved>& resolved) {
    for (at_ = 0; at_ < code_.size() && fault_.empty(); ++at_) {
      const InstructionRecord& i = code_[at_];
      if (next_pc_ && *next_pc_ != i.pc) fail("is at " + hex(i.pc) + ", but execution continues at " + hex(*next_pc_));
      resolved.push_back(step(i));
    }
  }
  void check_final(const std::vector<std::pair<Reg, Value>>& final) {
    for (const auto& [reg, value] : final) {
      const std::optional<Value> v = registers_.get(reg);
      if (fault_.empty() && v && *v != value && !isa::is_system(reg)) {
        fail(std::string(isa::name(reg)) + " ends as " + trace::hex(value, 16) + ", but its computation gives " +
             trace::hex(*v, 16));
      }
    }
  }
  const std::string& fault() const { return fault_; }
  u32 where() const { return static_cast<u32>(fault_at_); }

 private:
  static std::string hex(u64 v) { return trace::hex(Value{v, 0}, 8); }
  void fail(const std::string& text) {
    if (!fault_.empty()) return;
    fault_ = text;
    fault_at_ = at_ < code_.size() ? at_ : code_.size() - 1;
  }

  Resolved step(const InstructionRecord& i) {
    Resolved out{i.choice == 1, i.choice, false};
    if (i.exception) {
      enter_exception();
      return out;
    }
    const isa::Instruction& d = isa::decode_cached(i.word);
    result_.fill(std::nullopt);
    raw_.reset();
    loaded_ = {};
    pending_.clear();
    next_pc_ = i.pc + 4;
    for (unsigned k = 0; k < d.count && fault_.empty(); ++k) micro_op(i, d, k, out);
    for (const auto& [reg, value] : pending_) registers_.set(reg, value);
    return out;
  }

  void enter_exception() {
    next_pc_.reset();
    for (Reg r : {Reg::ELR_EL1, Reg::SPSR_EL1, Reg::ESR_EL1, Reg::FAR_EL1}) registers_.set(r, std::nullopt);
  }

  std::optional<Value> input(const InstructionRecord& i, Reg r) const {
    if (isa::is_uop_result(r)) return result_[index(r) - index(Reg::U0)];
    return registers_.get(banked(r, i));
  }
  /// Inputs [first, last) of `u`; false if one is not known.
  bool inputs(const InstructionRecord& i, const Uop& u, unsigned first, unsigned last, isa::Inputs& in) const {
    for (unsigned s = first; s < last; ++s) {
      const std::optional<Value> v = input(i, u.src[s]);
      if (!v) return false;
      in[s] = *v;
    }
    return true;
  }
  void define(const InstructionRecord& i, unsigned k, const Uop& u, const std::array<std::optional<Value>, 2>& v) {
    result_[k] = v[0];
    for (unsigned d = 0; d < 2; ++d) {
      if (u.dst[d] == Reg::None) continue;
      std::optional<Value> value = v[d];
      if (isa::accumulates(u.dst[d])) {
        const std::optional<Value> old = registers_.get(u.dst[d]);
        value = old && value ? std::optional<Value>(Value{old->lo | value->lo, 0}) : std::nullopt;
      }
      pending_.emplace_back(banked(u.dst[d], i), value);
    }
  }
  void define_flags(const Uop& u, std::optional<u8> flags) {
    constexpr Reg kFlag[4] = {Reg::V, Reg::C, Reg::Z, Reg::N};
    for (unsigned b = 0; b < 4; ++b) {
      if ((u.flags_out >> b & 1) == 0) continue;
      pending_.emplace_back(kFlag[b], flags ? std::optional<Value>(Value{u64{*flags} >> b & 1, 0}) : std::nullopt);
    }
  }

  void micro_op(const InstructionRecord& i, const isa::Instruction& d, unsigned k, Resolved& out) {
    const Uop& u = d.uops[k];
    switch (u.kind) {
      case UopKind::Alu: return alu(i, u, k);
      case UopKind::Select: return select(i, u, k, out);
      case UopKind::Branch: return branch(i, u);
      case UopKind::Read: return read(i, u, k);
      case UopKind::Write: return write(i, d, u, k, out);
      case UopKind::Status: return define(i, k, u, {Value{out.stored ? u64{0} : u64{1}, 0}, std::nullopt});
      case UopKind::CasResult: return define(i, k, u, loaded_);
      case UopKind::SysRead:
        return define(i, k, u, {is_plain_storage(u.sys) ? registers_.get(u.sys) : std::nullopt, std::nullopt});
      case UopKind::SysWrite:
        if (u.n_src > 0) pending_.emplace_back(u.sys, input(i, u.src[0]));
        return;
      case UopKind::Exception:
        // The host may change what it likes when the shim calls it.
        for (unsigned r = 0; r < 8; ++r) registers_.set(isa::x_reg(r), std::nullopt);
        return;
      case UopKind::Eret:
        next_pc_.reset();
        for (Reg r : {Reg::N, Reg::Z, Reg::C, Reg::V}) registers_.set(r, std::nullopt);  // SPSR_EL1
        return;
      case UopKind::CacheOp: return check_address(i, u, k);
      case UopKind::Barrier:
      case UopKind::Isb:
      case UopKind::Hint:
      case UopKind::ClearExclusive: return;
    }
  }

  void alu(const InstructionRecord& i, const Uop& u, unsigned k) {
    isa::Inputs in{};
    if (!inputs(i, u, 0, u.n_src, in)) {
      define(i, k, u, {});
      define_flags(u, std::nullopt);
      return;
    }
    const isa::AluResult r = isa::evaluate(u, in, i.pc);
    define(i, k, u, {r.dst[0], r.dst[1]});
    define_flags(u, r.flags);
  }

  void select(const InstructionRecord& i, const Uop& u, unsigned k, Resolved& out) {
    isa::Inputs in{};
    if (inputs(i, u, 2, u.n_src, in)) out.first_arm = isa::select_condition(u, in);
    const unsigned arm = out.first_arm ? 0 : 1;
    const bool known = inputs(i, u, arm, arm + 1, in);
    define(i, k, u, {known ? std::optional<Value>(isa::select_arm(u, in, out.first_arm)) : std::nullopt, std::nullopt});
  }

  void branch(const InstructionRecord& i, const Uop& u) {
    isa::Inputs in{};
    if (!inputs(i, u, 0, u.n_src, in)) {
      next_pc_.reset();
      return;
    }
    const isa::BranchResult r = isa::evaluate_branch(u, in, i.pc);
    next_pc_ = r.taken ? r.target : i.pc + 4;
  }

  /// Bytes that micro-op `k` accessed, put together; nullopt if it made no access.
  static std::optional<Value> bytes(const InstructionRecord& i, unsigned k) {
    std::optional<Value> out;
    u64 base = ~u64{0};
    for (const AccessRecord& a : i.access) {
      if (a.uop == k) base = std::min(base, a.addr);
    }
    for (const AccessRecord& a : i.access) {
      if (a.uop != k) continue;
      if (!out) out = Value{};
      for (unsigned b = 0; b < a.size && a.addr + b - base < 16; ++b) {
        out->set_byte(static_cast<unsigned>(a.addr + b - base), a.value.byte(b));
      }
    }
    return out;
  }

  void check_address(const InstructionRecord& i, const Uop& u, unsigned k) {
    isa::Inputs in{};
    if (!inputs(i, u, 0, u.n_addr, in)) return;
    const u64 expected = isa::evaluate_address(u, in, i.pc);
    std::optional<u64> lowest;
    for (const AccessRecord& a : i.access) {
      if (a.uop == k && (!lowest || a.addr < *lowest)) lowest = a.addr;
    }
    if (lowest && u.n_addr > 0 && *lowest != expected) {
      fail("accesses " + hex(*lowest) + ", but its operands make the address " + hex(expected));
    }
  }

  void read(const InstructionRecord& i, const Uop& u, unsigned k) {
    check_address(i, u, k);
    raw_ = bytes(i, k);
    if (raw_) {
      const std::array<Value, 2> v = isa::evaluate_load(u, *raw_);
      loaded_ = {v[0], v[1]};
    } else if (complete_) {
      fail("has no record of its read");
    }
    define(i, k, u, loaded_);
  }

  void write(const InstructionRecord& i, const isa::Instruction& d, const Uop& u, unsigned k, Resolved& out) {
    check_address(i, u, k);
    const std::optional<Value> stored = bytes(i, k);
    out.stored = stored.has_value();
    const bool cas = u.mem.rmw == isa::RmwOp::CompareAndSwap;
    isa::Inputs in{};
    if (cas) {
      out.cas = cas_execution(i, u, in, stored.has_value());
    } else if (!stored && !u.mem.exclusive && complete_) {
      fail("has no record of its write");
    }
    if (!stored || !fault_.empty()) return;
    std::optional<Value> expected;
    if (cas && out.cas == trace::kCasWriteBack) {
      expected = raw_;
    } else if (inputs(i, u, u.n_addr, u.n_addr + u.n_data, in)) {
      if (reads_memory(d, u) && !raw_) return;
      expected = isa::evaluate_store(u, in, raw_.value_or(Value{}));
    }
    if (!expected) return;
    for (unsigned b = 0; b < u.mem.size; ++b) {
      if (expected->byte(b) == stored->byte(b)) continue;
      return fail("stores " + trace::hex(*stored, u.mem.size) + ", but its operands make " +
                  trace::hex(*expected, u.mem.size));
    }
  }
  static bool reads_memory(const isa::Instruction& d, const Uop& u) {
    return u.mem.rmw != isa::RmwOp::Plain && d.uops[0].kind == UopKind::Read;
  }

  u8 cas_execution(const InstructionRecord& i, const Uop& u, isa::Inputs& in, bool stored) {
    if (!raw_ || !inputs(i, u, u.n_addr + u.n_data, u.n_src, in)) return i.choice;
    const bool equal = isa::compare_and_swap_equal(u, in, *raw_);
    if (equal && !stored && complete_) fail("compares equal, but there is no record of its write");
    if (!equal) return stored ? trace::kCasWriteBack : trace::kCasUnequal;
    return i.choice == trace::kCasEqualRead ? trace::kCasEqualRead : trace::kCasEqualOld;
  }

  const std::vector<InstructionRecord>& code_;
  Registers registers_;
  bool complete_;  ///< otherwise accesses of the last instructions may be missing
  std::size_t at_ = 0, fault_at_ = 0;
  std::string fault_;
  std::optional<u64> next_pc_;
  std::array<std::optional<Value>, isa::kMaxUops> result_;        ///< U0 to U8
  std::vector<std::pair<Reg, std::optional<Value>>> pending_;     ///< written when the instruction is done
  std::optional<Value> raw_;                                      ///< bytes of the last read of this instruction
  std::array<std::optional<Value>, 2> loaded_;
};

/// The first finding about a byte read of `a`, for check_sources.
std::string wrong_byte(const trace::Execution& e, const AccessRecord& a, std::map<u64, u8>& initial) {
  for (unsigned b = 0; b < a.size; ++b) {
    const u64 byte = a.addr + b;
    const i32 source = a.source[b];
    if (source == trace::kUnknownWrite) continue;
    std::optional<u8> expected = written_byte(e, source, byte);
    if (!expected) expected = initial.emplace(byte, a.value.byte(b)).first->second;
    if (*expected == a.value.byte(b)) continue;
    return "reads " + trace::hex(Value{a.value.byte(b), 0}, 1) + " from the byte at " + trace::hex(Value{byte, 0}, 8) +
           (source == trace::kInitialWrite ? ", which initially holds " : ", but its source wrote ") +
           trace::hex(Value{*expected, 0}, 1);
  }
  return "";
}

std::optional<ValueFault> check_final_memory(const trace::Execution& e) {
  std::map<u64, std::pair<u8, i32>> last;
  for (std::size_t w = 0; w < e.writes.size(); ++w) {
    const trace::WriteRecord& r = e.writes[w];
    const AccessRecord& a = e.core[r.core][r.instruction].access[r.access];
    for (unsigned b = 0; b < a.size; ++b) last[a.addr + b] = {a.value.byte(b), static_cast<i32>(w)};
  }
  for (const auto& [byte, value] : e.final_memory) {
    const auto found = last.find(byte);
    if (found == last.end() || found->second.first == value) continue;
    const trace::WriteRecord& r = e.writes[static_cast<std::size_t>(found->second.second)];
    return ValueFault{r.core, r.instruction,
                      "writes " + trace::hex(Value{found->second.first, 0}, 1) + " to the byte at " +
                          trace::hex(Value{byte, 0}, 8) + " last of all, but memory ends with " +
                          trace::hex(Value{value, 0}, 1)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<u8> written_byte(const trace::Execution& e, i32 source, u64 byte) {
  if (source == trace::kInitialWrite) {
    const auto found = e.initial_memory.find(byte);
    return found == e.initial_memory.end() ? std::nullopt : std::optional<u8>(found->second);
  }
  const trace::WriteRecord& r = e.writes[static_cast<std::size_t>(source)];
  const AccessRecord& a = e.core[r.core][r.instruction].access[r.access];
  return a.value.byte(static_cast<unsigned>(byte - a.addr));
}

Values recompute(const trace::Execution& e) {
  Values out;
  for (std::size_t c = 0; c < e.core.size(); ++c) {
    out.resolved.emplace_back();
    Replay r(e.core[c], e.initial_registers.empty() ? nullptr : &e.initial_registers[c], e.complete);
    r.run(out.resolved.back());
    if (!e.core[c].empty() && !e.final_registers.empty()) r.check_final(e.final_registers[c]);
    if (!r.fault().empty() && !out.fault) out.fault = ValueFault{static_cast<u8>(c), r.where(), r.fault()};
    out.resolved.back().resize(e.core[c].size());
  }
  return out;
}

std::optional<ValueFault> check_sources(const trace::Execution& e) {
  std::map<u64, u8> initial;
  const CodeVersions versions(e);
  for (std::size_t c = 0; c < e.core.size(); ++c) {
    for (std::size_t i = 0; i < e.core[c].size(); ++i) {
      const InstructionRecord& r = e.core[c][i];
      const bool fetched = !(r.exception && r.word == 0) && r.word_source != trace::kUnknownWrite;
      if (fetched && !versions.writes(r.pc).empty() && !versions.matches(r.pc, r.word_source, r.word)) {
        return ValueFault{static_cast<u8>(c), static_cast<u32>(i), "is not the instruction that its source wrote"};
      }
      for (const AccessRecord& a : r.access) {
        if (a.kind != AccessRecord::Kind::Read) continue;
        std::string text = wrong_byte(e, a, initial);
        if (!text.empty()) return ValueFault{static_cast<u8>(c), static_cast<u32>(i), std::move(text)};
      }
    }
  }
  return check_final_memory(e);
}

}  // namespace isobar::axiomatic
