// Executions written by hand, as a program and the values that its reads return: allowed, or forbidden by which axiom
// and because of which relations.
#include <gtest/gtest.h>

#include <sstream>

#include "axiomatic/judge.h"
#include "tests/axiomatic/small_program.h"

namespace isobar::axiomatic {
namespace {

struct Case {
  const char* name;
  std::vector<const char*> threads;  ///< ';' separates instructions
  const char* condition;             ///< "1:x4=1 [x]=2": registers and final memory
  Axiom axiom = Axiom::None;         ///< None: allowed
  std::vector<const char*> because;  ///< relations or clauses that the explanation must name
  std::vector<bool> tso = {};
  TsoFlavour flavour = TsoFlavour::T1;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

/// Does a candidate show the values of `condition`?
bool shows(const trace::Execution& e, const std::string& condition) {
  std::istringstream in(condition);
  for (std::string term; in >> term;) {
    const std::size_t equals = term.find('=');
    const u64 value = std::stoull(term.substr(equals + 1), nullptr, 0);
    if (term[0] == '[') {
      const u64 addr = kLocation + (term[1] == 'x' ? 0 : term[1] == 'y' ? 1 : 2) * kLocationStride;
      u64 found = 0;
      for (unsigned b = 0; b < 4; ++b) {
        const auto byte = e.final_memory.find(addr + b);
        if (byte != e.final_memory.end()) found |= u64{byte->second} << (8 * b);
      }
      if (found != value) return false;
      continue;
    }
    const auto core = static_cast<std::size_t>(term[0] - '0');
    const isa::Reg reg = isa::parse_register(term.substr(2, equals - 2));
    for (const auto& [r, v] : e.final_registers[core]) {
      if (r == reg && v.lo != value) return false;
    }
  }
  return true;
}

class Classics : public testing::TestWithParam<Case> {};

TEST_P(Classics, JudgeAgrees) {
  const Case& c = GetParam();
  std::vector<std::string> threads;
  for (std::string t : c.threads) {
    std::replace(t.begin(), t.end(), ';', '\n');
    threads.push_back(t + "\n");
  }
  const SmallProgram p(threads, c.tso);
  JudgeOptions options;
  options.flavour = c.flavour;
  options.disassemble = isa::disassemble;
  unsigned shown = 0, consistent = 0;
  bool named = false;
  std::string texts;
  const CandidateResult r = for_each_candidate(p.candidates, {}, [&](const trace::Execution& e) {
    if (!shows(e, c.condition)) return true;
    ++shown;
    const Verdict v = judge(e, options);
    if (v.consistent) ++consistent;
    bool all = v.violation.axiom == c.axiom;
    for (const char* word : c.because) all = all && v.text.find(word) != std::string::npos;
    named = named || all;
    texts += v.text;
    return true;
  });
  ASSERT_EQ(r.status, CandidateResult::Status::Complete) << r.reason;
  ASSERT_GT(shown, 0u) << "no candidate has these values";
  if (c.axiom == Axiom::None) {
    EXPECT_GT(consistent, 0u) << texts;
  } else {
    EXPECT_EQ(consistent, 0u);
    EXPECT_TRUE(named) << texts;
  }
}

const char* const kWriteXY = "str w9,[x0]; str w9,[x1]";
const char* const kReadYX = "ldr w4,[x1]; ldr w5,[x0]";
const char* const kReadYXAddr = "ldr w4,[x1]; eor w6,w4,w4; ldr w5,[x0,w6,uxtw]";

INSTANTIATE_TEST_SUITE_P(
    PlainShapes, Classics,
    testing::Values(
        Case{"MP", {kWriteXY, kReadYX}, "1:x4=1 1:x5=0"},
        Case{"MP+dmb.sys", {"str w9,[x0]; dmb sy; str w9,[x1]", "ldr w4,[x1]; dmb sy; ldr w5,[x0]"}, "1:x4=1 1:x5=0",
             Axiom::External, {"dmb.full", "rf & ext", "fr & ext"}},
        Case{"MP+dmb.st+addr", {"str w9,[x0]; dmb st; str w9,[x1]", kReadYXAddr}, "1:x4=1 1:x5=0", Axiom::External,
             {"dmb.st", "dob: addr"}},
        Case{"MP+dmb.st+dmb.ld", {"str w9,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; dmb ld; ldr w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"dmb.st", "dmb.ld"}},
        Case{"MP+dmb.st+ctrl", {"str w9,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; cbz w4,1f; 1: ldr w5,[x0]"},
             "1:x4=1 1:x5=0"},
        Case{"MP+dmb.st+ctrlisb",
             {"str w9,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; cbz w4,1f; 1: isb; ldr w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"IFB-ob"}},
        Case{"MP+dmb.st+isb", {"str w9,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; isb; ldr w5,[x0]"}, "1:x4=1 1:x5=0"},
        Case{"MP+dmb.st+dmb.st", {"str w9,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; dmb st; ldr w5,[x0]"},
             "1:x4=1 1:x5=0"},
        Case{"SB", {"str w9,[x0]; ldr w4,[x1]", "str w9,[x1]; ldr w4,[x0]"}, "0:x4=0 1:x4=0"},
        Case{"SB+dmb.sys", {"str w9,[x0]; dmb sy; ldr w4,[x1]", "str w9,[x1]; dmb sy; ldr w4,[x0]"}, "0:x4=0 1:x4=0",
             Axiom::External, {"dmb.full"}},
        Case{"SB+dmb.sts", {"str w9,[x0]; dmb st; ldr w4,[x1]", "str w9,[x1]; dmb st; ldr w4,[x0]"}, "0:x4=0 1:x4=0"},
        Case{"SB+dsb.sts", {"str w9,[x0]; dsb st; ldr w4,[x1]", "str w9,[x1]; dsb st; ldr w4,[x0]"}, "0:x4=0 1:x4=0",
             Axiom::External, {"DSB-ob", "dsb.st"}},
        Case{"LB", {"ldr w4,[x0]; str w9,[x1]", "ldr w4,[x1]; str w9,[x0]"}, "0:x4=1 1:x4=1"},
        Case{"LB+datas", {"ldr w4,[x0]; eor w5,w4,w4; add w5,w5,#1; str w5,[x1]", "ldr w4,[x1]; str w4,[x0]"},
             "0:x4=1 1:x4=1", Axiom::External, {"dob: data"}},
        Case{"LB+ctrls", {"ldr w4,[x0]; cbnz w4,1f; 1: str w9,[x1]", "ldr w4,[x1]; cbnz w4,1f; 1: str w9,[x0]"},
             "0:x4=1 1:x4=1", Axiom::External, {"ctrl; [W]"}},
        Case{"LB+addrpo", {"ldr w4,[x0]; eor w5,w4,w4; ldr w6,[x2,w5,uxtw]; str w9,[x1]", "ldr w4,[x1]; dmb sy; str w9,[x0]"},
             "0:x4=1 1:x4=1", Axiom::External, {"addr; [Exp & M]; po; [W]"}},
        Case{"LB+ands.c", {"ldr w4,[x0]; ands w5,w4,#1; b.cc 1f; 1: str w9,[x1]", "ldr w4,[x1]; dmb sy; str w9,[x0]"},
             "0:x4=1 1:x4=1"},
        Case{"LB+ands.z", {"ldr w4,[x0]; ands w5,w4,#1; b.eq 1f; 1: str w9,[x1]", "ldr w4,[x1]; dmb sy; str w9,[x0]"},
             "0:x4=1 1:x4=1", Axiom::External, {"ctrl; [W]"}},
        Case{"WRC+addrs", {"str w9,[x0]", "ldr w4,[x0]; eor w5,w4,w4; str w9,[x1,w5,uxtw]", kReadYXAddr},
             "1:x4=1 2:x4=1 2:x5=0", Axiom::External, {"addr", "rf & ext"}},
        Case{"WRC", {"str w9,[x0]", "ldr w4,[x0]; str w9,[x1]", kReadYX}, "1:x4=1 2:x4=1 2:x5=0"},
        Case{"IRIW", {"str w9,[x0]", "str w9,[x1]", "ldr w4,[x0]; ldr w5,[x1]", kReadYX}, "2:x4=1 2:x5=0 3:x4=1 3:x5=0"},
        Case{"IRIW+addrs",
             {"str w9,[x0]", "str w9,[x1]", "ldr w4,[x0]; eor w6,w4,w4; ldr w5,[x1,w6,uxtw]", kReadYXAddr},
             "2:x4=1 2:x5=0 3:x4=1 3:x5=0", Axiom::External, {"addr"}},
        Case{"2+2W", {"str w9,[x0]; str w10,[x1]", "str w9,[x1]; str w10,[x0]"}, "[x]=1 [y]=1"},
        Case{"2+2W+dmb.sts", {"str w9,[x0]; dmb st; str w10,[x1]", "str w9,[x1]; dmb st; str w10,[x0]"}, "[x]=1 [y]=1",
             Axiom::External, {"co & ext", "dmb.st"}},
        Case{"SB+dsb.sys", {"str w9,[x0]; dsb sy; ldr w4,[x1]", "str w9,[x1]; dsb sy; ldr w4,[x0]"}, "0:x4=0 1:x4=0",
             Axiom::External, {"dsb.full"}},
        Case{"MP+dsb.st+dsb.ld", {"str w9,[x0]; dsb st; str w9,[x1]", "ldr w4,[x1]; dsb ld; ldr w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"dsb.st", "dsb.ld"}},
        Case{"R+dmb.sys", {"str w9,[x0]; dmb sy; str w9,[x1]", "str w10,[x1]; dmb sy; ldr w4,[x0]"}, "1:x4=0 [y]=2",
             Axiom::External, {"dmb.full"}},
        Case{"S+dmb.st+data", {"str w10,[x0]; dmb st; str w9,[x1]", "ldr w4,[x1]; eor w5,w4,w4; add w5,w5,#1; str w5,[x0]"},
             "1:x4=1 [x]=2", Axiom::External, {"dob: data", "co & ext"}}));

INSTANTIATE_TEST_SUITE_P(
    Coherence, Classics,
    testing::Values(
        Case{"CoRR", {"str w9,[x0]", "ldr w4,[x0]; ldr w5,[x0]"}, "1:x4=1 1:x5=0", Axiom::External, {"haz-ob"}},
        Case{"CoWW", {"str w9,[x0]; str w10,[x0]"}, "[x]=2"},
        Case{"CoRW1", {"ldr w4,[x0]; str w9,[x0]"}, "0:x4=1", Axiom::Internal, {"po-loc", "is read by"}},
        Case{"CoRW2", {"ldr w4,[x0]; str w9,[x0]", "str w10,[x0]"}, "0:x4=2 [x]=2", Axiom::External, {"po & same-loc"}},
        Case{"CoWR", {"str w9,[x0]; ldr w4,[x0]", "str w10,[x0]"}, "0:x4=2 [x]=1", Axiom::Internal, {"reads the location before"}},
        Case{"CoWR0", {"str w9,[x0]; ldr w4,[x0]"}, "0:x4=0", Axiom::Internal, {"po-loc"}},
        Case{"PPOCA", {"str w9,[x0]; dmb sy; str w9,[x1]",
                       "ldr w4,[x1]; cbnz w4,1f; 1: str w9,[x2]; ldr w5,[x2]; eor w6,w5,w5; ldr w7,[x0,w6,uxtw]"},
             "1:x4=1 1:x5=1 1:x7=0"},
        Case{"MP+dmb+data-rfi-addr",
             {"str w9,[x0]; dmb sy; str w9,[x1]",
              "ldr w4,[x1]; str w4,[x2]; ldr w5,[x2]; eor w6,w5,w5; ldr w7,[x0,w6,uxtw]"},
             "1:x4=1 1:x5=1 1:x7=0", Axiom::External, {"lmrs"}}));

INSTANTIATE_TEST_SUITE_P(
    AcquireRelease, Classics,
    testing::Values(
        Case{"MP+rel+acq", {"str w9,[x0]; stlr w9,[x1]", "ldar w4,[x1]; ldr w5,[x0]"}, "1:x4=1 1:x5=0", Axiom::External,
             {"po; [L]", "[A | Q]; po"}},
        Case{"MP+rel+acqpc", {"str w9,[x0]; stlr w9,[x1]", ".arch armv8.5-a; ldapr w4,[x1]; ldr w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"po; [L]", "[A | Q]; po"}},
        Case{"SB+rel-acqs", {"stlr w9,[x0]; ldar w4,[x1]", "stlr w9,[x1]; ldar w4,[x0]"}, "0:x4=0 1:x4=0",
             Axiom::External, {"[L]; po; [A]"}},
        Case{"SB+rel-acqpcs",
             {".arch armv8.5-a; stlr w9,[x0]; ldapr w4,[x1]", ".arch armv8.5-a; stlr w9,[x1]; ldapr w4,[x0]"},
             "0:x4=0 1:x4=0"},
        Case{"SB+rel-pos", {"stlr w9,[x0]; ldr w4,[x1]", "stlr w9,[x1]; ldr w4,[x0]"}, "0:x4=0 1:x4=0"}));

INSTANTIATE_TEST_SUITE_P(
    Atomics, Classics,
    testing::Values(
        Case{"lost increment", {".arch armv8.1-a; ldadd w9,w4,[x0]", ".arch armv8.1-a; ldadd w9,w4,[x0]"},
             "0:x4=0 1:x4=0", Axiom::Atomic, {"rmw"}},
        Case{"two increments", {".arch armv8.1-a; ldadd w9,w4,[x0]", ".arch armv8.1-a; ldadd w9,w4,[x0]"},
             "0:x4=0 1:x4=1 [x]=2"},
        Case{"exclusive, foreign write between", {"ldxr w4,[x0]; stxr w5,w9,[x0]", "str w10,[x0]"},
             "0:x4=0 0:x5=0 [x]=1", Axiom::Atomic, {"rmw"}},
        Case{"exclusive, failed", {"ldxr w4,[x0]; stxr w5,w9,[x0]", "str w10,[x0]"}, "0:x4=0 0:x5=1 [x]=2"},
        Case{"SB+swpals", {".arch armv8.1-a; swpal w9,w4,[x0]; ldr w5,[x1]", ".arch armv8.1-a; swpal w9,w4,[x1]; ldr w5,[x0]"},
             "0:x5=0 1:x5=0", Axiom::External, {"amo"}},
        Case{"SB+swps", {".arch armv8.1-a; swp w9,w4,[x0]; ldr w5,[x1]", ".arch armv8.1-a; swp w9,w4,[x1]; ldr w5,[x0]"},
             "0:x5=0 1:x5=0"},
        Case{"MP+dmb+stadd-dmb.ld",
             {"str w9,[x0]; dmb sy; str w9,[x1]", ".arch armv8.1-a; ldadda w10,wzr,[x1]; dmb ld; ldr w5,[x0]; dmb sy; ldr w6,[x1]"},
             "1:x5=0 1:x6=3"},
        Case{"MP+dmb+ldadd-dmb.ld",
             {"str w9,[x0]; dmb sy; str w9,[x1]", ".arch armv8.1-a; ldadd w10,w4,[x1]; dmb ld; ldr w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"dmb.ld"}},
        Case{"what depends on a pending value waits",
             {".arch armv8.1-a; stadd w9,[x0]; ldr w4,[x0]; eor w5,w4,w4; add w5,w5,#1; str w5,[x1]",
              "ldr w6,[x1]; dmb sy; mov w7,#10; str w7,[x0]"},
             "0:x4=11 1:x6=1", Axiom::External, {"iico_data"}},
        Case{"MP+dmb+swp-rfi-acquire",
             {"str w9,[x0]; dmb sy; str w9,[x1]", ".arch armv8.1-a; swp w10,w4,[x1]; ldar w6,[x1]; ldr w5,[x0]"},
             "1:x4=1 1:x6=2 1:x5=0", Axiom::External, {"rmw; lmrs; [A | Q]"}},
        Case{"pending value of an atomic",
             {".arch armv8.1-a; stadd w9,[x0]; ldr w4,[x0]; dmb ld; ldr w5,[x1]", "str w9,[x1]; dmb sy; mov w6,#10; str w6,[x0]"},
             "0:x4=11 0:x5=0"}));

INSTANTIATE_TEST_SUITE_P(
    Picks, Classics,
    testing::Values(
        Case{"MP+dmb+csel-addr",
             {"str w9,[x0]; dmb sy; str w9,[x1]", "ldr w4,[x1]; cmp w4,#1; csel x6,x0,x0,eq; ldr w5,[x6]"},
             "1:x4=1 1:x5=0"},
        Case{"LB+csel-addr+dmb",
             {"ldr w4,[x1]; cmp w4,#1; csel x6,x0,x0,eq; str w9,[x6]", "ldr w4,[x0]; dmb sy; str w9,[x1]"},
             "0:x4=1 1:x4=1", Axiom::External, {"pob"}},
        Case{"LB+csel-data+dmb",
             {"ldr w4,[x1]; cmp w4,#1; csel w6,w9,w9,eq; str w6,[x0]", "ldr w4,[x0]; dmb sy; str w9,[x1]"},
             "0:x4=1 1:x4=1", Axiom::External, {"pob"}},
        Case{"LB+csel-ctrl+dmb",
             {"ldr w4,[x1]; cmp w4,#1; csel w6,w9,w9,eq; cbz w6,1f; 1: str w9,[x0]", "ldr w4,[x0]; dmb sy; str w9,[x1]"},
             "0:x4=1 1:x4=1", Axiom::External, {"pick-ctrl-dep"}},
        Case{"LB+csel-addr-load-data+dmb",
             {"ldr w4,[x1]; cmp w4,#1; csel x6,x2,x2,eq; ldr w7,[x6]; eor w7,w7,w7; add w7,w7,#1; str w7,[x0]",
              "ldr w4,[x0]; dmb sy; str w9,[x1]"},
             "0:x4=1 1:x4=1", Axiom::External, {"pick"}},
        Case{"LB+csel-addr-acquire+dmb",
             {"ldr w4,[x1]; cmp w4,#1; csel x6,x2,x2,eq; ldar w7,[x6]; str w9,[x0]", "ldr w4,[x0]; dmb sy; str w9,[x1]"},
             "0:x4=1 1:x4=1", Axiom::External, {"pick"}}));

INSTANTIATE_TEST_SUITE_P(
    MixedSizes, Classics,
    testing::Values(
        Case{"half of a store", {"mov w6,#0x101; strh w6,[x0]", "ldrh w4,[x0]"}, "1:x4=0x101"},
        Case{"torn store", {"mov w6,#0x101; strh w6,[x0]; dmb sy; strb wzr,[x0,#3]", "ldr w4,[x0]"}, "1:x4=0x100",
             Axiom::External, {"rf & ext", "fr & ext"}},
        Case{"CoRR of parts",
             {"strb w9,[x0,#1]", "ldrb w4,[x0,#1]; ldrh w5,[x0]"}, "1:x4=1 1:x5=0", Axiom::External, {"haz-ob"}},
        Case{"CoRR is per access",
             {"strb w9,[x0,#1]; dmb sy; str w9,[x2]", "ldr w4,[x2]; eor w6,w4,w4; ldrb w7,[x0,w6,uxtw]; ldrh w5,[x0]"},
             "1:x4=1 1:x5=0", Axiom::External, {"haz-ob"}},
        Case{"forwarded half, other half later",
             {"strb w9,[x0]; dmb sy; strb w9,[x1,#1]", "ldrb w4,[x1,#1]; eor w6,w4,w4; add w6,w6,#1; strb w6,[x0,#1]; ldrh w5,[x0]"},
             "1:x4=1 1:x5=0x100"}));

const std::vector<bool> kBoth{true, true}, kFirst{true, false}, kSecond{false, true};
INSTANTIATE_TEST_SUITE_P(
    Tso, Classics,
    testing::Values(
        Case{"TSO MP", {kWriteXY, kReadYX}, "1:x4=1 1:x5=0", Axiom::External, {"tso-ob"}, kBoth},
        Case{"TSO LB", {"ldr w4,[x0]; str w9,[x1]", "ldr w4,[x1]; str w9,[x0]"}, "0:x4=1 1:x4=1", Axiom::External,
             {"tso-ob"}, kBoth},
        Case{"TSO SB", {"str w9,[x0]; ldr w4,[x1]", "str w9,[x1]; ldr w4,[x0]"}, "0:x4=0 1:x4=0", Axiom::None, {}, kBoth},
        Case{"TSO 2+2W", {"str w9,[x0]; str w10,[x1]", "str w9,[x1]; str w10,[x0]"}, "[x]=1 [y]=1", Axiom::External,
             {"tso-ob"}, kBoth},
        Case{"MP, only the writer TSO", {kWriteXY, kReadYX}, "1:x4=1 1:x5=0", Axiom::None, {}, kFirst},
        Case{"MP, only the reader TSO", {kWriteXY, kReadYX}, "1:x4=1 1:x5=0", Axiom::None, {}, kSecond},
        Case{"MP, writer TSO, reader addr", {kWriteXY, kReadYXAddr}, "1:x4=1 1:x5=0", Axiom::External, {"tso-ob", "addr"},
             kFirst},
        Case{"SB+po-aq T1", {"str w9,[x0]; ldar w4,[x1]", "str w9,[x1]; ldar w4,[x0]"}, "0:x4=0 1:x4=0", Axiom::None, {},
             kBoth, TsoFlavour::T1},
        Case{"SB+po-aq T2", {"str w9,[x0]; ldar w4,[x1]", "str w9,[x1]; ldar w4,[x0]"}, "0:x4=0 1:x4=0", Axiom::External,
             {"T2"}, kBoth, TsoFlavour::T2},
        Case{"SB+swp T1", {".arch armv8.1-a; swp w9,w4,[x0]; ldr w5,[x1]", ".arch armv8.1-a; swp w9,w4,[x1]; ldr w5,[x0]"},
             "0:x5=0 1:x5=0", Axiom::None, {}, kBoth, TsoFlavour::T1},
        Case{"SB+swp T3", {".arch armv8.1-a; swp w9,w4,[x0]; ldr w5,[x1]", ".arch armv8.1-a; swp w9,w4,[x1]; ldr w5,[x0]"},
             "0:x5=0 1:x5=0", Axiom::External, {"T3"}, kBoth, TsoFlavour::T3},
        Case{"SB with an atomic between, T1",
             {".arch armv8.1-a; str w9,[x0]; swp w9,w6,[x2]; ldr w4,[x1]", ".arch armv8.1-a; str w9,[x1]; swp w10,w6,[x2]; ldr w4,[x0]"},
             "0:x4=0 1:x4=0", Axiom::External, {"tso-ob"}, kBoth, TsoFlavour::T1}));

}  // namespace
}  // namespace isobar::axiomatic
