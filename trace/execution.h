// One finished execution as data: what each core executed in program order and where values came from.
//
// The input of the judge (axiomatic/), of graphs and of reports, whichever driver ran. Knows nothing of windows or
// rules: dependencies are derived from the instruction words by whoever needs them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "isa/register.h"
#include "support/types.h"

namespace isobar::trace {

/// A write's identity: its index in Execution::writes; kInitialWrite is the initial contents of memory.
inline constexpr i32 kInitialWrite = -1;
/// A read's byte whose write is not known (memory of somebody else answered): the judge looks for one by value.
inline constexpr i32 kUnknownWrite = -2;

/// InstructionRecord::choice of a CAS: which of the four executions the model distinguishes was taken.
enum CasChoice : u8 {
  kCasEqualOld = 0,   ///< equal; Rs keeps its old value, the value read only decided (a pick)
  kCasEqualRead = 1,  ///< equal; Rs takes the value read
  kCasUnequal = 2,    ///< unequal; no write
  kCasWriteBack = 3,  ///< unequal; the value read is written back
};

/// One single-copy-atomic explicit access, or one cache maintenance operation, of one micro-op. A micro-op whose
/// access is not single-copy atomic as a whole has one record per piece.
struct AccessRecord {
  enum class Kind : u8 { Read, Write, CleanData, InvalidateInstruction } kind = Kind::Read;
  u8 uop = 0;            ///< micro-op of its instruction
  u8 size = 0;           ///< bytes, 1 to 16; 0 for cache maintenance
  u64 addr = 0;
  Value value;           ///< read or written
  std::vector<i32> source;  ///< Read, per byte: the write it was taken from
  i32 write = kInitialWrite;///< Write: its index in Execution::writes
};

/// One instruction that was executed (not speculated and discarded).
struct InstructionRecord {
  u64 pc = 0;
  u32 word = 0;
  i32 word_source = kInitialWrite;  ///< the write its word was fetched from: the last that changed one of its bytes
  u8 el = 0;
  bool sp_sel = false;    ///< SP means SP_EL1
  bool tso = false;       ///< under ACTLR_EL1.TSO
  bool exception = false; ///< ended in an exception (or an interrupt was taken before it: then word is 0)
  u8 choice = 0;          ///< STXR: 1 = success; CAS: CasChoice; picks: 1 = first arm
  std::vector<AccessRecord> access;
};

/// A write in the order in which writes reached memory: restricted to a location this is coherence order.
struct WriteRecord {
  u8 core = 0;
  u32 instruction = 0;  ///< index into Execution::core[core]
  u8 access = 0;        ///< index into InstructionRecord::access
};

/// A DC or IC in the order in which they took effect.
struct MaintenanceRecord {
  u8 core = 0;
  u32 instruction = 0;   ///< index into Execution::core[core]
  u8 access = 0;         ///< index into InstructionRecord::access
  u32 writes_before = 0; ///< how many entries of Execution::writes had reached memory
};

struct Execution {
  std::vector<std::vector<InstructionRecord>> core;  ///< program order
  std::vector<WriteRecord> writes;
  std::vector<MaintenanceRecord> maintenance;
  bool complete = true;  ///< false: a partial run (interrupted); unfinished instructions are missing

  /// Initial contents of memory, byte by byte, where known. A byte that is not listed may have held anything.
  std::map<u64, u8> initial_memory;
  /// Registers at the start, per core; empty if unknown. If a core has an entry, registers not listed were zero.
  std::vector<std::vector<std::pair<isa::Reg, Value>>> initial_registers;
  /// Registers at the end, per core; empty if unknown. Only those listed are known.
  std::vector<std::vector<std::pair<isa::Reg, Value>>> final_registers;
  /// Final contents of memory, byte by byte, where known.
  std::map<u64, u8> final_memory;
};

/// Empty if every index and size of `e` fits the others: sources cover the bytes they feed, writes and accesses point
/// at each other. Otherwise what is wrong, in words. Everything else in Isobar may assume a well-formed execution.
std::string malformed(const Execution& e);

/// "0x1000" style text of a value of `size` bytes (1 to 16).
std::string hex(const Value& v, unsigned size);

}  // namespace isobar::trace
