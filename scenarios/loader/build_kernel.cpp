#include "scenarios/loader/build_kernel.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/assembler.h"
#include "kernel-shim/layout.h"
#include "kernel-shim/shim.h"
#include "scenarios/loader/address_map.h"
#include "scenarios/loader/assembly.h"
#include "scenarios/loader/names.h"

namespace isobar::scenarios {

namespace {

using model::Permission;

static_assert(kernel_thread_address(0) == kernel::kShimEnd);

/// Where in its results a thread that parks notes that it has come to its end.
constexpr u64 kParkedSlot = kResultSize - 8;

u32 membarrier_state(const Process& p) {
  u32 state = 0;
  for (const std::string& r : p.membarrier) {
    using State = kernel::MembarrierState;
    if (r == "global_expedited") {
      state |= State::GlobalExpedited | State::GlobalExpeditedReady;
      continue;
    }
    state |= State::PrivateExpedited | State::PrivateExpeditedReady;
    if (r == "sync_core") state |= State::SyncCore | State::SyncCoreReady;
    if (r == "rseq") state |= State::Rseq | State::RseqReady;
  }
  return state;
}

class KernelBuilder {
 public:
  KernelBuilder(const Scenario& s, const Variant& v, Build& b) : s_(s), v_(v), b_(b) {
    config_.knobs = v.kernel.knobs;
    config_.policy = v.kernel.policy;
    config_.page_size = v.kernel.page_size;
    config_.guest = v.kernel.guest;
    config_.general_registers = v.kernel.general_registers;
    config_.vector_registers = v.kernel.vector_registers;
  }

  void run() {
    b_.config.timer_ticks = std::max(b_.config.timer_ticks, v_.kernel.preemptions);
    for (std::size_t t = 0; t < s_.threads.size(); ++t) add_thread(t);
    for (std::size_t t = 0; t < v_.kernel.threads.size(); ++t) add_kernel_thread(t);
    config_.regions = std::move(b_.program.regions);
    for (model::Region& r : config_.regions) {
      // As Linux maps the memory of processes (PXN).
      if ((r.permissions & Permission::kExecEl0) != 0) r.permissions &= static_cast<u8>(~Permission::kExecEl1);
    }
    config_.segments = std::move(b_.program.segments);
    config_.indirect_targets = std::move(b_.program.indirect_targets);
    try {
      kernel::Shim shim = kernel::build(config_, b_.config);
      b_.program = std::move(shim.program);
      for (const auto& [name, address] : shim.symbols) b_.symbols.emplace(address, "kernel." + name);
      for (const Observed& o : s_.observed) b_.observables.push_back(observable(o, shim.symbols));
    } catch (const InputError& e) {
      // The kernel speaks of its own configuration; the user knows it as this file.
      std::vector<Diagnostic> all = e.diagnostics();
      for (Diagnostic& d : all) {
        if (d.where.file.empty()) d.where.file = s_.file;
      }
      throw InputError(std::move(all));
    }
  }

 private:
  int process_index(const std::string& name) {
    for (std::size_t p = 0; p < config_.processes.size(); ++p) {
      if (config_.processes[p].name == name) return static_cast<int>(p);
    }
    kernel::ProcessConfig p;
    p.name = name;
    p.asid = static_cast<u16>(config_.processes.size() + 1);
    for (const Process& declared : v_.kernel.processes) {
      if (declared.name == name) p.membarrier_state = membarrier_state(declared);
    }
    config_.processes.push_back(p);
    return static_cast<int>(config_.processes.size() - 1);
  }

  void add_thread(std::size_t index) {
    const Thread& t = s_.threads[index];
    kernel::ThreadConfig c;
    c.name = t.name;
    c.process = process_index(t.process);
    c.core = t.core.value_or(0);
    c.entry = v_.entry(index, t);
    c.tso = t.tso;
    c.reserve = t.reserve;
    c.handler = t.handler;
    if (t.rseq) c.rseq = t.rseq->value.lo;
    for (const auto& [reg, constant] : t.registers) {
      if (reg == isa::Reg::SP) {
        c.stack = constant.value.lo;
      } else {
        c.registers.emplace_back(reg, constant.value.lo);
      }
    }
    config_.threads.push_back(c);
    add_exit_stub(index);
  }

  /// Registers of thread `index` that are looked at, in the order in which they are kept.
  std::vector<isa::Reg> observed_registers(std::size_t index) const {
    std::vector<isa::Reg> regs;
    for (const Observed& o : s_.observed) {
      if (o.kind == Observed::Kind::Register && o.thread == index) regs.push_back(o.reg);
    }
    return regs;
  }

