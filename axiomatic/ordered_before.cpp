#include "axiomatic/ordered_before.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

namespace isobar::axiomatic {
namespace {

using Kind = Event::Kind;

/// A vertex in each of the three copies of the graph.
///
/// Real: v is in ordered-before with what it reaches. Picked: v hangs on a pick made by what reaches it, which orders
/// nothing until a store or a context synchronisation event (pob) is reached. AfterPick: v is locally ordered after
/// something that hangs on a pick (pick-lob), which orders nothing until a store is reached.
enum Layer : unsigned { Real, Picked, AfterPick };
using Node = std::array<u32, 3>;

/// A load that takes some of its bytes after an older store of its core and others not (or after another one): the
/// bytes of one store make a slice, which alone is ordered after what feeds that store and before what overwrites
/// what the slice read. Everything else orders all slices.
struct Slices {
  Node before{}, after{};
  std::array<u8, 16> of_byte{};              ///< index into `slice`
  std::vector<std::pair<EventId, Node>> slice;  ///< the store (kNoEvent: none) and its vertex
};

class Builder {
 public:
  Builder(const Program& p, const Relations& r, const Implementation& implementation, const Omitted& omitted)
      : program_(p), relations_(r), flavour_(implementation.flavour), caches_(implementation.caches), omitted_(omitted) {
    const u32 n = static_cast<u32>(p.event.size());
    out_.graph.add_vertices(3 * n);
    first_flow_ = out_.graph.add_vertices(3 * static_cast<u32>(p.flow.size()));
    out_.event_of.assign(out_.graph.vertices(), kNoEvent);
    out_.completion.assign(n, kNoVertex);
    slice_loads();
    for (u32 e = 0; e < n; ++e) {
      const Event& x = p.event[e];
      if ((x.is_memory() || x.is_maintenance() || x.kind == Kind::Fetch) && slices_.count(e) == 0) stop(e, e);
    }
  }

  OrderedBefore build() {
    observed_by();
    hazard_ordered_before();
    data_flow();
    local_memory_write_successor();
    dependency_ordered_before();
    atomic_ordered_before();
    fetch_observed_by();
    for (EventId begin = 0; begin < program_.event.size();) {
      EventId end = begin;
      while (end < program_.event.size() && program_.event[end].core == program_.event[begin].core) ++end;
      program_order(begin, end);
      begin = end;
    }
    out_.event_of.resize(out_.graph.vertices(), kNoEvent);
    return std::move(out_);
  }

 private:
  Node event(EventId e) const {
    const u32 n = static_cast<u32>(program_.event.size());
    return {e, n + e, 2 * n + e};
  }
  /// What must come before all of `e`.
  Node before(EventId e) const {
    const auto found = slices_.find(e);
    return found == slices_.end() ? event(e) : found->second.before;
  }
  /// What comes after all of `e`.
  Node after(EventId e) const {
    const auto found = slices_.find(e);
    return found == slices_.end() ? event(e) : found->second.after;
  }
  /// The part of `e` that has the byte at `address`.
  Node part(EventId e, u64 address) const {
    const auto found = slices_.find(e);
    if (found == slices_.end()) return event(e);
    const Slices& s = found->second;
    return s.slice[s.of_byte[address - program_.event[e].addr]].second;
  }
  /// The part of load `e` that stands after store `w` of its core.
  Node part_after(EventId e, EventId w) const {
    const auto found = slices_.find(e);
    if (found == slices_.end()) return event(e);
    for (const auto& [store, node] : found->second.slice) {
      if (store == w) return node;
    }
    return event(e);
  }

