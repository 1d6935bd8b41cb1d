// The execution graph of a run as far as it has come: reads, writes, barriers and cache maintenance, and how they are related.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "session/stepper.h"

namespace isobar::session {

/// One node: what an instruction did, or a barrier that it is.
struct GraphEvent {
  unsigned core = 0;
  u32 instruction = 0;  ///< its place in the program order of its core
  std::string kind;     ///< "read", "write", "barrier", "clean" or "invalidate"
  std::string label;    ///< "R flag = 1", "W x = 2", "DMB ISH"
  std::string text;     ///< the instruction as the test writes it
};

/// Coherence and from-reads edges lead to the next write of the location only.
struct GraphEdge {
  std::size_t from = 0, to = 0;  ///< indices of events
  std::string relation;          ///< "po", "rf", "co", "fr" or "fetch"
};

struct Graph {
  std::vector<GraphEvent> events;  ///< by core, then in program order
  std::vector<GraphEdge> edges;
};

/// The graph of the first `n` steps of `s`. A read that takes its bytes from several writes has an edge from each.
Graph graph_at(const Stepper& s, std::size_t n);

nlohmann::ordered_json json(const Graph& g);

}  // namespace isobar::session
