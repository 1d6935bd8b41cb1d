#include "axiomatic/maintenance_order.h"

#include <algorithm>
#include <array>
#include <map>

namespace isobar::axiomatic {
namespace {

using Kind = Event::Kind;

/// Pairs to order; beyond, only the recorded order is tried.
constexpr std::size_t kMaxPairs = 4096;
/// Pairs ordered and taken back before the search is given up.
constexpr u64 kMaxSteps = 100'000;

bool on_line(const Event& w, u64 line, const CacheType& caches) {
  return w.addr < line + caches.line_bytes && line < w.addr + w.size;
}

/// The maintenance that a fetch can notice, and what it is about.
struct Situation {
  std::vector<EventId> fetches;        ///< of words whose source is known
  std::vector<EventId> invalidations;  ///< that a DSB completes; others have no effect
  std::vector<EventId> cleans;
  std::map<EventId, std::vector<EventId>> overwritten_by;  ///< F to the stores it just does not see

  Situation(const Program& p, const Relations& r, const OrderedBefore& ob) {
    for (EventId e = 0; e < p.event.size(); ++e) {
      const Event& x = p.event[e];
      if (x.kind == Kind::Fetch && x.source[0] != trace::kUnknownWrite) fetches.push_back(e);
      if (x.kind == Kind::CleanData) cleans.push_back(e);
      if (x.kind == Kind::InvalidateInstruction && ob.completion[e] != kNoVertex) invalidations.push_back(e);
    }
    for (const FromRead& x : r.ifr) overwritten_by[x.read].push_back(x.write);
  }
};

/// Orders pairs one after the other and takes orders back that close a cycle.
class Chooser {
 public:
  Chooser(const Program& p, const Situation& s, const CacheType& caches, const Omitted& omitted, OrderedBefore& ob)
      : program_(p), situation_(s), caches_(caches), omitted_(omitted), ob_(ob), reach_(ob.graph) {
    collect_pairs();
  }

  std::size_t pairs() const { return pair_.size(); }

  Choice run() {
    const Choice c = choose();
    // What closes a cycle is shown as far as it is forced: without a choice.
    const std::vector<Edge>& edges = c == Choice::None ? conflict_ : added_;
    for (const Edge& e : edges) ob_.graph.add_edge(e.from, e.to, e.clause);
    return c;
  }

 private:
  enum class Order : u8 { Open, Forwards, Backwards };  ///< Forwards: the maintenance comes first
  struct Pair {
    EventId maintenance = kNoEvent;  ///< IC or DC
    EventId other = kNoEvent;        ///< F or W
    bool fetch = false;
    Order order = Order::Open;
  };

  void collect_pairs() {
    std::vector<EventId> stores;
    for (const auto& [f, writes] : situation_.overwritten_by) stores.insert(stores.end(), writes.begin(), writes.end());
    std::sort(stores.begin(), stores.end());
    stores.erase(std::unique(stores.begin(), stores.end()), stores.end());
    for (EventId ic : situation_.invalidations) {
      for (EventId f : situation_.fetches) {
        if (acts_on(program_.event[ic], program_.event[f], caches_)) pair_.push_back({ic, f, true, Order::Open});
      }
    }
    if (caches_.clean_by_store()) return;
    for (EventId dc : situation_.cleans) {
      for (EventId w : stores) {
        if (on_line(program_.event[w], caches_.line(program_.event[dc].addr), caches_)) {
          pair_.push_back({dc, w, false, Order::Open});
        }
      }
    }
  }

  /// False if the edge closes a cycle; it is there all the same.
  bool add(u32 from, u32 to, Clause c) {
    if (omitted_.has(c)) return true;
    const bool sound = !reach_.reaches(to, from);
    reach_.add(from, to);
    added_.push_back({from, to, static_cast<u16>(c)});
    return sound;
  }
  void take_back(std::size_t edges) {
    while (added_.size() > edges) {
      reach_.take_back(added_.back().from);
      added_.pop_back();
    }
  }

  bool is_overwritten_by(EventId f, EventId w) const {
    const auto found = situation_.overwritten_by.find(f);
    return found != situation_.overwritten_by.end() &&
           std::find(found->second.begin(), found->second.end(), w) != found->second.end();
  }
  bool same_line(EventId a, EventId b) const {
    return caches_.line(program_.event[a].addr) == caches_.line(program_.event[b].addr);
  }

