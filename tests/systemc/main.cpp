// Constructs every platform before the first run (the kernel elaborates once) and makes reports of SystemC
// failures.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/systemc/programs.h"

namespace {

void fail_on_report(const sc_core::sc_report& report, const sc_core::sc_actions&) {
  if (report.get_severity() == sc_core::SC_INFO) return;
  ADD_FAILURE() << "SystemC: " << report.what();
}

}  // namespace

int main(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  testing::InitGoogleTest(&argc, argv);
  sc_core::sc_report_handler::set_handler(fail_on_report);
  isobar::test::platforms();
  return RUN_ALL_TESTS();
}
