// Micro-programs: structural invariants of every word, and which input feeds which effect.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "isa/alu_op.h"
#include "isa/assembler.h"
#include "isa/decoder.h"
#include "isa/evaluate.h"

namespace isobar::isa {
namespace {

Instruction lower(const std::string& text) {
  std::string why;
  const std::optional<u32> word = assemble_word(text, &why);
  EXPECT_TRUE(word.has_value()) << text << ": " << why;
  return decode(word.value_or(0));
}

std::vector<Reg> sources(const Uop& u, unsigned from, unsigned count) {
  return {u.src.begin() + from, u.src.begin() + from + count};
}
std::vector<Reg> all_sources(const Uop& u) {
  return sources(u, 0, u.n_src);
}
std::vector<Reg> address_sources(const Uop& u) {
  return sources(u, 0, u.n_addr);
}
std::vector<Reg> data_sources(const Uop& u) {
  return sources(u, u.n_addr, u.n_data);
}

using Regs = std::vector<Reg>;

bool is_general(Reg r) {
  return index(r) <= 30 || r == Reg::SP;
}
bool is_flag(Reg r) {
  return r == Reg::N || r == Reg::Z || r == Reg::C || r == Reg::V;
}

/// Empty if micro-op `k` of `i` is well-formed.
std::string fault_of_uop(const Instruction& i, unsigned k) {
  const Uop& u = i.uops[k];
  if (u.n_src > u.src.size() || u.n_addr + u.n_data > u.n_src) return "input counts";
  for (unsigned s = 0; s < u.src.size(); ++s) {
    const Reg r = u.src[s];
    if (s >= u.n_src) {
      if (r != Reg::None) return "input beyond n_src";
    } else if (is_uop_result(r)) {
      if (index(r) - index(Reg::U0) >= k) return "uses the result of a later micro-op";
    } else if (is_system(r)) {
      // The rounding mode, and the tags that IRG leaves out.
      const bool of_alu = u.kind == UopKind::Alu && (r == Reg::FPCR || r == Reg::GCR_EL1);
      if (u.kind != UopKind::Eret && !of_alu) return "system register as an input";
    } else if (!is_general(r) && r != Reg::XZR && !is_flag(r) && !is_vector(r)) {
      return "input register";
    }
  }
  const bool raises = u.kind == UopKind::Alu && u.dst[1] == Reg::FPSR;
  for (const Reg r : u.dst) {
    if (r != Reg::None && !is_general(r) && !is_vector(r) && !raises) return "destination register";
  }
  if (u.dst[1] != Reg::None && !u.mem.pair && !raises) return "second destination without a pair";
  const MemoryAttributes& m = u.mem;
  const bool access = u.kind == UopKind::Read || u.kind == UopKind::Write;
  if (access) {
    if (m.size != 1 && m.size != 2 && m.size != 4 && m.size != 8 && m.size != 16) return "size";
    if (u.n_addr > 2) return "address inputs";
    if (m.pair && m.size < 8) return "size of a pair";
    if (m.element > m.size) return "element";
    if (m.sign_extend && 8 * m.size >= m.result_width) return "sign extension";
  } else if (u.n_addr != 0 && u.kind != UopKind::CacheOp) {
    return "address inputs without an access";
  }
  switch (u.kind) {
    case UopKind::Read:
      if (u.n_data != 0 || m.release || m.rmw != RmwOp::Plain) return "read attributes";
      if (m.no_ret && (!m.atomic || m.acquire || u.dst[0] != Reg::None)) return "no_ret";
      if (m.acquire && m.acquire_pc) return "acquire twice";
      break;
    case UopKind::Write:
      if (u.n_data != (m.pair ? 2 : 1)) return "stored data";
      if (m.acquire || m.acquire_pc || u.dst[0] != Reg::None) return "write attributes";
      if (u.n_src - u.n_addr - u.n_data != (m.rmw == RmwOp::CompareAndSwap ? u.n_data : 0))
        return "compare inputs";
      if (m.atomic != (m.rmw != RmwOp::Plain)) return "atomic write";
      if (m.atomic) {
        if (k != 1) return "atomic write is not second";
        const Uop& read = i.uops[0];
        if (read.kind != UopKind::Read || !read.mem.atomic || read.mem.size != m.size)
          return "read of an RMW";
        if (address_sources(read) != address_sources(u) || read.imm != u.imm) return "addresses of an RMW";
      }
      if (m.exclusive && (k + 1u >= i.count || i.uops[k + 1].kind != UopKind::Status))
        return "status missing";
      break;
    case UopKind::CasResult:
      if (k != 2 || i.uops[1].mem.rmw != RmwOp::CompareAndSwap) return "CAS result";
      break;
    case UopKind::Alu:
    case UopKind::Select:
      if (u.n_data != u.n_src) return "inputs of arithmetic";
      break;
    case UopKind::Branch:
      if (k + 1u != i.count) return "a branch is not last";
      break;
    case UopKind::Exception:
      if (i.count != 1) return "an exception is not alone";
      break;
    case UopKind::SysRead:
    case UopKind::SysWrite:
      if (!is_system(u.sys)) return "system register";
      break;
    default: break;
  }
  if ((u.flags_out & ~kFlagsAll) != 0 || (u.flags_out != 0 && u.kind != UopKind::Alu)) return "flags written";
  return "";
}

/// Empty if the instruction is well-formed.
std::string fault_of(const Instruction& i) {
  if (i.count == 0 || i.count > kMaxUops) return "number of micro-ops";
  std::map<Reg, unsigned> writers;
  unsigned flags = 0;
  for (unsigned k = 0; k < i.count; ++k) {
    const std::string fault = fault_of_uop(i, k);
    if (!fault.empty()) return fault;
    for (const Reg r : i.uops[k].dst) {
      if (r != Reg::None && ++writers[r] > 1) return "two micro-ops write one register";
    }
    if ((flags & i.uops[k].flags_out) != 0) return "two micro-ops write one flag";
    flags |= i.uops[k].flags_out;
  }
  return "";
}

/// Runs every pure function that applies to `u`; the point is that none of them can fail.
u64 evaluate_all(const Uop& u, std::mt19937_64& random) {
  Inputs in;
  for (unsigned s = 0; s < u.n_src; ++s) {
    in[s] = is_flag(u.src[s]) ? Value{random() & 1, 0} : Value{random(), is_vector(u.src[s]) ? random() : 0};
  }
  const u64 pc = random() & ~u64{3};
  const Value raw{random(), random()};
  switch (u.kind) {
    case UopKind::Alu:
    case UopKind::Select: {
      const AluResult r = evaluate(u, in, pc);
      const bool narrow = u.width == 32 && is_general(u.dst[0]) && alu_op(u) < AluOp::VectorMove;
      if (narrow) {
        EXPECT_EQ(r.dst[0].lo >> 32, 0u) << u.op;
      }
      if (is_general(u.dst[0])) {
        EXPECT_EQ(r.dst[0].hi, 0u) << u.op;
      }
      EXPECT_LE(r.flags, 15u);
      return r.dst[0].lo;
    }
    case UopKind::Branch: return evaluate_branch(u, in, pc).target;
    case UopKind::Read: return evaluate_address(u, in, pc) ^ evaluate_load(u, raw)[0].lo;
    case UopKind::Write: {
      const Value v = evaluate_store(u, in, raw);
      if (u.mem.size < 16) {
        EXPECT_EQ(v.hi, 0u);
      }
      if (u.mem.size < 8) {
        EXPECT_EQ(v.lo >> (8 * u.mem.size), 0u);
      }
      const bool equal = u.mem.rmw == RmwOp::CompareAndSwap && compare_and_swap_equal(u, in, raw);
      return evaluate_address(u, in, pc) ^ v.lo ^ (equal ? 1 : 0);
    }
    case UopKind::CasResult: return evaluate_cas_result(u, in, (random() & 1) != 0, {raw, raw})[0].lo;
    case UopKind::CacheOp: return evaluate_address(u, in, pc);
    default: return 0;
  }
}

TEST(Lowering, EveryEncodingIsWellFormedAndEvaluates) {
  std::mt19937_64 random(1);
  for (const Encoding& e : encodings()) {
    for (unsigned k = 0; k < 1000; ++k) {
      const u32 word = (static_cast<u32>(random()) & ~e.mask) | e.value;
      const Instruction i = decode(word);
      ASSERT_EQ(fault_of(i), "") << encodings()[i.encoding].name << std::hex << " " << word;
      for (unsigned n = 0; n < i.count; ++n) evaluate_all(i.uops[n], random);
    }
  }
}

TEST(Lowering, AMillionRandomWordsAreWellFormed) {
  std::mt19937 random(2);
  for (unsigned k = 0; k < 1'000'000; ++k) {
    const u32 word = static_cast<u32>(random());
    const Instruction i = decode(word);
    ASSERT_EQ(i.word, word);
    const std::string fault = fault_of(i);
    ASSERT_EQ(fault, "") << encodings()[i.encoding].name << std::hex << " " << word;
  }
}

TEST(Dependencies, StoreAddressAndDataAreSeparate) {
  const Instruction i = lower("str x1, [x2, x3, lsl #3]");
  ASSERT_EQ(i.count, 1);
  EXPECT_EQ(i.uops[0].kind, UopKind::Write);
  EXPECT_EQ(address_sources(i.uops[0]), (Regs{x_reg(2), x_reg(3)}));
  EXPECT_EQ(data_sources(i.uops[0]), (Regs{x_reg(1)}));
}

TEST(Dependencies, WriteBackTakesOnlyTheBase) {
  for (const char* text : {"ldr x1, [x2], #8", "ldr x1, [x2, #8]!", "str x1, [x2], #8", "str q1, [x2, #16]!",
                           "ldp x1, x3, [x2], #16", "stp d1, d3, [x2, #-16]!"}) {
    const Instruction i = lower(text);
    const Uop& last = i.uops[i.count - 1u];
    EXPECT_EQ(last.kind, UopKind::Alu) << text;
    EXPECT_EQ(all_sources(last), (Regs{x_reg(2)})) << text;
    EXPECT_EQ(last.dst[0], x_reg(2)) << text;
  }
}

TEST(Dependencies, PairsAreTwoAccesses) {
  const Instruction store = lower("stp x1, x2, [sp, #16]!");
  ASSERT_EQ(store.count, 3);
  for (unsigned half = 0; half < 2; ++half) {
    EXPECT_EQ(address_sources(store.uops[half]), (Regs{Reg::SP}));
    EXPECT_EQ(data_sources(store.uops[half]), (Regs{x_reg(1 + half)}));
    EXPECT_EQ(store.uops[half].imm, 16 + 8 * half);
  }
  const Instruction load = lower("ldp q1, q2, [x3, #-32]");
  ASSERT_EQ(load.count, 2);
  EXPECT_EQ(load.uops[1].mem.size, 16);
  EXPECT_EQ(load.uops[1].imm, u64{0} - 16);
  EXPECT_EQ(load.uops[1].dst[0], v_reg(2));
}

TEST(Dependencies, LogicalFlagsCAndVAreConstant) {
  for (const char* text : {"tst x1, x2", "ands x3, x1, x2", "bics x3, x1, x2"}) {
    const Instruction i = lower(text);
    ASSERT_EQ(i.count, 2) << text;
    EXPECT_EQ(i.uops[0].flags_out, kFlagN | kFlagZ) << text;
    EXPECT_EQ(i.uops[1].flags_out, kFlagC | kFlagV) << text;
    EXPECT_EQ(i.uops[1].n_src, 0) << text;
  }
}

TEST(Dependencies, AxflagKeepsFlagsApart) {
  const Instruction i = lower("axflag");
  std::map<unsigned, Regs> inputs;
  for (unsigned k = 0; k < i.count; ++k) inputs[i.uops[k].flags_out] = all_sources(i.uops[k]);
  EXPECT_EQ(inputs, (std::map<unsigned, Regs>{
                        {kFlagZ, {Reg::Z, Reg::V}}, {kFlagC, {Reg::C, Reg::V}}, {kFlagN | kFlagV, {}}}));
}

TEST(Dependencies, ConditionsReadOnlyTheirFlags) {
  const std::vector<std::pair<const char*, Regs>> table{
      {"eq", {Reg::Z}},
      {"cs", {Reg::C}},
      {"mi", {Reg::N}},
      {"vs", {Reg::V}},
      {"hi", {Reg::Z, Reg::C}},
      {"ge", {Reg::N, Reg::V}},
      {"gt", {Reg::N, Reg::Z, Reg::V}},
  };
  for (const auto& [cond, flags] : table) {
    EXPECT_EQ(all_sources(lower(std::string("b.") + cond + " #8").uops[0]), flags) << cond;

    const Instruction select = lower(std::string("csel x1, x2, x3, ") + cond);
    Regs expected{x_reg(2), x_reg(3)};
    expected.insert(expected.end(), flags.begin(), flags.end());
    EXPECT_EQ(select.uops[0].kind, UopKind::Select) << cond;
    EXPECT_EQ(all_sources(select.uops[0]), expected) << cond;

    const Instruction compare = lower(std::string("ccmp x2, x3, #0, ") + cond);
    EXPECT_EQ(all_sources(compare.uops[0]), expected) << cond;
  }
  EXPECT_EQ(lower("csel x1, x2, x3, al").uops[0].kind, UopKind::Alu);
  EXPECT_EQ(lower("b.al #8").uops[0].branch_op(), BranchOp::Direct);
}

TEST(Dependencies, DirectBranchesHaveNoInputs) {
  EXPECT_EQ(lower("b #8").uops[0].n_src, 0);
  const Instruction call = lower("blr x30");
  ASSERT_EQ(call.count, 2);
  EXPECT_EQ(call.uops[0].dst[0], Reg::X30);
  EXPECT_EQ(call.uops[0].n_src, 0);
  EXPECT_EQ(all_sources(call.uops[1]), (Regs{Reg::X30}));
}

TEST(Dependencies, ReadModifyWrite) {
  const Instruction add = lower("ldaddal x1, x2, [x3]");
  ASSERT_EQ(add.count, 2);
  EXPECT_TRUE(add.uops[0].mem.acquire);
  EXPECT_TRUE(add.uops[1].mem.release);
  EXPECT_EQ(add.uops[0].dst[0], x_reg(2));
  EXPECT_EQ(data_sources(add.uops[1]), (Regs{x_reg(1)}));

  for (const char* text :
       {"ldadda x1, xzr, [x3]", "swpal x1, xzr, [x3]", "stadd x1, [x3]", "casa xzr, x2, [x3]"}) {
    const Uop read = lower(text).uops[0];
    EXPECT_TRUE(read.mem.no_ret) << text;
    EXPECT_FALSE(read.mem.acquire) << text;
    EXPECT_EQ(read.dst[0], Reg::None) << text;
  }
  EXPECT_FALSE(lower("ldr xzr, [x3]").uops[0].mem.no_ret);
}

TEST(Dependencies, CompareAndSwap) {
  const Instruction cas = lower("casal x1, x2, [x3]");
  ASSERT_EQ(cas.count, 3);
  EXPECT_EQ(all_sources(cas.uops[1]), (Regs{x_reg(3), x_reg(2), x_reg(1)}));
  EXPECT_EQ(data_sources(cas.uops[1]), (Regs{x_reg(2)}));
  EXPECT_EQ(all_sources(cas.uops[2]), (Regs{x_reg(1), uop_result(0)}));
  EXPECT_EQ(cas.uops[2].dst[0], x_reg(1));

  const Instruction pair = lower("casp w4, w5, w6, w7, [x3]");
  ASSERT_EQ(pair.count, 3);
  EXPECT_EQ(pair.uops[0].mem.size, 8);
  EXPECT_EQ(all_sources(pair.uops[1]), (Regs{x_reg(3), x_reg(6), x_reg(7), x_reg(4), x_reg(5)}));
  EXPECT_EQ(pair.uops[2].dst, (std::array<Reg, 2>{x_reg(4), x_reg(5)}));
}

TEST(Dependencies, Exclusives) {
  const Instruction store = lower("stlxp w0, x1, x2, [x3]");
  ASSERT_EQ(store.count, 2);
  EXPECT_TRUE(store.uops[0].mem.exclusive && store.uops[0].mem.release && store.uops[0].mem.pair);
  EXPECT_EQ(store.uops[0].mem.size, 16);
  EXPECT_EQ(data_sources(store.uops[0]), (Regs{x_reg(1), x_reg(2)}));
  EXPECT_EQ(store.uops[1].kind, UopKind::Status);
  EXPECT_EQ(store.uops[1].dst[0], x_reg(0));
  EXPECT_EQ(store.uops[1].n_src, 0);
}

TEST(Dependencies, OrderingAttributes) {
  EXPECT_TRUE(lower("ldar x1, [x2]").uops[0].mem.acquire);
  EXPECT_TRUE(lower("ldaxrb w1, [x2]").uops[0].mem.acquire);
  EXPECT_TRUE(lower("ldapr x1, [x2]").uops[0].mem.acquire_pc);
  EXPECT_TRUE(lower("ldapursb w1, [x2, #-1]").uops[0].mem.acquire_pc);
  EXPECT_TRUE(lower("stlr x1, [x2]").uops[0].mem.release);
  EXPECT_TRUE(lower("stlurh w1, [x2, #3]").uops[0].mem.release);
  EXPECT_TRUE(lower("sttr x1, [x2]").uops[0].mem.unprivileged);
  EXPECT_TRUE(lower("ldnp x1, x3, [x2]").uops[1].mem.non_temporal);
}

TEST(Dependencies, StructureLanes) {
  const Instruction load = lower("ld2 {v1.s, v2.s}[3], [x3], #8");
  ASSERT_EQ(load.count, 5);
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(load.uops[i].kind, UopKind::Read);
    EXPECT_EQ(load.uops[i].imm, 4 * i);
    EXPECT_EQ(load.uops[i].dst[0], Reg::None);
    EXPECT_EQ(all_sources(load.uops[2 + i]), (Regs{v_reg(1 + i), uop_result(i)}));
    EXPECT_EQ(load.uops[2 + i].dst[0], v_reg(1 + i));
    EXPECT_EQ(load.uops[2 + i].imm, 3u);
  }
  EXPECT_EQ(all_sources(load.uops[4]), (Regs{x_reg(3)}));
  EXPECT_EQ(load.uops[4].imm, 8u);