  /// IC-ca where DC-after matters: IC; IC-after; F; ca; W; DC-after; DC.
  bool invalidates_before_clean(const Pair& ic_f, const Pair& w_dc) {
    if (ic_f.order != Order::Forwards || w_dc.order != Order::Backwards) return true;
    if (!is_overwritten_by(ic_f.other, w_dc.other) || !same_line(ic_f.other, w_dc.maintenance)) return true;
    return add(ic_f.maintenance, w_dc.maintenance, Clause::IcCaClean);
  }

  /// Puts a pair in order with all that follows; false if that closes a cycle.
  bool settle(std::size_t at, Order order) {
    pair_[at].order = order;
    const Pair x = pair_[at];
    const bool forwards = order == Order::Forwards;
    const Clause clause = x.fetch ? Clause::IcAfter : Clause::DcAfter;
    if (!add(forwards ? x.maintenance : x.other, forwards ? x.other : x.maintenance, clause)) return false;
    for (const Pair& y : pair_) {
      if (y.fetch != x.fetch && !(x.fetch ? invalidates_before_clean(x, y) : invalidates_before_clean(y, x))) return false;
    }
    if (!x.fetch) return true;
    if (!forwards) return fetched_in_order(x);
    return caches_.dic || !caches_.idc || invalidates_before_store(x);
  }

  /// IC-ca with IDC: IC; IC-after; F; ca; W.
  bool invalidates_before_store(const Pair& x) {
    const auto found = situation_.overwritten_by.find(x.other);
    if (found == situation_.overwritten_by.end()) return true;
    return std::all_of(found->second.begin(), found->second.end(),
                       [&](EventId w) { return add(x.maintenance, w, Clause::IcCaStore); });
  }

  /// IC-ob: older fetches of the core come before what the DSB of the IC orders.
  bool fetched_in_order(const Pair& x) {
    for (EventId f : situation_.fetches) {
      if (f >= x.other || program_.event[f].core != program_.event[x.other].core) continue;
      if (!add(f, ob_.completion[x.maintenance], Clause::IcOb)) return false;
    }
    return true;
  }

  bool possible(const Pair& x, Order order) {
    const Clause clause = x.fetch ? Clause::IcAfter : Clause::DcAfter;
    if (omitted_.has(clause)) return true;
    return order == Order::Forwards ? !reach_.reaches(x.other, x.maintenance) : !reach_.reaches(x.maintenance, x.other);
  }

  /// Orders every pair that has only one way; false if one has none.
  bool propagate() {
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t at = 0; at < pair_.size(); ++at) {
        if (pair_[at].order != Order::Open) continue;
        const bool forwards = possible(pair_[at], Order::Forwards), backwards = possible(pair_[at], Order::Backwards);
        if (forwards && backwards) continue;
        if (!settle(at, forwards ? Order::Forwards : Order::Backwards)) return false;
        changed = true;
      }
    }
    return true;
  }

  Choice choose() {
    if (!propagate()) {
      if (conflict_.empty()) conflict_ = added_;
      return Choice::None;
    }
    const auto open = std::find_if(pair_.begin(), pair_.end(), [](const Pair& x) { return x.order == Order::Open; });
    if (open == pair_.end()) return Choice::Found;
    const auto at = static_cast<std::size_t>(open - pair_.begin());
    const std::vector<Pair> before = pair_;
    const std::size_t edges = added_.size();
    for (Order order : {Order::Forwards, Order::Backwards}) {
      if (++steps_ > kMaxSteps) return Choice::GivenUp;
      const bool sound = settle(at, order);
      if (!sound && conflict_.empty()) conflict_ = added_;
      const Choice c = sound ? choose() : Choice::None;
      if (c != Choice::None) return c;
      pair_ = before;
      take_back(edges);
    }
    return Choice::None;
  }

  const Program& program_;
  const Situation& situation_;
  const CacheType& caches_;
  const Omitted& omitted_;
  OrderedBefore& ob_;
  Reachability reach_;
  std::vector<Pair> pair_;
  std::vector<Edge> added_, conflict_;
  u64 steps_ = 0;
};

