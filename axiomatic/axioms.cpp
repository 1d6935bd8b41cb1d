#include "axiomatic/axioms.h"

#include <unordered_map>

#include "axiomatic/maintenance_order.h"

namespace isobar::axiomatic {
namespace {

Violation two_step(Axiom a, EventId x, const char* first, EventId y, const char* second) {
  return {a, {{x, {}, first, y}, {y, {}, second, x}}};
}

}  // namespace

const ClauseText& text(Clause c) {
  static const ClauseText table[] = {
#define X(id, group, cat, sentence) {#id, group, cat, sentence},
      ISOBAR_CLAUSES(X)
#undef X
  };
  return table[static_cast<unsigned>(c)];
}

std::string_view name(Axiom a) {
  switch (a) {
    case Axiom::None: return "consistent";
    case Axiom::WellFormed: return "well-formed";
    case Axiom::Values: return "values";
    case Axiom::Internal: return "internal";
    case Axiom::Atomic: return "atomic";
    case Axiom::External: return "external";
    case Axiom::Explained: return "explained";
  }
  return "?";
}

bool acts_on(const Event& ic, const Event& f, const CacheType& caches) {
  switch (ic.cache_op) {
    case isa::CacheOpKind::IcIvau: return caches.line(ic.addr) == caches.line(f.addr);
    case isa::CacheOpKind::IcIallu: return caches.broadcast_iallu || ic.core == f.core;
    case isa::CacheOpKind::IcIalluis: return true;
    default: return false;
  }
}

/// internal: no load from a younger store of the core; no store overwritten by, no load served from before, an older
/// store of the core. (What involves two loads, or a store between cores, is in external: haz-ob, lmws.)
std::optional<Violation> check_internal(const Program& p, const Relations& r, const Omitted& omitted) {
  for (const auto& [w, read] : r.rf) {
    if (omitted.has(Check::ReadsOlder)) break;
    if (p.event[w].core == p.event[read].core && w > read) return two_step(Axiom::Internal, read, "po-loc", w, "rf");
  }
  struct Newest {
    std::ptrdiff_t position = -1;
    EventId write = kNoEvent;
  };
  std::unordered_map<u64, Newest> newest;  // per byte, among the stores of this core so far
  for (EventId e = 0; e < p.event.size(); ++e) {
    const Event& x = p.event[e];
    if (e > 0 && p.event[e - 1].core != x.core) newest.clear();
    if (!x.is_memory()) continue;
    for (unsigned b = 0; b < x.size; ++b) {
      const u64 byte = x.addr + b;
      const i32 taken = x.is_read() ? x.source[b] : x.write;
      if (taken == trace::kUnknownWrite) continue;
      const std::ptrdiff_t position = r.coherence.position(byte, taken);
      Newest& own = newest[byte];
      const bool asked = !omitted.has(x.is_read() ? Check::ReadsNewest : Check::StoresInOrder);
      if (asked && own.write != kNoEvent && own.position > position) {
        return two_step(Axiom::Internal, own.write, "po-loc", e, x.is_read() ? "fr" : "co");
      }
      if (x.is_write()) own = {position, e};
    }
  }
  return std::nullopt;
}

/// atomic: empty rmw & (fre; coe), byte by byte; a store of the same core in between makes it hold vacuously, as in
/// the reference. An exclusive store that succeeded needs a load-exclusive of the same bytes.
std::optional<Violation> check_atomic(const Program& p, const Relations& r, const Omitted& omitted) {
  for (EventId e = 0; e < p.event.size(); ++e) {
    const Event& w = p.event[e];
    if (!w.is_write() || (w.partner == kNoEvent && !w.store_exclusive)) continue;
    if (w.partner == kNoEvent) return Violation{Axiom::Atomic, {{e, {}, "succeeds without a load-exclusive", e}}};
    const Event& read = p.event[w.partner];
    if (read.addr != w.addr || read.size != w.size) {
      return Violation{Axiom::Atomic, {{w.partner, {}, "reserves other bytes than", e}}};
    }
    if (omitted.has(Check::NoForeignWrite)) continue;
    for (unsigned b = 0; b < w.size; ++b) {
      const i32 source = read.source[b];
      if (source == trace::kUnknownWrite) continue;
      const std::vector<EventId>& writes = r.coherence.writes(w.addr + b);
      EventId foreign = kNoEvent;
      bool own = false;
      const auto last = static_cast<std::size_t>(r.coherence.position(w.addr + b, w.write));
      for (auto i = static_cast<std::size_t>(r.coherence.position(w.addr + b, source) + 1); i < last; ++i) {
        if (p.event[writes[i]].core == w.core) own = true;
        if (p.event[writes[i]].core != w.core && foreign == kNoEvent) foreign = writes[i];
      }
      if (foreign != kNoEvent && (!own || omitted.has(Check::OwnStoreLifts))) {
        return Violation{Axiom::Atomic, {{w.partner, {}, "fr", foreign}, {foreign, {}, "co", e}, {w.partner, {}, "rmw", e}}};
      }
    }
  }
  return std::nullopt;
}

/// external: irreflexive ob, for some DC-after and IC-after.
std::optional<Violation> check_external(const Program& p, const Relations& r, const Implementation& implementation,
                                        const Omitted& omitted) {
  OrderedBefore ob = ordered_before(p, r, implementation, omitted);
  const Choice choice = choose_maintenance_order(p, r, implementation.caches, omitted, ob);
  if (choice == Choice::Found) return std::nullopt;
  if (choice == Choice::GivenUp) return Violation{Axiom::External, {}, true};
  const std::vector<Edge> cycle = ob.graph.shortest_cycle();
  if (cycle.empty()) return std::nullopt;
  Violation v{Axiom::External, {}};
  Link link{ob.event_of[cycle.front().from], {}, "", kNoEvent};
  for (const Edge& e : cycle) {
    const auto clause = static_cast<Clause>(e.clause);
    const bool repeated = !link.clauses.empty() && link.clauses.back() == clause;
    if (clause != Clause::None && !repeated) link.clauses.push_back(clause);
    if (!ob.graph.is_stop(e.to)) continue;
    link.to = ob.event_of[e.to];
    for (Clause c : link.clauses) {
      const std::string group = text(c).group;
      if (link.relation.empty() || !link.relation.ends_with(group)) {
        link.relation += (link.relation.empty() ? "" : "; ") + (group == "obs" ? std::string(text(c).cat) : group);
      }
    }
    v.cycle.push_back(link);
    link = Link{ob.event_of[e.to], {}, "", kNoEvent};
  }
  return v;
}

}  // namespace isobar::axiomatic
