#include <gtest/gtest.h>

#include <string>

#include "scenarios/import/litmus.h"

namespace isobar::scenarios {
namespace {

/// A test around `code` and `condition`, for tables.
std::string two_threads(const std::string& init, const std::string& code, const std::string& final_part) {
  return "AArch64 T\n{" + init + "}\n P0 | P1 ;\n" + code + "\n" + final_part + "\n";
}

TEST(LitmusParser, ReadsEveryPartOfAHeader) {
  const LitmusTest t = parse_litmus(
      "(* a comment (* in a comment *) first *)\n"
      "AArch64 name with+odd.characters \n"
      "\"what it is\nabout\"\n"
      "Orig=Rfe Fre\n"
      "TSO=P0,P1\n"
      "fault-handling = skip (* kept *)\n"
      "{}\nP0;\n NOP;\n",
      "f");
  EXPECT_EQ(t.architecture, "AArch64");
  EXPECT_EQ(t.name, "name with+odd.characters");
  EXPECT_EQ(t.description, "what it is\nabout");
  ASSERT_EQ(t.info.size(), 3u);
  EXPECT_EQ(t.info[1].key, "TSO");
  EXPECT_EQ(t.info[1].value, "P0,P1");
  EXPECT_EQ(t.info[1].where.line, 6u);
  EXPECT_EQ(t.info[1].value_where.column, 5u);
  EXPECT_EQ(t.info[2].key, "fault-handling");
  EXPECT_EQ(t.quantifier, LitmusQuantifier::ForAll);
  EXPECT_EQ(condition_text(t), "forall (true)");
}

TEST(LitmusParser, HeaderCommentThatNothingClosesIsOneLine) {
  const LitmusTest t = parse_litmus("AArch64 T\n(* open * )\nTSO=all\n{}\nP0;\nNOP;\n", "f");
  ASSERT_EQ(t.info.size(), 1u);
  EXPECT_EQ(t.info[0].where.line, 3u);
}

TEST(LitmusParser, ReadsDeclarations) {
  const LitmusTest t = parse_litmus(
      "AArch64 T\n{ int16_t x = -2; uint8_t a[3] = {1, 0x2,3};; int *p=&a; [y]=P1:L; 0:X1=a[2];\n"
      "ins_t 1:X2=instr:\"B .+8\"; P1 : X3 = label:\"P0:M\"; 0:x4=NOP; uint64_t* 0:X5 = &x ; "
      "0:V0.4S={1,2,3,4};\n"
      "0:X6=x+4; 1:X7=0:M }\nP0 | P1;\nM: NOP | L: NOP;\n",
      "f");
  ASSERT_EQ(t.init.size(), 12u);
  EXPECT_EQ(t.init[0].type.size, 2);
  EXPECT_TRUE(t.init[0].type.is_signed);
  EXPECT_EQ(static_cast<i64>(t.init[0].value->number), -2);
  EXPECT_EQ(t.init[1].place.index, 3u);
  EXPECT_EQ(to_text(*t.init[1].value), "{1,2,3}");
  EXPECT_TRUE(t.init[2].type.pointer);
  EXPECT_EQ(t.init[2].type.size, 8);
  EXPECT_TRUE(t.init[3].place.bracketed);
  EXPECT_EQ(to_text(*t.init[3].value), "label:\"P1:L\"");
  EXPECT_EQ(to_text(*t.init[4].value), "a[2]");
  EXPECT_TRUE(t.init[5].type.instruction);
  EXPECT_EQ(to_text(*t.init[5].value), "instr:\"B .+8\"");
  EXPECT_EQ(t.init[6].place.thread, 1u);
  EXPECT_EQ(to_text(*t.init[6].value), "label:\"P0:M\"");
  EXPECT_EQ(to_text(*t.init[7].value), "NOP");
  EXPECT_EQ(t.init[9].place.arrangement, "4S");
  EXPECT_EQ(to_text(*t.init[10].value), "x+4");
  EXPECT_EQ(to_text(*t.init[11].value), "label:\"P0:M\"");
}

TEST(LitmusParser, ReadsTheCodeTable) {
  const LitmusTest t = parse_litmus(
      two_threads(
          "", "L0: L1: MOV  W0,#1 (* one *) |  ;\n | .Lx:;\n (* only a comment *) LDR W1,\n [X2] | end: NOP;",
          ""),
      "f");
  ASSERT_EQ(t.threads.size(), 2u);
  ASSERT_EQ(t.threads[0].code.size(), 2u);
  EXPECT_EQ(t.threads[0].code[0].text, "MOV W0,#1");
  EXPECT_EQ(t.threads[0].code[0].where.line, 4u);
  EXPECT_EQ(t.threads[0].code[0].where.column, 9u);
  EXPECT_EQ(t.threads[0].code[1].text, "LDR W1, [X2]");
  ASSERT_EQ(t.threads[0].labels.size(), 2u);
  EXPECT_EQ(t.threads[0].labels[1].name, "L1");
  ASSERT_EQ(t.threads[1].code.size(), 1u);
  ASSERT_EQ(t.threads[1].labels.size(), 2u);
  EXPECT_EQ(t.threads[1].labels[0].name, ".Lx");
  EXPECT_EQ(t.threads[1].labels[0].index, 0u);
  EXPECT_EQ(t.threads[1].labels[1].index, 0u);
}

TEST(LitmusParser, KeepsWhatIsNotModelled) {
  const LitmusTest t = parse_litmus(
      "AArch64 T\n{ [PTE(x)]=(oa:PA(x), valid:0); 0:X1=x:red; tag(y)=:green; }\n P0 | P0.F ;\n NOP | ERET ;\n"
      "exists ([tag(x+16)]=:red /\\ fault (P0:L, x, MMU:Translation))\n",
      "f");
  EXPECT_EQ(t.init[0].place.name, "PTE(x)");
  EXPECT_EQ(t.init[0].value->kind, LitmusValue::Kind::Descriptor);
  EXPECT_EQ(t.init[1].value->tag, "red");
  EXPECT_EQ(t.init[2].place.kind, LitmusPlace::Kind::Tag);
  EXPECT_EQ(t.init[2].value->text, "green");
  EXPECT_TRUE(t.threads[1].handler);
  EXPECT_EQ(condition_text(t), "exists ([tag(x+16)]=:red /\\ fault(P0:L,x,MMU:Translation))");
}

TEST(LitmusParser, PrintsConditionsInCanonicalForm) {
  const struct {
    const char *text, *canonical;
  } cases[] = {
      {"exists x=1 /\\ 0:X1=0x10", "exists ([x]=1 /\\ 0:X1=16)"},
      {"~ exists (((x=1)))", "~exists ([x]=1)"},
      {"forall (x=1 \\/ y=2) /\\ 0:X0=x;", "forall (([x]=1 \\/ [y]=2) /\\ 0:X0=x)"},
      {"forall x=1 \\/ y=2 /\\ z=3", "forall ([x]=1 \\/ [y]=2 /\\ [z]=3)"},
      {"exists not (x=1) /\\ ~y=2", "exists (not ([x]=1) /\\ not ([y]=2))"},
      {"exists 0:X4<>0 /\\ 1:X5 != -3", "exists (not (0:X4=0) /\\ not (1:X5=-3))"},
      {"forall x=1 => y=2 => z=3", "forall ([x]=1 => [y]=2 => [z]=3)"},
      {"forall (x=1 => y=2) /\\ true", "forall (([x]=1 => [y]=2) /\\ true)"},
      {"exists a={1,2} /\\ a[1]=2", "exists (a={1,2} /\\ a[1]=2)"},
      {"exists 0:V0.4S={1,0,0,0}", "exists (0:V0.4S={1,0,0,0})"},
      {"exists Fault(P1) \\/ fault( P0:L0 , UndefinedInstruction )",
       "exists (fault(P1) \\/ fault(P0:L0,UndefinedInstruction))"},
      {"exists 0:X1=label:\"1:L0\" /\\ 0:X2=instr:\"NOP\"", "exists (0:X1=label:\"P1:L0\" /\\ 0:X2=NOP)"},
      {"forall 0:X5=0xffffffffffffffff", "forall (0:X5=-1)"},
      {"locations [0:X1; x; y[1];]\nforall true", "forall (true)"},
      {"filter x=1 exists x=2", "exists ([x]=2)"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(condition_text(parse_litmus(two_threads("", "", c.text), "f")), c.canonical) << c.text;
}

TEST(LitmusParser, CanonicalTextIsAFixedPoint) {
  const char* text = "exists ((x=1 \\/ not (0:X1=-5)) /\\ (a={1,2} => false) /\\ fault(P0:L,x))";
  const std::string once = condition_text(parse_litmus(two_threads("", "", text), "f"));
  EXPECT_EQ(condition_text(parse_litmus(two_threads("", "", once), "f")), once);
}

TEST(LitmusParser, SaysWhereAndWhatIsWrong) {
  const struct {
    const char* text;
    u32 line, column;
    const char* message;
  } cases[] = {
      {"", 1, 1, "expected an architecture"},
      {"AArch64", 1, 8, "expected the name"},
      {"AArch64 T\nP0 ;\n", 2, 1, "expected a line KEY=VALUE"},
      {"AArch64 T\n\"open\n{}", 2, 1, "this string is not closed"},
      {"AArch64 T\n(* (* open *)\n{}", 2, 1, "this comment is not closed"},
      {"AArch64 T\n{ x=1; (* open }\nP0;\n", 2, 8, "this comment is not closed"},
      {"AArch64 T\n{ x=1", 2, 6, "expected ';' or '}'"},
      {"AArch64 T\n{ integer x; }", 2, 3, "unknown type 'integer'"},
      {"AArch64 T\n{ void x; }", 2, 8, "expected '*' after void"},
      {"AArch64 T\n{ 0:=1; }", 2, 5, "expected a register"},
      {"AArch64 T\n{ 64:X1=1; }", 2, 3, "a thread number must be below 64"},
      {"AArch64 T\n{ x=; }", 2, 5, "expected a number, a location"},
      {"AArch64 T\n{ x=0xg; }", 2, 7, "expected a digit"},
      {"AArch64 T\n{ x=12ab; }", 2, 7, "expected a blank or an operator"},
      {"AArch64 T\n{ x=18446744073709551616; }", 2, 5, "does not fit in 64 bits"},
      {"AArch64 T\n{ x=-9223372036854775809; }", 2, 5, "does not fit in 64 bits"},
      {"AArch64 T\n{ x[99999]; }", 2, 5, "must be below"},
      {"AArch64 T\n{ x={1 2}; }", 2, 8, "',' or '}'"},
      {"AArch64 T\n{ 0:X1=label:\"L0\"; }", 2, 14, "expected a thread and a label"},
      {"AArch64 T\n{}\n P1 ;\n", 3, 2, "expected P0 here"},
      {"AArch64 T\n{}\n P0 | P1.G ;\n", 3, 11, "expected F"},
      {"AArch64 T\n{}\n P0 | P1\n NOP | NOP ;\n", 4, 2, "'|' or ';' after a thread name"},
      {"AArch64 T\n{}\n P0 | P1 ;\n NOP ;\n", 4, 6, "has 1 columns, expected 2"},
      {"AArch64 T\n{}\n P0 ;\n NOP | NOP ;\n", 4, 6, "more than 1 columns"},
      {"AArch64 T\n{}\n P0 ;\n NOP\nexists x=1\n", 5, 1, "expected ';' at the end of a row"},
      {"AArch64 T\n{}\n P0 ;\n NOP", 4, 5, "expected ';' at the end of a row"},
      {"AArch64 T\n{}\n P0 ;\nL: NOP ;\nL: NOP ;\n", 5, 1, "label 'L' is already defined"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists x\n", 6, 1, "expected =, != or <>"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists (x=1\n", 6, 1, "/\\, \\/ or ')'"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists x=1 y=2\n", 5, 12, "expected exists, ~exists, forall"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists x=1\nforall x=2\n", 6, 1, "a second final condition"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nlocations x\n", 5, 11, "expected '[' after locations"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists fault(x)\n", 5, 14, "expected a thread such as P0"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nobserved x=1\n", 5, 1, "'observed' lists are not read"},
      {"AArch64 T\n{}\n P0 ;\n NOP ;\nexists \x01=1\n", 5, 8, "byte 0x01"},
  };
  for (const auto& c : cases) {
    try {
      parse_litmus(c.text, "a.litmus");
      ADD_FAILURE() << "accepted: " << c.text;
    } catch (const InputError& e) {
      const Diagnostic& d = e.diagnostics().front();
      EXPECT_EQ(d.where.file, "a.litmus");
      EXPECT_EQ(std::make_pair(d.where.line, d.where.column), std::make_pair(c.line, c.column))
          << c.text << "\n"
          << d.message;
      EXPECT_NE(d.message.find(c.message), std::string::npos) << c.text << "\n" << d.message;
    }
  }
}

TEST(LitmusParser, BoundsNesting) {
  const std::string deep(100'000, '(');
  EXPECT_THROW(parse_litmus(two_threads("", "", "exists " + deep), "f"), InputError);
  EXPECT_THROW(parse_litmus(two_threads("", "", "exists " + std::string(100'000, '~')), "f"), InputError);
  EXPECT_THROW(parse_litmus(two_threads("x=" + std::string(100'000, '{'), "", ""), "f"), InputError);
  std::string implications = "exists x=1";
  for (int i = 0; i < 50'000; ++i) implications += "=>x=1";
  EXPECT_THROW(parse_litmus(two_threads("", "", implications), "f"), InputError);
  std::string tags = "0:X1=x";
  for (int i = 0; i < 50'000; ++i) tags += ":x";
  EXPECT_THROW(parse_litmus(two_threads(tags, "", ""), "f"), InputError);
  EXPECT_THROW(parse_litmus(std::string((1u << 20) + 1, ' '), "f"), InputError);
}

TEST(LitmusParser, TruncatedTextNeverCrashes) {
  const std::string whole =
      "AArch64 T\n\"d\" TSO=all\n{ int a[2]={1,-2}; 0:X1=label:\"P0:L\"; [x]=P1:L; }\n P0 | P1 ;\n L: LDR "
      "W0,[X1] (* c *) | L: B L ;\n"
      "locations [a[1]; 0:X0;]\nfilter x=1\nexists (0:X0=1 /\\ ~(fault(P0:L,x) \\/ a={1,2}))\n";
  unsigned accepted = 0;
  for (std::size_t n = 0; n <= whole.size(); ++n) {
    try {
      parse_litmus(whole.substr(0, n), "f");
      ++accepted;
    } catch (const InputError& e) {
      EXPECT_GT(e.diagnostics().front().where.line, 0u);
    }
  }
  EXPECT_GE(accepted, 1u);
}

}  // namespace
}  // namespace isobar::scenarios
