// What a well-formed scenario means: defaults, values, addresses, variants, and the program built from it.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/storage/tags.h"
#include "scenarios/loader/build.h"
#include "tests/scenarios/loader_support.h"

namespace isobar::scenarios {
namespace {

Scenario parse(const std::string& text) {
  return parse_scenario(text, "dir/test.yaml");
}

TEST(LoaderFormat, NameDefaultsToTheFile) {
  EXPECT_EQ(parse(minimal()).name, "test");
  EXPECT_EQ(parse("name: MP\n" + minimal()).name, "MP");
}

TEST(LoaderFormat, MachineDefaults) {
  const Scenario s = parse(minimal());
  ASSERT_EQ(s.variants.size(), 1u);
  const model::MachineConfig& m = s.variants[0].machine;
  EXPECT_EQ(m.cores, 1u);
  EXPECT_EQ(m.core[0].tso, model::TsoSupport::Actlr);
  EXPECT_FALSE(m.core[0].tso_at_reset);
  EXPECT_FALSE(m.dic || m.idc);
  EXPECT_TRUE(m.eis && m.eos);
  EXPECT_EQ(m.invalid(), "");
  EXPECT_FALSE(s.variants[0].kernel.enabled);
  EXPECT_EQ(s.variants[0].run.how, How::Explore);
}

TEST(LoaderFormat, MachineKeysReachTheConfiguration) {
  const model::MachineConfig m =
      parse(
          "machine: {cores: 3, kind: [none, actlr, fixed], tso: [false, true, false], flavour: t3, dic: "
          "true, line: 32, eis: false, eos: false, window: 32, timer_ticks: 2, midr: 0x410fd000}\n" +
          minimal())
          .variants[0]
          .machine;
  EXPECT_EQ(m.cores, 3u);
  EXPECT_EQ(m.core[0].tso, model::TsoSupport::None);
  EXPECT_EQ(m.core[1].tso, model::TsoSupport::Actlr);
  EXPECT_TRUE(m.core[1].tso_at_reset);
  EXPECT_EQ(m.core[2].tso, model::TsoSupport::Fixed);
  EXPECT_EQ(m.flavour, model::TsoFlavour::T3);
  EXPECT_TRUE(m.dic && m.idc) << "DIC brings IDC along";
  EXPECT_EQ(m.line_bytes, 32u);
  EXPECT_FALSE(m.eis || m.eos);
  EXPECT_EQ(m.window, 32u);
  EXPECT_EQ(m.timer_ticks, 2u);
  EXPECT_EQ(m.core[2].midr, 0x410fd000u);
}

TEST(LoaderFormat, TagsReachTheMachine) {
  const Scenario s = parse(
      "description: a\nmachine: {mte: [sync, unchecked], mte_store_only: true}\n"
      "memory: {x: {at: 0x200000, tag: 3, count: 3}, p: 'x+8:5'}\n"
      "threads: {P0: {asm: 'NOP'}, P1: {asm: 'NOP'}}\nshow: p\n");
  const model::MachineConfig& m = s.variants[0].machine;
  EXPECT_TRUE(m.tagging);
  EXPECT_EQ(m.core[0].tag_checks, model::TagChecks::Synchronous);
  EXPECT_EQ(m.core[1].tag_checks, model::TagChecks::Off);
  EXPECT_TRUE(m.core[0].tag_store_only);
  EXPECT_EQ(s.find_memory("p")->initial.at(0).value, (Value{0x0500'0000'0020'0008, 0}));
  const Build b = build(s, 0);
  const auto tags = std::find_if(b.program.segments.begin(), b.program.segments.end(), [](const model::Segment& g) {
    return g.base == model::tag_location(0x200000);
  });
  ASSERT_NE(tags, b.program.segments.end());
  EXPECT_EQ(tags->bytes, (std::vector<u8>{3, 3}));
  EXPECT_FALSE(parse(minimal()).variants[0].machine.tagging);
}

TEST(LoaderFormat, VariantsBuildOnTheBase) {
  const Scenario s = parse(
      "machine: {line: 128, kind: none}\nrun: {timeout: 2.5}\nvariants:\n  base:\n  tso: {machine: {kind: "
      "fixed}, run: "
      "{max_states: 7}}\n" +
      minimal("expect:\n  - always: P0.X1 == 1\n    for: tso\n"));
  ASSERT_EQ(s.variants.size(), 2u);
  EXPECT_EQ(s.variants[0].name, "base");
  EXPECT_EQ(s.variants[0].machine.core[0].tso, model::TsoSupport::None);
  EXPECT_EQ(s.variants[1].machine.core[0].tso, model::TsoSupport::Fixed);
  EXPECT_EQ(s.variants[1].machine.line_bytes, 128u);
  EXPECT_EQ(s.variants[1].run.timeout_seconds, 2.5);
  EXPECT_EQ(s.variants[1].run.max_states, 7u);
  EXPECT_FALSE(s.expectations[0].applies_to(0));
  EXPECT_TRUE(s.expectations[0].applies_to(1));
}

TEST(LoaderFormat, VariantsStartThreadsAtLabels) {
  const Scenario s = parse(
      "description: a test\nvariants:\n  plain:\n  later: {start: {P1: second}}\n"
      "threads:\n  P0: {asm: \"NOP\\n\"}\n  P1:\n    start: first\n    asm: |\n      NOP\n"
      "      first:\n      NOP\n      second:\n      NOP\nshow: P0.X0\n");
  const u64 base = s.threads[1].code.base;
  EXPECT_EQ(build(s, 0).program.reset[1].pc, base + 4);
  EXPECT_EQ(build(s, 1).program.reset[1].pc, base + 8);
  EXPECT_EQ(build(s, 1).program.reset[0].pc, s.threads[0].entry);
}

TEST(LoaderFormat, VariantsStartThreadsOfAKernelAtLabels) {
  const Scenario s = parse(
      "description: a test\nkernel: {}\nvariants:\n  plain:\n  later: {start: {P0: second}}\n"
      "threads:\n  P0:\n    asm: |\n      NOP\n      second:\n      NOP\nshow: P0.X0\n");
  const u64 base = s.threads[0].code.base;
  EXPECT_NE(build(s, 0).program.reset[0].pc, build(s, 1).program.reset[0].pc);
  EXPECT_EQ(build(s, 1).program.reset[0].pc, base + 4);
}

struct ValueCase {
  const char* type;
  const char* text;
  Value value;
};

TEST(LoaderFormat, Values) {
  const ValueCase cases[] = {
      {"u64", "0", {0, 0}},
      {"u64", "10", {10, 0}},
      {"u64", "0x10", {16, 0}},
      {"u64", "0xffff_ffff_ffff_ffff", {~u64{0}, 0}},
      {"u64", "18446744073709551615", {~u64{0}, 0}},
      {"u64", "-1", {~u64{0}, 0}},
      {"u64", "-9223372036854775808", {u64{1} << 63, 0}},
      {"u8", "-128", {0x80, 0}},
      {"u32", "-EINVAL", {0xffffffea, 0}},
      {"u64", "ENOSYS", {38, 0}},
      {"u128", "-1", {~u64{0}, ~u64{0}}},
      {"u128", "0x1_0000_0000_0000_0000", {0, 1}},
      {"u64", "base", {0x200000, 0}},
      {"u64", "base+8", {0x200008, 0}},
      {"u64", "'base[2]'", {0x200008, 0}},
      {"u32", "'instr(MOV W0, #1)'", {0x52800020, 0}},
      {"code", "instr(NOP)", {0xd503201f, 0}},
  };
  for (const ValueCase& c : cases) {
    const Scenario s = parse(
        "description: a\nmemory:\n  base: {at: 0x200000, type: u32, count: 4}\n  v: {type: " +
        std::string(c.type) + ", value: " + c.text + "}\nthreads:\n  P0:\n    asm: |\n      NOP\nshow: v\n");
    EXPECT_EQ(s.find_memory("v")->initial.at(0).value, c.value) << c.text;
  }
}

TEST(LoaderFormat, LabelsAreAddresses) {
  const Scenario s = parse(
      "description: a\n"
      "memory: {entry: P0.second, jit: {type: code, asm: \"NOP; inner: RET\"}, inside: jit.inner}\n"
      "threads:\n  P0:\n    start: second\n    stop: third\n    asm: |\n      NOP\n      second: NOP\n      "
      "third: NOP\nshow: entry\n");
  const Thread& t = s.threads[0];
  EXPECT_EQ(s.find_memory("entry")->initial[0].value.lo, t.code.base + 4);
  EXPECT_EQ(s.find_memory("inside")->initial[0].value.lo, s.find_memory("jit")->address + 4);
  EXPECT_EQ(t.entry, t.code.base + 4);
  EXPECT_EQ(t.stops, (std::vector<u64>{t.code.base + 12, t.code.base + 8}));
}

TEST(LoaderFormat, TheEndOfATextIsBeforeItsLiterals) {
  const Scenario s = parse(
      "description: a\nmemory: {x: 0}\nthreads:\n  P0:\n    asm: |\n      LDR X0, =0x123456789abcdef\n      "
      "LDR X1, =x\n"
      "show: P0.X0\n");
  EXPECT_EQ(s.threads[0].code.end, s.threads[0].code.base + 8);
  EXPECT_GT(s.threads[0].code.bytes.size(), 8u);
}

TEST(LoaderFormat, LocationsHaveLinesOfTheirOwnUnlessTheyAskForLess) {
  const Scenario s = parse(
      "machine: {line: 256}\ndescription: a\nmemory: {a: 0, b: 0, c: {align: 8}, d: {align: 8}}\nthreads:\n  "
      "P0:\n    asm: "
      "|\n      NOP\nshow: a\n");
  const auto address = [&](const char* name) { return s.find_memory(name)->address; };
  EXPECT_GE(address("b") - address("a"), 256u);
  EXPECT_EQ(address("a") % 256, 0u);
  EXPECT_EQ(address("d") - address("c"), 8u);
}

TEST(LoaderFormat, FixedAddressesAreKeptAndAvoided) {
  const Scenario s = parse(
      "description: a\nmemory: {a: 0, b: {at: 0x100040, count: 100}, c: 0, d: 0}\nthreads:\n  P0:\n    asm: "
      "|\n      "
      "NOP\nshow: a\n");
  const MemoryLocation& b = *s.find_memory("b");
  EXPECT_EQ(b.address, 0x100040u);
  for (const char* name : {"a", "c", "d"}) {
    const MemoryLocation& m = *s.find_memory(name);
    EXPECT_TRUE(m.address + m.bytes() <= b.address || m.address >= b.address + b.bytes()) << name;
  }
}

TEST(LoaderFormat, ThreadRegistersOverrideSharedOnes) {
  const Scenario s = parse(
      "description: a\nregisters: {X1: 1, X2: 2}\nthreads:\n  P0:\n    registers: {W2: 3, V4: "
      "0x1_0000_0000_0000_0000}\n   "
      " asm: |\n      NOP\n  P1:\n    asm: |\n      NOP\nshow: P0.X0\n");
  const auto value = [&](unsigned thread, isa::Reg reg) {
    for (const auto& [r, c] : s.threads[thread].registers) {
      if (r == reg) return c.value;
    }
    return Value{};
  };
  EXPECT_EQ(value(0, isa::x_reg(1)), (Value{1, 0}));
  EXPECT_EQ(value(0, isa::x_reg(2)), (Value{3, 0}));
  EXPECT_EQ(value(0, isa::v_reg(4)), (Value{0, 1}));
  EXPECT_EQ(value(1, isa::x_reg(2)), (Value{2, 0}));
}

TEST(LoaderFormat, CoresAreGivenInOrderAroundThoseThatAreFixed) {
  const Scenario s = parse(
      "description: a\nthreads:\n  A:\n    asm: |\n      NOP\n  B:\n    core: 0\n    asm: |\n      NOP\n  "
      "C:\n    asm: |\n      "
      "NOP\nshow: A.X0\n");
  EXPECT_EQ(s.threads[0].core, 1u);
  EXPECT_EQ(s.threads[1].core, 0u);
  EXPECT_EQ(s.threads[2].core, 2u);
  EXPECT_EQ(s.variants[0].machine.cores, 3u);
}

TEST(LoaderFormat, JsonIsAccepted) {
  const Scenario s = parse(
      R"({"description": "a", "threads": {"P0": {"asm": "MOV X1, #1"}}, "expect": [{"always": "P0.X1 == 1"}]})");
  EXPECT_EQ(s.expectations.size(), 1u);
}

TEST(LoaderFormat, WindowsLineEndsAndAByteOrderMarkAreAccepted) {
  std::string text = "\xef\xbb\xbf";
  for (const char c : minimal()) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(parse(text).threads[0].code.bytes, parse(minimal()).threads[0].code.bytes);
}

TEST(Build, ProgramsAreWellFormed) {
  const Scenario s = parse(
      "machine: {cores: 3}\ndescription: a\nmemory: {x: 5, ro: {access: r, value: 1}, gone: {access: "
      "none}}\nthreads:\n  P0:\n "
      "   core: 1\n    el: 1\n    registers: {SP: x, X3: 7}\n    asm: |\n      BL f\n      f: RET\nexpect:\n "
      " - never: "
      "x == 1 && P0.SP == 2 && fault(P0)\n");
  const Build b = build(s, 0);
  ASSERT_EQ(b.program.reset.size(), 3u);
  EXPECT_FALSE(b.program.reset[0].running);
  EXPECT_TRUE(b.program.reset[1].running);
  EXPECT_EQ(b.program.reset[1].el, 1);
  EXPECT_EQ(b.program.reset[1].pc, s.threads[0].code.base);
  EXPECT_TRUE(std::is_sorted(
      b.program.regions.begin(), b.program.regions.end(),
      [](const model::Region& x, const model::Region& y) { return x.base + x.size <= y.base; }));
  const auto region = [&](u64 address) {
    return std::find_if(b.program.regions.begin(), b.program.regions.end(), [&](const model::Region& r) {
      return address >= r.base && address < r.base + r.size;
    });
  };
  EXPECT_EQ(region(s.find_memory("ro")->address)->permissions, model::kReadEl0 | model::kReadEl1);
  EXPECT_EQ(region(s.find_memory("gone")->address), b.program.regions.end());
  const std::vector<u64>& targets = b.program.indirect_targets;
  EXPECT_TRUE(std::binary_search(targets.begin(), targets.end(), s.threads[0].code.base + 4))
      << "behind the call";
  ASSERT_EQ(b.observables.size(), s.observed.size());
  for (std::size_t i = 0; i < s.observed.size(); ++i) EXPECT_EQ(b.observables[i].label, s.observed[i].label);
  EXPECT_EQ(b.symbols.at(s.find_memory("x")->address), "x");
}

TEST(Build, KernelProgramsHaveTheKernelAndTheThreads) {
  const Scenario s = parse(
      "kernel: {knobs: no_switch_dsb, processes: {A: {membarrier: sync_core}}, kernel_threads: {k: {core: 1, "
      "asm: \"bl "
      "kthread_yield; ldr x0, =mm_A; bl kthread_use_mm\"}}}\ndescription: a\nthreads:\n  P0:\n    process: "
      "A\n    end: park\n    asm: |\n      NOP\n  P1:\n   "
      " process: B\n    asm: |\n      NOP\nexpect:\n  - never: P0.X5 == 1 && P1.X6 == 2\n");
  EXPECT_EQ(s.variants[0].machine.cores, 2u);
  const Build b = build(s, 0);
  EXPECT_TRUE(b.kernel);
  EXPECT_TRUE(b.program.has_kernel);
  ASSERT_EQ(b.observables.size(), s.observed.size());
  for (const trace::Observable& o : b.observables)
    EXPECT_EQ(o.kind, trace::Observable::Kind::Memory) << o.label;
}

TEST(Build, ErrorsOfKernelThreadsStandOnTheirLine) {
  const std::string text =
      "kernel:\n  kernel_threads:\n    k:\n      core: 0\n      asm: |\n        NOQ\n" + minimal();
  const Scenario s = parse(text);
  try {
    build(s, 0);
    FAIL() << "NOQ is no instruction";
  } catch (const InputError& e) {
    EXPECT_EQ(e.diagnostics().at(0).where.line, 6u);
    EXPECT_EQ(e.diagnostics().at(0).where.column, 9u);
  }
}

}  // namespace
}  // namespace isobar::scenarios