  void slice_loads() {
    for (auto x = relations_.local_store.begin(); x != relations_.local_store.end(); ++x) {
      const auto& [load, stores] = *x;
      const u8 size = program_.event[load].size;
      if (std::all_of(stores.begin(), stores.begin() + size, [first = stores[0]](EventId w) { return w == first; })) continue;
      Slices s{junction(), junction(), {}, {}};
      for (unsigned b = 0; b < size; ++b) {
        const EventId w = stores[b];
        const auto known = std::find_if(s.slice.begin(), s.slice.end(), [&](const auto& y) { return y.first == w; });
        s.of_byte[b] = static_cast<u8>(known - s.slice.begin());
        if (known == s.slice.end()) s.slice.emplace_back(w, junction());
      }
      out_.event_of.resize(out_.graph.vertices(), kNoEvent);
      for (const auto& [store, node] : s.slice) {
        stop(node[Real], load);
        local(s.before, node, Clause::None);
        local(node, s.after, Clause::None);
        picked(s.before, node, Clause::None);
        picked(node, s.after, Clause::None);
        edge(node[Picked], node[AfterPick], Clause::PickLob);
      }
      slices_.emplace(load, std::move(s));
    }
  }
  void stop(u32 vertex, EventId e) {
    out_.graph.set_stop(vertex);
    out_.event_of[vertex] = e;
  }
  Node flow(FlowId f) const { return {first_flow_ + 3 * f, first_flow_ + 3 * f + 1, first_flow_ + 3 * f + 2}; }
  Node junction() {
    const u32 v = out_.graph.add_vertices(3);
    return {v, v + 1, v + 2};
  }
  void edge(u32 from, u32 to, Clause c) {
    if (!omitted_.has(c)) out_.graph.add_edge(from, to, static_cast<u16>(c));
  }

  /// `from` is locally ordered before `to`: also behind a pick.
  void local(const Node& from, const Node& to, Clause c) {
    edge(from[Real], to[Real], c);
    edge(from[AfterPick], to[AfterPick], c);
  }
  /// A pick that `from` hangs on is one that `to` hangs on.
  void picked(const Node& from, const Node& to, Clause c) { edge(from[Picked], to[Picked], c); }
  /// What a pick makes `from` hang on is ordered before `to` itself.
  void pick_ordered(const Node& from, const Node& to, Clause c) { edge(from[Picked], to[Real], c); }

  /// Many events before many others through one vertex: whatever was added so far is ordered before what is joined.
  class Gate {
   public:
    enum class Carries : u8 {
      Local,     ///< clauses of lob, and what is as good as one
      Picks,     ///< and picks
      RealOnly,  ///< clauses outside lob: pick-lob does not go through them
    };
    explicit Gate(Builder& b, Carries carries = Carries::Local) : b_(b), carries_(carries) {}
    void add(const Node& source, Clause c) {
      if (!open_) {
        const Node next = b_.junction();
        if (any_) order(node_, next, Clause::None);
        if (any_ && carries_ == Carries::Picks) b_.picked(node_, next, Clause::None);
        node_ = next;
        any_ = open_ = true;
      }
      order(source, node_, c);
    }
    void add_picked(const Node& source, Clause c) { b_.picked(source, node_, c); }
    void before(const Node& target, Clause c) {
      if (!any_) return;
      open_ = false;
      order(node_, target, c);
    }
    void picked_before(const Node& target, Clause c) {
      if (any_) b_.pick_ordered(node_, target, c);
    }

   private:
    void order(const Node& from, const Node& to, Clause c) {
      if (carries_ == Carries::RealOnly) {
        b_.edge(from[Real], to[Real], c);
      } else {
        b_.local(from, to, c);
      }
    }

    Builder& b_;
    Carries carries_;
    bool any_ = false;
    bool open_ = false;  ///< nothing is ordered after node_ yet
    Node node_{};
  };
  friend class Gate;

  // --- between cores ---------------------------------------------------------------------------------------------

  /// obs = rfe | coe | fre. Neighbours suffice: same-core steps of co and fr are in lmws.
  void observed_by() {
    const auto external = [&](const Pair& x) { return program_.event[x.first].core != program_.event[x.second].core; };
    for (const Pair& x : relations_.rf) {
      if (external(x)) edge(x.first, before(x.second)[Real], Clause::Rfe);
    }
    for (const Pair& x : relations_.co) {
      if (external(x)) edge(x.first, x.second, Clause::Coe);
    }
    for (const FromRead& x : relations_.fr) {
      if (external({x.read, x.write})) edge(part(x.read, x.byte)[Real], x.write, Clause::Fre);
    }
  }

