// Every way of getting a scenario wrong is told where it is and what to do about it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/scenarios/loader_support.h"

namespace isobar::scenarios {
namespace {

struct Case {
  const char* name;
  std::string text;
  std::string expected;  ///< the complaint begins with this
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class Diagnostics : public testing::TestWithParam<Case> {};

TEST_P(Diagnostics, AreTold) {
  const std::string got = complaint(GetParam().text);
  EXPECT_EQ(got.substr(0, GetParam().expected.size()), GetParam().expected) << got;
}

std::string with_machine(const std::string& machine) {
  return "machine: " + machine + "\n" + minimal();
}
std::string with_memory(const std::string& memory) {
  return "description: a test\nmemory:\n  " + memory +
         "\nthreads:\n  P0:\n    asm: |\n      NOP\nshow: P0.X0\n";
}
std::string with_thread(const std::string& line) {
  return "description: a test\nmemory: {x: 0}\nthreads:\n  P0:\n    " + line +
         "\n    asm: |\n      NOP\nshow: P0.X0\n";
}
std::string with_condition(const std::string& condition) {
  return minimal("expect:\n  - never: " + condition + "\n");
}

const Case kTags[] = {
    {"TagWithoutTagging", with_memory("a: {tag: 1}"), "3:3: tag needs a machine with memory tagging (mte)"},
    {"TagTooLarge", with_memory("a: {tag: 16}"), "3:12: tag is a number from 0 to 15, not 1"},
    {"PointerTagTooLarge", with_memory("a: 0\n  b: 'a:16'"), "4:6: 'a:16': an address tag is 0 to 15"},
    {"UnknownMode", with_machine("{mte: on}"), "1:16: mte is one of none, unchecked, sync, async, asym, "},
    {"SomeCoresWithoutTags", with_machine("{cores: 2, mte: [none, sync]}"), "1:26: all cores have memory tagging or none has"},
    {"WrongNumberOfModes", with_machine("{cores: 3, mte: [sync, async]}"), "1:26: mte lists 2 cores, the machine has 3"},
};

const Case kYaml[] = {
    {"Empty", "", "1:1: the file is empty"},
    {"OnlyAComment", "# nothing\n", "1:1: the file is empty"},
    {"NotAMap", "- a\n- b\n", "1:1: expected a map with the keys of a scenario"},
    {"UnknownKey", minimal() + "expct: 1\n",
     "9:1: unknown key 'expct' in a scenario; did you mean 'expect'?"},
    {"DuplicateKey", minimal() + "memory: {z: 0}\n", "9:1: key 'memory' is already given on line 2"},
    {"DuplicateLocation", with_memory("a: 0\n  a: 1"), "4:3: key 'a' is already given on line 3"},
    {"Tab", "description: x\nthreads:\n\tP0: 1\n", "3:1: a tab in the indentation"},
    {"TabAfterSpaces", minimal() + "  \tshow: x\n", "9:3: a tab in the indentation"},
    {"UnterminatedQuote", "description: \"abc\nthreads: 1\n",
     "1:14: the text that starts with \" does not end on this line"},
    {"UnterminatedSingleQuote", "description: 'it''s\nthreads: 1\n",
     "1:14: the text that starts with ' does not"},
    {"QuoteInFlow", "a: {b: \"c}\n", "1:8: the text that starts with \""},
    {"UnclosedList", "description: [a\nthreads: 1\n", "2:8: not YAML: "},
    {"BadIndentation", "description: a\n  threads: 1\n", "2:10: not YAML: illegal map value"},
    {"Anchor", "description: &a x\n", "1:14: anchors (&name)"},
    {"Alias", "description: *a\n", "1:14: not YAML: the referenced anchor is not defined"},
    {"Tag", "description: !!str x\n", "1:14: tags (!name)"},
    {"TwoDocuments", minimal() + "---\ndescription: b\n", "10:1: a second document"},
    {"NotUtf8", "description: \xff\n", "1:14: byte 0xff is not UTF-8"},
    {"ControlCharacter", std::string("description: \x01\n", 15), "1:14: control character 0x01"},
    {"NulCharacter", std::string("description: a\0b\n", 17), "1:15: control character 0x00"},
    {"ComplexKey", "? [a, b]\n: c\n", "1:3: a key is a word, not a list"},
    {"DeepNesting", "description: " + std::string(100, '[') + std::string(100, ']') + "\n",
     "1:45: maps and lists are nested"},
    {"ConditionWithBracket", minimal("expect:\n  - never: [x] == 1\n"), "8:16: not YAML: "},
    {"NoThreads", "description: a\nmemory: {x: 0}\nshow: x\n",
     "1:1: key 'threads' is missing in this scenario"},
    {"NoDescription", "threads:\n  P0:\n    asm: |\n      NOP\nshow: P0.X1\n",
     "1:1: key 'description' is missing"},
    {"NothingLookedAt", "description: a\nthreads:\n  P0:\n    asm: |\n      NOP\n",
     "1:1: nothing is looked at"},
    {"NameOfTwoLines", "name: |\n  a\n  b\n" + minimal(), "1:7: name is one line"},
};

const Case kMachine[] = {
    {"NotAMap", with_machine("4"), "1:10: expected a map with the keys of a machine"},
    {"Kind", with_machine("{kind: actrl}"),
     "1:17: kind is one of none, actlr, actlr-read-only, fixed, not the text 'actrl'; "
     "did you mean 'actlr'?"},
    {"Cores", with_machine("{cores: 17}"), "1:18: cores is a number from 1 to 16, not 17"},
    {"NoCores", with_machine("{cores: 0}"), "1:18: cores is a number from 1 to 16, not 0"},
    {"CoresText", with_machine("{cores: two}"),
     "1:18: cores is a number from 1 to 16: 'two' is not a number"},
    {"CoresQuoted", with_machine("{cores: \"2\"}"), "1:18: cores is a number from 1 to 16, not the text '2'"},
    {"CoresNegative", with_machine("{cores: -1}"),
     "1:18: cores is a number from 1 to 16: '-1' is not a number"},
    {"Octal", with_machine("{cores: 010}"), "1:18: cores is a number from 1 to 16: '010' starts with 0"},
    {"Huge", with_machine("{cores: 99999999999999999999999999999999999999999}"),
     "1:18: cores is a number from 1 to 16: "},
    {"HugeHex", with_machine("{cores: 0x1" + std::string(40, '0') + "}"),
     "1:18: cores is a number from 1 to 16: "},
    {"Boolean", with_machine("{dic: yes}"), "1:16: dic is true or false, not the text 'yes'"},
    {"NoValue", with_machine("{cores: }"), "1:11: cores is a number from 1 to 16, not nothing"},
    {"PerCoreCount", with_machine("{cores: 2, kind: [none, actlr, none]}"),
     "1:27: kind lists 3 cores, the machine has 2"},
    {"TsoWithoutBit", with_machine("{kind: none, tso: true}"), "1:28: tso sets the bit of core 0 at reset"},
    {"Line", with_machine("{line: 48}"), "1:10: machine: a cache line has"},
    {"DicWithoutIdc", with_machine("{dic: true, idc: false}"), "1:10: machine: CTR_EL0.DIC"},
    {"Flavour", with_machine("{flavour: t4}"),
     "1:20: flavour is one of t1, t2, t3, not the text 't4'; did you mean 't1'?"},
    {"UnknownKey", with_machine("{core: 2}"), "1:11: unknown key 'core' in a machine; did you mean 'cores'?"},
    {"Variant", minimal("variants:\n  a: {machin: {}}\nshow: x\n"),
     "8:7: unknown key 'machin' in a variant; did you mean 'machine'?"},
    {"VariantName", minimal("variants:\n  a-b: {}\nshow: x\n"),
     "8:3: the name of a variant is a name of letters"},
    {"NoVariants", minimal("variants: {}\nshow: x\n"), "7:11: variants is a map from 1 to 32 names"},
    {"VariantStart", minimal("variants:\n  a: {start: [P0]}\nshow: x\n"),
     "8:14: start is a map from threads to the labels"},
    {"VariantStartThread", minimal("variants:\n  a: {start: {P1: L}}\nshow: x\n"),
     "8:15: 'P1' is not a thread; did you mean 'P0'?"},
    {"VariantStartLabel", minimal("variants:\n  a: {start: {P0: L}}\nshow: x\n"),
     "8:19: thread P0 has no label 'L'"},
    {"How", minimal("run: {how: exlore}\nshow: x\n"),
     "7:12: how is one of explore, random, timed, not the text 'exlore'; did you "
     "mean 'explore'?"},
    {"Timeout", minimal("run: {timeout: fast}\nshow: x\n"), "7:16: timeout is a number of seconds"},
    {"Knob", "kernel: {knobs: [no_switch_dbs]}\n" + minimal(),
     "1:18: 'no_switch_dbs' is not a knob of the kernel; did you mean "
     "'no_switch_dsb'?"},
    {"Policy", "kernel: {policy: prctl-v2}\n" + minimal(), "1:18: policy is one of prctl-v1, prctl-probe"},
    {"KernelThreadCore", "kernel: {kernel_threads: {k: {}}}\n" + minimal(),
     "1:30: key 'core' is missing in this kernel_thread"},
    {"KernelOnlyInVariant", minimal("variants:\n  a: {kernel: {}}\nshow: x\n"),
     "8:3: a variant changes the kernel section"},
};

const Case kProgram[] = {
    {"MemoryType", with_memory("a: {type: u63}"),
     "3:13: type is one of u8, u16, u32, u64, u128, code, not the text 'u63'"},
    {"ValueTooBig", with_memory("a: {type: u8, value: 256}"), "3:24: 256 does not fit in 8 bits"},
    {"NegativeTooBig", with_memory("a: {type: u8, value: -129}"), "3:24: -129 does not fit in 8 bits"},
    {"ValueNotANumber", with_memory("a: 12q"), "3:6: '12q' is not a number"},
    {"ValueNothing", with_memory("a:"), "3:3: a value is a number or an address, not nothing"},
    {"UnknownAddress", with_memory("abc: 0\n  b: abd"), "4:6: 'abd' is not a location; did you mean 'abc'?"},
    {"Count", with_memory("a: {count: 1, value: [1, 2]}"), "3:14: count is 1, but 2 values are given"},
    {"CountHuge", with_memory("a: {count: 100000000}"), "3:14: count is a number from 1 to"},
    {"Align", with_memory("a: {align: 3}"), "3:14: align is a power of two, not 3"},
    {"Access", with_memory("a: {access: wr}"), "3:15: access is one of none, r, rw, rx, rwx"},
    {"Overlap", with_memory("a: {at: 0x200000}\n  b: {at: 0x200004}"),
     "4:3: b at 0x200004 overlaps a at 0x200000"},
    {"AtZero", with_memory("a: {at: 0}"), "3:11: at is a number from 4096"},
    {"RegisterAsLocation", with_memory("x1: 0"), "3:3: a location cannot be called 'x1'"},
    {"LocationName", with_memory("a-b: 0"), "3:3: a location is a name of letters"},
    {"AsmWithoutCode", with_memory("a: {asm: \"NOP\"}"), "3:12: asm needs 'type: code'"},
    {"CodeInstruction", with_memory("a: {type: code, asm: \"NOQ\"}"), "3:"},
    {"Register", with_thread("registers: {X31: 1}"), "5:17: 'X31' is not a register that can be set"},
    {"RegisterTwice", with_thread("registers: {X1: 1, W1: 2}"), "5:24: X1 is given twice"},
    {"RegisterValue", with_thread("registers: {X1: xx}"), "5:21: 'xx' is not a location; did you mean 'x'?"},
    {"RegisterLabel", with_thread("registers: {X1: P0.loop}"), "5:21: P0 has no label 'loop'"},
    {"RegisterOwner", with_thread("registers: {X1: P1.loop}"),
     "5:21: 'P1' is neither a thread nor a code area; did you mean 'P0'?"},
    {"InstructionValue", with_thread("registers: {X1: \"instr(MOW X1, #1)\"}"), "5:21: "},
    {"El", with_thread("el: 2"), "5:9: el is a number from 0 to 1, not 2"},
    {"Start", with_thread("start: loop"), "4:3: thread P0 has no label 'loop'"},
    {"ProcessWithoutKernel", with_thread("process: A"), "5:14: process needs a kernel section"},
    {"EndWithoutKernel", with_thread("end: park"), "5:10: end needs a kernel section"},
    {"PlainAsm", "description: a\nthreads:\n  P0:\n    asm: MOV X0, #1\nshow: P0.X0\n",
     "4:10: asm is a block of A64 code"},
    {"FoldedAsm", "description: a\nthreads:\n  P0:\n    asm: >\n      NOP\nshow: P0.X0\n",
     "4:10: asm is a block of A64 code"},
    {"NoInstructions", "description: a\nthreads:\n  P0:\n    asm: |\n      // nothing\nshow: P0.X0\n",
     "3:3: thread P0 has no instructions"},
    {"EmptyAsm", "description: a\nthreads:\n  P0:\n    asm: \"\"\nshow: P0.X0\n",
     "4:10: asm has no instructions"},
    {"NoAsm", "description: a\nthreads:\n  P0: {}\nshow: P0.X0\n",
     "3:7: key 'asm' is missing in this thread"},
    {"EmptyThreads", "description: a\nmemory: {x: 0}\nthreads: {}\nshow: x\n", "3:10: threads is a map"},
    {"SameCore",
     "description: a\nthreads:\n  P0:\n    core: 1\n    asm: |\n      NOP\n  P1:\n    core: 1\n    asm: |\n  "
     "    NOP\nshow: P0.X0\n",
     "7:3: core 1 has two threads, which needs a kernel section"},
    {"FewCores",
     "description: a\nmachine: {cores: 1}\nthreads:\n  P0:\n    asm: |\n      NOP\n  P1:\n    asm: |\n      "
     "NOP\nshow: P0.X0\n",
     "2:10: the machine has 1 core, but 2 are used (one per thread; more threads than cores need a kernel "
     "section)"},
    {"ThreadNamedAsLocation",
     "description: a\nmemory: {x: 0}\nthreads:\n  x:\n    asm: |\n      NOP\nshow: x.X0\n",
     "4:3: 'x' is already the name of a location"},
};

const Case kConditions[] = {
    {"UnknownThread", with_condition("P1.X1 == 1"),
     "8:12: 'P1' is neither a thread nor a code area; did you mean 'P0'?"},
    {"UnknownRegister", with_condition("x == 0 && P0.X77 == 1"),
     "8:25: thread P0 has no register or label 'X77'"},
    {"UnknownLocation", with_condition("x == 0 && zz == 1"),
     "8:22: 'zz' is neither a location nor a thread; expected one of x, y"},
    {"OneEqualsSign", with_condition("x = 1"), "8:14: write '==' to compare"},
    {"NoComparison", with_condition("x"), "8:13: expected '==', '!=', '<', '<=', '>' or '>=' before the end"},
    {"Wedge", with_condition("x == 0 /\\ y == 1"), "8:19: write && instead of '/\\'"},
    {"And", with_condition("x == 0 and y == 1"), "8:19: write && instead of 'and'"},
    {"NoRightSide", with_condition("x == "),
     "8:16: expected a register such as P0.X1, a location or a number"},
    {"Parenthesis", with_condition("(x == 1"), "8:19: expected ')' before the end of the condition"},
    {"ExtraParenthesis", with_condition("x == 1)"), "8:18: expected '&&' or '||', not ')'"},
    {"TwoNumbers", with_condition("1 == 1"), "8:17: both sides are numbers"},
    {"TooBig", with_condition("P0.W1 == 0x100000000"),
     "8:21: the number does not fit in P0.X1, which has 32 bits"},
    {"BitsInDisorder", with_condition("bits(P0.X1, 3, 5) == 1"), "8:27: the highest bit comes first"},
    {"NoSuchBit", with_condition("bits(P0.W1, 32, 0) == 1"), "8:24: there are 32 bits, numbered from 0"},
    {"BitsOfANumber", with_condition("bits(7, 1, 0) == 1"), "8:17: expected a register such as P0.X1 or a location"},
    {"TooBigForBits", with_condition("bits(P0.X1, 7, 4) == 16"), "8:33: the number does not fit in P0.X1, which has 4 bits"},
    {"NegativeLess", with_condition("x < -1"), "8:14: '<' compares unsigned values"},
    {"NoElement", with_condition("x[1] == 0"), "8:14: x has 1 element, numbered from 0"},
    {"FaultKind", with_condition("fault(P0, permision)"),
     "8:22: 'permision' is not a kind of fault; did you mean 'permission'?"},
    {"FaultThread", with_condition("fault(P9)"), "8:18: 'P9' is not a thread; did you mean 'P0'?"},
    {"ErrorNumber", with_condition("x == -EINVALID"), "8:18: 'EINVALID' is not an error number"},
    {"Empty", with_condition("\"\""), "8:12: never is a condition such as"},
    {"Nothing", with_condition(""), "8:5: never is a condition such as"},
    {"List", with_condition("[x]"),
     "8:12: never is a condition such as P0.X1 == 1 && x == 2, not a list; a condition that starts "
     "with '[' or '{' needs quotes"},
    {"Nesting", with_condition(std::string(100, '(') + "x == 1"), "8:76: parentheses and '!' are nested"},
    {"Strange", with_condition("x == 1 $ y"), "8:19: expected '&&' or '||', not '$'"},
    {"NoKind", minimal("expect:\n  - why: because\n"), "8:5: an expectation has one of never"},
    {"TwoKinds", minimal("expect:\n  - never: x == 1\n    always: x == 0\n"),
     "8:5: an expectation has only one of"},
    {"NotAList", minimal("expect: {never: x == 1}\n"), "7:9: expect is a list of expectations"},
    {"ForUnknown", minimal("variants: {weak: , tso: }\nexpect:\n  - never: x == 1\n    for: waek\n"),
     "10:10: 'waek' is not a variant; did you mean 'weak'?"},
    {"ForWithoutVariants", minimal("expect:\n  - never: x == 1\n    for: weak\n"),
     "9:10: for names a variant"},
    {"StateOther", minimal("expect:\n  - states: [x=0, y=1]\n"),
     "8:19: every state names the same registers"},
    {"StateTwice", minimal("expect:\n  - states: [x=0; x=1]\n"), "8:14: the state names something twice"},
    {"StateComma", minimal("expect:\n  - states:\n    - x=0 y=1\n"), "9:11: expected ';', not 'y'"},
    {"StateText", minimal("expect:\n  - states: x=0\n"), "8:13: states is a list of final states"},
    {"Show", minimal("show: [x, P0.X1, 3]\n"), "7:18: expected a register such as P0.X1 or a location"},
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Tags, Diagnostics, testing::ValuesIn(kTags), case_name);
INSTANTIATE_TEST_SUITE_P(Yaml, Diagnostics, testing::ValuesIn(kYaml), case_name);
INSTANTIATE_TEST_SUITE_P(Machine, Diagnostics, testing::ValuesIn(kMachine), case_name);
INSTANTIATE_TEST_SUITE_P(Program, Diagnostics, testing::ValuesIn(kProgram), case_name);
INSTANTIATE_TEST_SUITE_P(Conditions, Diagnostics, testing::ValuesIn(kConditions), case_name);

TEST(LoaderDiagnostics, AssemblerErrorsStandOnTheirLineOfTheFile) {
  const std::string text =
      minimal("      ADD X1, X1, #1\n      MOVE X2, X1\n\n      LDR X3, [Y4]\nshow: x\n");
  const std::vector<std::string> all = complaints(text);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].substr(0, 4), "8:7:") << all[0];
  EXPECT_EQ(all[1].substr(0, 3), "10:") << all[1];
}

TEST(LoaderDiagnostics, SeveralErrorsAreToldAtOnceInTheOrderOfTheFile) {
  const std::vector<std::string> all = complaints(
      "nam: a\n"
      "description: a\n"
      "machine: {cores: 99, kind: foo}\n"
      "memory: {x: {type: u8, value: 300}}\n"
      "threads:\n"
      "  P0:\n"
      "    asm: |\n"
      "      BAD X0\n"
      "expect:\n"
      "  - never: P0.X99 == 1\n");
  ASSERT_EQ(all.size(), 6u);
  const char* places[] = {"1:1:", "3:18:", "3:28:", "4:31:", "8:7:", "10:15:"};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].rfind(places[i], 0), 0u) << all[i];
}

