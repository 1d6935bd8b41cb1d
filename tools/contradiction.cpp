#include "tools/contradiction.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <tuple>

#include "axiomatic/candidates.h"
#include "axiomatic/judge.h"
#include "crosscheck/second_route.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "support/diagnostic.h"

namespace isobar::tools {

namespace {

using axiomatic::Axiom;
using axiomatic::CandidateProgram;
using axiomatic::Clause;
using axiomatic::Event;
using axiomatic::EventId;
using trace::AccessRecord;
using trace::Execution;

constexpr u64 kMaxCandidates = 200'000;
constexpr u64 kMaxJudged = 5'000;  ///< executions shown to the judge

/// A read and the writes that alone could have given it all its bytes.
struct OpenRead {
  AccessRecord* access = nullptr;
  std::vector<i32> writes;
};

std::vector<OpenRead> open_reads(Execution& e) {
  std::vector<OpenRead> out;
  for (auto& code : e.core) {
    for (trace::InstructionRecord& i : code) {
      for (AccessRecord& a : i.access) {
        const bool unknown = std::count(a.source.begin(), a.source.end(), trace::kUnknownWrite) == a.size;
        if (a.kind == AccessRecord::Kind::Read && unknown) out.push_back({&a, {}});
      }
    }
  }
  for (OpenRead& r : out) {
    const AccessRecord& a = *r.access;
    for (std::size_t n = 0; n < e.writes.size(); ++n) {
      const trace::WriteRecord& at = e.writes[n];
      const AccessRecord& x = e.core[at.core][at.instruction].access[at.access];
      bool same = a.addr >= x.addr && a.addr + a.size <= x.addr + x.size;
      for (unsigned b = 0; same && b < a.size; ++b)
        same = a.value.byte(b) == x.value.byte(static_cast<unsigned>(a.addr - x.addr) + b);
      if (same) r.writes.push_back(static_cast<i32>(n));
    }
    bool initial = true;
    for (unsigned b = 0; b < a.size; ++b)
      initial = initial && e.initial_memory[a.addr + b] == a.value.byte(b);
    if (initial) r.writes.push_back(trace::kInitialWrite);
  }
  return out;
}

/// Calls `visit` for each way to tell where the reads of `e` took their values from, as far as whole writes
/// can.
bool for_each_source(Execution& e, const std::vector<OpenRead>& reads, std::size_t at,
                     const std::function<bool(const Execution&)>& visit) {
  if (at == reads.size()) return visit(e);
  const OpenRead& r = reads[at];
  if (r.writes.empty()) return for_each_source(e, reads, at + 1, visit);
  for (const i32 write : r.writes) {
    r.access->source.assign(r.access->source.size(), write);
    if (!for_each_source(e, reads, at + 1, visit)) return false;
  }
  r.access->source.assign(r.access->source.size(), trace::kUnknownWrite);
  return true;
}

/// How well a violation explains: an order that closes a circle says more than a value that nobody wrote.
unsigned usefulness(Axiom a) {
  switch (a) {
    case Axiom::External: return 0;
    case Axiom::Atomic: return 1;
    case Axiom::Internal: return 2;
    default: return 3;
  }
}

std::string headline(Axiom a) {
  switch (a) {
    case Axiom::External:
      return "the axiom \"external visibility\": each of these would have to come before the next, in a "
             "circle";
    case Axiom::Atomic:
      return "the axiom \"atomic\": a foreign write would come between the halves of an atomic operation";
    case Axiom::Internal:
      return "the axiom \"internal visibility\": on one location a core sees its own accesses in program "
             "order";
    default: return "no write gives the values that the loads would have to return";
  }
}

class Teller {
 public:
  Teller(const Listing& listing, const Execution& e, const axiomatic::Verdict& v)
      : listing_(listing), execution_(e), events_(v.program.event) {}

  std::string event(EventId id) const {
    const Event& e = events_[id];
    const std::string at = fmt::format("{}: {}", listing_.core(e.core), listing_.instruction(e.pc, e.word));
    const std::string what =
        fmt::format("{} = {}", listing_.address(e.addr), listing_.value(e.value, e.size));
    switch (e.kind) {
      case Event::Kind::Read: return fmt::format("{} reading {}", at, what);
      case Event::Kind::Write: return fmt::format("{} writing {}", at, what);
      default: return at;
    }
  }

  ContradictionStep step(const axiomatic::Link& l) const {
    ContradictionStep s{event(l.from), "", event(l.to), "", ""};
    for (const Clause c : l.clauses) {
      s.relation += (s.relation.empty() ? "" : ", ") + std::string(axiomatic::text(c).sentence);
      s.clause += (s.clause.empty() ? "" : "; then ") +
                  fmt::format("{}: {}", axiomatic::text(c).group, axiomatic::text(c).cat);
      if (s.because.empty()) s.because = barrier(c, l);
    }
    if (!l.clauses.empty()) return s;
    s.clause = l.relation;
    s.relation = plain(l.relation);
    return s;
  }

