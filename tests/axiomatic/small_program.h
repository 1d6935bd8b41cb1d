// Small user-level programs from assembly text, for the machine and for the enumeration of candidates.
//
// Every thread starts with X0 to X3 = the locations x, y, z, w (kLocation), W9 = 1, W10 = 2; all memory is zero.
#pragma once

#include <string>
#include <vector>

#include "axiomatic/candidates.h"
#include "isa/assembler.h"
#include "model/machine/machine.h"

namespace isobar::axiomatic {

inline constexpr u64 kCode = 0x10000, kCodeStride = 0x1000, kLocation = 0x1000, kLocationStride = 0x40;

inline std::vector<std::pair<isa::Reg, Value>> start_registers() {
  std::vector<std::pair<isa::Reg, Value>> out;
  for (unsigned l = 0; l < 4; ++l) out.emplace_back(isa::x_reg(l), Value{kLocation + l * kLocationStride, 0});
  out.emplace_back(isa::x_reg(9), Value{1, 0});
  out.emplace_back(isa::x_reg(10), Value{2, 0});
  return out;
}

struct SmallProgram {
  model::MachineConfig config;
  model::Program program;
  CandidateProgram candidates;

  /// `threads`: assembly text of each; `tso`: which of them run on TSO cores.
  explicit SmallProgram(const std::vector<std::string>& threads, const std::vector<bool>& tso = {}) {
    config.cores = static_cast<unsigned>(threads.size());
    program.regions.push_back({kLocation, 0x1000, model::kReadEl0 | model::kWriteEl0, -1, "data"});
    for (unsigned t = 0; t < threads.size(); ++t) {
      const u64 base = kCode + t * kCodeStride;
      const isa::Assembly a = isa::assemble(threads[t], base);
      program.regions.push_back({base, kCodeStride, model::kReadEl0 | model::kExecEl0, -1, "code"});
      program.segments.push_back({base, a.bytes});
      program.stop.push_back(base + a.bytes.size());
      model::ResetState r;
      r.pc = base;
      r.registers = start_registers();
      program.reset.push_back(r);
      const bool on = t < tso.size() && tso[t];
      config.core[t].tso = on ? model::TsoSupport::Fixed : model::TsoSupport::None;
      candidates.thread.push_back({base, r.registers, on});
      for (std::size_t b = 0; b < a.bytes.size(); ++b) candidates.memory[base + b] = a.bytes[b];
    }
    candidates.stop = program.stop;
  }
};

}  // namespace isobar::axiomatic
