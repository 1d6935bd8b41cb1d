// Paths of one thread when its reads may return any of given values. Owns: sequential execution by values.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "axiomatic/candidates.h"

namespace isobar::axiomatic {

/// What memory may hold: the initial contents and everything that some path writes.
class Domain {
 public:
  explicit Domain(const CandidateProgram& p) : program_(p) {}
  /// True if this write is new.
  bool add(const trace::AccessRecord& write);
  /// Every value that a read may return. If each write that overlaps it covers it, those writes' values and the initial
  /// one; otherwise every mixture of bytes.
  std::vector<Value> values(u64 addr, unsigned size) const;
  u8 initial(u64 byte) const;
  /// Does some write overlap [addr, addr + size)?
  bool written(u64 addr, unsigned size) const;

 private:
  const CandidateProgram& program_;
  std::set<std::tuple<u64, u8, u64, u64>> writes_;  ///< address, size, value
};

/// One way through a thread; sources are trace::kUnknownWrite, writes are not numbered.
struct Path {
  std::vector<trace::InstructionRecord> instruction;
  std::vector<std::pair<isa::Reg, Value>> final_registers;
};

struct PathResult {
  std::vector<Path> path;
  std::string unsupported;  ///< what the enumeration cannot do, in words; empty if nothing
  std::string truncated;    ///< the limit that was hit; empty if none
};

PathResult paths(const CandidateProgram& program, unsigned thread, const Domain& domain, const CandidateOptions& options);

}  // namespace isobar::axiomatic
