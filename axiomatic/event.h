// Events of an execution: what the axioms speak of.
//
// Owns: the vocabulary shared by the files of this folder. Must not know: the model, clauses. Events are numbered core
// by core in program order, so on one core "a is po-before b" is a < b.
#pragma once

#include <array>
#include <vector>

#include "isa/uop.h"
#include "support/types.h"

namespace isobar::axiomatic {

using EventId = u32;
inline constexpr EventId kNoEvent = ~EventId{0};

/// A vertex of the data flow through registers (Flow); kNoFlow: constants, and registers nobody wrote.
using FlowId = u32;
inline constexpr FlowId kNoFlow = ~FlowId{0};

struct Event {
  enum class Kind : u8 {
    Read,        ///< explicit load: R
    Write,       ///< explicit store: W
    Fetch,       ///< of an instruction word that somebody writes: F
    CleanData,   ///< DC CVAU and its kind
    InvalidateInstruction,  ///< IC
    Barrier,     ///< DMB, DSB
    ContextSync, ///< ISB, exception entry and return
    Branch,      ///< conditional or indirect
  } kind = Kind::Read;
  u8 core = 0;
  u8 access = 0;         ///< memory accesses and maintenance: index into InstructionRecord::access
  u8 size = 0;
  u32 instruction = 0;   ///< index into Execution::core[core]
  u32 word = 0;
  u64 pc = 0;
  u64 addr = 0;
  Value value;
  bool acquire = false, acquire_pc = false, release = false, no_ret = false;
  bool amo = false;         ///< read or write of a single-instruction read-modify-write
  bool computes = false;    ///< Write: its value is made from what its partner read (LDADD, a CAS that writes back)
  bool store_exclusive = false;  ///< Write of STXR
  bool tso = false;
  isa::BarrierOp barrier = isa::BarrierOp::DmbFull;
  EventId partner = kNoEvent;  ///< the other half of rmw
  i32 write = -1;              ///< Write: index into Execution::writes
  std::array<i32, 16> source{};  ///< Read and Fetch, per byte: Execution::writes index, or trace::kInitialWrite, kUnknownWrite
  isa::CacheOpKind cache_op = isa::CacheOpKind::DcCvau;  ///< CleanData, InvalidateInstruction

  FlowId address = kNoFlow;    ///< what feeds the address
  FlowId data = kNoFlow;       ///< what feeds the stored data; Branch: the condition or target
  FlowId condition = kNoFlow;  ///< what decides whether a write happens (CAS, STXR): a pick

  bool is_memory() const { return kind == Kind::Read || kind == Kind::Write; }
  bool is_read() const { return kind == Kind::Read; }
  bool is_write() const { return kind == Kind::Write; }
  bool is_maintenance() const { return kind == Kind::CleanData || kind == Kind::InvalidateInstruction; }
};

/// What one register holds after one instruction, seen as data flow. `needs`: the value depends on these
/// syntactically. `picked_by`: these only decide which operand it is (CSEL, CAS, STXR), which hardware predicts.
struct Flow {
  EventId read = kNoEvent;  ///< the value is what this read returned
  std::vector<FlowId> needs;
  std::vector<FlowId> picked_by;
};

}  // namespace isobar::axiomatic