  /// lmws: of a load, only what overlaps the store.
  void local_memory_write_successor() {
    for (const auto& [m, w] : relations_.lmws) {
      const Event& store = program_.event[w];
      const auto sliced = slices_.find(m);
      if (sliced == slices_.end()) {
        local(event(m), event(w), Clause::Lmws);
        continue;
      }
      std::vector<bool> done(sliced->second.slice.size(), false);
      for (unsigned b = 0; b < program_.event[m].size; ++b) {
        const u8 slice = sliced->second.of_byte[b];
        if (done[slice] || program_.event[m].addr + b - store.addr >= store.size) continue;
        done[slice] = true;
        local(sliced->second.slice[slice].second, event(w), Clause::Lmws);
      }
    }
  }

  /// Exp-haz-ob. Same location means that the two loads overlap somewhere; the younger may be overtaken in any byte.
  void hazard_ordered_before() {
    struct Reads {
      bool any = false, open = false;
      u32 vertex = 0;
    };
    std::unordered_map<u64, Reads> reads;
    auto overtaken = relations_.fre_any.begin();
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& r = program_.event[e];
      if (e > 0 && program_.event[e - 1].core != r.core) reads.clear();
      if (!r.is_read()) continue;
      while (overtaken != relations_.fre_any.end() && overtaken->first < e) ++overtaken;
      if (overtaken != relations_.fre_any.end() && overtaken->first == e) {
        const u32 hazard = out_.graph.add_vertices();
        for (unsigned b = 0; b < r.size; ++b) {
          Reads& older = reads[r.addr + b];
          if (!older.any) continue;
          edge(older.vertex, hazard, Clause::None);
          older.open = false;
        }
        for (auto x = overtaken; x != relations_.fre_any.end() && x->first == e; ++x) {
          edge(hazard, x->second, Clause::ExpHaz);
        }
      }
      for (unsigned b = 0; b < r.size; ++b) {
        Reads& mine = reads[r.addr + b];
        if (!mine.open) {
          const u32 next = out_.graph.add_vertices();
          if (mine.any) edge(mine.vertex, next, Clause::None);
          mine = {true, true, next};
        }
        edge(part(e, r.addr + b)[Real], mine.vertex, Clause::None);
      }
    }
  }

  // --- dependencies ----------------------------------------------------------------------------------------------

  /// dtrm and pick-dtrm: through registers.
  void data_flow() {
    for (FlowId f = 0; f < program_.flow.size(); ++f) {
      const Flow& x = program_.flow[f];
      const Node to = flow(f);
      edge(to[Real], to[Picked], Clause::None);  // what a value needs, it also hangs on
      if (x.read != kNoEvent) {
        local(after(x.read), to, Clause::None);
        picked(after(x.read), to, Clause::None);
      }
      for (FlowId n : x.needs) {
        local(flow(n), to, Clause::None);
        picked(flow(n), to, Clause::None);
      }
      for (FlowId d : x.picked_by) picked(flow(d), to, Clause::None);
    }
  }

  /// addr, data, and pick-dep, directly and through a local store (lmrs).
  void dependency_ordered_before() {
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& x = program_.event[e];
      if (x.kind == Kind::Branch) continue;
      const Node n = before(e);
      if (x.address != kNoFlow) {
        local(flow(x.address), n, Clause::Addr);
        picked(flow(x.address), n, Clause::PickAddr);
      }
      if (x.data != kNoFlow) {
        local(flow(x.data), n, Clause::Data);
        picked(flow(x.data), n, Clause::PickData);
      }
      if (x.condition != kNoFlow) picked(flow(x.condition), n, Clause::PickBasic);
            if (x.is_write() || x.is_maintenance()) pick_ordered(n, n, Clause::None);
      if (x.is_memory()) edge(n[Picked], n[AfterPick], Clause::PickLob);
      if (x.is_write()) edge(n[AfterPick], n[Real], Clause::None);
    }
    for (const auto& [w, r] : relations_.lmrs) {
      const Event& store = program_.event[w];
      const Node load = part_after(r, w);
      picked(event(w), load, Clause::PickLmrs);
      if (store.address != kNoFlow) local(flow(store.address), load, Clause::AddrLmrs);
      if (store.data != kNoFlow) local(flow(store.data), load, Clause::DataLmrs);
    }
  }

