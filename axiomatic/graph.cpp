#include "axiomatic/graph.h"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <limits>
#include <queue>

namespace isobar::axiomatic {
namespace {

struct EdgeClause {
  u16 clause = 0;
};
using Csr =
    boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, EdgeClause, boost::no_property, u32, u32>;

Csr to_csr(const std::vector<Edge>& edges, u32 vertices) {
  std::vector<std::pair<u32, u32>> ends;
  std::vector<EdgeClause> clauses;
  ends.reserve(edges.size());
  clauses.reserve(edges.size());
  for (const Edge& e : edges) {
    ends.emplace_back(e.from, e.to);
    clauses.push_back({e.clause});
  }
  return Csr(boost::edges_are_unsorted_multi_pass, ends.begin(), ends.end(), clauses.begin(), vertices);
}

/// Strongly connected component of every vertex.
std::vector<u32> components(const Csr& g) {
  std::vector<u32> component(num_vertices(g));
  if (component.empty()) return component;
  boost::strong_components(
      g, boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, g)));
  return component;
}

/// Vertices that lie on a cycle, in increasing order.
std::vector<u32> on_cycles(const Csr& g, const std::vector<u32>& component) {
  std::vector<u32> size(component.size(), 0);
  for (u32 c : component) ++size[c];
  std::vector<u32> out;
  for (u32 v = 0; v < component.size(); ++v) {
    bool cyclic = size[component[v]] > 1;
    for (auto [e, end] = out_edges(v, g); e != end && !cyclic; ++e) cyclic = target(*e, g) == v;
    if (cyclic) out.push_back(v);
  }
  return out;
}

/// Cost of a path: stops entered, then edges.
using Cost = std::pair<u32, u32>;
constexpr Cost kUnreached{std::numeric_limits<u32>::max(), 0};

/// Dijkstra within one component; scratch space is reused between starting points.
class CycleSearch {
 public:
  CycleSearch(const Csr& g, const std::vector<u32>& component, const OrderGraph& graph)
      : g_(g), component_(component), graph_(graph), cost_(component.size(), kUnreached), by_(component.size()) {}

  /// Cheapest cycle through `start`, if it costs less than `limit`.
  std::vector<Edge> through(u32 start, Cost limit) {
    std::vector<u32> touched;
    std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
    queue.emplace(Cost{0, 0}, start);
    std::vector<Edge> found;
    while (!queue.empty() && found.empty()) {
      const auto [cost, v] = queue.top();
      queue.pop();
      if (v == start && cost != Cost{0, 0}) {
        found = path_to(start);
        break;
      }
      if (v != start && cost != cost_[v]) continue;
      for (auto [e, end] = out_edges(v, g_); e != end; ++e) {
        const u32 w = target(*e, g_);
        if (component_[w] != component_[start]) continue;
        const Cost next{cost.first + (graph_.is_stop(w) ? 1 : 0), cost.second + 1};
        if (next >= cost_[w] || next >= limit) continue;
        cost_[w] = next;
        by_[w] = {v, w, g_[*e].clause};
        touched.push_back(w);
        queue.emplace(next, w);
      }
    }
    last_ = found.empty() ? kUnreached : cost_[start];
    for (u32 v : touched) cost_[v] = kUnreached;
    return found;
  }
  Cost last_cost() const { return last_; }

 private:
  using Item = std::pair<Cost, u32>;
  std::vector<Edge> path_to(u32 start) const {
    std::vector<Edge> out;
    u32 v = start;
    do {
      out.push_back(by_[v]);
      v = by_[v].from;
    } while (v != start);
    std::reverse(out.begin(), out.end());
    return out;
  }

  const Csr& g_;
  const std::vector<u32>& component_;
  const OrderGraph& graph_;
  std::vector<Cost> cost_;
  std::vector<Edge> by_;
  Cost last_ = kUnreached;
};

}  // namespace

u32 OrderGraph::add_vertices(u32 n) {
  const u32 first = vertices();
  stop_.resize(stop_.size() + n, false);
  return first;
}

bool OrderGraph::acyclic() const {
  const Csr g = to_csr(edges_, vertices());
  return on_cycles(g, components(g)).empty();
}

std::vector<Edge> OrderGraph::shortest_cycle() const {
  const Csr g = to_csr(edges_, vertices());
  const std::vector<u32> component = components(g);
  std::vector<u32> starts;
  for (u32 v : on_cycles(g, component)) {
    if (is_stop(v)) starts.push_back(v);
  }
  CycleSearch search(g, component, *this);
  std::vector<Edge> best;
  Cost cost = kUnreached;
  const std::size_t stride = starts.size() / kMaxStarts + 1;
  for (std::size_t i = 0; i < starts.size(); i += stride) {
    std::vector<Edge> found = search.through(starts[i], cost);
    if (found.empty()) continue;
    best = std::move(found);
    cost = search.last_cost();
  }
  return best;
}

Reachability::Reachability(const OrderGraph& g) : out_(g.vertices()), stamp_(g.vertices(), 0) {
  for (const Edge& e : g.edges()) out_[e.from].push_back(e.to);
}

bool Reachability::visit(u32 from, u32 to) {
  ++now_;
  stack_.assign(1, from);
  stamp_[from] = now_;
  while (!stack_.empty()) {
    const u32 v = stack_.back();
    stack_.pop_back();
    for (u32 w : out_[v]) {
      if (w == to) return true;
      if (stamp_[w] == now_) continue;
      stamp_[w] = now_;
      stack_.push_back(w);
    }
  }
  return false;
}

bool Reachability::reaches(u32 from, u32 to) { return from == to || visit(from, to); }

std::vector<bool> Reachability::reached(u32 from) {
  visit(from, ~u32{0});
  std::vector<bool> out(stamp_.size());
  for (std::size_t v = 0; v < out.size(); ++v) out[v] = stamp_[v] == now_;
  return out;
}

}  // namespace isobar::axiomatic
