#include "isa/register.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace isobar::isa {
namespace {

TEST(Register, NamesRoundTripAndAreUnique) {
  std::set<std::string> seen;
  for (unsigned i = 0; i < kNumRegs; ++i) {
    const auto r = static_cast<Reg>(i);
    const std::string text(name(r));
    if (text.empty()) continue;
    EXPECT_TRUE(seen.insert(text).second) << text;
    EXPECT_EQ(parse_register(text), r) << text;
  }
  EXPECT_EQ(name(Reg::X0), "X0");
  EXPECT_EQ(name(Reg::SP), "SP");
  EXPECT_EQ(name(v_reg(31)), "V31");
  EXPECT_EQ(name(Reg::ACTLR_EL1), "ACTLR_EL1");
}

TEST(Register, ParsesViewsAndAliases) {
  EXPECT_EQ(parse_register("w7"), x_reg(7));
  EXPECT_EQ(parse_register("x30"), Reg::X30);
  EXPECT_EQ(parse_register("lr"), Reg::X30);
  EXPECT_EQ(parse_register("wsp"), Reg::SP);
  EXPECT_EQ(parse_register("WZR"), Reg::XZR);
  EXPECT_EQ(parse_register("q3"), v_reg(3));
  EXPECT_EQ(parse_register("D31"), v_reg(31));
  EXPECT_EQ(parse_register("actlr_el1"), Reg::ACTLR_EL1);
}

TEST(Register, RejectsEverythingElse) {
  for (const char* text : {"", "x", "x31", "w31", "x07", "x99", "v32", "x-1", "y1", "x1 ", "none", "ACTLR"}) {
    EXPECT_EQ(parse_register(text), Reg::None) << text;
  }
}

TEST(SystemRegisters, AreFoundByFieldsAndByRegister) {
  std::set<unsigned> encodings;
  for (unsigned i = index(Reg::FirstSystem); i < kNumRegs; ++i) {
    const SystemRegister* s = find_system_register(static_cast<Reg>(i));
    ASSERT_NE(s, nullptr);
    EXPECT_EQ(index(s->reg), i);
    EXPECT_EQ(s->name, name(s->reg));
    EXPECT_EQ(find_system_register(s->op0, s->op1, s->crn, s->crm, s->op2), s) << s->name;
    const unsigned fields = ((((s->op0 * 8u + s->op1) * 16 + s->crn) * 16 + s->crm) * 8) + s->op2;
    EXPECT_TRUE(encodings.insert(fields).second) << s->name;
  }
  EXPECT_EQ(find_system_register(3, 7, 15, 15, 7), nullptr);
  EXPECT_EQ(find_system_register(Reg::X0), nullptr);
  EXPECT_EQ(find_system_register(Reg::None), nullptr);
}

}  // namespace
}  // namespace isobar::isa
