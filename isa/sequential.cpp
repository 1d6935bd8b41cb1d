#include "isa/sequential.h"

#include "isa/alu_op.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"
#include "support/bits.h"

namespace isobar::isa {

namespace {

unsigned stack_pointer(const ArchState& s) {
  return s.el != 0 && s.sp_sel ? 1 : 0;
}

u8 flag_mask(Reg r) {
  switch (r) {
    case Reg::N: return kFlagN;
    case Reg::Z: return kFlagZ;
    case Reg::C: return kFlagC;
    default: return kFlagV;
  }
}

/// One instruction: register results are collected and take effect together when nothing has faulted.
class Execution {
 public:
  Execution(ArchState& state, MemoryInterface& memory, const Instruction& instruction)
      : s_(state), memory_(memory), instruction_(instruction), next_(state.pc + 4) {}

  StepResult run() {
    for (unsigned i = 0; i < instruction_.count && proceeding(); ++i) {
      gather(instruction_.uops[i]);
      execute(instruction_.uops[i], i);
    }
    if (proceeding()) commit();
    return result_;
  }

 private:
  struct RegisterWrite {
    Reg reg;
    Value value;
  };

  bool proceeding() const {
    return result_.kind != StepResult::Kind::Exception && result_.kind != StepResult::Kind::Fault;
  }

  void gather(const Uop& u) {
    for (unsigned i = 0; i < u.n_src; ++i) {
      in_[i] = is_uop_result(u.src[i]) ? results_[index(u.src[i]) - index(Reg::U0)][0] : s_.get(u.src[i]);
    }
  }

  void assign(Reg r, const Value& value) {
    if (r != Reg::None) writes_[n_writes_++] = {r, value};
  }

  void finish(const Uop& u, unsigned position, const std::array<Value, 2>& values) {
    results_[position] = values;
    assign(u.dst[0], values[0]);
    assign(u.dst[1], accumulates(u.dst[1]) ? Value{s_.get(u.dst[1]).lo | values[1].lo, 0} : values[1]);
  }

  void fault(FaultKind kind, u64 address) {
    result_.kind = StepResult::Kind::Fault;
    result_.fault = kind;
    result_.address = address;
  }

  void raise(ExceptionOp op, u64 immediate) {
    result_.kind = StepResult::Kind::Exception;
    result_.exception = op;
    result_.immediate = immediate;
  }

  bool aligned(const Uop& u, u64 address) {
    const MemoryAttributes& m = u.mem;
    const bool whole = (!m.exclusive && !m.pair) || is_aligned(address, m.size);
    const bool ordered = m.atomic || m.acquire || m.acquire_pc || m.release;
    if (whole && (!ordered || (address & 15) + m.size <= 16)) return true;
    fault(FaultKind::Alignment, address);
    return false;
  }

  void read(const Uop& u, unsigned position) {
    const u64 address = evaluate_address(u, in_, s_.pc);
    if (!aligned(u, address)) return;
    if (!memory_.read(u, address, raw_)) return fault(FaultKind::Read, address);
    if (u.mem.exclusive) monitor_ = {true, address, u.mem.size};
    finish(u, position, evaluate_load(u, raw_));
    read_results_ = results_[position];
  }

  void write(const Uop& u) {
    const u64 address = evaluate_address(u, in_, s_.pc);
    if (!aligned(u, address)) return;
    success_ = true;
    if (u.mem.exclusive) {
      success_ = monitor_.armed && monitor_.address == address && monitor_.size == u.mem.size;
      monitor_ = {};
    } else if (u.mem.rmw == RmwOp::CompareAndSwap) {
      success_ = compare_and_swap_equal(u, in_, raw_);
    }
    if (success_ && !memory_.write(u, address, evaluate_store(u, in_, raw_)))
      fault(FaultKind::Write, address);
  }

  void system_read(const Uop& u, unsigned position) {
    if (find_system_register(u.sys)->min_read_el > s_.el)
      return raise(ExceptionOp::Undefined, instruction_.word);
    finish(u, position, {s_.get(u.sys), Value{}});
  }

  void system_write(const Uop& u) {
    if (find_system_register(u.sys)->min_write_el > s_.el)
      return raise(ExceptionOp::Undefined, instruction_.word);
    if (u.n_src != 0) return assign(u.sys, in_[0]);
    // PSTATE fields; DAIF is in bits 9:6 of its register, SPSel in bit 0.
    const u64 old = s_.get(u.sys).lo;
    const u64 bits_named = u.sys == Reg::DAIF ? u.imm << 6 : u.imm;
    assign(u.sys, {u.imm2 == 0 ? bits_named : u.imm2 == 1 ? old | bits_named : old & ~bits_named, 0});
  }

  void exception_return() {
    if (s_.el == 0) return raise(ExceptionOp::Undefined, instruction_.word);
    result_.kind = StepResult::Kind::ExceptionReturn;
    next_ = in_[0].lo;
    nzcv_ = static_cast<u8>(bits(in_[1].lo, 31, 28));
    monitor_ = {};
  }

