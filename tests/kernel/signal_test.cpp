// Signals for faults of EL0: what is delivered, the frame, and what sigreturn takes back (SG- rules).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "isa/assembler.h"
#include "isa/decoder.h"
#include "tests/kernel/system.h"

namespace isobar::kernel::test {
namespace {

constexpr u64 kStack = 0x90000, kStackSize = 0x4000, kTop = kStack + kStackSize;
constexpr u64 kFrame = kTop - 16 - 4688;
/// A handler that notes signal, code and address from x20 on and goes on behind the instruction; at a second signal it
/// notes these and ends the thread.
constexpr char kSkip[] =
    " ldr x3, [x20, #24]\n add x3, x3, #1\n str x3, [x20, #24]\n cmp x3, #2\n b.eq 1f\n"
    " ldp x3, x4, [x1]\n ldr x5, [x1, #16]\n stp x3, x4, [x20]\n str x5, [x20, #16]\n"
    " ldr x3, [x2, #440]\n add x3, x3, #4\n str x3, [x2, #440]\n ret\n"
    "1: ldp x3, x4, [x1]\n ldr x5, [x1, #16]\n stp x3, x4, [x20, #32]\n str x5, [x20, #48]\n mov w8, #93\n svc #0\n";

/// A thread with a stack; the handler stands in front of its text, which begins at the label main.
ThreadConfig& handled(System& s, const std::string& handler, const std::string& text, u64 stack = kTop) {
  ThreadConfig& t = s.thread("t", s.process("p"), 0, " b main\n" + handler + "main:\n" + text + kExit);
  t.handler = t.entry + 4;
  t.stack = stack;
  s.config.regions.push_back({kStack, kStackSize, model::kReadEl0 | model::kWriteEl0, -1, "stack"});
  return t;
}

struct Fault {
  const char* instruction;
  u64 number, code;
  u64 address;  ///< 0: that of the instruction
};
/// x1: no memory; x2: code; x3: 12 bytes below the end of a granule of 16 and in no way aligned.
constexpr Fault kFaults[] = {
    {"ldr x0, [x1]", 11, 1, 0x7008},         {"str x0, [x2]", 11, 2, kCode + 0x800},
    {"ldapr x0, [x3]", 7, 1, kData + 0x8c},  {"stlr x0, [x3]", 7, 1, kData + 0x8c},
    {"ldxr x0, [x3]", 7, 1, kData + 0x8c},   {"udf #0", 4, 1, 0},
    {"brk #1", 5, 1, 0},
};

TEST(Signal, SG_4_number_code_and_address) {
  for (const Fault& f : kFaults) {
    System s;
    const ThreadConfig t =
        handled(s, kSkip,
                fmt::format(" mov x1, #0x7008\n mov x2, #0x10000\n add x2, x2, #0x800\n add x3, x20, #0x8c\n"
                            "at: {}\n mov x19, #1\n",
                            f.instruction));
    s.build();
    s.run(1);
    EXPECT_EQ(s.memory(kData, 4), f.number) << f.instruction;
    EXPECT_EQ(s.memory(kData + 8, 4), f.code) << f.instruction;
    const u64 at = s.memory(kFrame + 128 + 440) - 4;  // the handler has added 4
    EXPECT_EQ(s.memory(kData + 16), f.address != 0 ? f.address : at) << f.instruction;
    EXPECT_EQ(s.x("t", 19), 1u) << f.instruction;
    EXPECT_EQ(s.memory(kData + 24), 1u) << f.instruction;
    // The record of ESR_EL1 is there if there is a fault code.
    const bool coded = f.address != 0;
    EXPECT_EQ(s.memory(kFrame + 128 + 464), coded ? 0x10'4553'5201u : 0u) << f.instruction;
    EXPECT_EQ(s.memory(kFrame + 128 + 176), f.address) << f.instruction;
  }
}

TEST(Signal, SG_1_frame_and_SG_2_registers_of_the_handler) {
  const std::string handler =
      " str x0, [x20]\n str x1, [x20, #8]\n str x2, [x20, #16]\n mov x3, sp\n str x3, [x20, #24]\n"
      " stp x29, x30, [x20, #32]\n ldr x3, [x2, #440]\n add x3, x3, #4\n str x3, [x2, #440]\n mov x3, #77\n"
      " str x3, [x2, #224]\n mov x5, #0\n mov x9, #0\n mov x12, #0\n mov x28, #0\n cmp x3, x3\n ret\n";
  std::string text;
  for (unsigned n = 0; n < 31; ++n)
    if (n != 20) text += fmt::format(" mov x{}, #{}\n", n, 1000 + n);
  text += " subs xzr, x0, x1\n brk #0\n cset x7, lo\n";
  System s;
  handled(s, handler, text);
  s.build();
  s.run(1);
  EXPECT_EQ(s.memory(kData), 5u);
  EXPECT_EQ(s.memory(kData + 8), kFrame);
  EXPECT_EQ(s.memory(kData + 16), kFrame + 128);
  EXPECT_EQ(s.memory(kData + 24), kFrame);
  EXPECT_EQ(s.memory(kData + 32), kTop - 16);
  EXPECT_EQ(s.memory(kTop - 16), 1029u);
  EXPECT_EQ(s.memory(kTop - 8), 1030u);
  const u64 context = kFrame + 304;
  for (unsigned n = 0; n < 31; ++n) {
    const u64 value = n == 5 ? 77 : n == 20 ? kData : 1000 + n;
    EXPECT_EQ(s.memory(context + 8 + 8 * n), value) << n;
    const bool changed_since = n == 7 || n == 8;
    EXPECT_TRUE(changed_since || s.x("t", n) == value) << n;
  }
  EXPECT_EQ(s.x("t", 7), 1u);  // the flags came back
  EXPECT_EQ(s.memory(context + 256), kTop);
  EXPECT_EQ(s.memory(context + 272), 0x8000'0000u);
}

/// A handler that uses vector registers, and one that changes those of the thread.
TEST(Signal, SG_1_vector_registers) {
  for (const bool coded : {false, true}) {  // with a record of ESR_EL1 behind that of the vector registers
    System s;
    const std::string handler =
        " ldr x3, [x2, #464]\n ldr x4, [x2, #472]\n stp x3, x4, [x20, #16]\n ldr x3, [x2, #992]\n str x3, [x20, #32]\n"
        " ldr x3, [x2, #824]\n str x3, [x20, #40]\n mov x3, #99\n str x3, [x2, #808]\n movi v21.2d, #0\n msr fpcr, xzr\n"
        " msr fpsr, xzr\n ldr x3, [x2, #440]\n add x3, x3, #4\n str x3, [x2, #440]\n ret\n";
    handled(s, handler,
            std::string(" mov x1, #0x1000000\n msr fpcr, x1\n mov x1, #16\n msr fpsr, x1\n mov x1, #1020\n dup v20.2d, x1\n"
                        " mov x1, #1021\n dup v21.2d, x1\n add x3, x20, #0x8c\n") +
                (coded ? " ldapr x0, [x3]\n" : " brk #0\n") +
                " fmov x10, d20\n mov x11, v20.d[1]\n fmov x12, d21\n mov x13, v21.d[1]\n mrs x14, fpcr\n mrs x15, fpsr\n");
    s.build();
    s.run(1);
    EXPECT_EQ(s.memory(kData + 16), u64{528} << 32 | 0x4650'8001);
    EXPECT_EQ(s.memory(kData + 24), u64{0x1000000} << 32 | 16);
    EXPECT_EQ(s.memory(kData + 32), coded ? 0x10'4553'5201u : 0u);
    EXPECT_EQ(s.memory(kData + 40), 1021u);
    EXPECT_EQ(s.x("t", 10), 1020u);
    EXPECT_EQ(s.x("t", 11), 99u) << "changed by the handler";
    EXPECT_EQ(s.x("t", 12), 1021u);
    EXPECT_EQ(s.x("t", 13), 1021u);
    EXPECT_EQ(s.x("t", 14), 0x1000000u);
    EXPECT_EQ(s.x("t", 15), 16u);
  }
}

/// What a handler has done to its frame, and code and address of what follows.
TEST(Signal, SG_3_a_frame_that_is_not_valid) {
  const std::tuple<const char*, u64, u64> changes[] = {
      {" mov x3, #0x5\n str x3, [x2, #448]\n", 2, kFrame},      // EL1
      {" mov x3, #0x80\n str x3, [x2, #448]\n", 2, kFrame},     // interrupts masked
      {" mov x3, #0x10\n str x3, [x2, #448]\n", 2, kFrame},     // AArch32
      {" mov x3, #1\n str x3, [x2, #464]\n", 2, kFrame},        // a record that nobody knows
      {" add sp, sp, #8\n", 2, kFrame + 8},
      {" mov x3, #0x7000\n mov sp, x3\n", 1, 0x7000},
  };
  for (const auto& [change, code, address] : changes) {
    System s;
    std::string handler = kSkip;
    handler.insert(handler.find(" ret\n"), change);
    handled(s, handler, " add x3, x20, #0x8c\n ldapr x0, [x3]\n");
    s.config.regions.push_back({0x4000, 0x3000, model::kReadEl0 | model::kWriteEl0, -1, "other"});
    s.build();
    s.run(1);
    EXPECT_EQ(s.memory(kData, 4), 7u) << change;
    EXPECT_EQ(s.memory(kData + 32, 4), 11u) << change;
    EXPECT_EQ(s.memory(kData + 40, 4), code) << change;
    EXPECT_EQ(s.memory(kData + 48), address) << change;
  }
}

TEST(Signal, SG_4_MT_1_a_tag_fault) {
  System s;
  s.machine_config.tagging = true;
  handled(s, kSkip, " mov x0, #55\n mov x1, #3\n mov w8, #167\n svc #0\n orr x1, x20, #0x0300000000000000\n str x0, [x1, #64]\n mov x19, #1\n");
  s.build();
  s.run(1);
  EXPECT_EQ(s.memory(kData, 4), 11u);
  EXPECT_EQ(s.memory(kData + 8, 4), 9u) << "SEGV_MTESERR";
  EXPECT_EQ(s.memory(kData + 16), kData + 64) << "SG-5: without tag";
  EXPECT_EQ(s.x("t", 19), 1u);
}

/// The frame has no memory model: what a handler sets stays, and what it finds is that of the thread.
TEST(Signal, MM_5_signal_frames_do_not_contain_the_model) {
  for (const bool set_in_handler : {false, true}) {
    System s;
    const std::string set = " movz w0, #0x444c\n movk w0, #0x4d4d, lsl #16\n mov x1, #1\n mov x2, #0\n mov x3, #0\n mov x4, #0\n mov w8, #167\n svc #0\n";
    const std::string get = " movz w0, #0x444c\n movk w0, #0x6d4d, lsl #16\n mov x1, #0\n mov x2, #0\n mov x3, #0\n mov x4, #0\n mov w8, #167\n svc #0\n";
    const std::string skip = " ldr x3, [x19, #440]\n add x3, x3, #4\n str x3, [x19, #440]\n ret\n";
    handled(s, " mov x19, x2\n" + (set_in_handler ? set : get + " str x0, [x20]\n") + skip,
            (set_in_handler ? "" : set) + " brk #0\n" + get + " mov x19, x0\n");
    s.build();
    s.run(1);
    EXPECT_EQ(s.x("t", 19), 1u);
    if (!set_in_handler) {
      EXPECT_EQ(s.memory(kData), 1u);
    }
  }
}

TEST(Signal, SG_6_the_same_signal_in_its_handler_ends_the_thread) {
  System s;
  const ThreadConfig t = handled(s, " ldr x3, [x20]\n add x3, x3, #1\n str x3, [x20]\n brk #2\n", " brk #1\n");
  s.build();
  s.run(1);
  EXPECT_EQ(s.memory(kData), 1u);
  EXPECT_EQ(s.field("t", "fault_pc"), t.entry + 16);
  EXPECT_EQ(s.field("t", "fault_esr") >> 26, 0x3cu);
}

/// Store buffering of a thread against one with a barrier: x is stored at one end of an exception, y is loaded at the other.
/// What stands for the kernel is as short as can be, because the shim's delivery has more micro-ops than a window. True if both
/// loads can miss both stores.
bool overtaken_across(const std::string& program, const std::string& kernel) {
  constexpr u64 kVectors = 0x4000'0000, kProgram = 0x10000, kOther = 0x20000, kWords = 0x80000;
  model::MachineConfig config;
  config.cores = 2;
  for (model::CoreConfig& c : config.core) c.tso = model::TsoSupport::None;
  model::Program p;
  p.has_kernel = true;
  const isa::Assembly text = isa::assemble(program, kProgram);
  const isa::Assembly other = isa::assemble("str w4, [x6]\n dmb ish\n ldr w2, [x5]\n", kOther);
  const isa::Assembly vectors = isa::assemble(".org 0x400\n" + kernel + " eret\n", kVectors);
  constexpr u8 user_code = model::kReadEl0 | model::kExecEl0, data = model::kReadEl0 | model::kWriteEl0;
  p.regions = {{kProgram, 0x1000, user_code, -1, "program"},
               {kOther, 0x1000, user_code, -1, "other"},
               {kWords, 0x1000, data, -1, "words"},
               {kVectors, 0x1000, model::kReadEl1 | model::kExecEl1, -1, "vectors"}};
  p.segments = {{kProgram, text.bytes}, {kOther, other.bytes}, {kVectors, vectors.bytes}};
  p.stop = {text.labels.at("end"), kOther + other.bytes.size()};
  for (const u64 pc : {kProgram, kOther}) {
    model::ResetState r;
    r.pc = pc;
    r.registers = {{isa::x_reg(4), {1, 0}},
                   {isa::x_reg(5), {kWords, 0}},
                   {isa::x_reg(6), {kWords + 64, 0}},
                   {isa::x_reg(9), {text.labels.at("handler"), 0}},
                   {isa::Reg::VBAR_EL1, {kVectors, 0}}};
    p.reset.push_back(r);
  }
  trace::Observable y, x;
  y.reg = isa::x_reg(3);
  x.core = 1;
  x.reg = isa::x_reg(2);
  const explore::SearchResult r = explore::search(model::Machine(config, p), {y, x}, {});
  EXPECT_EQ(r.status, explore::Status::Complete);
  for (const auto& [outcome, info] : r.outcomes)
    if (outcome.values[0].lo == 0 && outcome.values[1].lo == 0) return true;
  return false;
}

TEST(Signal, SG_8_entry_and_return_order_nothing) {
  const std::string store = " str w4, [x5]\n", load = " ldr w3, [x6]\n", deliver = " msr elr_el1, x9\n";
  const std::string into = store + " brk #0\n handler:\n" + load + "end:\n";
  const std::string out_of = "handler:\n" + store + " svc #0\n" + load + "end:\n";
  EXPECT_TRUE(overtaken_across(into, deliver)) << "a store before the fault, a load of the handler";
  EXPECT_FALSE(overtaken_across(into, deliver + " dmb ish\n"));
  EXPECT_TRUE(overtaken_across(out_of, "")) << "a store of the handler, a load behind its return";
  EXPECT_FALSE(overtaken_across(out_of, " dmb ish\n"));
}

TEST(Signal, SG_3_a_frame_without_its_vector_registers) {
  System s;
  std::string handler = kSkip;
  handler.insert(handler.find(" ret\n"), " str xzr, [x2, #464]\n");
  handled(s, handler, " fmov d0, x20\n brk #1\n");
  s.build();
  s.run(1);
  EXPECT_EQ(s.memory(kData + 32, 4), 11u);
  EXPECT_EQ(s.memory(kData + 40, 4), 2u);
}

/// From the vector to the handler and back there is nothing that orders accesses.
TEST(Signal, SG_8_delivery_and_return_have_no_barrier) {
  System s;
  handled(s, kSkip, " brk #1\n");
  s.build();
  const std::map<std::string, u64>& at = s.shim.symbols;
  const std::pair<u64, u64> paths[] = {{at.at("el0_sync"), at.at("kthread_yield")},
                                       {at.at("ret_fast_x11_x12"), at.at("ret_to_user")},
                                       {at.at("el0_signal"), at.at("el1_sync_signal")}};
  const model::MachineState initial = s.machine->initial();
  unsigned accesses = 0;
  for (const auto& [begin, end] : paths) {
    for (u64 pc = begin; pc < end; pc += 4) {
      const u64 word = model::read_memory(initial.storage, s.machine->image(), pc, 4).lo;
      const isa::Instruction i = isa::decode(static_cast<u32>(word));
      for (unsigned k = 0; k < i.count; ++k) {
        const isa::Uop& u = i.uops[k];
        EXPECT_NE(u.kind, isa::UopKind::Barrier) << std::hex << pc;
        EXPECT_NE(u.kind, isa::UopKind::Isb) << std::hex << pc;
        EXPECT_FALSE(u.mem.acquire || u.mem.acquire_pc || u.mem.release) << std::hex << pc;
        accesses += u.kind == isa::UopKind::Read || u.kind == isa::UopKind::Write;
      }
    }
  }
  EXPECT_GT(accesses, 60u) << "the frame is written and read";
}

TEST(Signal, a_frame_without_memory_ends_the_thread) {
  System s;
  const ThreadConfig t = handled(s, kSkip, " mov x4, #4\n mov x12, #12\n brk #1\n", kStack + 0x100);
  s.build();
  s.run(1);
  EXPECT_EQ(s.memory(kData + 24), 0u);
  EXPECT_NE(s.field("t", "fault_esr"), 0u);
  EXPECT_EQ(s.x("t", 4), 4u);
  EXPECT_EQ(s.x("t", 12), 12u);
}

}  // namespace
}  // namespace isobar::kernel::test