/// The order in which stores, DC and IC of a recorded run took effect, as edges that imply a choice: what is in an
/// order in time has no cycle. A fetch comes after its source and after the older fetches of its core, and before the
/// first IC that removes what it read.
class RecordedOrder {
 public:
  RecordedOrder(const Program& p, const Situation& s, const CacheType& caches, OrderGraph graph)
      : program_(p), situation_(s), caches_(caches), graph_(std::move(graph)) {
    for (EventId f : s.fetches) {
      Word& w = word_[p.event[f].addr];
      w.fetches.push_back(f);
    }
  }

  bool consistent() {
    for (std::size_t i = 1; i < situation_.fetches.size(); ++i) {
      const EventId older = situation_.fetches[i - 1], younger = situation_.fetches[i];
      if (program_.event[older].core == program_.event[younger].core) edge(older, younger);
    }
    std::size_t w = 0;
    for (const Maintenance& m : program_.maintenance) {
      for (; w < m.writes_before; ++w) store(w);
      maintain(m.event);
    }
    for (; w < program_.of_write.size(); ++w) store(w);
    return graph_.acyclic();
  }

 private:
  struct Word {
    std::vector<EventId> fetches;
    i32 newest = trace::kInitialWrite, cleaned = trace::kInitialWrite;  ///< Execution::writes index
    std::vector<bool> late;  ///< of fetches: an IC has removed what they read
  };

  void edge(u32 from, u32 to) { graph_.add_edge(from, to, 0); }
  void follow(EventId e) {
    if (last_ != kNoEvent) edge(last_, e);
    last_ = e;
  }
  /// What a fetch read: the newest of its bytes.
  i32 version(EventId f) const {
    const auto& source = program_.event[f].source;
    return *std::max_element(source.begin(), source.begin() + program_.event[f].size);
  }

  void store(std::size_t write) {
    const EventId e = program_.of_write[write];
    if (e == kNoEvent) return;
    const Event& x = program_.event[e];
    bool touched = false;
    for (u64 at = x.addr & ~u64{3}; at < x.addr + x.size; at += 4) {
      const auto found = word_.find(at);
      if (found == word_.end()) continue;
      found->second.newest = static_cast<i32>(write);
      if (caches_.clean_by_store()) found->second.cleaned = static_cast<i32>(write);
      touched = true;
    }
    if (touched) follow(e);
  }

  void maintain(EventId e) {
    const Event& x = program_.event[e];
    if (x.kind == Kind::CleanData) {
      follow(e);
      const u64 line = caches_.line(x.addr);
      for (auto w = word_.lower_bound(line); w != word_.end() && caches_.line(w->first) == line; ++w) {
        w->second.cleaned = w->second.newest;
      }
      return;
    }
    if (!std::binary_search(situation_.invalidations.begin(), situation_.invalidations.end(), e)) return;
    follow(e);
    const bool by_line = x.cache_op == isa::CacheOpKind::IcIvau;
    const u64 line = caches_.line(x.addr);
    for (auto at = by_line ? word_.lower_bound(line) : word_.begin(); at != word_.end(); ++at) {
      if (by_line && caches_.line(at->first) != line) break;
      Word& w = at->second;
      w.late.resize(w.fetches.size(), false);
      for (std::size_t i = 0; i < w.fetches.size(); ++i) {
        const EventId f = w.fetches[i];
        if (w.late[i] || version(f) >= w.cleaned || !acts_on(x, program_.event[f], caches_)) continue;
        w.late[i] = true;
        edge(f, e);
      }
    }
  }

  const Program& program_;
  const Situation& situation_;
  const CacheType& caches_;
  OrderGraph graph_;
  std::map<u64, Word> word_;
  EventId last_ = kNoEvent;
};

}  // namespace

Choice choose_maintenance_order(const Program& p, const Relations& r, const CacheType& caches, const Omitted& omitted,
                                OrderedBefore& ob) {
  const Situation situation(p, r, ob);
  if (situation.fetches.empty() || (situation.invalidations.empty() && situation.cleans.empty())) return Choice::None;
  if (!p.maintenance.empty() && RecordedOrder(p, situation, caches, ob.graph).consistent()) return Choice::Found;
  if (!ob.graph.acyclic()) return Choice::None;
  Chooser chooser(p, situation, caches, omitted, ob);
  return chooser.pairs() > kMaxPairs ? Choice::GivenUp : chooser.run();
}

}  // namespace isobar::axiomatic
