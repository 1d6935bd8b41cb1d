// The benchmark functions give positive numbers; the numbers themselves are printed, not judged.
#include "model/systemc/measure.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "tests/systemc/programs.h"

namespace isobar::test {
namespace {

TEST(Measure, CostsPerTransition) {
  for (const char* name : {"SB", "increments"}) {
    TestProgram t = classics()[0];
    if (t.name != name)
      t = {name,
           std::vector<std::string>(4,
                                    "mov w20, #50\n1: ldxr w1, [x10]\n add w1, w1, #1\n stxr w2, w1, [x10]\n"
                                    " cbnz w2, 1b\n subs w20, w20, #1\n b.ne 1b"),
           {},
           {}};
    const model::Machine m = make_machine(t, model::Speculation::Squash);
    const systemc::FabricCost cost = systemc::measure_fabrics(m, platforms().natural, 20000);
    const double timed = systemc::measure_timed(m, {}, platforms().natural, 20000);
    EXPECT_GT(cost.direct_ns, 0);
    EXPECT_GT(cost.tlm_ns, 0);
    EXPECT_GT(timed, 0);
    std::printf("%s: %.0f ns direct, %.0f ns through sockets, %.0f ns timed, per transition\n", name,
                cost.direct_ns, cost.tlm_ns, timed);
  }
}

}  // namespace
}  // namespace isobar::test
