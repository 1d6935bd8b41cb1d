#include "tests/systemc/programs.h"

#include "isa/assembler.h"

namespace isobar::test {

using model::Machine;
using model::Program;

Machine make_machine(const TestProgram& t, model::Speculation speculation) {
  model::MachineConfig config = t.config;
  config.cores = static_cast<unsigned>(t.threads.size());
  config.speculation = speculation;
  Program p;
  const u8 rw = model::kReadEl0 | model::kWriteEl0;
  const u8 rx = model::kReadEl0 | model::kExecEl0;
  p.regions.push_back({0x8000, 0x1000, rw, -1, "data"});
  p.regions.push_back({kCode, kCodeStride * config.cores, t.writable_code ? u8(rx | rw) : rx, -1, "code"});
  for (unsigned k = 0; k < config.cores; ++k) {
    const isa::Assembly a = isa::assemble(t.threads[k], kCode + k * kCodeStride);
    p.segments.push_back({a.base, a.bytes});
    p.stop.push_back(a.base + a.bytes.size());
    model::ResetState r;
    r.pc = a.base;
    r.registers = {{isa::x_reg(10), {kX, 0}},
                   {isa::x_reg(11), {kY, 0}},
                   {isa::x_reg(12), {kZ, 0}},
                   {isa::x_reg(13), {kCode, 0}}};
    p.reset.push_back(r);
  }
  return Machine(config, p);
}

std::vector<trace::Observable> observables(const TestProgram& t) {
  std::vector<trace::Observable> all;
  for (const auto& [core, reg] : t.registers) {
    trace::Observable o;
    o.core = static_cast<u8>(core);
    o.reg = isa::x_reg(reg);
    o.label = std::to_string(core) + ":X" + std::to_string(reg);
    all.push_back(o);
  }
  for (const u64 addr : t.locations) {
    trace::Observable o;
    o.kind = trace::Observable::Kind::Memory;
    o.addr = addr;
    o.size = 8;
    o.label = "[" + std::to_string(addr) + "]";
    all.push_back(o);
  }
  return all;
}

const std::vector<TestProgram>& classics() {
  static const std::vector<TestProgram> all = [] {
    model::MachineConfig tso;
    for (model::CoreConfig& c : tso.core) c.tso_at_reset = true;
    model::MachineConfig coherent;
    coherent.idc = coherent.dic = true;
    const std::string sb0 = "mov w1, #1\n str w1, [x10]\n ldr w2, [x11]";
    const std::string sb1 = "mov w1, #1\n str w1, [x11]\n ldr w2, [x10]";
    const std::string producer = "mov w1, #1\n str w1, [x10]\n str w1, [x11]";
    const std::string consumer = "ldr w2, [x11]\n ldr w3, [x10]";
    // Replaces `b 2f` by `nop` and tells it through y; the other core calls the code.
    const std::string nop_word = "movz w1, #0x201f\n movk w1, #0xd503, lsl #16\n";
    const std::string modify =
        "b 1f\n2: b 3f\n mov w5, #1\n3: ret\n1: " + nop_word + "add x4, x13, #4\n str w1, [x4]\n";
    const std::string sync = "dc cvau, x4\n dsb ish\n ic ivau, x4\n dsb ish\n mov w6, #1\n str w6, [x11]";
    const std::string call = "add x4, x13, #4\n ldr w2, [x11]\n cbz w2, 1f\n isb\n1: mov w5, #0\n blr x4";
    return std::vector<TestProgram>{
        {"SB", {sb0, sb1}, {{0, 2}, {1, 2}}, {kX, kY}},
        {"SB+tso", {sb0, sb1}, {{0, 2}, {1, 2}}, {kX, kY}, false, tso},
        {"SB+dmb",
         {"mov w1, #1\n str w1, [x10]\n dmb sy\n ldr w2, [x11]",
          "mov w1, #1\n str w1, [x11]\n dmb sy\n ldr w2, [x10]"},
         {{0, 2}, {1, 2}},
         {}},
        {"MP", {producer, consumer}, {{1, 2}, {1, 3}}, {}},
        {"MP+tso", {producer, consumer}, {{1, 2}, {1, 3}}, {}, false, tso},
        {"MP+rel+acq",
         {"mov w1, #1\n str w1, [x10]\n stlr w1, [x11]", "ldar w2, [x11]\n ldr w3, [x10]"},
         {{1, 2}, {1, 3}},
         {}},
        {"MP+dmb+ctrl",
         {"mov w1, #1\n str w1, [x10]\n dmb st\n str w1, [x11]",
          "ldr w2, [x11]\n cbnz w2, 1f\n1: ldr w3, [x10]"},
         {{1, 2}, {1, 3}},
         {}},
        {"LB",
         {"ldr w2, [x10]\n mov w1, #1\n str w1, [x11]", "ldr w2, [x11]\n mov w1, #1\n str w1, [x10]"},
         {{0, 2}, {1, 2}},
         {}},
        {"2+2W",
         {"mov w1, #1\n mov w2, #2\n str w1, [x10]\n str w2, [x11]",
          "mov w1, #1\n mov w2, #2\n str w1, [x11]\n str w2, [x10]"},
         {},
         {kX, kY}},
        {"atomics",
         {"mov w1, #1\n ldadd w1, w2, [x10]", "mov w1, #2\n ldaddal w1, w2, [x10]"},
         {{0, 2}, {1, 2}},
         {kX}},
        {"swap+load",
         {"mov w1, #1\n swp w1, w2, [x10]\n ldr w3, [x11]", "mov w1, #1\n swp w1, w2, [x11]\n ldr w3, [x10]"},
         {{0, 3}, {1, 3}},
         {}},
        {"cas",
         {"mov w1, #0\n mov w2, #1\n cas w1, w2, [x10]", "mov w1, #0\n mov w2, #2\n casal w1, w2, [x10]"},
         {{0, 1}, {1, 1}},
         {kX}},
        {"exclusive",
         {"ldxr w1, [x10]\n add w1, w1, #1\n stxr w2, w1, [x10]",
          "ldaxr w1, [x10]\n add w1, w1, #2\n stlxr w2, w1, [x10]"},
         {{0, 2}, {1, 2}},
         {kX}},
        {"select",
         {"ldr w2, [x10]\n cmp w2, #0\n csel w3, w2, w10, eq\n str w3, [x11]",
          "mov w1, #1\n str w1, [x10]\n ldr w4, [x11]"},
         {{0, 3}, {1, 4}},
         {}},
        {"mixed size",
         {"mov w1, #0x0101\n strh w1, [x10]\n ldrb w2, [x10]\n ldr w3, [x10]",
          "mov w1, #2\n strb w1, [x10, #1]\n ldrh w2, [x10]"},
         {{0, 2}, {0, 3}, {1, 2}},
         {kX}},
        {"pair",
         {"mov x1, #1\n stp x1, x1, [x10]\n ldp x2, x3, [x11]",
          "mov x1, #1\n stp x1, x1, [x11]\n ldp x2, x3, [x10]"},
         {{0, 2}, {0, 3}, {1, 2}, {1, 3}},
         {}},
        {"crossing 16 bytes", {"mov w1, #-1\n str w1, [x10, #14]", "ldr w2, [x10, #14]"}, {{1, 2}}, {}},
        {"modified code", {modify + sync, call}, {{1, 2}, {1, 5}}, {}, true},
        {"modified code, no maintenance",
         {modify + "mov w6, #1\n stlr w6, [x11]", call},
         {{1, 2}, {1, 5}},
         {},
         true},
        {"modified code, DIC",
         {modify + "dmb ish\n mov w6, #1\n str w6, [x11]", call},
         {{1, 2}, {1, 5}},
         {},
         true,
         coherent},
    };
  }();
  return all;
}

TestProgram random_program(u64 seed, unsigned length) {
  Random random{seed * 1000};
  TestProgram t;
  t.name = "random " + std::to_string(seed);
  for (unsigned core = 0; core < 2; ++core) {
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
      const std::string location = random(2) == 0 ? "x10" : "x11";
      const std::string reg = "w" + std::to_string(1 + i);
      switch (random(11)) {
        case 0:
        case 1: text += "ldr " + reg + ", [" + location + "]\n"; break;
        case 2: text += "ldar " + reg + ", [" + location + "]\n"; break;
        case 3:
        case 4:
          text += "mov " + reg + ", #" + std::to_string(1 + i + 4 * core) + "\n str " + reg + ", [" +
                  location + "]\n";
          break;
        case 5:
          text += "mov " + reg + ", #" + std::to_string(1 + i + 4 * core) + "\n stlr " + reg + ", [" +
                  location + "]\n";
          break;
        case 6:
          text += "mov w9, #" + std::to_string(16 + core) + "\n swp w9, " + reg + ", [" + location + "]\n";
          break;
        case 7:
          text +=
              "mov w9, #" + std::to_string(32 << core) + "\n ldadda w9, " + reg + ", [" + location + "]\n";
          break;
        case 8: text += "dmb ishld\n"; break;
        case 9:
          text += "ldr " + reg + ", [" + location + "]\n cbnz " + reg + ", " + std::to_string(i) + "f\n " +
                  std::to_string(i) + ":\n";
          break;
        default: text += "dmb ish\n"; break;
      }
      t.registers.push_back({core, 1 + i});
    }
    t.threads.push_back(text);
  }
  t.locations = {kX, kY};
  return t;
}

Platforms::Platforms() {
  for (const u64 order : {1u, 2u, 3u}) {
    systemc::PlatformParts parts;
    parts.construction_order = order;
    permuted.push_back(
        std::make_unique<systemc::Platform>(("permuted" + std::to_string(order)).c_str(), parts));
  }
  systemc::PlatformParts parts;
  parts.memory = &user_memory.socket;
  with_user_memory = std::make_unique<systemc::Platform>("with_user_memory", parts);
  parts = {};
  parts.interconnect = [this](const systemc::InterconnectPorts& ports) { user_interconnect.bind(ports); };
  with_user_interconnect = std::make_unique<systemc::Platform>("with_user_interconnect", parts);
}

Platforms& platforms() {
  static Platforms all;
  return all;
}

}  // namespace isobar::test