  /// rmw; rmw; lmrs; [A | Q]; and what feeds from a load that takes the result of an atomic operation.
  void atomic_ordered_before() {
    for (const Pair& x : relations_.rmw) local(after(x.first), event(x.second), Clause::Rmw);
    std::vector<std::vector<EventId>> producers(program_.event.size());
    for (const auto& [w, r] : relations_.lmrs) {
      const Event& store = program_.event[w];
      const Event& load = program_.event[r];
      if (store.partner == kNoEvent) continue;
      if (load.acquire || load.acquire_pc) local(after(store.partner), part_after(r, w), Clause::RmwLmrs);
      if (store.computes) producers[r].push_back(store.partner);
    }
    for (FlowId f = 0; f < program_.flow.size(); ++f) {
      const EventId read = program_.flow[f].read;
      if (read == kNoEvent) continue;
      for (EventId amo : producers[read]) local(after(amo), flow(f), Clause::AmoData);
    }
  }

  // --- program order ---------------------------------------------------------------------------------------------

  /// bob, DSB-ob, IFB-ob, tso-ob, and the clauses with a po step in dob and pob, over one core.
  void program_order(EventId begin, EventId end) {
    constexpr auto kRealOnly = Gate::Carries::RealOnly;
    Gate memory(*this), loads(*this), stores(*this);                      // what has been so far
    Gate cleans(*this, kRealOnly), invalidations(*this), fetches(*this, kRealOnly);
    Gate before_clean(*this, kRealOnly);       // DMB SY: before every younger DC
    Gate before_fetch(*this, kRealOnly);       // context synchronisation: before every younger F
    CacheLines lines(*this, begin, end);
    EventId fetched = kNoEvent;                // the fetch of the current instruction
    std::vector<EventId> invalidated;          // IC that no DSB has completed yet
    Gate before_memory(*this);                 // ordered before every younger M (and DC)
    Gate before_all(*this);                    // the same and IC
    Gate before_store(*this);                  // ... every younger W
    Gate control(*this, Gate::Carries::Picks);                 // branches: before younger W, DC, IC and context synchronisation
    Gate address(*this, Gate::Carries::Picks);                 // addresses: before younger W and context synchronisation
    Gate release(*this);                       // STLR: before younger LDAR
    Gate data_sync(*this);                     // DSB: before context synchronisation
    Gate tso_loads(*this), tso_all(*this), tso_stores(*this), tso_atomics(*this);

    for (EventId e = begin; e < end; ++e) {
      const Event& x = program_.event[e];
      const Node n = before(e);
      if (fetched != kNoEvent && program_.event[fetched].instruction != x.instruction) {
        fetches.add(event(fetched), Clause::Fob);
        fetched = kNoEvent;
      }
      const bool effect = x.is_memory() || x.is_maintenance();
      if (effect) fetches.before(n, Clause::None);
      if (fetched != kNoEvent && (effect || x.kind == Kind::ContextSync)) edge(fetched, n[Real], Clause::Fib);
      switch (x.kind) {
        case Kind::Branch:
          if (x.data == kNoFlow) break;
          control.add(flow(x.data), Clause::Ctrl);
          control.add_picked(flow(x.data), Clause::PickCtrl);
          break;
        case Kind::Barrier:
          switch (x.barrier) {
            case isa::BarrierOp::DmbFull:
              memory.before(n, Clause::DmbFull);
              before_memory.add(n, Clause::None);
              clean_barrier(n, memory, cleans, before_clean);
              break;
            case isa::BarrierOp::DmbLoad:
              loads.before(n, Clause::DmbLd);
              before_memory.add(n, Clause::None);
              break;
            case isa::BarrierOp::DmbStore:
              stores.before(n, Clause::DmbSt);
              before_store.add(n, Clause::None);
              break;
            case isa::BarrierOp::DsbFull:
              memory.before(n, Clause::DsbFull);
              cleans.before(n, Clause::DsbFull);
              invalidations.before(n, Clause::DsbFull);
              fetches.before(n, Clause::DsbFull);
              for (EventId ic : invalidated) out_.completion[ic] = n[Real];
              invalidated.clear();
              break;
            case isa::BarrierOp::DsbLoad: loads.before(n, Clause::DsbLd); break;
            case isa::BarrierOp::DsbStore: stores.before(n, Clause::DsbSt); break;
          }
          if (x.barrier >= isa::BarrierOp::DsbFull) {
            before_all.add(n, Clause::None);
            data_sync.add(n, Clause::None);
          }
          break;
        case Kind::ContextSync:
          control.before(n, Clause::Cse);
          control.picked_before(n, Clause::Cse);
          address.before(n, Clause::Cse);
          address.picked_before(n, Clause::Cse);
          data_sync.before(n, Clause::Cse);
          before_all.add(n, Clause::None);
          before_fetch.add(n, Clause::None);
          break;
        case Kind::CleanData:
        case Kind::InvalidateInstruction:
          before_all.before(n, Clause::None);
          control.before(n, Clause::None);
          control.picked_before(n, Clause::None);
          if (x.kind == Kind::CleanData) {
            before_clean.before(n, Clause::None);
            lines.clean(x, n);
            cleans.add(n, Clause::None);
          } else {
            invalidations.add(n, Clause::None);
            invalidated.push_back(e);
          }
          break;
        case Kind::Fetch:
          before_fetch.before(n, Clause::None);
          fetched = e;
          break;
        case Kind::Read:
        case Kind::Write: {
          const bool load = x.is_read(), acquire = x.acquire || x.acquire_pc;
          const Node done = after(e);
          before_all.before(n, Clause::None);
          before_memory.before(n, Clause::None);
          if (x.acquire) release.before(n, Clause::ReleaseAcquire);
          if (x.release) memory.before(n, Clause::Release);
          if (!load) {
            before_store.before(n, Clause::None);
            control.before(n, Clause::None);
            control.picked_before(n, Clause::None);
            address.before(n, Clause::None);
            address.picked_before(n, Clause::None);
          }
          if (x.tso) tso_before(x, n, tso_loads, tso_all, tso_stores, tso_atomics);
          lines.access(x, n, done);

          memory.add(done, Clause::None);
          if (load && !x.no_ret) loads.add(done, Clause::None);
          if (!load) stores.add(done, Clause::None);
          if (load && acquire) before_memory.add(done, Clause::Acquire);
          if (x.release) release.add(done, Clause::None);
          if (is_acquire_release_atomic(x)) before_memory.add(done, Clause::AmoAcquireRelease);
          if (x.address != kNoFlow) {
            address.add(flow(x.address), Clause::AddrPo);
            address.add_picked(flow(x.address), Clause::PickAddrPo);
          }
          if (x.tso) {
            tso_all.add(done, Clause::TsoStore);
            if (load) tso_loads.add(done, Clause::TsoLoad);
            if (!load) tso_stores.add(done, Clause::None);
            if (!load && x.amo) tso_atomics.add(done, Clause::TsoAtomic);
          }
          break;
        }
      }
    }
  }