 private:
  static std::string plain(const std::string& relation) {
    if (relation == "po-loc") return "is older than, and to the same location as,";
    if (relation == "rf") return "is read by";
    if (relation == "co") return "is overwritten by";
    if (relation == "fr") return "reads the location before";
    if (relation == "rmw") return "is the read of the same atomic operation as";
    return relation;
  }

  static bool matches(Clause c, isa::UopKind kind, isa::BarrierOp op) {
    using isa::BarrierOp;
    if (c == Clause::Cse) return kind == isa::UopKind::Isb;
    if (kind != isa::UopKind::Barrier) return false;
    switch (c) {
      case Clause::DmbFull: return op == BarrierOp::DmbFull || op == BarrierOp::DsbFull;
      case Clause::DmbLd: return op == BarrierOp::DmbLoad || op == BarrierOp::DsbLoad;
      case Clause::DmbSt: return op == BarrierOp::DmbStore || op == BarrierOp::DsbStore;
      case Clause::DsbFull: return op == BarrierOp::DsbFull;
      case Clause::DsbLd: return op == BarrierOp::DsbLoad;
      case Clause::DsbSt: return op == BarrierOp::DsbStore;
      default: return false;
    }
  }

  /// The barrier between the ends of a link that the clause speaks of.
  std::string barrier(Clause c, const axiomatic::Link& l) const {
    const Event &from = events_[l.from], &to = events_[l.to];
    if (from.core != to.core) return "";
    for (u32 i = from.instruction; i < to.instruction; ++i) {
      const trace::InstructionRecord& r = execution_.core[from.core][i];
      const isa::Uop& u = isa::decode_cached(r.word).uops[0];
      if (matches(c, u.kind, u.barrier_op())) return listing_.instruction(r.pc, r.word);
    }
    return "";
  }

  const Listing& listing_;
  const Execution& execution_;
  const std::vector<Event>& events_;
};

/// Candidates, judged one after the other; keeps the violation that explains best.
class Judging {
 public:
  Judging(const Workload& w, const Listing& listing) : listing_(listing) {
    options_ = crosscheck::judge_options(w.machine->config());
    options_.search_budget = 1000;
  }

  bool judge(Execution e) {
    ++best_.candidates;
    const std::vector<OpenRead> reads = open_reads(e);
    return for_each_source(e, reads, 0, [&](const Execution& x) {
      if (++judged_ > kMaxJudged) return false;
      keep_better(x, axiomatic::judge(x, options_));
      return !consistent_;
    });
  }
  bool consistent() const { return consistent_; }
  Contradiction result() { return std::move(best_); }

 private:
  void keep_better(const Execution& e, const axiomatic::Verdict& v) {
    consistent_ = v.consistent;
    if (v.consistent) return;
    const std::size_t length = v.violation.cycle.size();
    const auto rank = std::tuple(usefulness(v.violation.axiom), length);
    if (best_.axiom != Axiom::None && rank >= rank_) return;
    rank_ = rank;
    best_.axiom = v.violation.axiom;
    best_.headline = headline(v.violation.axiom);
    best_.cycle.clear();
    const Teller teller(listing_, e, v);
    for (const axiomatic::Link& l : v.violation.cycle) {
      if (l.from != axiomatic::kNoEvent && l.to != axiomatic::kNoEvent) best_.cycle.push_back(teller.step(l));
    }
  }

  const Listing& listing_;
  axiomatic::JudgeOptions options_;
  u64 judged_ = 0;
  bool consistent_ = false;
  std::tuple<unsigned, std::size_t> rank_;
  Contradiction best_;
};

}  // namespace

Contradiction contradiction(const Workload& w, const Listing& listing, const Goal& goal) {
  Contradiction out;
  if (w.machine->program().has_kernel) {
    out.reason = "the judge does not enumerate executions of a kernel";
    return out;
  }
  if (const std::string feature = crosscheck::beyond_axioms(*w.machine); !feature.empty()) {
    out.reason = fmt::format("the judge does not know {}", feature);
    return out;
  }
  const CandidateProgram program = crosscheck::candidate_program(w.machine->config(), w.machine->program());
  axiomatic::CandidateOptions limits;
  limits.max_candidates = kMaxCandidates;
  Judging judging(w, listing);
  const axiomatic::CandidateResult r = for_each_candidate(program, limits, [&](const Execution& e) {
    if (!goal.holds(w, crosscheck::outcome_of(e, program, w.observables))) return true;
    if (!crosscheck::is_permitted(e, w.machine->program())) return true;
    return judging.judge(e);
  });
  out = judging.result();
  if (judging.consistent()) {
    throw InternalError("the judge allows a state that the search has not found: " + goal.text);
  }
  if (out.axiom != Axiom::None) return out;
  if (r.status == axiomatic::CandidateResult::Status::Complete) {
    out.reason = "no combination of paths and of values that are ever written ends in this state";
  } else {
    out.reason = fmt::format("the judge does not enumerate the executions of this program: {}", r.reason);
  }
  return out;
}

}  // namespace isobar::tools
