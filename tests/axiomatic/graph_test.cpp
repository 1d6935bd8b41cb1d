// Cycles, drawings and the shape of executions.
#include <gtest/gtest.h>

#include <random>

#include "axiomatic/dot.h"
#include "axiomatic/graph.h"
#include "axiomatic/judge.h"
#include "tests/axiomatic/small_program.h"

namespace isobar::axiomatic {
namespace {

TEST(OrderGraph, FindsNoCycleInAChain) {
  OrderGraph g;
  g.add_vertices(4);
  for (u32 v = 0; v < 4; ++v) g.set_stop(v);
  for (u32 v = 1; v < 4; ++v) g.add_edge(v - 1, v, 0);
  EXPECT_TRUE(g.acyclic());
  EXPECT_TRUE(g.shortest_cycle().empty());
}

TEST(OrderGraph, PrefersFewStopsOverFewEdges) {
  OrderGraph g;
  g.add_vertices(8);
  for (u32 v : {0u, 1u, 2u, 3u}) g.set_stop(v);
  // Three stops in three edges, and two stops through junctions in five edges.
  g.add_edge(0, 1, 1);
  g.add_edge(1, 2, 2);
  g.add_edge(2, 0, 3);
  g.add_edge(1, 4, 4);
  g.add_edge(4, 5, 5);
  g.add_edge(5, 6, 6);
  g.add_edge(6, 0, 7);
  const std::vector<Edge> cycle = g.shortest_cycle();
  ASSERT_EQ(cycle.size(), 5u);
  EXPECT_EQ(cycle.front().from, 0u);
  EXPECT_EQ(cycle.back().to, 0u);
  EXPECT_EQ(cycle[1].clause, 4);
}

TEST(OrderGraph, CyclesAreClosedPathsOfTheGraph) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    OrderGraph g;
    g.add_vertices(20);
    for (u32 v = 0; v < 20; v += 2) g.set_stop(v);
    for (unsigned e = 0; e < 30; ++e) g.add_edge(static_cast<u32>(random() % 20), static_cast<u32>(random() % 20), static_cast<u16>(e));
    const std::vector<Edge> cycle = g.shortest_cycle();
    if (g.acyclic()) {
      EXPECT_TRUE(cycle.empty());
    }
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      EXPECT_EQ(cycle[i].to, cycle[(i + 1) % cycle.size()].from);
      const Edge& e = g.edges()[cycle[i].clause];
      EXPECT_EQ(e.from, cycle[i].from);
      EXPECT_EQ(e.to, cycle[i].to);
    }
  }
}

/// The candidate of MP+dmb.sys that is forbidden.
trace::Execution forbidden_mp() {
  const SmallProgram p({"str w9,[x0]\ndmb sy\nstr w9,[x1]\n", "ldr w4,[x1]\ndmb sy\nldr w5,[x0]\n"});
  trace::Execution out;
  for_each_candidate(p.candidates, {}, [&](const trace::Execution& e) {
    const auto& reader = e.core[1];
    if (reader[0].access[0].value.lo != 1 || reader[2].access[0].value.lo != 0) return true;
    out = e;
    return false;
  });
  return out;
}

TEST(Explanation, NamesEveryStepOfTheCycle) {
  JudgeOptions options;
  options.disassemble = isa::disassemble;
  const Verdict v = judge(forbidden_mp(), options);
  ASSERT_EQ(v.violation.axiom, Axiom::External);
  ASSERT_EQ(v.violation.cycle.size(), 4u);
  EXPECT_EQ(v.violation.cycle[0].relation, "bob");
  EXPECT_EQ(v.violation.cycle[1].relation, "rf & ext");
  EXPECT_EQ(v.violation.cycle[2].relation, "bob");
  EXPECT_EQ(v.violation.cycle[3].relation, "fr & ext");
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(v.violation.cycle[i].to, v.violation.cycle[(i + 1) % 4].from);
  EXPECT_NE(v.text.find("str w9, [x0]"), std::string::npos) << v.text;
  EXPECT_NE(v.text.find("is separated by DMB SY from"), std::string::npos) << v.text;
}

TEST(Dot, DrawsColumnsRelationsAndTheCycle) {
  const Verdict v = judge(forbidden_mp());
  DotOptions options;
  options.highlight = &v.violation;
  const std::string dot = to_dot(v.program, options);
  EXPECT_EQ(dot, to_dot(v.program, options));
  for (const char* part : {"digraph", "cluster_0", "cluster_1", "label=\"po\"", "label=\"rf\"", "label=\"fr\"", "DMB SY",
                           "penwidth=3", "label=\"bob\""}) {
    EXPECT_NE(dot.find(part), std::string::npos) << part << "\n" << dot;
  }
}

TEST(Dot, DrawsOnlyTheSelectedRelations) {
  const Verdict v = judge(forbidden_mp());
  DotOptions options;
  ASSERT_TRUE(select_relations("rf,fr", options));
  const std::string dot = to_dot(v.program, options);
  EXPECT_NE(dot.find("label=\"rf\""), std::string::npos);
  EXPECT_EQ(dot.find("label=\"po\""), std::string::npos);
  EXPECT_EQ(dot.find("DMB SY"), std::string::npos);
  EXPECT_FALSE(select_relations("rf,nonsense", options));
  EXPECT_FALSE(select_relations("", options));
}

TEST(WellFormed, ReportsWhatDoesNotFit) {
  const trace::Execution good = forbidden_mp();
  ASSERT_EQ(trace::malformed(good), "");
  const auto broken = [&](auto change) {
    trace::Execution e = good;
    change(e);
    const Verdict v = judge(e);
    EXPECT_EQ(v.violation.axiom, Axiom::WellFormed);
    EXPECT_NE(v.text.find("well-formed: "), std::string::npos);
  };
  broken([](trace::Execution& e) { e.core[1][0].access[0].source[0] = 99; });
  broken([](trace::Execution& e) { e.core[1][0].access[0].source[0] = 0; });  // write 0 is to x, the read of y
  broken([](trace::Execution& e) { e.core[1][0].access[0].source.pop_back(); });
  broken([](trace::Execution& e) { e.core[0][0].access[0].size = 17; });
  broken([](trace::Execution& e) { e.writes.pop_back(); });
  broken([](trace::Execution& e) { e.writes[0].core = 9; });
  broken([](trace::Execution& e) { e.writes[0].instruction = 1; });
  broken([](trace::Execution& e) { e.initial_registers.pop_back(); });
  broken([](trace::Execution& e) { e.core.resize(kMaxCores + 1); });
}

}  // namespace
}  // namespace isobar::axiomatic
