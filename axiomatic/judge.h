// The independent judge: is an execution one that the Arm memory model allows?
//
// Owns: the order of the checks and the search for unknown sources. Must not know: the model; everything is derived
// from the instruction words and the accesses of a trace::Execution.
#pragma once

#include <string>

#include "axiomatic/axioms.h"
#include "axiomatic/explain.h"

namespace isobar::axiomatic {

struct JudgeOptions {
  TsoFlavour flavour = TsoFlavour::T1;
  CacheType caches;
  Omitted omitted;                   ///< parts of the axioms to leave out; none unless for a test of the axioms
  DependencyOptions dependencies;
  Disassembler disassemble;          ///< for the text; may be empty
  u64 search_budget = 100'000;       ///< axiom checks spent on finding unknown sources
};

struct Verdict {
  bool consistent = false;
  bool undetermined = false;  ///< a budget ran out: unknown sources, or too many orders of cache maintenance
  Violation violation;        ///< axiom None if consistent
  std::string text;           ///< the violation in words; empty if consistent
  Program program;            ///< the events that `violation` speaks of, with the sources that were found
};

/// Checks, in this order: well-formed, values, internal, atomic, external; then, if some sources are unknown, whether
/// some choice of them passes the same checks.
Verdict judge(const trace::Execution& e, const JudgeOptions& options = {});

}  // namespace isobar::axiomatic
