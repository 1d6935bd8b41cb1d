// A directed graph whose edges carry the clause they come from; finds a shortest cycle. The only user of Boost.Graph.
#pragma once

#include <vector>

#include "support/types.h"

namespace isobar::axiomatic {

/// Starting points tried in the search for a shortest cycle.
inline constexpr std::size_t kMaxStarts = 256;

/// An edge of the graph; `clause` is opaque here.
struct Edge {
  u32 from = 0;
  u32 to = 0;
  u16 clause = 0;
};

/// Vertices are numbered in order of creation. A *stop* is a vertex that counts in the length of a cycle (an event);
/// the others are junctions that keep the number of edges linear.
class OrderGraph {
 public:
  /// Adds `n` consecutive vertices, returns the first.
  u32 add_vertices(u32 n = 1);
  void set_stop(u32 v) { stop_[v] = true; }
  void add_edge(u32 from, u32 to, u16 clause) { edges_.push_back({from, to, clause}); }

  u32 vertices() const { return static_cast<u32>(stop_.size()); }
  const std::vector<Edge>& edges() const { return edges_; }
  bool is_stop(u32 v) const { return stop_[v]; }

  /// A cycle with the fewest stops (ties: fewest edges, then lowest numbers) as consecutive edges, starting at its
  /// lowest-numbered stop; empty if no cycle has a stop. With more than kMaxStarts stops on cycles, only a sample of
  /// them is tried as starting points, so the cycle may be longer than necessary.
  std::vector<Edge> shortest_cycle() const;
  bool acyclic() const;

 private:
  std::vector<bool> stop_;
  std::vector<Edge> edges_;
};

/// What can be reached from where, in a graph that grows and shrinks at its end.
class Reachability {
 public:
  explicit Reachability(const OrderGraph& g);

  void add(u32 from, u32 to) { out_[from].push_back(to); }
  /// Takes back the edge from `from` that was added last.
  void take_back(u32 from) { out_[from].pop_back(); }
  /// A vertex reaches itself.
  bool reaches(u32 from, u32 to);
  /// Per vertex: does `from` reach it?
  std::vector<bool> reached(u32 from);

 private:
  /// Visits what `from` reaches until it is `to`.
  bool visit(u32 from, u32 to);

  std::vector<std::vector<u32>> out_;  ///< successors of each vertex
  std::vector<u32> stamp_, stack_;     ///< stamp_: the last visit that came by
  u32 now_ = 0;
};

}  // namespace isobar::axiomatic
