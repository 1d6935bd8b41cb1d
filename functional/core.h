// One core that executes user-level code in order, as fast as an interpreter can without generating code.
//
// Owns: registers, a software TLB, the position in lowered code. Must not know: system calls, other cores. Whoever
// runs several cores over one Memory runs them one after another: between two runs everything a core did is visible
// (sequential consistency).
#pragma once

#include <array>
#include <cstddef>

#include "functional/memory.h"
#include "isa/sequential.h"

namespace isobar::functional {

/// What functions of records reach by offset. `zero` is read for XZR and never written; `discard` is written for a
/// destination that there is none of.
struct Registers {
  isa::ArchState state;
  Value zero;
  Value discard;
};

class Core;

/// Is told of what a core does to memory, before it is done (Core::watch()).
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// The instruction at `pc` is about to access memory. False: the core stops before it, as if its limit were reached.
  virtual bool access(const Core& core, const isa::Instruction& instruction, u64 pc) = 0;
  /// The core executes DMB or DSB.
  virtual void barrier(isa::BarrierOp op) = 0;
};

class Core : public isa::MemoryInterface {
 public:
  explicit Core(Memory& memory) : memory_(&memory) {}

  /// From now on `watcher` sees every access and barrier, which makes accesses slow; nullptr: nobody does.
  void watch(Watcher* watcher) {
    if (watcher == watcher_) return;
    watcher_ = watcher;
    generation_ = 0;
  }
  Watcher* watcher() const { return watcher_; }

  /// Another address space from the next run on.
  void use(Memory& memory) {
    memory_ = &memory;
    generation_ = 0;
  }

  Registers registers;
  /// Do accesses to tagged memory have to have its tag? PSTATE.TCO overrides it.
  bool checks_tags = false;
  /// Which mismatches are only noted, in `tag_mismatch_noted` (TFSRE0_EL1), while the access happens (SCTLR_EL1.TCF0).
  bool notes_reads = false, notes_writes = false;
  bool tag_mismatch_noted = false;
  /// Must SP be a multiple of 16 when it is the base of an access (SCTLR_EL1.SA0)? Then others are alignment faults with
  /// the address of SP, and `stack_misaligned` is set.
  bool checks_stack = false;
  bool stack_misaligned = false;
  /// PSTATE.BTYPE, as far as it lives longer than a branch: of a branch that its target did not allow, which run() refuses
  /// as an undefined instruction, and what a signal begins or returns with. run() checks it and clears it.
  u8 branch_type = 0;
  /// State of the generator of IRG.
  u32 tag_seed = 1;

  isa::ArchState& state() { return registers.state; }
  const isa::ArchState& state() const { return registers.state; }

  /// Executes up to `limit` instructions at EL0. Completed: the limit was reached. Otherwise as isa::step(): the
  /// instruction that raised an exception or faulted has had no effect. The exclusive monitor is kept.
  isa::StepResult run(u64 limit);
  /// Instructions executed by all runs, the last one of a run included even if it faulted.
  u64 executed() const { return executed_; }
  /// After a fault on memory: the first byte that could not be accessed.
  u64 fault_byte() const { return fault_byte_; }
  void set_fault_byte(u64 address) { fault_byte_ = address; }

  // For the functions of records.
  u64 pc_of(const Record* record) const {
    return code_->address + 4 * static_cast<u64>(record - code_->records.data());
  }
  /// The record at `pc`; if nothing can be executed there, stops with the PC there.
  const Record* enter(u64 pc);
  /// The same after an indirect branch with this BTYPE (Arm ARM C6.2, BR and BLR).
  const Record* enter_indirectly(u64 pc, u8 type);
  bool is_on_guarded_page() const { return guarded_; }
  const Record* stop(const isa::StepResult& why, u64 pc) {
    stop_ = why;
    state().pc = pc;
    return nullptr;
  }
  /// Stops before an instruction that a watcher holds back.
  const Record* hold(u64 pc) {
    held_ = true;
    return stop({}, pc);
  }
  void fetch_line(const Record* record);
  /// Takes down what kRaceFreeHint names.
  void name_race_free();
  /// Whether all accesses of an instruction have the tags of their memory; otherwise stops.
  bool tags_match(const isa::Instruction& instruction, u64 pc);
  /// Where `size` bytes are in the host's memory, if that is known and they are on one page; else nullptr.
  const u8* readable(u64 address, unsigned size) const { return reach(read_tlb_, address, size); }
  u8* writable(u64 address, unsigned size) const { return reach(write_tlb_, address, size); }

  // isa::MemoryInterface.
  bool fetch(u64 address, u32& word) override;
  bool read(const isa::Uop& u, u64 address, Value& value) override;
  bool write(const isa::Uop& u, u64 address, const Value& value) override;
  bool maintain(isa::CacheOpKind op, u64 address) override;

 private:
  struct Translation {
    u64 page = ~u64{0};
    u8* host = nullptr;
  };
  struct CodeTranslation {
    u64 page = ~u64{0};
    CodePage* code = nullptr;
    bool guarded = false;
  };
  using Tlb = std::array<Translation, 256>;

  static u8* reach(const Tlb& tlb, u64 address, unsigned size) {
    const Translation& t = tlb[address / kPageSize % std::tuple_size_v<Tlb>];
    const u64 offset = address % kPageSize;
    return t.page == address / kPageSize && offset + size <= kPageSize ? t.host + offset : nullptr;
  }
  void synchronise();
  bool may_land(u64 pc, u8 type);
  bool access_tag(u64 address, Value* read, const Value* written);
  bool refuse(u64 address, u64 done);

  Memory* memory_;
  Watcher* watcher_ = nullptr;
  bool held_ = false;
  Tlb read_tlb_, write_tlb_;
  std::array<CodeTranslation, 64> code_tlb_;
  CodePage* code_ = nullptr;
  bool guarded_ = false;  ///< the page of `code_`
  isa::StepResult stop_;
  u64 generation_ = 0;
  u64 executed_ = 0;
  u64 fault_byte_ = 0;
};

/// Where a register is in Registers. A general register that is written and does not exist is Reg::None.
u16 offset_of(isa::Reg r);

inline u8* bytes_at(Core& core, u16 offset) {
  return reinterpret_cast<u8*>(&core.registers) + offset;
}
inline u64& at(Core& core, u16 offset) {
  return *reinterpret_cast<u64*>(bytes_at(core, offset));
}
inline Value& vector_at(Core& core, u16 offset) {
  return *reinterpret_cast<Value*>(bytes_at(core, offset));
}

}  // namespace isobar::functional
