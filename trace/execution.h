// One finished execution as data: what each core executed in program order and where values came from.
//
// The input of the judge (axiomatic/), of graphs and of reports, whichever driver ran. Knows nothing of windows or
// rules: dependencies are derived from the instruction words by whoever needs them.
#pragma once

#include <string>
#include <vector>

#include "support/types.h"

namespace isobar::trace {

/// A write's identity: its index in Execution::writes; kInitialWrite is the initial contents of memory.
inline constexpr i32 kInitialWrite = -1;

/// An explicit memory access (or fetch) of one micro-op.
struct AccessRecord {
  enum class Kind : u8 { Read, Write, CleanData, InvalidateInstruction } kind = Kind::Read;
  u8 uop = 0;            ///< micro-op of its instruction
  u8 size = 0;           ///< bytes; 0 for cache maintenance
  u64 addr = 0;
  Value value;           ///< read or written
  std::vector<i32> source;  ///< Read, per byte: the write it was taken from
  i32 write = kInitialWrite;///< Write: its index in Execution::writes
};

/// One instruction that was executed (not speculated and discarded).
struct InstructionRecord {
  u64 pc = 0;
  u32 word = 0;
  i32 word_source = kInitialWrite;  ///< the write its word was fetched from
  u8 el = 0;
  bool tso = false;       ///< under ACTLR_EL1.TSO
  bool exception = false; ///< ended in an exception (or an interrupt was taken before it: then word is 0)
  u8 choice = 0;          ///< STXR: 1 = success; CAS: see model; picks: 1 = first arm
  std::vector<AccessRecord> access;
};

/// A write in the order in which writes reached memory: restricted to a location this is coherence order.
struct WriteRecord {
  u8 core = 0;
  u32 instruction = 0;  ///< index into Execution::core[core]
  u8 access = 0;        ///< index into InstructionRecord::access
};

struct Execution {
  std::vector<std::vector<InstructionRecord>> core;  ///< program order
  std::vector<WriteRecord> writes;
  bool complete = true;  ///< false: a partial run (interrupted); unfinished instructions are missing
};

}  // namespace isobar::trace
