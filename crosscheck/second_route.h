// The second route to a set of outcomes: the judge's own enumeration of a machine's program.
//
// Owns: the translation of a machine (model/) into what the judge (axiomatic/) must know, because neither
// sees the other. Must not know: the search, whose outcomes are what this is compared with.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "axiomatic/candidates.h"
#include "axiomatic/judge.h"
#include "model/machine/machine.h"
#include "trace/outcome.h"

namespace isobar::crosscheck {

/// What the judge must know of a machine; violations are told in assembly text.
axiomatic::JudgeOptions judge_options(const model::MachineConfig& config);

/// What of a machine the axioms do not speak of, in words; empty if nothing. Its executions cannot be judged.
std::string beyond_axioms(const model::Machine& machine);

/// The user-level part of a program: code, memory and start of each thread. Kernel and permissions are left
/// out.
axiomatic::CandidateProgram candidate_program(const model::MachineConfig& config,
                                              const model::Program& program);

/// What `observables` show of a finished candidate. Faults are none, because the enumeration knows no
/// exceptions.
trace::Outcome outcome_of(const trace::Execution& e, const axiomatic::CandidateProgram& program,
                          const std::vector<trace::Observable>& observables);

/// May the threads make all accesses of `e`? A thread that lacks a permission, or whose exclusive access is
/// not aligned, stops with a fault on the machine (Arm ARM D8.4, B2.5).
bool is_permitted(const trace::Execution& e, const model::Program& program);

struct Allowed {
  axiomatic::CandidateResult::Status status = axiomatic::CandidateResult::Status::Complete;
  std::string reason;  ///< why not Complete; then `outcomes` is a part
  std::set<trace::Outcome, trace::OutcomeLess> outcomes;
  u64 candidates = 0;
};

/// The outcomes of all candidate executions that the axioms allow. Unsupported for what the enumeration does
/// not know: kernels, interrupts, exceptions.
Allowed allowed_outcomes(const model::Machine& machine, const std::vector<trace::Observable>& observables,
                         const axiomatic::CandidateOptions& limits);

}  // namespace isobar::crosscheck