  /// The end of a thread: its registers go to memory, where they outlive it, and it exits.
  void add_exit_stub(std::size_t index) {
    const bool parks = s_.threads[index].parks;
    const std::vector<isa::Reg> regs = observed_registers(index);
    unsigned scratch = v_.kernel.general_registers == 0 ? 16 : std::min(16u, v_.kernel.general_registers - 1);
    const auto taken = [&](unsigned n) {
      return std::find(regs.begin(), regs.end(), isa::x_reg(n)) != regs.end();
    };
    while (scratch > 0 && taken(scratch)) --scratch;
    if (taken(scratch)) {
      const Thread& t = s_.threads[index];
      throw InputError(Diagnostic{{s_.file, t.line, t.column},
                                  fmt::format("too many registers of {} are looked at", t.name)});
    }
    std::string text;
    if (!regs.empty() || parks) text += fmt::format("adr x{}, results\n", scratch);
    for (std::size_t i = 0; i < regs.size(); ++i) {
      text += fmt::format("str {}, [x{}, #{}]\n", isa::name(regs[i]), scratch, 8 * i);
    }
    if (parks) {
      text += fmt::format("str x{0}, [x{0}, #{1}]\n1: wfi\nb 1b\n", scratch, kParkedSlot);
    } else {
      text += "mov x0, #0\nmov x8, #93\nsvc #0\n";
    }
    isa::AssemblerOptions options;
    options.file = "exit of " + s_.threads[index].name;
    options.symbols["results"] = result_address(index);
    const isa::Assembly a = isa::assemble(text, exit_stub_address(index), options);
    constexpr u8 code = Permission::kReadEl0 | Permission::kExecEl0;
    constexpr u8 data = Permission::kReadEl0 | Permission::kWriteEl0;
    b_.program.regions.push_back({exit_stub_address(index), kExitStubSize, code, -1, options.file});
    b_.program.segments.push_back({exit_stub_address(index), a.bytes});
    if (!regs.empty() || parks) {
      b_.program.regions.push_back(
          {result_address(index), kResultSize, data, -1, "registers of " + s_.threads[index].name});
    }
    b_.symbols.emplace(exit_stub_address(index), s_.threads[index].name + ".exit");
  }

  void add_kernel_thread(std::size_t index) {
    const KernelThread& t = v_.kernel.threads[index];
    if (symbols_.empty()) symbols_ = kernel::text_symbols(config_, b_.config);
    kernel::ThreadConfig c;
    c.name = t.name;
    c.core = t.core;
    c.first = t.first;
    c.entry = symbols_.at("kthread_exit");
    Problems problems(s_.file);
    for (const auto& [reg, constant] : t.registers) {
      Constant resolved = constant;
      resolve(resolved, 64, s_, problems);
      c.registers.emplace_back(reg, resolved.value.lo);
    }
    problems.throw_if_any();
    if (!t.assembly.text.empty()) {
      std::map<std::string, u64> symbols = symbols_;
      symbols["kernel_taint"] = kernel::kGlobalsBase + kernel::GlobalField::Taint;
      for (const MemoryLocation& m : s_.memory) symbols[m.name] = m.address;
      for (std::size_t p = 0; p < config_.processes.size(); ++p) {
        symbols["mm_" + config_.processes[p].name] = kernel::kMmBase + p * kernel::kMmSize;
      }
      c.entry = kernel_thread_address(index);
      const Code a = assemble_text(t.assembly, "b kthread_exit\n", c.entry, s_.file, symbols);
      if (a.bytes.size() > kKernelThreadSize) {
        throw InputError(Diagnostic{
            {s_.file, t.line, t.column},
            fmt::format("the code of kernel thread {} is longer than {} bytes", t.name, kKernelThreadSize)});
      }
      constexpr u8 code = Permission::kReadEl1 | Permission::kExecEl1;
      b_.program.regions.push_back({c.entry, kKernelThreadSize, code, -1, "kernel thread " + t.name});
      b_.program.segments.push_back({c.entry, a.bytes});
      b_.symbols.emplace(c.entry, t.name);
    }
    config_.threads.push_back(std::move(c));
  }

  trace::Observable observable(const Observed& o, const std::map<std::string, u64>& symbols) const {
    trace::Observable x;
    x.kind = trace::Observable::Kind::Memory;
    x.label = o.label;
    x.size = o.size;
    x.addr = o.address;
    if (o.kind == Observed::Kind::Flag) x.kind = trace::Observable::Kind::Flag;
    if (!o.of_thread()) return x;
    const std::string task = "task_" + s_.threads.at(o.thread).name;
    switch (o.kind) {
      case Observed::Kind::Register: {
        const std::vector<isa::Reg> regs = observed_registers(o.thread);
        const auto at = std::find(regs.begin(), regs.end(), o.reg);
        x.addr = result_address(o.thread) + 8 * static_cast<u64>(at - regs.begin());
        break;
      }
      // The syndrome and the address of the instruction stand side by side, as in
      // trace::Observable::Kind::Fault.
      case Observed::Kind::Fault: x.addr = symbols.at(task + ".fault_esr"); break;
      case Observed::Kind::FaultAddress: x.addr = symbols.at(task + ".fault_far"); break;
      case Observed::Kind::Waiting:
        x.addr =
            s_.threads[o.thread].parks ? result_address(o.thread) + kParkedSlot : symbols.at(task + ".state");
        x.size = s_.threads[o.thread].parks ? 8 : 4;
        break;
      case Observed::Kind::Memory:
      case Observed::Kind::Flag: break;
    }
    return x;
  }

  const Scenario& s_;
  const Variant& v_;
  Build& b_;
  kernel::ShimConfig config_;
  std::map<std::string, u64> symbols_;
};

}  // namespace

void build_kernel(const Scenario& s, const Variant& v, Build& b) {
  KernelBuilder(s, v, b).run();
}

}  // namespace isobar::scenarios
