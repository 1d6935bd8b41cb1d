// Which floating-point operations order accesses: dependencies through vector registers, FPCR and FPSR.
#include "tests/model/bench.h"

namespace isobar::model {
namespace {

const char* const kWriter = "mov w0, #1\n str w0, [x20]\n dmb sy\n str w0, [x21]\n";
const std::vector<u64> kReordered{1, 0};

/// Message passing whose reader computes W4 by `code` after a load into S1 (its value also in W1), and then loads from an
/// address that hangs on X4. True if the second load can be first.
bool reorders(const std::string& code) {
  Bench b({kWriter, "ldr s1, [x21]\n fmov w1, s1\n " + code + "eor w4, w4, w4\n ldr w2, [x20, x4]\n"});
  return b.observe({"1:X1", "1:X2"}).states().count(kReordered) != 0;
}

TEST(Float, ResultsHangOnTheirOperands) {
  EXPECT_FALSE(reorders("fadd s3, s1, s2\n fmov w4, s3\n "));
  EXPECT_FALSE(reorders("fmadd s3, s2, s2, s1\n fmov w4, s3\n "));
  EXPECT_FALSE(reorders("fcmp s1, s2\n mrs x4, nzcv\n "));
  EXPECT_FALSE(reorders("fcvtzs w4, s1\n "));
  EXPECT_TRUE(reorders("fadd s3, s2, s2\n fmov w4, s3\n "));
}

TEST(Float, OnlyAccumulatingInstructionsHangOnTheirDestination) {
  EXPECT_FALSE(reorders("fmla v1.2s, v2.2s, v3.2s\n fmov w4, s1\n "));
  EXPECT_FALSE(reorders("xtn2 v1.16b, v2.8h\n fmov w4, s1\n "));
  EXPECT_TRUE(reorders("fmul v1.2s, v2.2s, v3.2s\n fmov w4, s1\n "));
  EXPECT_TRUE(reorders("xtn v1.8b, v2.8h\n fmov w4, s1\n "));
}

TEST(Float, ExceptionsOfOneOperationDoNotHoldAnother) {
  EXPECT_TRUE(reorders("fadd s5, s1, s1\n fadd s3, s2, s2\n fmov w4, s3\n "));
  EXPECT_TRUE(reorders("sqadd v5.4s, v1.4s, v1.4s\n sqadd v3.4s, v2.4s, v2.4s\n fmov w4, s3\n "));
}

TEST(Float, ReadingTheStatusWaitsForAllBeforeIt) {
  EXPECT_FALSE(reorders("fadd s5, s1, s1\n fadd s3, s2, s2\n mrs x4, fpsr\n "));
  EXPECT_TRUE(reorders("fadd s5, s1, s1\n msr fpsr, xzr\n fadd s3, s2, s2\n mrs x4, fpsr\n "));
}

TEST(Float, TheControlRegisterIsAnOperand) {
  EXPECT_FALSE(reorders("msr fpcr, x1\n fadd s3, s2, s2\n fmov w4, s3\n "));
  EXPECT_TRUE(reorders("msr fpcr, x1\n fneg s3, s2\n fmov w4, s3\n "));
}

TEST(Float, StatusCollectsInTheWindowAndInTheRegister) {
  // The load keeps the operations behind it in the window until it is satisfied; DSB empties the window.
  for (const char* between : {"", "dsb sy\n "}) {
    Bench b({std::string("ldr s1, [x20]\n fmov s2, #1.0\n fdiv s3, s2, s1\n ") + between +
             "fneg s2, s2\n fsqrt s4, s2\n mrs x4, fpsr\n"});
    EXPECT_EQ(b.observe({"0:X4"}).states(), (Bench::States{{3}})) << "DZC and IOC " << between;
  }
}

}  // namespace
}  // namespace isobar::model