  const Instruction store = lower("st1 {v1.b}[15], [x3], x4");
  ASSERT_EQ(store.count, 3);
  EXPECT_EQ(all_sources(store.uops[0]), (Regs{v_reg(1)}));
  EXPECT_EQ(store.uops[0].imm, 15u);
  EXPECT_EQ(data_sources(store.uops[1]), (Regs{uop_result(0)}));
  EXPECT_EQ(all_sources(store.uops[2]), (Regs{x_reg(3), x_reg(4)}));
}

/// Address offsets of the accesses of `text` in the order in which they must happen.
std::vector<u64> ordered_offsets(const std::string& text, bool MemoryAttributes::* order, unsigned size) {
  std::vector<u64> offsets;
  const Instruction i = lower(text);
  for (unsigned k = 0; k < i.count; ++k) {
    const Uop& u = i.uops[k];
    if (u.kind != UopKind::Read && u.kind != UopKind::Write) continue;
    EXPECT_TRUE(u.mem.*order) << text;
    EXPECT_EQ(u.mem.size, size) << text;
    EXPECT_EQ(address_sources(u), (Regs{x_reg(2)})) << text;
    offsets.push_back(u.imm);
  }
  return offsets;
}

TEST(Dependencies, OrderedPairs) {
  using Offsets = std::vector<u64>;
  const auto acquire = &MemoryAttributes::acquire_pc, release = &MemoryAttributes::release;
  EXPECT_EQ(ordered_offsets("ldiapp x0, x1, [x2]", acquire, 8), (Offsets{0, 8}));
  EXPECT_EQ(ordered_offsets("ldiapp w0, w1, [x2], #8", acquire, 4), (Offsets{0, 4}));
  EXPECT_EQ(ordered_offsets("stilp w0, w1, [x2]", release, 4), (Offsets{0, 4}));
  EXPECT_EQ(ordered_offsets("stilp x0, x1, [x2, #-16]!", release, 8), (Offsets{u64{0} - 8, u64{0} - 16}));
  EXPECT_EQ(data_sources(lower("stilp x0, x1, [x2, #-16]!").uops[0]), (Regs{x_reg(1)}));
  EXPECT_EQ(lower("ldiapp x0, x1, [x2], #16").uops[2].imm, 16u);
  EXPECT_EQ(lower("stilp w0, w1, [x2, #-8]!").uops[2].imm, u64{0} - 8);
}

TEST(Dependencies, OrderedAccessesWithWriteBackAndOfVectors) {
  using Offsets = std::vector<u64>;
  const auto acquire = &MemoryAttributes::acquire_pc, release = &MemoryAttributes::release;
  EXPECT_EQ(ordered_offsets("ldapr x1, [x2], #8", acquire, 8), (Offsets{0}));
  EXPECT_EQ(lower("ldapr w1, [x2], #4").uops[1].imm, 4u);
  EXPECT_EQ(ordered_offsets("stlr w1, [x2, #-4]!", release, 4), (Offsets{u64{0} - 4}));
  EXPECT_EQ(lower("stlr x1, [x2, #-8]!").uops[1].imm, u64{0} - 8);
  EXPECT_EQ(ordered_offsets("ldapur q1, [x2, #-3]", acquire, 16), (Offsets{u64{0} - 3}));
  EXPECT_EQ(ordered_offsets("stlur b1, [x2, #3]", release, 1), (Offsets{3}));
  EXPECT_EQ(ordered_offsets("ldap1 {v1.d}[1], [x2]", acquire, 8), (Offsets{0}));
  EXPECT_EQ(ordered_offsets("stl1 {v1.d}[0], [x2]", release, 8), (Offsets{0}));
  EXPECT_EQ(lower("ldap1 {v1.d}[1], [x2]").uops[1].imm, 1u);
  EXPECT_FALSE(lower("ld1 {v1.d}[1], [x2]").uops[0].mem.acquire_pc);
  EXPECT_FALSE(lower("st1 {v1.d}[1], [x2], x1").uops[1].mem.release);
}

TEST(Dependencies, InterleavedStructures) {
  const Instruction load = lower("ld3 {v31.8h, v0.8h, v1.8h}, [x3], #48");
  ASSERT_EQ(load.count, 7);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(load.uops[i].imm, 16 * i);
    EXPECT_EQ(load.uops[i].mem.element, 2);
    EXPECT_EQ(all_sources(load.uops[3 + i]), (Regs{uop_result(0), uop_result(1), uop_result(2)}));
    EXPECT_EQ(load.uops[3 + i].dst[0], v_reg((31 + i) % 32));
  }
  EXPECT_EQ(load.uops[6].imm, 48u);
  const Instruction store = lower("st2 {v1.8b, v2.8b}, [x3]");
  ASSERT_EQ(store.count, 4);
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(all_sources(store.uops[i]), (Regs{v_reg(1), v_reg(2)}));
    EXPECT_EQ(data_sources(store.uops[2 + i]), (Regs{uop_result(i)}));
    EXPECT_EQ(store.uops[2 + i].imm, 8 * i);
  }
  const Instruction replicate = lower("ld4r {v1.4s, v2.4s, v3.4s, v4.4s}, [x3], #16");
  ASSERT_EQ(replicate.count, 9);
  EXPECT_EQ(replicate.uops[3].imm, 12u);
  EXPECT_EQ(replicate.uops[7].dst[0], v_reg(4));
}

