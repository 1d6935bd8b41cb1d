// Candidate executions of a small program: every way its reads could be answered and its writes be ordered.
//
// Owns: the enumeration, which knows nothing of time: the axioms alone decide which candidates are executions. The
// second route to a set of outcomes, and the way to say why an outcome does not exist. Must not know: the model.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trace/execution.h"

namespace isobar::axiomatic {

/// A program without exceptions: what each core starts with, and the memory they share.
struct CandidateProgram {
  struct Thread {
    u64 pc = 0;
    std::vector<std::pair<isa::Reg, Value>> registers;  ///< others are zero
    bool tso = false;
    u8 el = 0;
  };
  std::vector<Thread> thread;
  std::map<u64, u8> memory;  ///< initial bytes, code included; others are zero
  std::vector<u64> stop;     ///< a thread that reaches one of these addresses is done
};

struct CandidateOptions {
  unsigned max_instructions = 64;  ///< per thread; longer paths make the enumeration Undetermined
  u64 max_paths = 20'000;          ///< per thread
  u64 max_candidates = 1'000'000;
};

struct CandidateResult {
  enum class Status : u8 { Complete, Undetermined, Unsupported } status = Status::Complete;
  std::string reason;  ///< why not Complete
  u64 candidates = 0;
};

/// Calls `visit` for each combination of paths through the threads and orders of their writes, in a fixed order, with
/// every source unknown, final registers and final memory filled in. Stops when `visit` returns false.
CandidateResult for_each_candidate(const CandidateProgram& program, const CandidateOptions& options,
                                   const std::function<bool(const trace::Execution&)>& visit);

}  // namespace isobar::axiomatic
