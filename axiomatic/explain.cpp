#include "axiomatic/explain.h"

#include <fmt/format.h>

namespace isobar::axiomatic {
namespace {

const char* barrier_text(isa::BarrierOp op) {
  switch (op) {
    case isa::BarrierOp::DmbFull: return "DMB SY";
    case isa::BarrierOp::DmbLoad: return "DMB LD";
    case isa::BarrierOp::DmbStore: return "DMB ST";
    case isa::BarrierOp::DsbFull: return "DSB SY";
    case isa::BarrierOp::DsbLoad: return "DSB LD";
    case isa::BarrierOp::DsbStore: return "DSB ST";
  }
  return "?";
}

std::string headline(Axiom a) {
  switch (a) {
    case Axiom::Internal:
      return "internal visibility: on one location, a core must see its own accesses in program order";
    case Axiom::Atomic: return "atomic: no other core's write may come between the two halves of an atomic operation";
    case Axiom::External: return "external visibility: these events would each have to come before the next, in a circle";
    case Axiom::None: return "consistent";
    case Axiom::WellFormed: return "not an execution";
    case Axiom::Values: return "values: a value is not the one that was written or computed";
    case Axiom::Explained: return "no choice of writes explains the values that were read";
  }
  return "?";
}

std::string said(const Link& l) {
  if (l.clauses.empty()) {
    if (l.relation == "po-loc") return "is older than, and to the same location as,";
    if (l.relation == "rf") return "is read by";
    if (l.relation == "co") return "is overwritten by";
    if (l.relation == "fr") return "reads the location before";
    if (l.relation == "rmw") return "is the read of the same atomic operation as";
    return l.relation;
  }
  std::string out;
  for (Clause c : l.clauses) out += (out.empty() ? "" : ", ") + std::string(text(c).sentence);
  return out;
}

std::string clauses(const Link& l) {
  std::string out;
  for (Clause c : l.clauses) {
    out += (out.empty() ? "" : "; then ") + std::string(text(c).group) + ": " + text(c).cat;
  }
  return out.empty() ? l.relation : out;
}

}  // namespace

std::string describe_effect(const Event& e) {
  const std::string value = trace::hex(e.value, e.size == 0 ? 8 : e.size);
  std::string flags;
  if (e.acquire) flags = "A";
  if (e.acquire_pc) flags = "Q";
  if (e.release) flags = "L";
  switch (e.kind) {
    case Event::Kind::Read: return fmt::format("R{} [{:#x}]={}", flags, e.addr, value);
    case Event::Kind::Write: return fmt::format("W{} [{:#x}]={}", flags, e.addr, value);
    case Event::Kind::Fetch: return fmt::format("F [{:#x}]={}", e.addr, value);
    case Event::Kind::CleanData: return fmt::format("DC [{:#x}]", e.addr);
    case Event::Kind::InvalidateInstruction: return fmt::format("IC [{:#x}]", e.addr);
    case Event::Kind::Barrier: return barrier_text(e.barrier);
    case Event::Kind::ContextSync: return "CSE";
    case Event::Kind::Branch: return "branch";
  }
  return "?";
}

std::string describe(const Event& e, const Disassembler& disassemble) {
  const std::string instruction = disassemble ? disassemble(e.word, e.pc) : fmt::format("{:08x}", e.word);
  return fmt::format("P{} #{} {} ({})", e.core, e.instruction, instruction, describe_effect(e));
}

StaleText tell(const Program& p, const StaleFetch& s, const std::function<std::string(const Event&)>& name) {
  const auto event = [&](EventId e) { return name(p.event[e]); };
  const std::string store = event(s.since);
  const std::string before = s.clean != kNoEvent ? event(s.clean) : store;
  const bool instead = s.instead != kNoEvent;
  StaleText out{store, ""};
  switch (s.missing) {
    case MissingStep::Clean:
      out.missing = instead ? fmt::format("{} is not ordered after that store", event(s.instead))
                            : "no DC cleans the line after that store";
      break;
    case MissingStep::Invalidate:
      out.missing = instead ? fmt::format("{} is not ordered after {}", event(s.instead), before)
                            : fmt::format("no IC invalidates the line after {}", before);
      break;
    case MissingStep::Complete: out.missing = fmt::format("no DSB completes {}", event(s.invalidate)); break;
    case MissingStep::Tell:
      out.missing = fmt::format("nothing before the fetch on its core comes after {}",
                                s.invalidate != kNoEvent ? "the DSB that completes " + event(s.invalidate) : store);
      break;
    case MissingStep::Synchronise:
      out.missing = instead ? fmt::format("{} does not wait for {}", event(s.instead), event(s.told))
                            : fmt::format("no context synchronisation between {} and the fetch", event(s.told));
      break;
  }
  return out;
}

std::string explain(const Program& p, const Violation& v, const Disassembler& disassemble) {
  std::string out = headline(v.axiom) + "\n";
  for (const Link& l : v.cycle) {
    if (l.from == kNoEvent || l.to == kNoEvent) continue;
    out += fmt::format("  {} {} {}  [{}]\n", describe(p.event[l.from], disassemble), said(l),
                       describe(p.event[l.to], disassemble), clauses(l));
  }
  return out;
}

}  // namespace isobar::axiomatic
