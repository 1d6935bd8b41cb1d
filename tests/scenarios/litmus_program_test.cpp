#include "scenarios/import/litmus_program.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "explore/search.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "model/machine/machine.h"

namespace isobar::scenarios {
namespace {

LitmusProgram load(const std::string& text, const LitmusOptions& options = {}) {
  return build_litmus(parse_litmus(text, "t.litmus"), options);
}

/// All final states, as printed.
std::vector<std::string> states(const std::string& text, const LitmusOptions& options = {}) {
  const LitmusProgram p = load(text, options);
  const model::Machine machine(p.config, p.program);
  const explore::SearchResult r = explore::search(machine, p.observables, {});
  EXPECT_EQ(r.status, explore::Status::Complete) << r.reason;
  std::set<std::string> s;
  for (const auto& [outcome, info] : r.outcomes) {
    if (passes_filter(p, outcome)) s.insert(state_text(p, outcome));
  }
  return {s.begin(), s.end()};
}

/// One thread with one instruction per line.
std::string single(const std::string& init, const std::vector<std::string>& code,
                   const std::string& final_part) {
  std::string s = "AArch64 T\n{" + init + "}\nP0;\n";
  for (const std::string& line : code) s += line + ";\n";
  return s + final_part;
}

TEST(LitmusProgram, PrintsValuesAsTheirTypeSays) {
  const struct {
    const char* init;
    std::vector<std::string> code;
    const char* final_part;
    const char* state;
  } cases[] = {
      {"", {"MOV W1,#-1"}, "locations [0:X1;]", "0:X1=-1"},
      {"uint32_t 0:X1;", {"MOV W1,#-1"}, "locations [0:X1;]", "0:X1=4294967295"},
      {"int64_t 0:X1;", {"MOV X1,#-1"}, "locations [0:X1;]", "0:X1=-1"},
      {"uint64_t 0:X1;", {"MOV X1,#-1"}, "locations [0:X1;]", "0:X1=18446744073709551615"},
      {"0:X1=x; uint8_t x=254;", {"NOP"}, "locations [x; 0:X1]", "0:X1=x;[x]=254"},
      {"int8_t x=254;", {}, "locations [x]", "[x]=-2"},
      {"0:X1=x; int16_t x[3]={1,-1};",
       {"ADD X2,X1,#2"},
       "locations [x; x[1]; 0:X2]",
       "0:X2=x+2;x={1,-1,0};x[1]=-1"},
      {"int *p=&y; int y=3; 0:X1=p;", {"LDR X2,[X1]", "LDR W3,[X2]"}, "locations [p; 0:X3]", "0:X3=3;[p]=y"},
      {"0:X1=a[1]; int64_t a[2];", {"MOV X2,#7", "STR X2,[X1]"}, "locations [a]", "a={0,7}"},
      {"", {"BL L", "NOP", "L: NOP", "M:"}, "locations [0:X30]", "0:X30=100004"},
      {"",
       {"L: ADR X1,L", "ADR X2,M", "M:"},
       "locations [0:X1; 0:X2]",
       "0:X1=label:\"P0:L\";0:X2=label:\"P0:M\""},
      {"",
       {"ADR X1,L", "LDR W2,[X1]", "b m", "m: nop", "L: eor w3, w4 , w5"},
       "locations [0:X2]",
       "0:X2=instr:\"EOR W3,W4,W5\""},
      {"0:X5=instr:\"B .+8\"; 0:X6=NOP;", {}, "locations [0:X5; 0:X6]", "0:X5=instr:\"B .+8\";0:X6=NOP"},
      {"0:X1=x; 0:V0.4S={1,2,-1,4};",
       {"STR Q0,[X1]", "LDR Q1,[X1]"},
       "locations [0:V1.4S; 0:V1.2D]",
       "0:V1.2D={8589934593,21474836479};0:V1.4S={1,2,-1,4}"},
      {"0:SP=x; int x=5;", {"LDR W1,[SP]"}, "locations [0:X1; 0:sp]", "0:SP=x;0:X1=5"},
      {"", {"MOV W1,#1"}, "locations [0:w1; 0:XZR]", "0:X1=1;0:XZR=0"},
      {"0:X1=x; 0:X2=1; uint8_t x[2]={1,9}; 0:X3=-1;",
       {"LDRB W4,[X1,X2,UXTW]"},
       "locations [0:X4]",
       "0:X4=9"},
      {"", {"NOP"}, "forall true", ""},
      {"[q]=P0:L;", {"NOP", "L: NOP"}, "locations [q]", "[q]=label:\"P0:L\""},
      {"int16_t 0:X1=65535; int64_t 0:X2;", {"MOV X2,X1"}, "locations [0:X2]", "0:X2=-1"},
      {"int x=1; int y=2;", {}, "filter x=1 locations [y]", "[y]=2"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(states(single(c.init, c.code, c.final_part)), std::vector<std::string>{c.state})
        << c.init << c.final_part;
  }
}

TEST(LitmusProgram, FilterDiscardsOutcomes) {
  EXPECT_TRUE(states(single("int x=1;", {}, "filter x=2 locations [x]")).empty());
}

TEST(LitmusProgram, EvaluatesConditions) {
  const struct {
    const char* condition;
    bool holds;
  } cases[] = {
      {"0:X1=-1", true},      {"0:X1=0xffffffff", true},
      {"0:X1=1", false},      {"x=255 /\\ x=-1", true},
      {"a={1,2}", true},      {"a={1,3}", false},
      {"a[1]=2", true},       {"0:X2=a", true},
      {"0:X2=b", false},      {"0:X2=0", false},
      {"not (0:X1=1)", true}, {"x=1 \\/ a[0]=1", true},
      {"x=1 => false", true}, {"0:X3=instr:\"NOP\"", true},
      {"0:X3=NOP", true},     {"0:X4=label:\"P0:L\"", true},
      {"fault(P0)", false},   {"0:X5!=0 \\/ true", true},
      {"0:X5<>0", false},
  };
  for (const auto& c : cases) {
    const std::string text = single("int64_t y; uint8_t x=-1; int a[2]={1,2}; 0:X2=a; 0:X3=NOP; 0:X4=P0:L;",
                                    {"MOV W1,#-1", "L: NOP"}, std::string("forall ") + c.condition);
    const LitmusProgram p = load(text);
    const model::Machine machine(p.config, p.program);
    const explore::SearchResult r = explore::search(machine, p.observables, {});
    ASSERT_EQ(r.outcomes.size(), 1u) << c.condition;
    EXPECT_EQ(condition_holds(p, r.outcomes.begin()->first), c.holds) << c.condition;
  }
}

TEST(LitmusProgram, FaultsAreStatesOrFindings) {
  EXPECT_EQ(states(single("", {"L: UDF #0", "MOV W1,#1"}, "exists fault(P0:L,UndefinedInstruction)")),
            std::vector<std::string>{"Fault(P0:L,UndefinedInstruction)"});
  EXPECT_EQ(states(single("", {"L: NOP"}, "exists fault(P0:L)")), std::vector<std::string>{"~Fault(P0:L)"});
  const LitmusProgram p = load(single("0:X1=8;", {"NOP", "L: LDR W2,[X1]"}, "locations [0:X2]"));
  const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
  ASSERT_EQ(r.outcomes.size(), 1u);
  EXPECT_EQ(unexpected_faults(p, r.outcomes.begin()->first),
            std::vector<std::string>{"P0 stops with D-MMU:Translation at P0:L"});
}

const char* const kStoreBuffering =
    "AArch64 SB\n{ 0:X1=x; 0:X2=y; 1:X1=y; 1:X2=x; }\n P0 | P1 ;\n MOV W0,#1 | MOV W0,#1 ;\n STR W0,[X1] | "
    "STR W0,[X1] ;\n"
    " LDR W3,[X2] | LDR W3,[X2] ;\nexists (0:X3=0 /\\ 1:X3=0)\n";
const char* const kMessagePassing =
    "AArch64 MP\n{ 0:X1=x; 0:X2=y; 1:X1=y; 1:X2=x; }\n P0 | P1 ;\n MOV W0,#1 | LDR W0,[X1] ;\n STR W0,[X1] | "
    "LDR W3,[X2] ;\n"
    " STR W0,[X2] | ;\nexists (1:X0=1 /\\ 1:X3=0)\n";

TEST(LitmusProgram, ClassicsOnWeakAndTsoMachines) {
  LitmusOptions tso;
  tso.tso = "all";
  LitmusOptions writer;
  writer.tso = "P0";
  EXPECT_EQ(states(kStoreBuffering).size(), 4u);
  EXPECT_EQ(states(kStoreBuffering, tso).size(), 4u);
  EXPECT_EQ(states(kMessagePassing).size(), 4u);
  EXPECT_EQ(states(kMessagePassing, writer).size(), 4u);
  EXPECT_EQ(states(kMessagePassing, tso),
            (std::vector<std::string>{"1:X0=0;1:X3=0", "1:X0=0;1:X3=1", "1:X0=1;1:X3=1"}));
}

TEST(LitmusProgram, HeaderLinesAndOptionsMakeTheMachine) {
  const auto config = [](const std::string& header, const LitmusOptions& options = {}) {
    return load("AArch64 T\n" + header + "{}\nP0 | P1 | P2;\nNOP | NOP | NOP;\n", options).config;
  };
  EXPECT_EQ(config("").cores, 3u);
  EXPECT_EQ(config("").line_bytes, 4u);
  EXPECT_FALSE(config("").core[0].tso_at_reset);
  const model::MachineConfig two = config("TSO=P0,P2\nTSOFlavour=t3\n");
  EXPECT_TRUE(two.core[0].tso_at_reset && !two.core[1].tso_at_reset && two.core[2].tso_at_reset);
  EXPECT_EQ(two.flavour, model::TsoFlavour::T3);
  LitmusOptions options;
  options.tso = "none";
  options.tso_flavour = "T2";
  options.variants = {"exs,eis"};
  const model::MachineConfig overridden = config("TSO=all\nTSOFlavour=t3\nCacheType=IDC\n", options);
  EXPECT_FALSE(overridden.core[0].tso_at_reset || overridden.core[2].tso_at_reset);
  EXPECT_EQ(overridden.flavour, model::TsoFlavour::T2);
  EXPECT_TRUE(overridden.eis && !overridden.eos);
  EXPECT_TRUE(overridden.idc && !overridden.dic);
  EXPECT_TRUE(config("CacheType=DIC\n").idc && config("cachetype=IDC, DIC\n").dic);
  EXPECT_TRUE(config("variant=ifetch,mixed\n").eis);
}

TEST(LitmusProgram, LaysOutCodeAndData) {
  const LitmusProgram p = load(
      "AArch64 T\n{ int a[20]={1}; x=2; 0:X1=x; }\nP0 | P1;\nB L | NOP;\nNOP | CBZ W1,L;\nL: | L:;\nexists "
      "x=1 /\\ unused=0");
  std::set<u64> lines;
  for (const auto& [address, s] : p.symbols) {
    EXPECT_EQ(address % 64, 0u) << s.name;
    for (u64 i = 0; i < s.size * s.count; i += 4) lines.insert((address + i) / 64);
  }
  EXPECT_EQ(p.symbols.size(), 3u);
  EXPECT_EQ(lines.size(), 4u) << "an array of 80 bytes and two scalars";
  ASSERT_EQ(p.program.stop.size(), 2u);
  EXPECT_EQ(p.program.stop[0], p.program.reset[0].pc + 8);
  EXPECT_EQ(p.program.reset[1].pc - p.program.reset[0].pc, kLitmusCodeStride);
  const auto word_at = [&](u64 address) {
    for (const model::Segment& s : p.program.segments) {
      if (address < s.base || address >= s.base + s.bytes.size()) continue;
      u32 w = 0;
      for (unsigned i = 0; i < 4; ++i) w |= u32{s.bytes[address - s.base + i]} << (8 * i);
      return w;
    }
    return u32{0};
  };
  EXPECT_EQ(word_at(p.program.reset[0].pc), isa::assemble_word("b #8"));
  EXPECT_EQ(word_at(p.program.reset[1].pc + 4), isa::assemble_word("cbz w1, #4"));
  EXPECT_TRUE(std::is_sorted(p.program.regions.begin(), p.program.regions.end(),
                             [](const auto& a, const auto& b) { return a.base < b.base; }));
}

TEST(LitmusProgram, KnowsWhereIndirectBranchesMayGo) {
  const LitmusProgram p =
      load("AArch64 T\n{ 0:X1=P0:f; }\nP0;\nBLR X1;\nADR X2,g;\nBR X2;\nf: RET;\ng: NOP;\nunused: NOP;\n");
  const u64 pc = p.program.reset[0].pc;
  EXPECT_EQ(p.program.indirect_targets, (std::vector<u64>{pc + 4, pc + 12, pc + 16}));
  EXPECT_TRUE(load("AArch64 T\n{ 0:X1=P0:f; }\nP0;\nf: NOP;\n").program.indirect_targets.empty());
}

TEST(LitmusProgram, SaysWhatIsNotSupported) {
  const struct {
    const char *text, *reason;
    u32 line;
  } cases[] = {
      {"X86_64 T\n{}\nP0;\nmovl $1,(x);\n", "architecture X86_64", 1},
      {"AArch64 T\nVariant=vmsa,ets3\n{}\nP0;\nNOP;\n", "FEAT_ETS3", 2},
      {"AArch64 T\n{ [PTE(x)]=(valid:0, attrs:(Device)); }\nP0;\nNOP;\n", "attrs:(Device)", 2},
      {"AArch64 T\n{ 0:VNCR_EL2=x; }\nP0;\nNOP;\n", "register VNCR_EL2", 2},
      {"AArch64 T\n{}\nP0;\nSVC #0;\n", "needs a fault handler", 4},
      {"AArch64 T\n{}\nP0;\nNOP;\nADD Z0.S,Z1.S,Z2.S;\n", "'ADD Z0.S,Z1.S,Z2.S' is not modelled", 5},
      {"AArch64 T\n{}\nP0;\nNOP;\nexists fault(P0,MMU:AddressSize)\n", "fault 'MMU:AddressSize'", 5},
      {"AArch64 T\n{}\nP0|P1|P2|P3|P4|P5|P6|P7|P8|P9|P10|P11|P12|P13|P14|P15|P16;\n", "more than 16 threads",
       3},
  };
  for (const auto& c : cases) {
    try {
      load(c.text);
      ADD_FAILURE() << c.text;
    } catch (const UnsupportedError& e) {
      EXPECT_NE(e.reason().find(c.reason), std::string::npos) << e.reason();
      EXPECT_EQ(e.diagnostics().front().where.line, c.line) << e.reason();
    }
  }
}

TEST(LitmusProgram, TellsFaultsOfPagesApart) {
  const std::string head = "AArch64 T\nVariant=vmsa,faultToNext\n{ [PTE(x)]=(valid:0); [PTE(y)]=(oa:PA(y), db:0); [PTE(z)]=(oa:PA(y), af:0);"
                           " 0:X1=x; 0:X2=y; 0:X3=z; 0:X4=PTE(y); }\nP0;\nL0: LDR W5,[X1];\nL1: STR W5,[X2];\nL2: LDR W5,[X3];\nLDR X6,[X4];\n";
  const LitmusProgram p = load(head + "exists (fault(P0,x) /\\ fault(P0:L1,y,D-MMU:Permission) /\\ ~fault(P0,x,MMU:AccessFlag) /\\"
                                      " fault(P0:L2) /\\ 0:X6=(oa:PA(y), db:0))\n");
  const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
  ASSERT_EQ(r.outcomes.size(), 1u);
  EXPECT_TRUE(condition_holds(p, r.outcomes.begin()->first));
  EXPECT_EQ(state_text(p, r.outcomes.begin()->first),
            "0:X6=(oa:PA(y), db:0);Fault(P0:L0,x,D-MMU:Translation);Fault(P0:L1,y,D-MMU:Permission);"
            "Fault(P0:L2,z,D-MMU:AccessFlag);~Fault(P0,x,MMU:AccessFlag)");
}

/// P0 uses a page without access flag that is clean; what the descriptor is afterwards, by what the core does by itself.
TEST(LitmusProgram, WalksUpdateDescriptors) {
  const std::string before = "{ [PTE(x)]=(oa:PA(x), af:0, db:0, dbm:1); 0:X1=PTE(x); 0:X3=x; }\nP0;\n";
  const struct {
    std::string header, code;
    std::vector<std::string> states;
  } cases[] = {
      {"", "LDR W4,[X3];\n", {"Fault(P0,x,D-MMU:AccessFlag);[PTE(x)]=(oa:PA(x), af:0, db:0, dbm:1)"}},
      {"TTHM=HA\n", "LDR W4,[X3];\n", {"[PTE(x)]=(oa:PA(x), db:0, dbm:1);~Fault(P0)"}},
      {"TTHM=P0:HD\n", "LDR W4,[X3];\n", {"[PTE(x)]=(oa:PA(x), db:0, dbm:1);~Fault(P0)"}},
      {"TTHM=P0:HD\n", "STR W4,[X3];\n", {"[PTE(x)]=(oa:PA(x), dbm:1);~Fault(P0)"}},
      {"TTHM=HA\n", "STR W4,[X3];\n", {"Fault(P0,x,D-MMU:Permission);[PTE(x)]=(oa:PA(x), db:0, dbm:1)"}},
  };
  for (const auto& c : cases) {
    const LitmusProgram p = load("AArch64 T\nVariant=vmsa\n" + c.header + before + c.code + "locations [PTE(x);]\nexists fault(P0)\n");
    const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
    std::vector<std::string> states;
    for (const auto& [outcome, info] : r.outcomes) states.push_back(state_text(p, outcome));
    EXPECT_EQ(states, c.states) << c.header << c.code;
  }
}

/// The page of x becomes that of y: an atomic happens in one of them, and a store that is not permitted not even in part.
TEST(LitmusProgram, AtomicsAreTranslatedOnce) {
  const struct {
    std::string descriptor, locations;
    std::vector<std::string> states;
  } cases[] = {{"(oa:PA(y))", "x; y;", {"0:X2=1;[x]=5;[y]=2;~Fault(P0)", "0:X2=2;[x]=1;[y]=6;~Fault(P0)"}},
               {"(oa:PA(y), db:0)", "x; y;", {"0:X2=0;Fault(P0,x,D-MMU:Permission);[x]=1;[y]=2", "0:X2=1;[x]=5;[y]=2;~Fault(P0)"}}};
  for (const auto& c : cases) {
    const LitmusProgram p = load("AArch64 T\nVariant=vmsa\n{ x=1; y=2; 0:X0=x; 0:X3=4; 1:X0=" + c.descriptor +
                                 "; 1:X1=PTE(x); }\nP0 | P1;\nLDADD W3,W2,[X0] | STR X0,[X1];\nlocations [0:X2; " +
                                 c.locations + "]\nexists fault(P0)\n");
    const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
    std::vector<std::string> states;
    for (const auto& [outcome, info] : r.outcomes) states.push_back(state_text(p, outcome));
    std::sort(states.begin(), states.end());
    EXPECT_EQ(states, c.states) << c.descriptor;
  }
}

TEST(LitmusProgram, PagesLeadToOneLocation) {
  const LitmusProgram p = load(
      "AArch64 T\nVariant=vmsa\n{ [PTE(a)]=(oa:PA(x)); 0:X1=a; 0:X2=x; }\nP0;\nMOV W0,#1;\nSTR W0,[X1];\nLDR W3,[X2];\n"
      "exists (0:X3=0 \\/ [x]=0)\n");
  const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
  ASSERT_EQ(r.outcomes.size(), 1u);
  EXPECT_EQ(state_text(p, r.outcomes.begin()->first), "0:X3=1;[x]=1");
}

TEST(LitmusProgram, RunsFaultHandlers) {
  const LitmusProgram p = load(
      "AArch64 T\n{ 1:X3=9; }\nP0 | P0.F | P1;\nUDF #0 | ADR X9,L0 | MOV X1,#1;\nMOV W2,#1 | MSR ELR_EL1,X9 | ;\n"
      "L0: MOV W3,#3 | MOV W4,#4 | ;\n | ERET | ;\nexists (0:X2=0 /\\ 0:X3=3 /\\ 0:X4=4 /\\ 1:X1=1)\n");
  const model::Machine m(p.config, p.program);
  const explore::SearchResult r = explore::search(m, p.observables, {});
  ASSERT_EQ(r.outcomes.size(), 1u);
  EXPECT_TRUE(condition_holds(p, r.outcomes.begin()->first)) << state_text(p, r.outcomes.begin()->first);
}

/// Final states of a test whose header names the variants of memory tagging.
std::set<std::string> tagged_states(const std::string& variant, const std::string& rest) {
  const LitmusProgram p = load("AArch64 T\nVariant=" + variant + "\n" + rest);
  const model::Machine m(p.config, p.program);
  std::set<std::string> states;
  for (const auto& [outcome, count] : explore::search(m, p.observables, {}).outcomes)
    states.insert(state_text(p, outcome));
  return states;
}

TEST(LitmusProgram, ChecksTagsInEveryMode) {
  const std::string load_and_store =
      "{ 0:X1=x:red; }\nP0;\nL0: LDR W0,[X1];\nMOV W2,#1;\nL1: STR W2,[X1];\nMOV W3,#1;\n"
      "exists (0:X2=0 /\\ 0:X3=0 /\\ [x]=0 /\\ 0:TFSR_ELx=0 /\\ fault(P0))\n";
  using States = std::set<std::string>;
  EXPECT_EQ(tagged_states("memtag", load_and_store),
            (States{"0:TFSR_ELx=0;0:X2=0;0:X3=0;Fault(P0:L0,x:red,TagCheck);[x]=0"}));
  EXPECT_EQ(tagged_states("memtag,async", load_and_store),
            (States{"0:TFSR_ELx=1;0:X2=1;0:X3=1;Fault(P0,TagCheck);[x]=1"}));
  EXPECT_EQ(tagged_states("memtag,asym", load_and_store),
            (States{"0:TFSR_ELx=0;0:X2=0;0:X3=0;Fault(P0:L0,x:red,TagCheck);[x]=0"}));
  EXPECT_EQ(tagged_states("memtag,store-only", load_and_store),
            (States{"0:TFSR_ELx=0;0:X2=1;0:X3=0;Fault(P0:L1,x:red,TagCheck);[x]=0"}));
  EXPECT_EQ(tagged_states("memtag,faultToNext", load_and_store),
            (States{"0:TFSR_ELx=0;0:X2=1;0:X3=1;Fault(P0:L0,x:red,TagCheck);Fault(P0:L1,x:red,TagCheck);[x]=0"}));
}

TEST(LitmusProgram, StoresAndLoadsTags) {
  EXPECT_EQ(tagged_states("memtag",
                          "{ [tag(x)]=:blue; 0:X1=x:red; 0:X2=x; uint64_t x=7; }\nP0;\nMOV X3,X1;\nLDG X3,[X1];\n"
                          "STZ2G X1,[X2];\nLDR X4,[X1];\nADDG X5,X1,#0,#1;\n"
                          "exists (0:X3=x /\\ 0:X4=1 /\\ 0:X5=x /\\ [tag(x)]=:red /\\ [tag(x+16)]=:red)\n"),
            (std::set<std::string>{"0:X3=x:blue;0:X4=0;0:X5=x:blue;[tag(x)]=:red;[tag(x+16)]=:red"}));
}

TEST(LitmusProgram, ChecksTagsInPagesOfTaggedMemoryOnly) {
  const std::string init = "{ [PTE(x)]=(oa:PA(x), db:0); [PTE(y)]=(oa:PA(y), attrs:(TaggedNormal)); "
                           "0:X1=x:red; 0:X2=y:red; 0:X3=PTE(y); [tag(y)]=:blue; }\n";
  const auto states = [&](const std::string& code, const std::string& condition) {
    return tagged_states("vmsa,memtag", init + "P0;\n" + code + "exists (" + condition + ")\n");
  };
  using States = std::set<std::string>;
  EXPECT_EQ(states("LDR W0,[X1];\nMOV W4,#1;\n", "0:X4=1 /\\ fault(P0)"), (States{"0:X4=1;~Fault(P0)"}));
  EXPECT_EQ(states("L0: STR W0,[X1];\nMOV W4,#1;\n", "0:X4=1 /\\ fault(P0)"),
            (States{"0:X4=0;Fault(P0:L0,x,D-MMU:Permission)"}));
  EXPECT_EQ(states("L0: LDR W0,[X2];\nMOV W4,#1;\n", "0:X4=1 /\\ fault(P0)"),
            (States{"0:X4=0;Fault(P0:L0,y:red,TagCheck)"}));
  EXPECT_EQ(states("STG X2,[X2];\nLDR W0,[X2];\nMOV W4,#1;\n", "0:X4=1 /\\ [tag(y)]=:red /\\ fault(P0)"),
            (States{"0:X4=1;[tag(y)]=:red;~Fault(P0)"}));
  EXPECT_EQ(tagged_states("vmsa,memtag,ets2", "{ [PTE(x)]=(oa:PA(x), valid:0); 0:X1=x; }\nP0;\nL0: LDR W0,[X1];\nexists (fault(P0))\n"),
            (States{"Fault(P0:L0,x,D-MMU:Translation)"}));
  EXPECT_EQ(tagged_states("vmsa,memtag", "TTHM=P0:HA\n{ [PTE(x)]=(oa:PA(x), af:0, attrs:(TaggedNormal)); 0:X1=x; [tag(x)]=:green; }\n"
                                         "P0;\nL0: LDR W0,[X1];\nMOV W4,#1;\nexists (0:X4=1 /\\ fault(P0))\n"),
            (States{"0:X4=1;~Fault(P0)"}));
  EXPECT_EQ(states("LDR X6,[X3];\n", "0:X6=0"), (States{"0:X6=(oa:PA(y), attrs:(TaggedNormal))"}));
}

TEST(LitmusProgram, ReportsFaultsThatAHandlerTakes) {
  EXPECT_EQ(tagged_states("memtag", "{ 0:X1=x:red; }\nP0 | P0.F;\nL0: LDR W0,[X1] | ADR X9,L1;\n"
                                    "L1: MOV W2,#1 | MSR ELR_EL1,X9;\n | ERET;\nexists (fault(P0:L0,x) /\\ 0:X2=1)\n"),
            (std::set<std::string>{"0:X2=1;Fault(P0:L0,x:red,TagCheck)"}));
}

TEST(LitmusProgram, SaysWhatIsWrong) {
  const struct {
    const char *text, *message;
    u32 line, column;
  } cases[] = {
      {"AArch64 T\n{ 0:X1=x:red; }\nP0;\nNOP;\n", "Variant=memtag", 2, 8},
      {"AArch64 T\nVariant=mte\n{ [tag(x)]=:red; [tag(x+8)]=:blue; }\nP0;\nNOP;\n", "its granule has a tag already", 3, 18},
      {"AArch64 T\nVariant=mte\n{ 0:X1=x:pink; }\nP0;\nNOP;\n", "unknown memory tag 'pink'", 3, 8},
      {"AArch64 T\n{}\nP0;\n LDRR W0,[X1];\n", "does not assemble", 4, 2},
      {"AArch64 T\n{}\nP0;\n CBZ W0,nowhere;\n", "there is no label 'nowhere'", 4, 2},
      {"AArch64 T\n{ 0:X1=P0:L; }\nP0;\nNOP;\n", "there is no label 'L' in P0", 2, 8},
      {"AArch64 T\n{ 0:X1=P3:L; }\nP0;\nNOP;\n", "there is no thread P3", 2, 8},
      {"AArch64 T\n{ 2:X1=1; }\nP0;\nNOP;\n", "there is no thread P2", 2, 3},
      {"AArch64 T\n{ int x; x=1; }\nP0;\nNOP;\n", "'x' is declared twice", 2, 10},
      {"AArch64 T\n{ 0:X1=1; 0:W1=2; }\nP0;\nNOP;\n", "initialised twice", 2, 11},
      {"AArch64 T\n{ int a[2]={1,2,3}; }\nP0;\nNOP;\n", "has 2 elements, this list has 3", 2, 12},
      {"AArch64 T\n{ int a[2]=1; }\nP0;\nNOP;\n", "expected a list", 2, 12},
      {"AArch64 T\n{ a[0]; }\nP0;\nNOP;\n", "at least one element", 2, 3},
      {"AArch64 T\n{ int x=y; }\nP0;\nNOP;\n", "an address does not fit in the 4 bytes of 'x'", 2, 9},
      {"AArch64 T\n{ 0:X1=a[2]; int a[2]; }\nP0;\nNOP;\n", "'a' has 2 elements", 2, 8},
      {"AArch64 T\n{ int a[2]; }\nP0;\nNOP;\nexists a=1\n", "expected a list in braces for a", 5, 10},
      {"AArch64 T\n{}\nP0;\nNOP;\nexists x={1}\n", "'x' is not an array", 5, 8},
      {"AArch64 T\n{}\nP0;\nNOP;\nexists 1:X1=1\n", "there is no thread P1", 5, 8},
      {"AArch64 T\nTSO=P1\n{}\nP0;\nNOP;\n", "expected all, none or threads from P0 to P0, found 'P1'", 2, 5},
      {"AArch64 T\nTSOFlavour=t4\n{}\nP0;\nNOP;\n", "expected t1, t2 or t3", 2, 12},
      {"AArch64 T\nCacheType=DCI\n{}\nP0;\nNOP;\n", "expected DIC or IDC", 2, 11},
      {"AArch64 T\nVariant=mixd\n{}\nP0;\nNOP;\n", "unknown variant 'mixd'", 2, 9},
  };
  for (const auto& c : cases) {
    try {
      load(c.text);
      ADD_FAILURE() << c.text;
    } catch (const InputError& e) {
      EXPECT_EQ(dynamic_cast<const UnsupportedError*>(&e), nullptr) << c.text;
      const Diagnostic& d = e.diagnostics().front();
      EXPECT_NE(d.message.find(c.message), std::string::npos) << d.message;
      EXPECT_EQ(std::make_pair(d.where.line, d.where.column), std::make_pair(c.line, c.column))
          << c.text << d.message;
    }
  }
}

TEST(LitmusProgram, RunsAtEl1OnlyIfItMust) {
  EXPECT_EQ(load(single("", {"IC IALLU"}, "")).program.reset[0].el, 1);
  EXPECT_EQ(load(single("", {"MRS X0,ACTLR_EL1"}, "")).program.reset[0].el, 1);
  EXPECT_EQ(load(single("0:X1=x;", {"DC CVAU,X1", "IC IVAU,X1", "MRS X0,NZCV"}, "")).program.reset[0].el, 0);
}

}  // namespace
}  // namespace isobar::scenarios