TEST(Dependencies, StructureRegistersWrapAndTearByElement) {
  const Instruction i = lower("ld1 {v31.4h, v0.4h}, [x3]");
  ASSERT_EQ(i.count, 2);
  EXPECT_EQ(i.uops[0].dst[0], v_reg(31));
  EXPECT_EQ(i.uops[1].dst[0], v_reg(0));
  EXPECT_EQ(i.uops[1].imm, 8u);
  EXPECT_EQ(i.uops[1].mem.size, 8);
  EXPECT_EQ(i.uops[1].mem.element, 2);
  EXPECT_EQ(lower("st1 {v1.2d}, [x3]").uops[0].mem.element, 8);
  EXPECT_EQ(lower("str q1, [x3]").uops[0].mem.element, 0);
}

TEST(Dependencies, ZeroRegisterIsASourceAndNeverADestination) {
  EXPECT_EQ(data_sources(lower("str xzr, [x1]").uops[0]), (Regs{Reg::XZR}));
  EXPECT_EQ(lower("ldr xzr, [x1]").uops[0].dst[0], Reg::None);
  EXPECT_EQ(lower("cmp x1, x2").uops[0].dst[0], Reg::None);
  EXPECT_EQ(lower("mov sp, x1").uops[0].dst[0], Reg::SP);
}