TEST(LoaderDiagnostics, TenThousandThreadsAreRefusedAtOnce) {
  std::string text = "description: many\nthreads:\n";
  for (int i = 0; i < 10'000; ++i) text += fmt::format("  T{}:\n    asm: |\n      NOP\n", i);
  text += "show: T0.X0\n";
  const std::string first = complaints(text).at(0);
  EXPECT_EQ(
      first.rfind(
          "3:3: 10000 threads, but a machine has at most 16 cores; more threads than cores need a kernel", 0),
      0u)
      << first;
  EXPECT_EQ(complaints("kernel: {}\n" + text).at(0).rfind("4:3: 10000 threads; a scenario has at most 64", 0),
            0u);
}

TEST(LoaderDiagnostics, AFloodOfErrorsIsCutOff) {
  std::string text = minimal();
  for (int i = 0; i < 1000; ++i) text += fmt::format("unknown_key_{}: 1\n", i);
  const std::vector<std::string> all = complaints(text);
  ASSERT_EQ(all.size(), 41u);
  EXPECT_EQ(all.back(), "0:0: 960 more errors are not shown");
}

TEST(LoaderDiagnostics, AliasBombsAndLongFilesAreRefused) {
  std::string bomb = "description: a\na: &a [x, x]\n";
  for (char c = 'b'; c < 'z'; ++c)
    bomb += fmt::format("{}: &{} [*{}, *{}]\n", c, c, char(c - 1), char(c - 1));
  EXPECT_EQ(complaint(bomb).rfind("2:4: anchors (&name)", 0), 0u);
  EXPECT_EQ(
      complaint("description: " + std::string(5u << 20, 'x')).rfind("0:0: a scenario has at most 4 MiB", 0),
      0u);
}

TEST(LoaderDiagnostics, UnreadableFilesAreInputErrors) {
  EXPECT_THROW(load_scenario("/nonexistent/scenario.yaml"), InputError);
  EXPECT_THROW(load_scenario("/"), InputError);
}

}  // namespace
}  // namespace isobar::scenarios