  void execute(const Uop& u, unsigned position) {
    switch (u.kind) {
      case UopKind::Alu:
      case UopKind::Select: {
        const AluResult r = evaluate(u, in_, s_.pc);
        finish(u, position, r.dst);
        nzcv_ = static_cast<u8>((nzcv_ & ~u.flags_out) | (r.flags & u.flags_out));
        return;
      }
      case UopKind::Branch: {
        const BranchResult r = evaluate_branch(u, in_, s_.pc);
        if (r.taken) next_ = r.target;
        return;
      }
      case UopKind::Read: return read(u, position);
      case UopKind::Write: return write(u);
      case UopKind::Status: return finish(u, position, {Value{success_ ? 0u : 1u, 0}, Value{}});
      case UopKind::CasResult:
        return finish(u, position, evaluate_cas_result(u, in_, success_, read_results_));
      case UopKind::CacheOp: {
        const u64 address = u.n_addr != 0 ? evaluate_address(u, in_, s_.pc) : 0;
        if (!memory_.maintain(u.cache_op(), address)) fault(FaultKind::Maintenance, address);
        return;
      }
      case UopKind::SysRead: return system_read(u, position);
      case UopKind::SysWrite: return system_write(u);
      case UopKind::Exception: return raise(u.exception_op(), u.imm);
      case UopKind::Eret: return exception_return();
      case UopKind::Hint:
        result_.hint = u.hint_op();
        if (u.hint_op() != HintOp::Nop && u.hint_op() != HintOp::Other) result_.kind = StepResult::Kind::Hint;
        return;
      case UopKind::ClearExclusive: monitor_ = {}; return;
      case UopKind::Barrier:
      case UopKind::Isb: return;
    }
  }

  void commit() {
    for (unsigned i = 0; i < n_writes_; ++i) s_.set(writes_[i].reg, writes_[i].value);
    s_.nzcv = nzcv_;
    s_.monitor = monitor_;
    s_.pc = next_;
  }

  ArchState& s_;
  MemoryInterface& memory_;
  const Instruction& instruction_;
  StepResult result_;
  u64 next_;
  u8 nzcv_ = s_.nzcv;
  ExclusiveMonitor monitor_ = s_.monitor;
  Inputs in_{};
  std::array<std::array<Value, 2>, kMaxUops> results_{};
  std::array<Value, 2> read_results_{};
  Value raw_;             ///< bytes that the read of this instruction returned
  bool success_ = false;  ///< of the store-exclusive or compare-and-swap of this instruction
  std::array<RegisterWrite, 2 * kMaxUops> writes_{};
  unsigned n_writes_ = 0;
};

}  // namespace

Value ArchState::get(Reg r) const {
  if (index(r) <= index(Reg::X30)) return {x[index(r)], 0};
  if (is_vector(r)) return v[index(r) - index(Reg::V0)];
  switch (r) {
    case Reg::SP: return {sp[stack_pointer(*this)], 0};
    case Reg::SP_EL0: return {sp[0], 0};
    case Reg::SP_EL1: return {sp[1], 0};
    case Reg::N:
    case Reg::Z:
    case Reg::C:
    case Reg::V: return {(nzcv & flag_mask(r)) != 0 ? 1u : 0u, 0};
    case Reg::NZCV: return {u64{nzcv} << 28, 0};
    case Reg::SPSel: return {sp_sel ? 1u : 0u, 0};
    case Reg::CurrentEL: return {u64{el} << 2, 0};
    default: return {is_system(r) ? system[index(r) - index(Reg::FirstSystem)] : 0, 0};
  }
}

void ArchState::set(Reg r, const Value& value) {
  if (index(r) <= index(Reg::X30)) {
    x[index(r)] = value.lo;
    return;
  }
  if (is_vector(r)) {
    v[index(r) - index(Reg::V0)] = value;
    return;
  }
  switch (r) {
    case Reg::SP: sp[stack_pointer(*this)] = value.lo; break;
    case Reg::SP_EL0: sp[0] = value.lo; break;
    case Reg::SP_EL1: sp[1] = value.lo; break;
    case Reg::N:
    case Reg::Z:
    case Reg::C:
    case Reg::V: nzcv = static_cast<u8>(value.lo != 0 ? nzcv | flag_mask(r) : nzcv & ~flag_mask(r)); break;
    case Reg::NZCV: nzcv = static_cast<u8>(bits(value.lo, 31, 28)); break;
    case Reg::SPSel: sp_sel = bit(value.lo, 0) != 0; break;
    case Reg::CurrentEL: el = static_cast<u8>(bits(value.lo, 3, 2)); break;
    default:
      if (is_system(r)) system[index(r) - index(Reg::FirstSystem)] = value.lo;
  }
}

bool MemoryInterface::maintain(CacheOpKind, u64) {
  return true;
}

StepResult step(ArchState& state, MemoryInterface& memory) {
  StepResult refused;
  refused.kind = StepResult::Kind::Fault;
  refused.address = state.pc;
  refused.fault = FaultKind::PcAlignment;
  if (!is_aligned(state.pc, 4)) return refused;
  u32 word = 0;
  refused.fault = FaultKind::Fetch;
  if (!memory.fetch(state.pc, word)) return refused;
  return execute(state, memory, decode_cached(word));
}

StepResult execute(ArchState& state, MemoryInterface& memory, const Instruction& instruction) {
  return Execution(state, memory, instruction).run();
}

}  // namespace isobar::isa
