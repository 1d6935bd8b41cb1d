#include "crosscheck/second_route.h"

#include <algorithm>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "support/diagnostic.h"

namespace isobar::crosscheck {

namespace {

using axiomatic::CandidateProgram;
using axiomatic::CandidateResult;
using trace::AccessRecord;
using trace::Execution;
using trace::Observable;

axiomatic::TsoFlavour flavour(model::TsoFlavour f) {
  switch (f) {
    case model::TsoFlavour::T1: return axiomatic::TsoFlavour::T1;
    case model::TsoFlavour::T2: return axiomatic::TsoFlavour::T2;
    case model::TsoFlavour::T3: return axiomatic::TsoFlavour::T3;
  }
  throw InternalError("a TSO flavour that does not exist");
}

Value final_register(const Execution& e, const Observable& o) {
  Value v;
  for (const auto& [reg, value] : e.final_registers[o.core]) {
    if (reg == o.reg) v = value;
  }
  for (unsigned b = o.size; b < 16; ++b) v.set_byte(b, 0);
  return v;
}

Value final_memory(const Execution& e, const CandidateProgram& p, const Observable& o) {
  Value v;
  for (unsigned b = 0; b < o.size; ++b) {
    const auto written = e.final_memory.find(o.addr + b);
    const auto initial = p.memory.find(o.addr + b);
    if (written != e.final_memory.end()) {
      v.set_byte(b, written->second);
    } else if (initial != p.memory.end()) {
      v.set_byte(b, initial->second);
    }
  }
  return v;
}

bool is_exclusive(u32 word) {
  for (const isa::Uop& u : isa::decode_cached(word).uops) {
    if (u.mem.exclusive) return true;
  }
  return false;
}

/// What of a machine the enumeration does not know, in words; empty if nothing.
std::string unknown_feature(const model::Machine& machine) {
  if (const std::string feature = beyond_axioms(machine); !feature.empty()) return feature;
  const model::Program& program = machine.program();
  if (program.has_kernel) return "a kernel";
  if (machine.config().timer_ticks != 0) return "timer interrupts";
  for (const model::ResetState& r : program.reset) {
    if (!r.running) return "a core that does not start";
  }
  for (const model::Region& r : program.regions) {
    if (r.asid >= 0) return "address spaces";
  }
  return "";
}

}  // namespace

std::string beyond_axioms(const model::Machine& machine) {
  if (machine.config().tagging) return "memory tagging";
  return machine.program().pages.empty() ? "" : "page tables";
}

axiomatic::JudgeOptions judge_options(const model::MachineConfig& config) {
  axiomatic::JudgeOptions o;
  o.flavour = flavour(config.flavour);
  o.dependencies.entry_is_cse = config.eis;
  o.dependencies.return_is_cse = config.eos;
  o.caches = {config.dic, config.idc, config.line_bytes, config.force_broadcast};
  o.disassemble = isa::disassemble;
  return o;
}

CandidateProgram candidate_program(const model::MachineConfig& config, const model::Program& program) {
  CandidateProgram out;
  for (std::size_t t = 0; t < program.reset.size(); ++t) {
    const model::CoreConfig& core = config.core[t];
    const bool tso =
        core.tso == model::TsoSupport::Fixed || (core.tso != model::TsoSupport::None && core.tso_at_reset);
    out.thread.push_back({program.reset[t].pc, program.reset[t].registers, tso,
                          program.reset[t].el});
  }
  for (const model::Segment& s : program.segments) {
    for (std::size_t b = 0; b < s.bytes.size(); ++b) out.memory[s.base + b] = s.bytes[b];
  }
  out.stop = program.stop;
  return out;
}

trace::Outcome outcome_of(const Execution& e, const CandidateProgram& program,
                          const std::vector<Observable>& observables) {
  trace::Outcome out;
  for (const Observable& o : observables) {
    switch (o.kind) {
      case Observable::Kind::Register: out.values.push_back(final_register(e, o)); break;
      case Observable::Kind::Memory: out.values.push_back(final_memory(e, program, o)); break;
      default: out.values.emplace_back();
    }
  }
  return out;
}

bool is_permitted(const Execution& e, const model::Program& program) {
  for (std::size_t t = 0; t < e.core.size(); ++t) {
    const bool el1 = program.reset[t].el == 1;
    const unsigned read = el1 ? model::kReadEl1 : model::kReadEl0,
                   write = el1 ? model::kWriteEl1 : model::kWriteEl0,
                   execute = el1 ? model::kExecEl1 : model::kExecEl0;
    const auto may = [&](u64 addr, u64 size, unsigned needed) {
      return std::any_of(program.regions.begin(), program.regions.end(), [&](const model::Region& r) {
        return addr >= r.base && addr - r.base + size <= r.size && (r.permissions & needed) != 0;
      });
    };
    for (const trace::InstructionRecord& i : e.core[t]) {
      if (!may(i.pc, 4, execute)) return false;
      for (const AccessRecord& a : i.access) {
        const bool writes = a.kind == AccessRecord::Kind::Write;
        // The machine checks DC and IC by address as it checks loads.
        if (isa::decode_cached(i.word).uops[a.uop].n_addr == 0) continue;
        if (!may(a.addr, std::max<u64>(a.size, 1), writes ? write : read)) return false;
        if (a.size != 0 && a.addr % a.size != 0 && is_exclusive(i.word)) return false;
      }
    }
  }
  return true;
}

Allowed allowed_outcomes(const model::Machine& machine, const std::vector<Observable>& observables,
                         const axiomatic::CandidateOptions& limits) {
  Allowed out;
  out.reason = unknown_feature(machine);
  if (!out.reason.empty()) {
    out.status = CandidateResult::Status::Unsupported;
    return out;
  }
  const axiomatic::JudgeOptions options = judge_options(machine.config());
  const CandidateProgram program = candidate_program(machine.config(), machine.program());
  bool fault = false, undecided = false;
  const CandidateResult r = for_each_candidate(program, limits, [&](const Execution& e) {
    const trace::Outcome outcome = outcome_of(e, program, observables);
    const bool permitted = is_permitted(e, machine.program());
    if (permitted && out.outcomes.count(outcome) != 0) return true;
    const axiomatic::Verdict v = judge(e, options);
    undecided = undecided || v.undetermined;
    if (!v.consistent) return true;
    fault = !permitted;
    if (permitted) out.outcomes.insert(outcome);
    return !fault;
  });
  out.candidates = r.candidates;
  out.status = r.status;
  out.reason = r.reason;
  if (fault) {
    out.status = CandidateResult::Status::Unsupported;
    out.reason = "a thread that may fault";
  } else if (undecided && r.status == CandidateResult::Status::Complete) {
    out.status = CandidateResult::Status::Undetermined;
    out.reason = "the sources of some reads were not found in the budget of the judge";
  }
  return out;
}

}  // namespace isobar::crosscheck
