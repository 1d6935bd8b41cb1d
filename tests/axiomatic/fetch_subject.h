// Random programs that modify code, as machines.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "isa/assembler.h"
#include "model/machine/machine.h"
#include "tests/axiomatic/fetch_generator.h"
#include "tests/axiomatic/small_program.h"
#include "trace/outcome.h"

namespace isobar::axiomatic {

inline constexpr u64 kFunctions = 0x30000;
inline constexpr u8 kAll = model::kReadEl0 | model::kWriteEl0 | model::kExecEl0 | model::kReadEl1 | model::kWriteEl1 | model::kExecEl1;

/// The machine and the program of a FetchProgram.
struct Subject {
  model::MachineConfig config;
  model::Program program;
  std::vector<trace::Observable> observables;

  explicit Subject(const FetchProgram& p) {
    config.cores = static_cast<unsigned>(p.threads.size());
    config.dic = p.dic;
    config.idc = p.idc;
    config.line_bytes = p.line_bytes;
    config.force_broadcast = p.broadcast_iallu;
    config.flavour = static_cast<model::TsoFlavour>(p.flavour);
    program.regions = {{kLocation, 0x1000, kAll, -1, "data"}, {kCode, 0x10000, kAll, -1, "code"},
                       {kFunctions, 0x1000, kAll, -1, "functions"}};
    std::map<std::string, u64> slots;
    add(p.functions, kFunctions, slots);
    for (unsigned t = 0; t < config.cores; ++t) {
      const u64 base = kCode + t * kCodeStride;
      program.stop.push_back(add(p.threads[t], base, slots));
      config.core[t].tso = p.tso[t] ? model::TsoSupport::Fixed : model::TsoSupport::None;
      for (unsigned r = 15; r < 29; ++r)
        observables.push_back({trace::Observable::Kind::Register, static_cast<u8>(t), isa::x_reg(r), 0, 8, ""});
    }
    const std::vector<std::pair<unsigned, u64>> start{{0, kLocation}, {1, kLocation + 0x40}, {2, kLocation + 0x80},
                                                      {4, slots.at("s0")}, {5, slots.at("s1")}, {6, 0xd503201f},
                                                      {7, 0x14000002}, {8, 0x14000003}, {9, 1}};
    for (unsigned t = 0; t < config.cores; ++t) {
      model::ResetState r;
      r.pc = kCode + t * kCodeStride;
      r.el = p.el1 ? 1 : 0;
      for (const auto& [number, value] : start) r.registers.emplace_back(isa::x_reg(number), Value{value, 0});
      program.reset.push_back(r);
    }
    for (u64 at : {kLocation, kLocation + 0x40, slots.at("s0"), slots.at("s1")})
      observables.push_back({trace::Observable::Kind::Memory, 0, isa::Reg::None, at, 4, ""});
  }

 private:
  /// Assembles at `base`; returns the end.
  u64 add(const std::string& text, u64 base, std::map<std::string, u64>& slots) {
    const isa::Assembly a = isa::assemble(text, base);
    for (const auto& [label, address] : a.labels) slots[label] = address;
    program.segments.push_back({base, a.bytes});
    constexpr u32 kBlr = 0xd63f0000, kBlrMask = 0xfffffc1f;
    if (base == kFunctions && !a.bytes.empty()) program.indirect_targets = {slots.begin()->second, slots.rbegin()->second};
    for (std::size_t i = 0; i + 4 <= a.bytes.size(); i += 4) {
      u32 word = 0;
      for (unsigned b = 0; b < 4; ++b) word |= u32{a.bytes[i + b]} << (8 * b);
      if ((word & kBlrMask) == kBlr) program.indirect_targets.push_back(base + i + 4);
    }
    return base + a.bytes.size();
  }
};

inline std::string listing(const FetchProgram& p) {
  std::string out = "DIC " + std::to_string(p.dic) + " IDC " + std::to_string(p.idc) + " line " + std::to_string(p.line_bytes) +
                    " EL" + std::to_string(p.el1) + " FB " + std::to_string(p.broadcast_iallu) + " T" +
                    std::to_string(p.flavour + 1) + "\n" + p.functions;
  for (std::size_t t = 0; t < p.threads.size(); ++t) out += (p.tso[t] ? "TSO core:\n" : "weak core:\n") + p.threads[t];
  return out;
}

}  // namespace isobar::axiomatic