  /// DC-ob: DMB SY and DC. DC -> DMB is one edge, so that M and IC after the DMB are ordered as they are anyway.
  void clean_barrier(const Node& dmb, Gate& memory, Gate& cleans, Gate& before_clean) {
    cleans.before(dmb, Clause::DcDmb);
    const Node older = junction();
    memory.before(older, Clause::DcDmb);
    cleans.before(older, Clause::DcDmb);
    before_clean.add(older, Clause::None);
  }

  /// po-scl-ob: a DC and the accesses to its cache line stay in program order.
  class CacheLines {
   public:
    CacheLines(Builder& b, EventId begin, EventId end) : b_(b) {
      const auto is_clean = [](const Event& e) { return e.kind == Kind::CleanData; };
      const auto first = b.program_.event.begin();
      any_ = std::any_of(first + begin, first + end, is_clean);
    }
    void clean(const Event& dc, const Node& n) {
      Line& l = line(b_.caches_.line(dc.addr));
      l.accesses.before(n, Clause::PoSclClean);
      l.cleans.before(n, Clause::PoSclClean);
      l.cleans.add(n, Clause::None);
    }
    void access(const Event& m, const Node& n, const Node& done) {
      if (!any_) return;
      const u64 last = b_.caches_.line(m.addr + m.size - 1);
      for (u64 at = b_.caches_.line(m.addr); at <= last; at += b_.caches_.line_bytes) {
        Line& l = line(at);
        l.cleans.before(n, Clause::PoSclAccess);
        l.accesses.add(done, Clause::None);
      }
    }

