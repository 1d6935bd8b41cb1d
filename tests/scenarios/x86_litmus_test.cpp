// X86_64 litmus tests: the reader, and the x86-TSO machine against outcome sets that follow from its
// definition.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "scenarios/import/x86_machine.h"

namespace isobar::scenarios {
namespace {

std::set<std::string> x86_states(const std::string& text) {
  const X86Program x = build_x86(parse_litmus(text, "t.litmus"));
  const X86SearchResult r = search_x86(x);
  EXPECT_TRUE(r.complete) << r.reason;
  return state_texts(x, r);
}

/// One thread; what it leaves in the observed registers.
std::set<std::string> x86_single(const std::string& init, const std::vector<std::string>& code,
                             const std::string& observed) {
  std::string text = "X86_64 T\n{" + init + "}\n P0 ;\n";
  for (const std::string& line : code) text += " " + line + " ;\n";
  return x86_states(text + "locations [" + observed + "]\nforall (true)\n");
}

std::string two_threads(const std::vector<std::string>& a, const std::vector<std::string>& b,
                        const std::string& end, const std::string& init = "") {
  std::string text = "X86_64 T\n{" + init + "}\n P0 | P1 ;\n";
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    text += " " + (i < a.size() ? a[i] : "") + " | " + (i < b.size() ? b[i] : "") + " ;\n";
  return text + end + "\n";
}

using Set = std::set<std::string>;

TEST(X86Litmus, OneThreadComputes) {
  struct Case {
    std::string init;
    std::vector<std::string> code;
    std::string observed, state;
  };
  const std::vector<Case> cases{
      {"", {"movl $-1,%eax", "movb $2,%ah"}, "0:rax;", "0:rax=-64769"},
      {"int64_t 0:rax=-1;", {"movl $7,%eax"}, "0:rax;", "0:rax=7"},
      {"int64_t 0:rax=-1;", {"movw $7,%ax"}, "0:rax;", "0:rax=-65529"},
      {"x=5;", {"movl $3,%eax", "lock xaddl %eax,(x)"}, "0:rax; x;", "0:rax=5;[x]=8"},
      {"x=5;", {"lock; incl (x)"}, "x;", "[x]=6"},
      {"x=5; 0:rax=x;", {"LOCK ADDL $2,(%rax)"}, "x;", "[x]=7"},
      {"x=5;", {"movl $5,%eax", "movl $9,%ebx", "lock cmpxchgl (x),%ebx"}, "0:rax; x;", "0:rax=5;[x]=9"},
      {"x=5;", {"movl $4,%eax", "movl $9,%ebx", "lock cmpxchgl %ebx,(x)"}, "0:rax; x;", "0:rax=5;[x]=5"},
      {"int64_t t[2]={1,-1}; 0:rax=t; 0:rbx=1;", {"movq 0(%rax,%rbx,8),%rcx"}, "0:rcx;", "0:rcx=-1"},
      {"x=1;",
       {"cmpl $1,(x)", "je L", "movl $3,%eax", "L: movl $4,%ebx"},
       "0:rax; 0:rbx;",
       "0:rax=0;0:rbx=4"},
      {"x=1;", {"cmpl $2,(x)", "jl L", "movl $3,%eax", "L: nop"}, "0:rax;", "0:rax=0"},
      {"",
       {"movl $1,%eax", "cmpl $2,%eax", "setb %bl", "cmovbl %eax,%ecx"},
       "0:rbx; 0:rcx;",
       "0:rbx=1;0:rcx=1"},
      {"", {"movq $7,%rax", "push %rax", "pop %rbx"}, "0:rbx;", "0:rbx=7"},
      {"0:rsi=a; 0:rdi=b; 0:rcx=2; uint8_t a[2]={3,4}; uint8_t b[2];",
       {"rep movsb"},
       "b; 0:rcx;",
       "0:rcx=0;b={3,4}"},
      {"uint64_t x[2]={3,4};",
       {"movdqa (x),%xmm0", "movq %xmm0,%rax", "pextrq $1,%xmm0,%rbx"},
       "0:rax; 0:rbx;",
       "0:rax=3;0:rbx=4"},
      {"uint64_t x[2]; 0:rax=1; 0:rbx=5; 0:rcx=6;", {"movl $0,%eax", "lock cmpxchg16b (x)"}, "x;", "x={5,6}"},
      {"", {"movl $1,%eax", "jmp E", "movl $2,%eax", "E:"}, "0:rax;", "0:rax=1"},
      {"x=200;", {"movzbl (x),%eax"}, "0:rax;", "0:rax=200"},
  };
  for (const Case& c : cases) EXPECT_EQ(x86_single(c.init, c.code, c.observed), Set{c.state}) << c.code.front();
}

TEST(X86Litmus, StoreBufferingNeedsAFullBarrier) {
  struct Case {
    std::vector<std::string> between;
    bool allowed;
  };
  const std::vector<Case> cases{
      {{}, true},
      {{"lfence"}, true},
      {{"sfence"}, true},
      {{"mfence"}, false},
      {{"lock addl $1,(z)"}, false},
      {{"xchgl %ecx,(z)"}, false},
      {{"movl $5,%eax", "lock cmpxchgl %ecx,(z)"}, false},  // fails
      {{"addl $1,(z)"}, true},
  };
  for (const Case& c : cases) {
    std::vector<std::string> a{"movl $1,(x)"}, b{"movl $1,(y)"};
    for (const std::string& i : c.between) {
      a.push_back(i);
      b.push_back(i);
    }
    a.push_back("movl (y),%ebx");
    b.push_back("movl (x),%ebx");
    const Set seen = x86_states(two_threads(a, b, "exists (0:rbx=0 /\\ 1:rbx=0)"));
    EXPECT_EQ(seen.count("0:rbx=0;1:rbx=0") != 0, c.allowed) << (c.between.empty() ? "" : c.between.back());
    EXPECT_EQ(seen.count("0:rbx=1;1:rbx=1"), 1u);
  }
}

TEST(X86Litmus, LockedInstructionsAreAtomicAndOthersAreNot) {
  const std::string end = "forall (true)";
  const auto count = [&](const std::string& i) {
    return x86_states(two_threads({i}, {i}, "locations [x;]\n" + end));
  };
  EXPECT_EQ(count("lock incl (x)"), Set{"[x]=2"});
  EXPECT_EQ(count("incl (x)"), (Set{"[x]=1", "[x]=2"}));
}

TEST(X86Litmus, VectorsTearUnlessAvxPromises) {
  const std::string init = "uint64_t x[2]; 0:xmm0={1,1};";
  const std::vector<std::string> reader{"movdqa (x),%xmm1", "movq %xmm1,%rax", "pextrq $1,%xmm1,%rbx"};
  const std::string text = two_threads({"movdqa %xmm0,(x)"}, reader, "exists (1:rax=1 /\\ 1:rbx=0)", init);
  EXPECT_EQ(x86_states(text), (Set{"1:rax=0;1:rbx=0", "1:rax=0;1:rbx=1", "1:rax=1;1:rbx=0", "1:rax=1;1:rbx=1"}));
  std::string avx = text;
  avx.replace(avx.find("\n{"), 2, "\nVariant=avx\n{");
  EXPECT_EQ(x86_states(avx), (Set{"1:rax=0;1:rbx=0", "1:rax=1;1:rbx=1"}));
}

TEST(X86Litmus, ElementsOfRepMovsMayArriveInAnyOrderButBeforeLaterStores) {
  const std::string init = "uint8_t a[2]={1,1}; uint8_t b[2]; 0:rsi=a; 0:rdi=b; 0:rcx=2; 1:rdx=b;";
  const Set seen = x86_states(two_threads({"rep movsb", "movl $1,(y)"},
                                      {"movl (y),%eax", "movzbl 1(%rdx),%ebx", "movzbl (%rdx),%ecx"},
                                      "exists (1:rax=1 /\\ 1:rbx=1 /\\ 1:rcx=0)", init));
  for (const std::string& s : seen)
    EXPECT_TRUE(s.find("1:rax=1") == std::string::npos || s == "1:rax=1;1:rbx=1;1:rcx=1") << s;
  EXPECT_EQ(seen.count("1:rax=0;1:rbx=1;1:rcx=1"), 1u);
}

TEST(X86Litmus, ConditionsNameWholeRegistersInLowerCase) {
  const X86Program x =
      build_x86(parse_litmus("X86_64 T\n{0:RBX=2;}\n P0 ;\n movq %rbx,(x) ;\n"
                             "exists (0:RBX=2 /\\ [x]=2)\n",
                             "t.litmus"));
  EXPECT_EQ(x.program.condition_text, "exists (0:rbx=2 /\\ [x]=2)");
  EXPECT_EQ(state_texts(x, search_x86(x)), Set{"0:rbx=2;[x]=2"});
}

TEST(X86Litmus, WrongInputNamesThePlace) {
  struct Case {
    std::string code, message;
  };
  const std::vector<Case> cases{
      {"movl $1", "expected ','"},
      {"movl $1,$2", "the destination is a number"},
      {"movl (x),(y)", "two operands in memory"},
      {"frob %rax", "instruction 'frob %rax' is not modelled"},
      {"movl %r77,%eax", "expected a register"},
      {"lock movl $1,(x)", "LOCK needs"},
      {"jne nowhere", "there is no label 'nowhere' in P0"},
      {"movl 4(%rax,%rbx,3),%ecx", "a scale is 1, 2, 4 or 8"},
      {"movl $99999999999999999999,%eax", "expected a number of at most 64 bits"},
      {"pushfq", "not modelled"},
  };
  for (const Case& c : cases) {
    try {
      build_x86(parse_litmus("X86_64 T\n{}\n P0 ;\n " + c.code + " ;\nforall (true)\n", "t.litmus"));
      ADD_FAILURE() << c.code << " was accepted";
    } catch (const InputError& e) {
      EXPECT_NE(std::string(e.what()).find(c.message), std::string::npos) << c.code << ": " << e.what();
      EXPECT_EQ(e.diagnostics().front().where.line, 4u) << c.code;
      EXPECT_EQ(e.diagnostics().front().where.column, 2u) << c.code;
    }
  }
}

TEST(X86Litmus, AccessOutsideEveryLocationIsRefused) {
  const X86Program x =
      build_x86(parse_litmus("X86_64 T\n{}\n P0 ;\n movl (%rax),%ebx ;\nforall (true)\n", "t.litmus"));
  EXPECT_THROW(search_x86(x), InputError);
}

TEST(X86Litmus, SpinningEndsAndIsBounded) {
  const Set seen = x86_states(two_threads({"L: movl (x),%eax", "cmpl $1,%eax", "jne L"}, {"movl $1,(x)"},
                                      "locations [0:rax;]\nforall (true)"));
  EXPECT_EQ(seen, Set{"0:rax=1"});
  const X86Program forever =
      build_x86(parse_litmus("X86_64 T\n{}\n P0 ;\n L: jmp L ;\nforall (true)\n", "t.litmus"));
  EXPECT_FALSE(search_x86(forever).complete);
}

}  // namespace
}  // namespace isobar::scenarios
