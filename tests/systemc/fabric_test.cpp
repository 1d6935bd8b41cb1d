// (C1) The state graph is the same whichever fabric carries the atomic actions.
#include <gtest/gtest.h>

#include <set>

#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

using model::Fabric;
using model::Machine;
using model::MachineState;
using model::Transition;

struct Graph {
  std::set<Digest> states;
  u64 transitions = 0;
  bool operator==(const Graph&) const = default;
};

Graph state_graph(const Machine& m, Fabric& fabric, std::size_t limit) {
  Graph g;
  std::vector<MachineState> stack{m.initial()};
  g.states.insert(model::digest(stack.back()));
  std::vector<Transition> enabled;
  while (!stack.empty() && g.states.size() < limit) {
    const MachineState s = std::move(stack.back());
    stack.pop_back();
    enabled.clear();
    m.enabled(s, enabled);
    for (const Transition& t : enabled) {
      MachineState next = s;
      m.apply(next, t, fabric);
      ++g.transitions;
      if (g.states.insert(model::digest(next)).second) stack.push_back(std::move(next));
    }
  }
  return g;
}

void expect_same_graph(const TestProgram& t, std::size_t limit) {
  SCOPED_TRACE(t.name);
  const Machine m = make_machine(t, model::Speculation::Prune);
  model::DirectFabric direct = m.direct_fabric();
  systemc::TlmFabric tlm(platforms().natural, m);
  const Graph a = state_graph(m, direct, limit), b = state_graph(m, tlm, limit);
  EXPECT_GT(a.states.size(), 10u);
  EXPECT_EQ(a, b);
}

TEST(Fabric, StateGraphsOfClassicsAreEqual) {
  for (const TestProgram& t : classics()) expect_same_graph(t, 3000);
}

TEST(Fabric, StateGraphsOfRandomProgramsAreEqual) {
  for (u64 seed = 1; seed <= 25; ++seed) expect_same_graph(random_program(seed, 2 + seed % 3), 2000);
}

}  // namespace
}  // namespace isobar::test
