// The functional core beside other engines on the same code in one run: Unicorn, which generates host code, and the
// simulator of VIXL, which interprets. Instructions per second of each; bench/run prints the ratios.
#include <benchmark/benchmark.h>
#include <unicorn/unicorn.h>
#include <vixl/aarch64/simulator-aarch64.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "functional/core.h"
#include "isa/assembler.h"

namespace {

using namespace isobar;

constexpr u64 kCode = 0x400000, kData = 0x500000, kPage = 4096;

struct Workload {
  const char* name;
  const char* text;  ///< X20: a page of data; X0: iterations; ends with RET
  u64 iterations;
  u64 instructions;  ///< of one iteration
};

const std::array<Workload, 3> kWorkloads{{
    {"Integer", R"(
1: and x3, x0, #63
   ldr x4, [x20, x3, lsl #3]
   add x4, x4, x0
   str x4, [x20, x3, lsl #3]
   eor x6, x6, x4, lsl #3
   subs x0, x0, #1
   b.ne 1b
   ret)", 1'000'000, 7},
    {"Calls", R"(
   mov x9, x30
1: bl 2f
   cmp x5, x0
   csel x6, x5, x0, lt
   subs x0, x0, #1
   b.ne 1b
   mov x30, x9
   ret
2: stp x6, x30, [x20, #-16]
   madd x5, x0, x6, x5
   ubfx x6, x5, #3, #20
   ldp x7, x30, [x20, #-16]
   ret)", 1'000'000, 10},
    {"Vector", R"(
1: ldr q0, [x20]
   ldr q1, [x20, #16]
   fmla v2.4s, v0.4s, v1.4s
   add v3.4s, v3.4s, v0.4s
   str q3, [x20, #32]
   subs x0, x0, #1
   b.ne 1b
   ret)", 200'000, 7},
}};

void count(benchmark::State& state, const Workload& w) {
  state.counters["instructions_per_second"] = benchmark::Counter(
      static_cast<double>(state.iterations() * w.iterations * w.instructions), benchmark::Counter::kIsRate);
}

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("bench: ") + what);
}

void run_functional(benchmark::State& state, const Workload& w) {
  functional::Memory memory(64);
  memory.map(kCode, kCode + kPage, functional::kRead | functional::kExecute);
  memory.map(kData - kPage, kData + kPage, functional::kRead | functional::kWrite);
  const isa::Assembly program = isa::assemble(w.text, kCode);
  memory.write(kCode, program.bytes.data(), program.bytes.size(), functional::kExecute);
  functional::Core core(memory);
  for (auto _ : state) {
    core.state().pc = kCode;
    core.state().x[0] = w.iterations;
    core.state().x[20] = kData;
    core.state().x[30] = 0;
    core.run(~u64{0} >> 1);
    require(core.state().pc == 0, "the functional core did not come to the end");
  }
  count(state, w);
}

void run_unicorn(benchmark::State& state, const Workload& w) {
  uc_engine* engine = nullptr;
  require(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine) == UC_ERR_OK, "uc_open");
  require(uc_mem_map(engine, kCode, kPage, UC_PROT_ALL) == UC_ERR_OK, "uc_mem_map");
  require(uc_mem_map(engine, kData - kPage, 2 * kPage, UC_PROT_ALL) == UC_ERR_OK, "uc_mem_map");
  const isa::Assembly program = isa::assemble(w.text, kCode);
  uc_mem_write(engine, kCode, program.bytes.data(), program.bytes.size());
  u64 fpen = 3 << 20;
  uc_reg_write(engine, UC_ARM64_REG_CPACR_EL1, &fpen);
  for (auto _ : state) {
    u64 iterations = w.iterations, data = kData, end = kCode + kPage - 4;
    uc_reg_write(engine, UC_ARM64_REG_X0, &iterations);
    uc_reg_write(engine, UC_ARM64_REG_X20, &data);
    uc_reg_write(engine, UC_ARM64_REG_X30, &end);
    require(uc_emu_start(engine, kCode, end, 0, 0) == UC_ERR_OK, "uc_emu_start");
  }
  uc_close(engine);
  count(state, w);
}

void run_vixl(benchmark::State& state, const Workload& w) {
  const isa::Assembly program = isa::assemble(w.text, kCode);
  alignas(16) static std::array<u8, kPage> code;
  alignas(16) static std::array<u8, 2 * kPage> data;
  std::copy(program.bytes.begin(), program.bytes.end(), code.begin());
  vixl::aarch64::Decoder decoder;
  vixl::aarch64::Simulator simulator(&decoder);
  for (auto _ : state) {
    simulator.WriteXRegister(0, static_cast<i64>(w.iterations));
    simulator.WriteXRegister(20, reinterpret_cast<i64>(data.data() + kPage));
    simulator.WriteXRegister(30, 0);
    simulator.RunFrom(reinterpret_cast<const vixl::aarch64::Instruction*>(code.data()));
  }
  count(state, w);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Workload& w : kWorkloads) {
    benchmark::RegisterBenchmark((std::string("Functional") + w.name).c_str(), run_functional, w);
    benchmark::RegisterBenchmark((std::string("Unicorn") + w.name).c_str(), run_unicorn, w);
    benchmark::RegisterBenchmark((std::string("Vixl") + w.name).c_str(), run_vixl, w);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
