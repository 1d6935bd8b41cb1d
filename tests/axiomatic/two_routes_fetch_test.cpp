// Both routes to the outcomes of random programs that modify code: what the machine reaches is what the axioms allow, and
// the axioms allow the runs that reach it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "explore/search.h"
#include "isa/assembler.h"
#include "tests/axiomatic/fetch_generator.h"
#include "tests/axiomatic/runs.h"
#include "tests/axiomatic/small_program.h"

namespace isobar::axiomatic {
namespace {

constexpr unsigned kChunks = 10;
constexpr u64 kFunctions = 0x30000;
constexpr u8 kAll = model::kReadEl0 | model::kWriteEl0 | model::kExecEl0 | model::kReadEl1 | model::kWriteEl1 | model::kExecEl1;

/// Programs per chunk, so many that 5,000 are compared in all; or as ISOBAR_RANDOM_PROGRAMS says.
unsigned programs() {
  const char* wanted = std::getenv("ISOBAR_RANDOM_PROGRAMS");
  return wanted != nullptr ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 520;
}

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

std::string listing(const FetchProgram& p) {
  std::string out = "DIC " + std::to_string(p.dic) + " IDC " + std::to_string(p.idc) + " line " + std::to_string(p.line_bytes) +
                    " EL" + std::to_string(p.el1) + " FB " + std::to_string(p.broadcast_iallu) + " T" +
                    std::to_string(p.flavour + 1) + "\n" + p.functions;
  for (std::size_t t = 0; t < p.threads.size(); ++t) out += (p.tso[t] ? "TSO core:\n" : "weak core:\n") + p.threads[t];
  return out;
}

class RandomFetches : public testing::TestWithParam<unsigned> {};

TEST_P(RandomFetches, BothRoutesGiveTheSameOutcomes) {
  const unsigned count = programs();
  std::map<std::string, unsigned> features;
  unsigned compared = 0, open = 0;
  u64 outcomes = 0, candidates = 0;
  for (unsigned i = 0; i < count; ++i) {
    const u64 seed = u64{GetParam()} * count + i;
    const FetchProgram program = FetchGenerator(seed).make();
    const Subject subject(program);
    const model::Machine machine(subject.config, subject.program);
    CandidateOptions limits;
    limits.max_candidates = 600;
    limits.max_paths = 150;
    const crosscheck::Allowed allowed = crosscheck::allowed_outcomes(machine, subject.observables, limits);
    if (allowed.status != CandidateResult::Status::Complete) {
      EXPECT_EQ(allowed.status, CandidateResult::Status::Undetermined) << "seed " << seed << ": " << allowed.reason << "\n" << listing(program);
      continue;
    }
    const explore::SearchOptions options;
    const explore::SearchResult found = explore::search(machine, subject.observables, options);
    ASSERT_EQ(found.status, explore::Status::Complete) << "seed " << seed << ": " << found.reason << "\n" << listing(program);
    std::set<trace::Outcome, trace::OutcomeLess> reached;
    for (const auto& [outcome, info] : found.outcomes) {
      reached.insert(outcome);
      const Verdict v = judge(record(machine, info.witness), judge_options(subject.config));
      EXPECT_TRUE(v.consistent) << "seed " << seed << ": the axioms forbid a run\n" << v.text << listing(program);
    }
    if (reached != allowed.outcomes) {
      ADD_FAILURE() << "seed " << seed << ": the machine reaches " << reached.size() << ", the axioms allow "
                    << allowed.outcomes.size() << "\n"
                    << listing(program);
    }
    ++compared;
    open += reached.size() > 1;
    outcomes += reached.size();
    candidates += allowed.candidates;
    for (const std::string& f : std::set<std::string>(program.features.begin(), program.features.end())) ++features[f];
  }
  std::cout << compared << " of " << count << " programs compared, " << open << " with a choice, " << outcomes
            << " outcomes, " << candidates << " candidates;";
  for (const auto& [name, number] : features) std::cout << " " << name << " " << number;
  std::cout << "\n";
  EXPECT_GE(compared, count * 90 / 100);
  if (count < 500) return;
  for (const char* f : {"2 threads", "3 threads", "handshake", "DIC", "IDC", "no DIC, no IDC", "lines of one word", "EL1",
                        "TSO cores", "IC IALLU", "IC IALLUIS", "store of code", "self modification", "half a word of code",
                        "swap of code", "code as data", "branch into modified code", "pointer published",
                        "branch through memory", "address dependency", "data dependency", "control dependency", "no DC",
                        "no IC", "IC before DC", "no DSB between DC and IC", "no DSB after IC", "DMB between DC and IC",
                        "DC alone", "no ISB", "everything", "dmb sy", "dmb ld", "dmb st", "dsb sy", "dsb ld", "dsb st", "isb"}) {
    EXPECT_GT(features[f], 2u) << f;
  }
}

INSTANTIATE_TEST_SUITE_P(Chunk, RandomFetches, testing::Range(0u, kChunks));

}  // namespace
}  // namespace isobar::axiomatic
