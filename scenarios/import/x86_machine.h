// x86-TSO as a machine: a FIFO store buffer per thread, memory, and locked instructions that are one step on
// memory with an empty buffer (Sewell, Sarkar, Owens, Zappa Nardelli, Myreen, CACM 53(7), 2010).
//
// Owns: the exhaustive search of this machine. Must not know: A64, model/.
#pragma once

#include <atomic>
#include <set>

#include "scenarios/import/x86_program.h"

namespace isobar::scenarios {

struct X86SearchOptions {
  u64 max_states = 0;          ///< 0: no limit
  double timeout_seconds = 0;  ///< 0: no limit
  const std::atomic<bool>* interrupt = nullptr;
};

struct X86SearchResult {
  bool complete = true;
  std::string reason;                                          ///< why not complete
  std::map<trace::Outcome, u64, trace::OutcomeLess> outcomes;  ///< of X86Program::program, with final states
  u64 states = 0;
  u64 transitions = 0;
  double seconds = 0;
};

/// Every outcome. Throws InputError for an access outside of all locations.
X86SearchResult search_x86(const X86Program& x, const X86SearchOptions& options = {});

/// The states as text, without those that a filter leaves out.
std::set<std::string> state_texts(const X86Program& x, const X86SearchResult& r);

}  // namespace isobar::scenarios