TEST(System, ExceptionReturnReadsItsRegisters) {
  EXPECT_EQ(all_sources(lower("eret").uops[0]), (Regs{Reg::ELR_EL1, Reg::SPSR_EL1}));
}

TEST(System, Barriers) {
  const std::vector<std::pair<const char*, BarrierOp>> table{
      {"dmb sy", BarrierOp::DmbFull},     {"dmb ish", BarrierOp::DmbFull},
      {"dmb ishld", BarrierOp::DmbLoad},  {"dmb st", BarrierOp::DmbStore},
      {"dmb #0", BarrierOp::DmbFull},     {"dsb sy", BarrierOp::DsbFull},
      {"dsb ishst", BarrierOp::DsbStore}, {"dsb nshld", BarrierOp::DsbLoad},
      {"dsb #8", BarrierOp::DsbFull},     {"dsb ishnxs", BarrierOp::DsbFull},
  };
  for (const auto& [text, op] : table) {
    const Uop u = lower(text).uops[0];
    EXPECT_EQ(u.kind, UopKind::Barrier) << text;
    EXPECT_EQ(u.barrier_op(), op) << text;
  }
  EXPECT_EQ(lower("isb").uops[0].kind, UopKind::Isb);
  EXPECT_EQ(lower("clrex #3").uops[0].kind, UopKind::ClearExclusive);
}

