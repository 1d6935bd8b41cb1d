#include "linux-detailed/kernel.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/assembler.h"
#include "kernel-shim/asm_text.h"
#include "kernel-shim/layout.h"
#include "support/bits.h"
#include "support/diagnostic.h"

namespace isobar::linux_detailed {

namespace {

using isa::Reg;
using kernel::RunQueueField;
using kernel::TaskField;

isa::Assembly assemble_kernel(const model::MachineConfig& machine, const KernelOptions& kernel) {
  const auto switchable = [](const model::CoreConfig& c) { return c.tso == model::TsoSupport::Actlr; };
  std::string text;
  const auto set = [&](std::string_view name, u64 value) { text += fmt::format(".set {}, {}\n", name, value); };
  set("KERNEL_BASE", kKernelBase);
  set("NR_CORES", machine.cores);
  set("HAS_TSO_SWITCH", 1);  // a core without it ignores the bit
  set("HAS_QUICK_CALLS", kernel.quick_calls);
  set("TSO_BY_PRCTL", std::all_of(machine.core.begin(), machine.core.begin() + machine.cores, switchable));
  set("TAGGING", machine.tagging);
  set("EPOCH", kernel.epoch);
  set("HAS_MTE", 0);  // tags are the host's
  set("HAS_GLOBAL_EXPEDITED", 0);  // interrupts every core
  for (const char* knob : {"NO_MB_BEFORE_CURR", "NO_SWITCH_DSB", "NO_MMDROP_MB", "EXIT_MM_NO_MB", "ACTLR_NOT_SAVED"})
    set(fmt::format("KNOB_{}", knob), 0);
  text += kernel::user_asm_text();
  isa::AssemblerOptions options;
  options.file = "kernel-shim/asm-user";
  isa::Assembly done = isa::assemble(text, kKernelText, options);
  if (done.bytes.size() > kTextSize) throw InternalError("the kernel's code outgrew its region");
  return done;
}

void put(std::vector<u8>& bytes, u64 offset, u64 value) {
  for (unsigned i = 0; i < 8; ++i) bytes.at(offset + i) = static_cast<u8>(value >> (8 * i));
}

}  // namespace

model::Program build_program(const model::MachineConfig& machine, const KernelOptions& options, model::MemoryMap& map,
                             QuickCalls& quick) {
  constexpr u64 kTsoBit = 2;
  constexpr u8 kMasked = 15;
  const isa::Assembly text = assemble_kernel(machine, options);
  if (options.quick_calls) quick = {text.labels.at("user_quick_number"), text.labels.at("user_quick_result")};
  model::Program p;
  p.map = &map;
  p.start_time = options.start_time;
  p.has_kernel = true;
  p.stop = {text.labels.at("user_park")};
  constexpr u8 code = model::kReadEl1 | model::kExecEl1, data = model::kReadEl1 | model::kWriteEl1;
  p.regions = {{kKernelText, kTextSize, code, -1, "kernel text"},
               {kQueues, machine.cores * kQueueSize, data, -1, "kernel run queues"},
               {kLocks, kLocksSize, data, -1, "kernel locks"},
               {kAddressSpaces, options.tasks * kAddressSpaceSize, data, -1, "kernel address spaces"},
               {kTasks, options.tasks * kTaskSize, data, -1, "kernel tasks"}};
  std::vector<u8> queues(machine.cores * kQueueSize), idle(machine.cores * kTaskSize);
  for (unsigned core = 0; core < machine.cores; ++core) {
    put(queues, core * kQueueSize + RunQueueField::Curr, task_address(core));
    put(idle, core * kTaskSize + TaskField::ActiveMm, address_space_address(0));
    put(idle, core * kTaskSize + TaskField::Actlr, options.tso ? kTsoBit : 0);
    model::ResetState r;
    r.pc = text.labels.at("user_start");
    r.el = 1;
    r.daif = kMasked;
    r.sp_sel = true;
    r.registers = {{Reg::SP_EL1, {task_address(core), 0}},
                   {Reg::TPIDR_EL1, {queue_address(core), 0}},
                   {Reg::VBAR_EL1, {text.labels.at("user_vectors"), 0}},
                   {Reg::ACTLR_EL1, {options.tso ? kTsoBit : 0, 0}},
                   {Reg::ICC_PMR_EL1, {0xff, 0}},
                   {Reg::ICC_IGRPEN1_EL1, {1, 0}}};
    p.reset.push_back(r);
  }
  p.segments = {{kKernelText, text.bytes}, {kQueues, queues}, {kTasks, idle}};
  return p;
}

}  // namespace isobar::linux_detailed
