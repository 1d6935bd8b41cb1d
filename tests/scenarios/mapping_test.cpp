// Mappings: the reader of the format, and translations that compute what the x86 code computes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "explore/search.h"
#include "scenarios/import/x86_machine.h"
#include "scenarios/mapping/retry_loops.h"
#include "scenarios/mapping/translate.h"

namespace isobar::scenarios {
namespace {

namespace fs = std::filesystem;
using Set = std::set<std::string>;
using Code = std::vector<std::string>;

const std::string kHead = "title: T\ndescription: D\nsource: S\n";
const std::string kOperations =
    "operations:\n"
    "  load: 'ldr{b} {t}, [{a}]'\n"
    "  store: 'str{b} {t}, [{a}]'\n"
    "  vector_load: 'ldr {q}, [{a}]'\n"
    "  vector_store: 'str {q}, [{a}]'\n"
    "  lock_rmw: '{lse}al{b} {s}, {o}, [{a}]'\n"
    "  xchg: 'swpal{b} {s}, {o}, [{a}]'\n"
    "  lock_cmpxchg: 'casal{b} {c}, {n}, [{a}]'\n"
    "  lock_cmpxchg16b: 'caspal {c0}, {c1}, {n0}, {n1}, [{a}]'\n"
    "  mfence: dmb ish\n"
    "  lfence: ''\n"
    "  sfence: ''\n";

std::vector<std::string> shipped_mappings() {
  std::vector<std::string> files;
  for (const auto& e : fs::directory_iterator(fs::path(ISOBAR_SOURCE_DIR) / "mappings"))
    if (e.path().extension() == ".yaml") files.push_back(e.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

X86Program program(const std::string& init, const std::vector<std::vector<std::string>>& threads,
                   const std::string& end) {
  std::string text = "X86_64 T\n{" + init + "}\n";
  std::size_t height = 0;
  for (std::size_t t = 0; t < threads.size(); ++t) {
    text += (t == 0 ? " P" : " | P") + std::to_string(t);
    height = std::max(height, threads[t].size());
  }
  text += " ;\n";
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t t = 0; t < threads.size(); ++t)
      text += (t == 0 ? " " : " | ") + (row < threads[t].size() ? threads[t][row] : "");
    text += " ;\n";
  }
  return build_x86(parse_litmus(text + end + "\n", "t.litmus"));
}

Set arm_states(const X86Program& x, const Mapping& m, bool failing_exclusives = true) {
  const LitmusProgram p = build_translation(x, translate(x, m));
  explore::SearchOptions options;
  options.failing_exclusives = failing_exclusives;
  const explore::SearchResult r =
      explore::search(model::Machine(p.config, p.program), p.observables, options);
  EXPECT_EQ(r.status, explore::Status::Complete) << r.reason;
  Set states;
  for (const auto& [outcome, info] : r.outcomes) {
    EXPECT_TRUE(unexpected_faults(p, outcome).empty()) << m.name;
    states.insert(state_text(p, outcome));
  }
  return states;
}

std::vector<std::string> code_of(const X86Program& x, const Mapping& m, unsigned thread = 0) {
  std::vector<std::string> code;
  const Translation t = translate(x, m);
  for (const LitmusInstruction& i : t.test.threads[thread].code) code.push_back(i.text);
  return code;
}

TEST(Mapping, ShippedMappingsLoadAndNameTheirSource) {
  const std::vector<std::string> files = shipped_mappings();
  EXPECT_GE(files.size(), 30u);
  for (const std::string& f : files) {
    const Mapping m = load_mapping(f);
    EXPECT_FALSE(m.title.empty()) << f;
    EXPECT_FALSE(m.sources.empty()) << f;
    for (const MappingOperation& o : mapping_operations())
      EXPECT_TRUE(!o.required || m.find(std::string(o.name), 4) != nullptr ||
                  m.find(std::string(o.name), 16) != nullptr)
          << f << " " << o.name;
  }
}

TEST(Mapping, ShippedMappingsAreValidAndTheSchemaKnowsEveryOperation) {
  const fs::path root = ISOBAR_SOURCE_DIR;
  const std::string schema = (root / "mappings/schema/mapping.schema.json").string();
  std::ifstream in(schema);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::ifstream page_in(root / "docs/mappings.md");
  const std::string page((std::istreambuf_iterator<char>(page_in)), std::istreambuf_iterator<char>());
  for (const MappingOperation& o : mapping_operations()) {
    EXPECT_NE(text.find(o.name), std::string::npos) << o.name;
    EXPECT_NE(page.find("`" + std::string(o.name) + "`"), std::string::npos) << o.name;
  }
  if (std::system("python3 -c 'import jsonschema, yaml' >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "python3-jsonschema and python3-yaml are not installed";
  std::string command =
      "python3 '" + (root / "tests/scenarios/validate_schema.py").string() + "' '" + schema + "'";
  for (const std::string& file : shipped_mappings()) command += " '" + file + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(Mapping, EveryShippedMappingComputesWhatX86Computes) {
  struct Case {
    std::string init;
    std::vector<std::string> code;
    std::string observed;
  };
  const std::vector<Case> cases{
      {"x=5;", {"movl $3,%eax", "lock xaddl %eax,(x)"}, "0:rax; x;"},
      {"x=5;", {"lock incl (x)", "lock decl (x)", "lock subl $2,(x)", "lock andl $6,(x)"}, "x;"},
      {"x=5;", {"lock orl $8,(x)", "lock xorl $1,(x)", "lock notl (x)"}, "x;"},
      {"x=5;", {"movl $5,%eax", "movl $9,%ebx", "lock cmpxchgl %ebx,(x)", "sete %cl"}, "0:rax; 0:rcx; x;"},
      {"x=5;", {"movl $4,%eax", "movl $9,%ebx", "lock cmpxchgl %ebx,(x)", "sete %cl"}, "0:rax; 0:rcx; x;"},
      {"x=5;", {"movl $4,%eax", "movl $9,%ebx", "cmpxchgl %ebx,(x)"}, "0:rax; x;"},
      {"x=5;", {"movl $5,%eax", "movl $9,%ebx", "cmpxchgl %ebx,(x)"}, "0:rax; x;"},
      {"uint8_t x=5; int64_t 0:rax=-1;", {"movb (x),%al", "lock addb $255,(x)"}, "0:rax; x;"},
      {"uint8_t x=5; int64_t 0:rax=773;", {"movl $9,%ebx", "lock cmpxchgb %bl,(x)"}, "0:rax; x;"},
      {"uint16_t x=5;", {"movl $7,%eax", "xchgw %ax,(x)"}, "0:rax; x;"},
      {"uint64_t x;", {"movq $81985529216486895,%rax", "movq %rax,(x)"}, "x;"},
      {"x=3;", {"addl $4,(x)", "negl (x)", "movl (x),%eax"}, "0:rax; x;"},
      {"x=3;", {"cmpl $3,(x)", "je L0", "movl $1,%eax", "L0: movl $2,%ebx"}, "0:rax; 0:rbx;"},
      {"x=3;", {"movl $2,%eax", "cmpl (x),%eax", "setb %cl", "setl %dl"}, "0:rcx; 0:rdx;"},
      {"x=3;", {"movl $2,%eax", "lock addl $-3,(x)", "cmovel %eax,%ebx"}, "0:rbx;"},
      {"x=3;", {"movl $3,%ecx", "L0: lock decl (x)", "jne L0", "movl (x),%eax"}, "0:rax;"},
      {"",
       {"movq $7,%rax", "push %rax", "movq $8,%rbx", "push %rbx", "pop %rcx", "pop %rdx"},
       "0:rcx; 0:rdx;"},
      {"uint8_t a[2]={3,4}; uint8_t b[2]; 0:rsi=a; 0:rdi=b; 0:rcx=2;", {"rep movsb"}, "b; 0:rcx;"},
      {"uint64_t x[2]={3,4}; uint64_t y[2]; 0:rbx=y;",
       {"movdqa (x),%xmm0", "movdqa %xmm0,(%rbx)", "pextrq $1,%xmm0,%rax"},
       "0:rax; y;"},
      {"uint64_t x=3; uint64_t y;", {"movq (x),%xmm0", "movq %xmm0,(y)"}, "y;"},
      {"uint64_t x[2]={3,4};",
       {"movq $3,%rax", "movq $4,%rdx", "movq $5,%rbx", "movq $6,%rcx", "lock cmpxchg16b (x)"},
       "x; 0:rax;"},
      {"uint64_t x[2]={3,4};",
       {"movq $3,%rax", "movq $5,%rdx", "movq $5,%rbx", "movq $6,%rcx", "lock cmpxchg16b (x)"},
       "x; 0:rax; 0:rdx;"},
      {"int64_t t[2]={1,-1}; 0:rax=t; 0:rbx=1;",
       {"movq 0(%rax,%rbx,8),%rcx", "leaq 8(%rax),%rdx", "movq (%rdx),%rsi"},
       "0:rcx; 0:rsi;"},
      {"", {"movl $513,%eax", "movb %ah,%bl", "movzbl %ah,%ecx", "movb $9,%ah"}, "0:rax; 0:rbx; 0:rcx;"},
      {"",
       {"movl $6,%eax", "movl $3,%ebx", "xchgl %eax,%ebx", "subl %eax,%ebx", "shll $2,%ebx"},
       "0:rax; 0:rbx;"},
  };
  for (const Case& c : cases) {
    const X86Program x = program(c.init, {c.code}, "locations [" + c.observed + "]\nforall (true)");
    const Set expected = state_texts(x, search_x86(x));
    for (const std::string& f : shipped_mappings())
      EXPECT_EQ(arm_states(x, load_mapping(f)), expected) << f << " " << c.code.back();
  }
}

TEST(Mapping, SequencesAreUsedBySizeAndFlags) {
  const Mapping m = parse_mapping(kHead + "requires: [LSE]\n" + kOperations +
                                      "  load.8: 'ldarb {t}, [{a}]'\n"
                                      "  lock_add: 'staddl{b} {s}, [{a}]'\n",
                                  "m.yaml");
  EXPECT_EQ(code_of(program("0:rax=x;", {Code{"movzbl (%rax),%ebx"}}, "forall (x=0)"), m).front(),
            "ldarb W18, [X0]");
  EXPECT_EQ(code_of(program("0:rax=x;", {Code{"movw (%rax),%bx"}}, "forall (x=0)"), m).front(),
            "ldrh W18, [X0]");
  EXPECT_EQ(code_of(program("0:rax=x;", {Code{"lock addl %ebx,(%rax)"}}, "forall (x=0)"), m),
            std::vector<std::string>{"staddl W3, [X0]"});
  const auto with_flags =
      code_of(program("0:rax=x;", {Code{"lock addl %ebx,(%rax)", "sete %cl"}}, "forall (x=0)"), m);
  EXPECT_EQ(with_flags.front(), "ldaddal W3, W18, [X0]");
}

TEST(Mapping, SequencesAreInheritedAndTaken) {
  const std::string folder = std::string(ISOBAR_SOURCE_DIR) + "/mappings/";
  const Mapping m = parse_mapping(kHead +
                                      "extends: fex-ldapr\ntake: {qemu-7.2-lse: [load, vector_store]}\n"
                                      "operations:\n  mfence: dmb sy\n",
                                  folder + "m.yaml");
  EXPECT_EQ(m.find("load", 4)->lines.front().text, "dmb ishld");
  EXPECT_EQ(m.operations.count("load.8"), 0u) << "taken sequences replace those of every size";
  EXPECT_EQ(m.operations.count("vector_store.64"), 1u);
  EXPECT_EQ(m.find("store", 1)->lines.back().text, "stlrb {t}, [{a}]");
  EXPECT_EQ(m.find("mfence", 8)->lines.front().text, "dmb sy");
  EXPECT_EQ(m.sources, std::vector<std::string>{"S"});
  EXPECT_EQ(m.name, "m");
}

TEST(Mapping, FlavoursOfTsoReachTheMachine) {
  const X86Program x = program("z=5;",
                               {{"movl $1,(x)", "movl $0,%eax", "lock cmpxchgl %ecx,(z)", "movl (y),%ebx"},
                                {"movl $1,(y)", "mfence", "movl (x),%ebx"}},
                               "exists (0:rbx=0 /\\ 1:rbx=0)");
  const std::string folder = std::string(ISOBAR_SOURCE_DIR) + "/mappings/";
  EXPECT_EQ(arm_states(x, load_mapping(folder + "hardware-tso.yaml")).count("0:rbx=0;1:rbx=0"), 1u);
  EXPECT_EQ(arm_states(x, load_mapping(folder + "hardware-tso-t3.yaml")).count("0:rbx=0;1:rbx=0"), 0u);
}

TEST(Mapping, LoopsOfExclusivesHaveTheSameOutcomesWithoutFailingStores) {
  const std::vector<X86Program> programs{
      program("", {{"movl $1,(x)", "lock incl (y)"}, {"movl (y),%eax", "movl (x),%ebx"}},
              "exists (1:rax=1 /\\ 1:rbx=0)"),
      program("", {{"lock incl (x)"}, {"lock incl (x)"}}, "exists (x=1)"),
      program(
          "",
          {{"movl $1,%eax", "xchgl %eax,(x)", "movl (y),%ebx"}, {"movl $1,(y)", "mfence", "movl (x),%ebx"}},
          "exists (0:rbx=0 /\\ 1:rbx=0)"),
      program("", {{"movl $1,%ecx", "lock cmpxchgl %ecx,(x)"}, {"movl $2,%ecx", "lock cmpxchgl %ecx,(x)"}},
              "exists (0:rax=2 /\\ x=2)")};
  for (const std::string& f : shipped_mappings()) {
    const Mapping m = load_mapping(f);
    EXPECT_TRUE(failing_exclusives_only_repeat(m)) << f;
    for (const X86Program& x : programs) EXPECT_EQ(arm_states(x, m, false), arm_states(x, m)) << f;
  }
}

TEST(Mapping, OtherUsesOfExclusivesAreRecognised) {
  const auto only_repeat = [](const std::string& xchg) {
    Mapping m;
    std::istringstream in(xchg);
    for (std::string line; std::getline(in, line);) m.operations["xchg"].lines.push_back({line, 0, 0});
    return failing_exclusives_only_repeat(m);
  };
  const std::string load = "ldxr {o}, [{a}]\n", store = "stxr {w1}, {s}, [{a}]\n";
  EXPECT_TRUE(only_repeat("retry:\n" + load + store + "cbnz {w1}, retry"));
  EXPECT_FALSE(only_repeat(load + store)) << "fails and goes on";
  EXPECT_FALSE(only_repeat(load + store + "cbnz {w1}, out\nout:")) << "leaves";
  EXPECT_FALSE(only_repeat("retry:\n" + load + store + "cbnz {w2}, retry")) << "another register";
  EXPECT_FALSE(only_repeat("retry:\n" + load + "add {t0}, {t0}, #1\n" + store + "cbnz {w1}, retry"))
      << "counts rounds";
  EXPECT_FALSE(only_repeat("retry:\n" + load + "str {s}, [{a}]\n" + store + "cbnz {w1}, retry")) << "stores";
  EXPECT_FALSE(only_repeat("retry:\n" + load + "add {t0}, {o}, {w1}\n" + store + "cbnz {w1}, retry"))
      << "reads the status";
}

TEST(Mapping, AdjacentBarriersMergeIfAsked) {
  const std::string operations = "operations:\n  load: |\n    dmb ishld\n    ldr{b} {t}, [{a}]\n" +
                                 kOperations.substr(kOperations.find("  store"));
  const X86Program x = program("0:rax=x;", {Code{"mfence", "movl (%rax),%ebx"}}, "forall (x=0)");
  const auto merged =
      code_of(x, parse_mapping(kHead + "requires: [LSE]\nmerge_barriers: true\n" + operations, "m.yaml"));
  EXPECT_EQ(merged, (std::vector<std::string>{"dmb ish", "ldr W3, [X0]"}));
  const auto apart = code_of(x, parse_mapping(kHead + "requires: [LSE]\n" + operations, "m.yaml"));
  EXPECT_EQ(apart, (std::vector<std::string>{"dmb ish", "dmb ishld", "ldr W3, [X0]"}));
}

TEST(Mapping, BarriersOfBlocksDependOnTheOtherStores) {
  const Mapping m = parse_mapping(kHead +
                                      "requires: [LSE]\nblocks:\n  before_first_store: dmb ishld\n"
                                      "  before_last_store: dmb ishst\n  after_last_store: dmb st\n"
                                      "  after_stores: dmb ish\n  store_period: 3\n" +
                                      kOperations,
                                  "m.yaml");
  const std::string s = "movl %ebx,(%rax)", a64 = "str W3, [X0]";
  const auto stores = [&](std::size_t n) {
    return code_of(program("0:rax=x;", {std::vector<std::string>(n, s)}, "forall (x=0)"), m);
  };
  EXPECT_EQ(stores(1), (Code{"dmb ishld", a64, "dmb st"}));
  EXPECT_EQ(stores(2), (Code{"dmb ishld", a64, "dmb ishst", a64, "dmb st"}));
  EXPECT_EQ(stores(4), (Code{"dmb ishld", a64, a64, a64, "dmb ish", "dmb ishst", a64, "dmb st"}));
  const auto jump = code_of(program("0:rax=x;", {Code{s, "jmp L0", "L0: " + s}}, "forall (x=0)"), m);
  EXPECT_EQ(jump, (Code{"dmb ishld", a64, "dmb st", "b I2", "dmb ishld", a64, "dmb st"}));
}

TEST(Mapping, TranslationsPrintAsLitmusTestsWithTheSameOutcomes) {
  const Mapping m = load_mapping(std::string(ISOBAR_SOURCE_DIR) + "/mappings/qemu-7.2-llsc.yaml");
  const X86Program x =
      program("uint64_t t[2]={1,2}; 1:rbx=t;",
              {{"movl $1,(x)", "lock addl $1,(y)"}, {"movl (y),%eax", "movq (%rbx),%rcx", "movl (x),%edx"}},
              "locations [x; y;]\nexists (1:rax=1 /\\ 1:rdx=0)");
  const LitmusTest again = parse_litmus(litmus_text(translate(x, m), m), "again.litmus");
  LitmusProgram p = build_litmus(again);
  name_as_x86(p, "");
  const explore::SearchResult r = explore::search(model::Machine(p.config, p.program), p.observables, {});
  Set states;
  for (const auto& [outcome, info] : r.outcomes) states.insert(state_text(p, outcome));
  EXPECT_EQ(states, arm_states(x, m));
}

TEST(Mapping, WrongInputNamesThePlace) {
  struct Case {
    std::string text, message;
  };
  const std::vector<Case> cases{
      {"title: T\n", "m.yaml:1:1: error: key 'description' is missing"},
      {kHead + "requires: [LSE3]\n" + kOperations, "m.yaml:4:12: error: requires is one of LSE"},
      {kHead + "requires: [LSE]\n" + kOperations + "  lode: nop\n",
       "m.yaml:17:3: error: unknown operation 'lode'"},
      {kHead + "requires: [LSE]\n" + kOperations + "  push: |\n    str {z}, [{sp}]\n",
       "m.yaml:18:9: error: unknown placeholder '{z}'"},
      {kHead + "requires: [LSE]\n" + kOperations + "  push: |\n    nop\n    strr {t}, [{sp}]\n",
       "m.yaml:19:5: error: 'strr W17, [X24]' does not assemble"},
      {kHead + kOperations, "needs LSE, which `requires` does not name"},
      {kHead + "extends: nothing\noperations: {}\n", "m.yaml:4:10: error: there is no mapping nothing.yaml"},
      {kHead + "operations: {}\n", "operation 'load' is missing"},
      {kHead + "blocks: {after_stores: nop}\n" + kOperations, "after_stores is a barrier"},
      {kHead + "tso: maybe\n" + kOperations, "tso is true or false"},
      {kHead + "tso_flavour: t4\n" + kOperations, "m.yaml:4:14: error: tso_flavour is one of t1"},
      {kHead + "take: [load]\n" + kOperations, "m.yaml:4:7: error: take is a map"},
      {kHead + "take: {nothing: load}\n" + kOperations,
       "m.yaml:4:8: error: there is no mapping nothing.yaml"},
  };
  for (const Case& c : cases) {
    try {
      parse_mapping(c.text, "m.yaml");
      ADD_FAILURE() << "accepted: " << c.text;
    } catch (const InputError& e) {
      std::string all;
      for (const Diagnostic& d : e.diagnostics()) all += to_string(d) + "\n";
      EXPECT_NE(all.find(c.message), std::string::npos) << all;
    }
  }
}

TEST(Mapping, InheritedSequencesNeedTheirFeaturesNamed) {
  const std::string file = std::string(ISOBAR_SOURCE_DIR) + "/mappings/m.yaml";
  const auto message = [&](const std::string& text) -> std::string {
    try {
      parse_mapping(kHead + text, file);
    } catch (const InputError& e) {
      return to_string(e.diagnostics().front());
    }
    return "accepted";
  };
  EXPECT_EQ(message("extends: fex-ldapr\nrequires: [LSE]\noperations: {}\n"),
            file + ":5:11: error: load.8: 'ldaprb W17, [X24]' needs RCPC, which `requires` does not name");
  EXPECT_EQ(message("extends: fex-ldapr\ntake: {hardware-tso: push}\noperations: {}\n"),
            file + ":5:22: error: hardware-tso has no sequence for 'push'");
  EXPECT_EQ(message("extends: m\noperations: {}\n"), file + ":4:10: error: there is no mapping " + file);
}

TEST(Mapping, WhatCannotBeTranslatedIsRefused) {
  const Mapping m = load_mapping(std::string(ISOBAR_SOURCE_DIR) + "/mappings/hardware-tso.yaml");
  for (const std::string code : {"lock negl (x)", "lock shll $1,(x)", "cmpxchg16b (x)"}) {
    const X86Program x = program("", {Code{code}}, "forall (x=0)");
    EXPECT_THROW(translate(x, m), UnsupportedError) << code;
  }
  const X86Program carry = program("", {Code{"addl $1,(x)", "setb %al"}}, "forall (x=0)");
  EXPECT_THROW(translate(carry, m), UnsupportedError);
}

}  // namespace
}  // namespace isobar::scenarios
