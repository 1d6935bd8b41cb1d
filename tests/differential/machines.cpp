#include "tests/differential/machines.h"

#include <cstring>

#include "support/diagnostic.h"

namespace isobar::differential {

namespace {

/// Exception numbers of QEMU's Arm target.
enum : u32 { kQemuUndefined = 1, kQemuSvc = 2, kQemuBreakpoint = 7, kQemuSmc = 13 };

bool inside(u64 address, u64 size) {
  return address >= kData && address <= kData + kDataSize - size;
}

Ending ending_of(const isa::StepResult& r) {
  using Kind = isa::StepResult::Kind;
  if (r.kind == Kind::Fault) {
    if (r.fault == isa::FaultKind::Read) return Ending::ReadFault;
    return r.fault == isa::FaultKind::Write ? Ending::WriteFault : Ending::Other;
  }
  if (r.kind != Kind::Exception) return Ending::Completed;
  switch (r.exception) {
    case isa::ExceptionOp::Svc: return Ending::Svc;
    case isa::ExceptionOp::Smc: return Ending::Smc;
    case isa::ExceptionOp::Brk: return Ending::Brk;
    // With halting debug disabled HLT is UNDEFINED (Arm ARM C6.2, HLT).
    case isa::ExceptionOp::Hlt:
    case isa::ExceptionOp::Undefined: return Ending::Undefined;
    default: return Ending::Other;
  }
}

}  // namespace

void check(uc_err e, const char* what) {
  if (e != UC_ERR_OK) throw InternalError(std::string(what) + ": " + uc_strerror(e));
}

const char* name(Ending e) {
  constexpr const char* kNames[] = {"completed", "SVC",        "SMC",         "BRK",
                                    "undefined", "read fault", "write fault", "other"};
  return kNames[static_cast<unsigned>(e)];
}

Ending Ours::run(u32 word, isa::ArchState& state) {
  word_ = word;
  const Ending e = ending_of(isa::step(state, *this));
  // The preferred return address, which is what Unicorn leaves in the PC.
  if (e == Ending::Svc || e == Ending::Smc) state.pc += 4;
  return e;
}

bool Ours::fetch(u64, u32& word) {
  word = word_;
  return true;
}

bool Ours::read(const isa::Uop& u, u64 address, Value& value) {
  if (!inside(address, u.mem.size)) return false;
  value = {};
  for (unsigned i = 0; i < u.mem.size; ++i) value.set_byte(i, data[address - kData + i]);
  return true;
}

bool Ours::write(const isa::Uop& u, u64 address, const Value& value) {
  if (!inside(address, u.mem.size)) return false;
  for (unsigned i = 0; i < u.mem.size; ++i) data[address - kData + i] = value.byte(i);
  return true;
}

UnicornRegisters::UnicornRegisters() {
  for (int i = 0; i < 29; ++i) registers_.push_back(UC_ARM64_REG_X0 + i);
  registers_.insert(registers_.end(), {UC_ARM64_REG_X29, UC_ARM64_REG_X30, UC_ARM64_REG_SP, UC_ARM64_REG_PC,
                                       UC_ARM64_REG_NZCV, UC_ARM64_REG_TPIDR_EL0, UC_ARM64_REG_TPIDRRO_EL0,
                                       UC_ARM64_REG_TPIDR_EL1, UC_ARM64_REG_FPCR, UC_ARM64_REG_FPSR});
  for (int i = 0; i < 32; ++i) registers_.push_back(UC_ARM64_REG_Q0 + i);
  values_.resize(registers_.size());
  for (auto& v : values_) pointers_.push_back(v.data());
}

void UnicornRegisters::write(uc_engine* engine, const isa::ArchState& s) {
  std::size_t at = 0;
  const auto put = [&](u64 lo, u64 hi = 0) { values_[at++] = {lo, hi}; };
  for (const u64 x : s.x) put(x);
  put(s.sp[1]);
  put(s.pc);
  put(u64{s.nzcv} << 28);
  for (const isa::Reg r : kComparedSystemRegisters) put(s.get(r).lo);
  for (const Value& v : s.v) put(v.lo, v.hi);
  check(uc_reg_write_batch(engine, registers_.data(), pointers_.data(), static_cast<int>(registers_.size())),
        "write");
}

void UnicornRegisters::read(uc_engine* engine, isa::ArchState& s) {
  check(uc_reg_read_batch(engine, registers_.data(), pointers_.data(), static_cast<int>(registers_.size())), "read");
  std::size_t at = 0;
  for (u64& x : s.x) x = values_[at++][0];
  s.sp[1] = values_[at++][0];
  s.pc = values_[at++][0];
  s.nzcv = static_cast<u8>(values_[at++][0] >> 28 & 15);
  for (const isa::Reg r : kComparedSystemRegisters) s.set(r, {values_[at++][0], 0});
  for (Value& v : s.v) {
    v = {values_[at][0], values_[at][1]};
    ++at;
  }
}

Theirs::Theirs() {
  check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine_), "uc_open");
  check(uc_ctl_set_cpu_model(engine_, UC_CPU_ARM64_MAX), "cpu model");
  check(uc_mem_map_ptr(engine_, kCode, kCodeSize, UC_PROT_ALL, memory_->code.data()), "map code");
  check(uc_mem_map_ptr(engine_, kData, kDataSize, UC_PROT_ALL, memory_->data.data()), "map data");
  check(uc_hook_add(engine_, &hook_, UC_HOOK_INTR, reinterpret_cast<void*>(on_interrupt), this, 1, 0),
        "hook");
}

Theirs::~Theirs() {
  uc_close(engine_);
}

void Theirs::on_interrupt(uc_engine* engine, u32 number, void* self) {
  static_cast<Theirs*>(self)->interrupt_ = number;
  uc_emu_stop(engine);
}

u64 Theirs::next_place() {
  if (next_ == kCode + kCodeSize) {
    // Otherwise Unicorn would execute what it translated the last time round.
    check(uc_ctl_flush_tlb(engine_), "flush translations");
    next_ = kCode;
  }
  const u64 place = next_;
  next_ += 4;
  return place;
}

Ending Theirs::run(u32 word, isa::ArchState& state) {
  const u64 pc = state.pc;
  std::memcpy(&memory_->code[pc - kCode], &word, 4);
  registers_.write(engine_, state);
  interrupt_ = -1;
  const uc_err e = uc_emu_start(engine_, pc, pc + 4, 0, 1);
  registers_.read(engine_, state);
  // After a branch Unicorn translates what is at its target now, which is not what will be executed there
  // later.
  if (state.pc != pc + 4 && state.pc - kCode < kCodeSize) {
    check(uc_ctl_remove_cache(engine_, state.pc, state.pc + 4), "remove cache");
  }
  switch (interrupt_) {
    case -1: break;
    case kQemuUndefined: return Ending::Undefined;
    case kQemuSvc: return Ending::Svc;
    case kQemuSmc: return Ending::Smc;
    case kQemuBreakpoint: return Ending::Brk;
    default: return Ending::Other;
  }
  switch (e) {
    case UC_ERR_OK: return Ending::Completed;
    case UC_ERR_READ_UNMAPPED: return Ending::ReadFault;
    case UC_ERR_WRITE_UNMAPPED: return Ending::WriteFault;
    // A taken branch to a place without code: the branch itself has completed.
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT: return state.pc != pc ? Ending::Completed : Ending::Other;
    default: return Ending::Other;
  }
}

}  // namespace isobar::differential
