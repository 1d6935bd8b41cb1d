// A bare machine from a few lines of assembly per core, for tests of the transition system.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "explore/search.h"
#include "isa/assembler.h"
#include "model/machine/machine.h"

namespace isobar::model {

/// Code of core k at kCode + k * kCodeStride, data from kData (locations 64 bytes apart), EL1 vectors at kVectors.
struct Bench {
  static constexpr u64 kCode = 0x10000;
  static constexpr u64 kCodeStride = 0x1000;
  static constexpr u64 kData = 0x80000;
  static constexpr u64 kVectors = 0x40000;
  static constexpr u8 kAll = 63;

  MachineConfig config;
  Program program;
  std::vector<trace::Observable> observables;
  std::map<std::string, u64> symbols{{"x", kData}, {"y", kData + 64}, {"z", kData + 128}};

  explicit Bench(std::vector<std::string> threads, bool writable_code = false) {
    config.cores = static_cast<unsigned>(threads.size());
    const u8 code = writable_code ? kAll : static_cast<u8>(kAll & ~(kWriteEl0 | kWriteEl1));
    program.regions = {{kCode, 0x10000, code, -1, "code"}, {kVectors, 0x1000, code, -1, "vectors"},
                       {kData, 0x1000, kAll, -1, "data"}};
    for (unsigned k = 0; k < threads.size(); ++k) {
      const u64 base = kCode + k * kCodeStride;
      const isa::Assembly a = isa::assemble(threads[k], base, {.symbols = symbols});
      for (const auto& [label, address] : a.labels) labels[std::to_string(k) + ":" + label] = address;
      program.segments.push_back({base, a.bytes});
      program.stop.push_back(base + a.bytes.size());
      ResetState r;
      r.pc = base;
      r.registers = {{isa::x_reg(20), {symbols["x"], 0}}, {isa::x_reg(21), {symbols["y"], 0}},
                     {isa::x_reg(22), {symbols["z"], 0}}};
      program.reset.push_back(r);
    }
  }

  std::map<std::string, u64> labels;  ///< "core:label"

  /// Exception vectors for every core, and EL0 with a kernel behind it. `text` starts at VBAR_EL1.
  Bench& kernel(const std::string& text) {
    const isa::Assembly a = isa::assemble(text, kVectors, {.symbols = symbols});
    program.segments.push_back({kVectors, a.bytes});
    program.has_kernel = true;
    for (ResetState& r : program.reset) r.registers.push_back({isa::Reg::VBAR_EL1, {kVectors, 0}});
    return *this;
  }

  /// Pages at kPages, one after the other, each with a descriptor at kTables + 8n: their addresses are in X23 and X24
  /// (pages 0 and 1), those of their descriptors in X25 and X26. `mapped[n]` is where page n leads to at first: "x",
  /// "y" ... or "" for an invalid descriptor. X27 is a descriptor of x, X28 one of y. Threads run at EL1.
  static constexpr u64 kPages = 0x100000;
  static constexpr u64 kTables = 0x90000;
  static constexpr u64 kValid = 0x443;  ///< a page that everybody may read and write (Arm ARM D8.3.1)
  Bench& pages(const std::vector<std::string>& mapped) {
    // Locations of the bench share a physical page; low bits tell them apart, so pages lead to pages of their own.
    const auto output = [](const std::string& name) { return kData + 0x10000 + (name == "x" ? 0 : kPageBytes); };
    program.regions.push_back({kTables, kPageBytes, kAll, -1, "tables"});
    program.regions.push_back({kData + 0x10000, 2 * kPageBytes, kAll, -1, "pages"});
    for (unsigned n = 0; n < mapped.size(); ++n) {
      const u64 bits = mapped[n].empty() ? 0 : output(mapped[n]) | kValid;
      std::vector<u8> bytes(8);
      for (unsigned b = 0; b < 8; ++b) bytes[b] = static_cast<u8>(bits >> (8 * b));
      program.segments.push_back({kTables + 8 * n, bytes});
      program.pages.push_back({kPages + n * kPageBytes, kTables + 8 * n});
    }
    symbols["px"] = output("x");
    symbols["py"] = output("y");
    for (ResetState& r : program.reset) {
      r.el = 1;
      for (unsigned n = 0; n < 2; ++n) {
        r.registers.push_back({isa::x_reg(23 + n), {kPages + n * kPageBytes, 0}});
        r.registers.push_back({isa::x_reg(25 + n), {kTables + 8 * n, 0}});
      }
      r.registers.push_back({isa::x_reg(27), {output("x") | kValid, 0}});
      r.registers.push_back({isa::x_reg(28), {output("y") | kValid, 0}});
    }
    return *this;
  }

  /// Memory tags. X23 points to x with tag 1, X24 to y with tag 1, X25 to z with tag 1; the memory has tag 0.
  Bench& tags(TagChecks checks) {
    config.tagging = true;
    for (unsigned k = 0; k < config.cores; ++k) {
      config.core[k].tag_checks = checks;
      const char* const names[] = {"x", "y", "z"};
      for (unsigned n = 0; n < 3; ++n)
        program.reset[k].registers.push_back({isa::x_reg(23 + n), {symbols[names[n]] | u64{1} << 56, 0}});
    }
    return *this;
  }

  /// Observes "k:Xn" (all 64 bits) or a location "x".
  Bench& observe(const std::vector<std::string>& names) {
    for (const std::string& n : names) {
      trace::Observable o;
      o.label = n;
      if (const auto s = symbols.find(n); s != symbols.end()) {
        o.kind = trace::Observable::Kind::Memory;
        o.addr = s->second;
      } else {
        o.core = static_cast<u8>(n[0] - '0');
        o.reg = isa::parse_register(n.substr(2));
      }
      observables.push_back(o);
    }
    return *this;
  }

  using States = std::set<std::vector<u64>>;

  explore::SearchResult explore(bool reduction = true) const {
    const Machine m(config, program);
    explore::SearchOptions options;
    options.reduction = reduction;
    options.max_states = 2'000'000;
    return explore::search(m, observables, options);
  }

  /// Every outcome; fails the test if the search is not complete.
  States states(bool reduction = true) const {
    const explore::SearchResult r = explore(reduction);
    EXPECT_EQ(r.status, explore::Status::Complete) << r.reason;
    States s;
    for (const auto& [outcome, info] : r.outcomes) {
      std::vector<u64> values;
      for (const Value& v : outcome.values) values.push_back(v.lo);
      s.insert(values);
    }
    return s;
  }
};

}  // namespace isobar::model