TEST(System, CacheOperations) {
  const std::vector<std::pair<const char*, CacheOpKind>> by_address{
      {"dc cvau, x1", CacheOpKind::DcCvau}, {"dc cvac, x1", CacheOpKind::DcCvac},
      {"dc cvap, x1", CacheOpKind::DcCvac}, {"dc civac, x1", CacheOpKind::DcCivac},
      {"dc ivac, x1", CacheOpKind::DcIvac}, {"ic ivau, x1", CacheOpKind::IcIvau},
  };
  for (const auto& [text, op] : by_address) {
    const Uop u = lower(text).uops[0];
    EXPECT_EQ(u.kind, UopKind::CacheOp) << text;
    EXPECT_EQ(u.cache_op(), op) << text;
    EXPECT_EQ(address_sources(u), (Regs{x_reg(1)})) << text;
  }
  EXPECT_EQ(lower("ic iallu").uops[0].cache_op(), CacheOpKind::IcIallu);
  EXPECT_EQ(lower("ic ialluis").uops[0].cache_op(), CacheOpKind::IcIalluis);
  EXPECT_EQ(lower("tlbi vmalle1is").uops[0].cache_op(), CacheOpKind::TlbiAll);
}

TEST(System, ZeroBlockIsFourWritesOfItsBlock) {
  const Instruction i = lower("dc zva, x1");
  ASSERT_EQ(i.count, 4);
  Inputs in;
  in[0].lo = 0x1234;
  for (unsigned k = 0; k < 4; ++k) {
    EXPECT_EQ(i.uops[k].kind, UopKind::Write);
    EXPECT_EQ(evaluate_address(i.uops[k], in, 0), 0x1200u + 16 * k);
    EXPECT_EQ(evaluate_store(i.uops[k], in, {}), Value{});
  }
}

TEST(System, ProcessorStateWrites) {
  const Uop set = lower("msr daifset, #2").uops[0];
  EXPECT_EQ(set.sys, Reg::DAIF);
  EXPECT_EQ(set.imm, 2u);
  EXPECT_EQ(set.imm2, 1u);
  EXPECT_EQ(set.n_src, 0);
  EXPECT_EQ(lower("msr daifclr, #15").uops[0].imm2, 2u);
  const Uop sp = lower("msr spsel, #1").uops[0];
  EXPECT_EQ(sp.sys, Reg::SPSel);
  EXPECT_EQ(sp.imm, 1u);
  EXPECT_EQ(sp.imm2, 0u);
  const Uop actlr = lower("msr actlr_el1, x4").uops[0];
  EXPECT_EQ(actlr.kind, UopKind::SysWrite);
  EXPECT_EQ(actlr.sys, Reg::ACTLR_EL1);
  EXPECT_EQ(all_sources(actlr), (Regs{x_reg(4)}));
}

}  // namespace
}  // namespace isobar::isa