   private:
    struct Line {
      Gate accesses, cleans;
    };
    Line& line(u64 addr) {
      const Gate none(b_, Gate::Carries::RealOnly);
      return line_.try_emplace(addr, Line{none, none}).first->second;
    }

    Builder& b_;
    bool any_ = false;  ///< without a DC there is nothing to keep
    std::unordered_map<u64, Line> line_;
  };
  friend class CacheLines;

  /// Instr-obs: a fetch comes after the store it reads; with DIC it comes before the next one, and so do the older
  /// fetches of its core (IC-ob).
  void fetch_observed_by() {
    for (const Pair& x : relations_.irf) edge(x.first, x.second, Clause::Irf);
    if (!caches_.dic) return;
    std::map<u8, Gate> older;  // by core
    EventId next = 0;
    for (const FromRead& x : relations_.ifr) {
      edge(x.read, x.write, Clause::Ifr);
      for (; next < x.read; ++next) {
        if (program_.event[next].kind != Kind::Fetch) continue;
        const Gate none(*this, Gate::Carries::RealOnly);
        older.try_emplace(program_.event[next].core, none).first->second.add(event(next), Clause::IcObCoherent);
      }
      const auto gate = older.find(program_.event[x.read].core);
      if (gate != older.end()) gate->second.before(event(x.write), Clause::None);
    }
  }

  bool is_acquire_release_atomic(const Event& w) const {
    return w.is_write() && w.amo && w.release && w.partner != kNoEvent && program_.event[w.partner].acquire;
  }

  void tso_before(const Event& x, const Node& n, Gate& loads, Gate& all, Gate& stores, Gate& atomics) {
    loads.before(n, Clause::None);
    if (x.is_write()) all.before(n, Clause::None);
    if (flavour_ == TsoFlavour::T2 && x.acquire) stores.before(n, Clause::TsoReleaseAcquire);
    if (flavour_ == TsoFlavour::T3 && x.is_read()) {
      atomics.before(n, Clause::None);
      if (x.amo) stores.before(n, Clause::TsoAtomic);
    }
  }

  const Program& program_;
  const Relations& relations_;
  TsoFlavour flavour_;
  const CacheType& caches_;
  const Omitted& omitted_;
  OrderedBefore out_;
  u32 first_flow_ = 0;
  std::map<EventId, Slices> slices_;
};

}  // namespace

OrderedBefore ordered_before(const Program& p, const Relations& r, const Implementation& implementation,
                             const Omitted& omitted) {
  return Builder(p, r, implementation, omitted).build();
}

}  // namespace isobar::axiomatic
