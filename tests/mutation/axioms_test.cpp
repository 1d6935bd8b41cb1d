// Leaves out the clauses of the axioms one at a time: some program must have other outcomes. Prints which.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "axiomatic/candidates.h"
#include "axiomatic/judge.h"
#include "tests/mutation/witness.h"

namespace isobar::axiomatic {
namespace {

/// One choice of paths and order of writes of a witness, and what it shows.
struct Candidate {
  trace::Execution execution;
  std::vector<u64> shows;
};

struct Subject {
  const Witness* witness = nullptr;
  std::vector<Candidate> candidates;
  std::set<std::vector<u64>> states;  ///< with every clause in force
};

std::vector<u64> observe(const trace::Execution& e, const std::vector<trace::Observable>& observables) {
  std::vector<u64> out;
  for (const trace::Observable& o : observables) {
    Value v;
    for (const auto& [reg, value] : e.final_registers[o.core])
      if (o.kind == trace::Observable::Kind::Register && reg == o.reg) v = value;
    for (unsigned b = 0; o.kind == trace::Observable::Kind::Memory && b < o.size; ++b) {
      const auto byte = e.final_memory.find(o.addr + b);
      if (byte != e.final_memory.end()) v.set_byte(b, byte->second);
    }
    out.push_back(v.lo);
  }
  return out;
}

CandidateProgram candidate_program(const model::Bench& b) {
  CandidateProgram out;
  for (unsigned k = 0; k < b.config.cores; ++k)
    out.thread.push_back({b.program.reset[k].pc, b.program.reset[k].registers, b.config.core[k].tso_at_reset});
  for (const model::Segment& s : b.program.segments)
    for (std::size_t i = 0; i < s.bytes.size(); ++i) out.memory[s.base + i] = s.bytes[i];
  out.stop = b.program.stop;
  return out;
}

/// Outcomes that the axioms allow without what is omitted.
std::set<std::vector<u64>> allowed(const Subject& s, const Omitted& omitted) {
  JudgeOptions options;
  options.flavour = static_cast<TsoFlavour>(s.witness->flavour);
  options.caches = {s.witness->dic, s.witness->idc};
  options.omitted = omitted;
  std::set<std::vector<u64>> out;
  for (const Candidate& c : s.candidates)
    if (out.count(c.shows) == 0 && judge(c.execution, options).consistent) out.insert(c.shows);
  return out;
}

/// The witnesses that stay within user level.
std::vector<Subject> subjects() {
  std::vector<Subject> out;
  for (const Witness& w : witnesses()) {
    if (w.el != 0 || !w.vectors.empty() || !w.pages.empty() || w.tags != model::TagChecks::Off) continue;
    const model::Bench b = w.bench();
    Subject s;
    s.witness = &w;
    const CandidateResult r = for_each_candidate(candidate_program(b), {.max_candidates = 2000}, [&](const auto& e) {
      s.candidates.push_back({e, observe(e, b.observables)});
      return true;
    });
    if (r.status != CandidateResult::Status::Complete) continue;
    s.states = allowed(s, {});
    EXPECT_EQ(s.states, b.states()) << w.name << ": the machine and the axioms differ";
    out.push_back(std::move(s));
  }
  return out;
}

/// Clauses that other clauses imply matter only without those.
Omitted implied_by(Clause c) {
  Omitted given;
  const auto without = [&](Clause x) { given.clauses.set(static_cast<unsigned>(x)); };
  if (c == Clause::Data) without(Clause::PickData);  // a store hangs on everything that its data needs
  if (c == Clause::Ctrl) without(Clause::PickCtrl);
  if (c == Clause::AddrPo) without(Clause::PickAddrPo);
  if (c == Clause::Rmw) without(Clause::Lmws);  // both halves are at one location
  return given;
}

/// One line of the table; fails if no program notices.
void expect_noticed(const std::vector<Subject>& all, const char* name, const char* group, const Omitted& omitted,
                    const Omitted& given = {}) {
  const Subject* first = nullptr;
  unsigned noticed = 0;
  for (const Subject& s : all) {
    Omitted both = omitted;
    both.clauses |= given.clauses;
    if (allowed(s, both) == (given.clauses.any() ? allowed(s, given) : s.states)) continue;
    ++noticed;
    if (first == nullptr) first = &s;
  }
  std::string by = first != nullptr ? first->witness->name : "-";
  for (unsigned c = 0; c < kClauses; ++c)
    if (given.clauses[c]) by += fmt::format(" (without {})", text(static_cast<Clause>(c)).name);
  fmt::print("{:18} {:11} {:5}  {}\n", name, group, noticed, by);
  EXPECT_NE(first, nullptr) << "nothing notices that " << name << " is missing";
}

TEST(Mutation, EveryClauseIsNoticed) {
  const std::vector<Subject> all = subjects();
  fmt::print("{:18} {:11} {:>5}  {}\n", "clause", "group", "by", "first program whose outcomes change without it");
  for (unsigned c = 1; c < kClauses; ++c) {
    Omitted omitted;
    omitted.clauses.set(c);
    const ClauseText& t = text(static_cast<Clause>(c));
    expect_noticed(all, t.name, t.group, omitted, implied_by(static_cast<Clause>(c)));
  }
  const std::pair<Check, const char*> checks[] = {{Check::ReadsOlder, "ReadsOlder"},
                                                  {Check::ReadsNewest, "ReadsNewest"},
                                                  {Check::NoForeignWrite, "NoForeignWrite"},
                                                  {Check::OwnStoreLifts, "OwnStoreLifts"}};
  for (const auto& [check, name] : checks) {
    Omitted omitted;
    omitted.checks.set(static_cast<unsigned>(check));
    expect_noticed(all, name, check <= Check::ReadsNewest ? "internal" : "atomic", omitted);
  }
  fmt::print("{} clauses and checks, {} programs\n", kClauses - 1 + std::size(checks), all.size());
}

/// No enumerated candidate has stores of one core in the wrong order, so this one is made by hand.
TEST(Mutation, TheOrderOfStoresIsNoticed) {
  const auto coww = [](const Subject& s) { return s.witness->name == "CoWW"; };
  const std::vector<Subject> all = subjects();
  const auto subject = std::find_if(all.begin(), all.end(), coww);
  ASSERT_NE(subject, all.end());
  trace::Execution e = subject->candidates.at(0).execution;
  ASSERT_EQ(e.writes.size(), 2u);
  for (i32 w : {0, 1}) {
    const trace::WriteRecord& r = e.writes[static_cast<std::size_t>(w)];
    e.core[r.core][r.instruction].access[r.access].write = 1 - w;
  }
  std::swap(e.writes[0], e.writes[1]);
  e.final_memory.clear();
  JudgeOptions options;
  EXPECT_EQ(judge(e, options).violation.axiom, Axiom::Internal);
  options.omitted.checks.set(static_cast<unsigned>(Check::StoresInOrder));
  EXPECT_TRUE(judge(e, options).consistent);
}

}  // namespace
}  // namespace isobar::axiomatic
