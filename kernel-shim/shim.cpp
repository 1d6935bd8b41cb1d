#include "kernel-shim/shim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "isa/assembler.h"
#include "kernel-shim/asm_text.h"
#include "kernel-shim/check.h"
#include "kernel-shim/layout.h"
#include "kernel-shim/registers.h"
#include "support/diagnostic.h"

namespace isobar::kernel {

namespace {

using isa::Reg;

constexpr u64 kActlrTso = 2;
constexpr u64 kMaskedInterrupts = 15;

bool advertises_switch(const model::CoreConfig& core) {
  const bool advertised = core.tso == model::TsoSupport::Actlr || core.tso == model::TsoSupport::ActlrReadOnly;
  return advertised && (core.midr >> 24 & 0xff) == 0x61;
}

std::string assembler_name(const char* knob) {
  std::string s = "KNOB_";
  for (const char* c = knob; *c != '\0'; ++c)
    s += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
  return s;
}

/// Bit c: core c has the switch.
u64 cores_with_switch(const model::MachineConfig& machine) {
  u64 cores = 0;
  for (unsigned c = 0; c < machine.cores; ++c) cores |= u64{advertises_switch(machine.core[c])} << c;
  return cores;
}

bool any_core_is_enough(Policy p) {
  return p == Policy::BigLittle || p == Policy::BigLittleAffinity;
}

/// What the kernel does with the switch: what all cores have, unless the policy says otherwise.
bool uses_switch(const ShimConfig& config, const model::MachineConfig& machine) {
  if (any_core_is_enough(config.policy)) return cores_with_switch(machine) != 0;
  if (!detect(machine).tso_switch) return false;
  if (config.policy != Policy::BootProbe) return true;
  for (unsigned c = 0; c < machine.cores; ++c)
    if (machine.core[c].tso == model::TsoSupport::ActlrReadOnly) return false;
  return true;
}

/// Is the prctl configured in?
bool has_prctl(const ShimConfig& config) {
  switch (config.policy) {
    case Policy::StaticFirmware:
    case Policy::Device:
    case Policy::ElfMachine: return false;
    case Policy::Page4k: return config.page_size == 4096;
    case Policy::VmOnly: return config.guest;
    default: return true;
  }
}

bool handles_signals(const ShimConfig& config) {
  return std::any_of(config.threads.begin(), config.threads.end(),
                     [](const ThreadConfig& t) { return t.handler != 0; });
}

bool has_global_expedited(const ShimConfig& config) {
  return std::any_of(config.processes.begin(), config.processes.end(), [](const ProcessConfig& p) {
    return (p.membarrier_state & MembarrierState::GlobalExpedited) != 0;
  });
}

bool has_rseq(const ShimConfig& config) {
  return std::any_of(config.threads.begin(), config.threads.end(),
                     [](const ThreadConfig& t) { return t.rseq != 0; });
}

/// The configuration as assembler symbols.
std::string definitions(const ShimConfig& config, const model::MachineConfig& machine) {
  const Capabilities can = detect(machine);
  const auto broken = [&](Knob k) { return config.knobs.contains(k); };
  std::string s;
  const auto set = [&](std::string_view name, u64 value) { s += fmt::format(".set {}, {}\n", name, value); };
  set("NR_CORES", machine.cores);
  set("NR_REGS", general_registers(config));
  set("NR_VECTORS", vector_registers(config));
  set("TIMER_PERIOD", config.timer_period);
  set("HAS_MEM_MODEL", has_prctl(config));
  set("HAS_TSO_SWITCH", uses_switch(config, machine));
  set("HAS_TSO_FIXED", can.tso_fixed);
  set("HAS_WAKEUPS", machine.cores > 1);
  set("HAS_GLOBAL_EXPEDITED", has_global_expedited(config));
  set("HAS_RSEQ", has_rseq(config));
  constexpr u64 exit_group = 94, set_tid_address = 96, clone = 220;
  set("HAS_GROUP_EXIT", names_call(config, exit_group));
  set("HAS_CLEAR_TID", names_call(config, set_tid_address) || names_call(config, clone));
  set("HAS_DIC", machine.dic);
  set("HAS_IDC", machine.idc || machine.dic);
  set("HAS_UCI", machine.uci);
  set("HAS_MTE", machine.tagging);
  set("HAS_SIGNALS", handles_signals(config));
  set("SIGTRAMP", kSigtrampBase);
  set("LINE_BYTES", machine.line_bytes);
  const auto policy = [&](Policy p) { return config.policy == p; };
  set("POLICY_PROBE", policy(Policy::PrctlProbe));
  set("POLICY_TAINT", policy(Policy::Taint));
  set("POLICY_UNALIGNED", policy(Policy::Unaligned));
  set("POLICY_DEVICE", policy(Policy::Device));
  set("POLICY_BINFMT", policy(Policy::Binfmt));
  set("POLICY_ELF_MACHINE", policy(Policy::ElfMachine));
  set("RESTRICTS_CORES", policy(Policy::BigLittleAffinity) && uses_switch(config, machine));
  set("TSO_CORES", cores_with_switch(machine));
  set("EXIT_ISB_SVC", !machine.eos && !broken(Knob::actlr_missing_isb_with_eos0));
  set("EXIT_ISB_IRQ", !machine.eos && !broken(Knob::sync_core_ipi_without_cse));
  for (const KnobInfo& k : knobs()) set(assembler_name(k.name), broken(k.knob));
  return s;
}

isa::Assembly assemble_text(const ShimConfig& config, const model::MachineConfig& machine) {
  isa::AssemblerOptions options;
  options.file = "kernel-shim/asm";
  isa::Assembly text =
      isa::assemble(definitions(config, machine) + std::string(asm_text()), kTextBase, options);
  if (text.bytes.size() > kTextSize) throw InternalError("the shim's code outgrew its region");
  return text;
}

/// A structure in the kernel's data, filled field by field.
class Object {
 public:
  Object(u64 base, u64 size) { segment_.base = base, segment_.bytes.resize(size); }
  void set(u64 offset, u64 value) {
    for (unsigned i = 0; i < 8; ++i) segment_.bytes.at(offset + i) = static_cast<u8>(value >> (8 * i));
  }
  u64 get(u64 offset) const {
    u64 value = 0;
    for (unsigned i = 0; i < 8; ++i) value |= u64{segment_.bytes.at(offset + i)} << (8 * i);
    return value;
  }
  u64 base() const { return segment_.base; }
  const model::Segment& segment() const { return segment_; }

 private:
  model::Segment segment_;
};

u64 mm_address(int process) {
  return kMmBase + static_cast<u64>(process) * kMmSize;
}
u64 run_queue_address(unsigned core) {
  return kRunQueueBase + core * kRunQueueSize;
}
u64 idle_address(unsigned core) {
  return kTaskBase + core * kTaskSize;
}

class Builder {
 public:
  Builder(const ShimConfig& config, const model::MachineConfig& machine)
      : config_(config), machine_(machine), switch_(uses_switch(config, machine)), text_(assemble_text(config, machine)) {}

  Shim build() {
    for (unsigned c = 0; c < machine_.cores; ++c) make_core(c);
    for (std::size_t p = 0; p < config_.processes.size(); ++p) make_mm(static_cast<int>(p));
    for (std::size_t t = 0; t < config_.threads.size(); ++t) make_thread(static_cast<unsigned>(t));
    for (unsigned c = 0; c < machine_.cores; ++c) link_core(c);
    link_reserves();
    make_program();
    name_symbols();
    return std::move(shim_);
  }

 private:
  u64 label(const char* name) const {
    const auto found = text_.labels.find(name);
    if (found == text_.labels.end()) throw InternalError(fmt::format("the shim has no label {}", name));
    return found->second;
  }
  u64 address(std::size_t thread) const { return task_address(machine_, static_cast<unsigned>(thread)); }
  u64 initial_actlr(bool tso) const {
    return switch_ && (tso || machine_.core[0].tso_at_reset) ? kActlrTso : 0;
  }

  void make_core(unsigned c) {
    Object rq(run_queue_address(c), kRunQueueSize);
    rq.set(RunQueueField::Idle, idle_address(c));
    rq.set(RunQueueField::Cpu, c);
    queues_.push_back(rq);
    Object task(idle_address(c), kTaskSize);
    task.set(TaskField::Cpu, c);
    task.set(TaskField::Preempt, 1);
    task.set(TaskField::Resume, label("idle"));
    task.set(TaskField::Actlr, initial_actlr(false));
    set_tag_checks(task, c);
    idle_.push_back(task);
  }

  /// As if each thread had asked for the checks that the machine gives to the core it begins on.
  void set_tag_checks(Object& task, unsigned core) const {
    const model::TagChecks checks = machine_.core[core].tag_checks;
    if (!machine_.tagging || checks == model::TagChecks::Off) return;
    const u64 sync = checks != model::TagChecks::Asynchronous, async = checks != model::TagChecks::Synchronous;
    task.set(TaskField::Tcf, static_cast<u64>(checks));
    task.set(TaskField::TagCtrl, 1 | sync << 1 | async << 2 | u64{0xffff} << 3);
  }

  void make_mm(int p) {
    const ProcessConfig& process = config_.processes[static_cast<std::size_t>(p)];
    Object mm(mm_address(p), kMmSize);
    mm.set(MmField::Ttbr0, u64{process.asid} << 48);
    mm.set(MmField::Users, static_cast<u64>(std::count_if(
                               config_.threads.begin(), config_.threads.end(),
                               [&](const ThreadConfig& t) { return t.process == p && !t.reserve; })));
    mm.set(MmField::MembarrierState, process.membarrier_state);
    mms_.push_back(mm);
  }

  /// mm_cid: threads of a process that are on cores differ in it, and it is below the number of either. Threads are numbered in
  /// the order in which they come to exist if there are no more than cores; else ~0: they take the number of the core.
  u64 concurrency_id(std::size_t index) const {
    const ThreadConfig& t = config_.threads[index];
    u64 before = 0, all = 0;
    for (std::size_t i = 0; i < config_.threads.size(); ++i) {
      const ThreadConfig& other = config_.threads[i];
      if (other.process != t.process) continue;
      ++all;
      before += other.reserve == t.reserve ? i < index : t.reserve;
    }
    return all <= machine_.cores ? before : ~u64{0};
  }

  void make_thread(unsigned index) {
    const ThreadConfig& t = config_.threads[index];
    Object task(address(index), kTaskSize);
    task.set(TaskField::Tid, index + 1);
    task.set(TaskField::Cpu, t.core);
    task.set(TaskField::State, t.reserve ? TaskState::New : TaskState::Running);
    task.set(TaskField::Actlr, initial_actlr(t.tso));
    task.set(TaskField::Sp0, t.stack);
    task.set(TaskField::Elr, t.entry);
    task.set(TaskField::Handler, t.handler);
    set_tag_checks(task, t.core);
    task.set(TaskField::Rseq, t.rseq);
    task.set(TaskField::RseqSignature, kRseqSignature);
    task.set(TaskField::RseqLength, kRseqSize);
    task.set(TaskField::ConcurrencyId, concurrency_id(index));
    task.set(TaskField::Resume, t.process < 0 ? t.entry : label("ret_to_user"));
    if (t.process >= 0) {
      task.set(TaskField::Mm, mm_address(t.process));
      task.set(TaskField::ActiveMm, mm_address(t.process));
    }
    for (const auto& [reg, value] : t.registers) task.set(saved_at(reg), value);
    if (t.process < 0 && !t.registers.empty()) {
      // As if it had called kthread_yield in front of its first instruction.
      task.set(TaskField::Resume, label("kthread_resume"));
      task.set(saved_at(isa::x_reg(30)), t.entry);
    }
    tasks_.push_back(task);
  }

  static u64 saved_at(Reg r) {
    if (r == Reg::TPIDR_EL0) return TaskField::Tpidr0;
    return TaskField::X0 + 8 * isa::index(r);
  }

  std::vector<std::size_t> threads_of(unsigned core) const {
    std::vector<std::size_t> out;
    for (const bool first : {true, false}) {
      for (std::size_t t = 0; t < config_.threads.size(); ++t) {
        const ThreadConfig& c = config_.threads[t];
        if (c.core == core && !c.reserve && c.first == first) out.push_back(t);
      }
    }
    return out;
  }

  void link_core(unsigned c) {
    const std::vector<std::size_t> own = threads_of(c);
    for (std::size_t i = 0; i < own.size(); ++i) {
      tasks_[own[i]].set(TaskField::Next, address(own[(i + 1) % own.size()]));
    }
    borrow_mm(own);
    idle_[c].set(TaskField::Next, own.empty() ? idle_address(c) : address(own.front()));
    queues_[c].set(RunQueueField::Curr, own.empty() ? idle_address(c) : address(own.front()));
    const u64 mm = own.empty() ? 0 : tasks_[own.front()].get(TaskField::ActiveMm);
    for (const Object& m : mms_)
      if (m.base() == mm) queues_[c].set(RunQueueField::MembarrierState, m.get(MmField::MembarrierState));
    shim_.program.reset.push_back(own.empty() ? kernel_reset(idle_[c], c) : thread_reset(own.front()));
  }

  /// As if the kernel thread that runs first on a core had just replaced the next thread with an address space.
  void borrow_mm(const std::vector<std::size_t>& own) {
    if (own.empty() || config_.threads[own.front()].process >= 0) return;
    const auto user = std::find_if(own.begin(), own.end(),
                                   [&](std::size_t t) { return config_.threads[t].process >= 0; });
    if (user != own.end()) tasks_[own.front()].set(TaskField::ActiveMm, tasks_[*user].get(TaskField::Mm));
  }

  void link_reserves() {
    for (std::size_t i = config_.threads.size(); i-- > 0;) {
      const ThreadConfig& t = config_.threads[i];
      if (!t.reserve) continue;
      Object& mm = mms_[static_cast<std::size_t>(t.process)];
      tasks_[i].set(TaskField::Next, mm.get(MmField::FreeTasks));
      mm.set(MmField::FreeTasks, address(i));
    }
  }

  model::ResetState common_reset(const Object& task, unsigned core) const {
    model::ResetState r;
    r.registers = {{Reg::SP_EL1, {task.base(), 0}},
                   {Reg::TPIDR_EL1, {run_queue_address(core), 0}},
                   {Reg::VBAR_EL1, {kTextBase, 0}},
                   {Reg::ICC_PMR_EL1, {0xff, 0}},
                   {Reg::ICC_IGRPEN1_EL1, {1, 0}}};
    if (switch_) r.registers.push_back({Reg::ACTLR_EL1, {task.get(TaskField::Actlr), 0}});
    if (config_.timer_period != 0 || machine_.timer_ticks != 0) {
      const u64 first = config_.timer_period != 0 ? config_.timer_period : ~u64{0};
      r.registers.push_back({Reg::CNTV_CTL_EL0, {1, 0}});
      r.registers.push_back({Reg::CNTV_CVAL_EL0, {first, 0}});
    }
    return r;
  }

  model::ResetState kernel_reset(const Object& task, unsigned core) const {
    model::ResetState r = common_reset(task, core);
    r.pc = task.get(TaskField::Resume);
    r.el = 1;
    r.daif = kMaskedInterrupts;
    r.sp_sel = true;
    add_general_registers(r, task);
    for (const Object& mm : mms_)
      if (mm.base() == task.get(TaskField::ActiveMm)) add_register(r, Reg::TTBR0_EL1, mm.get(MmField::Ttbr0));
    return r;
  }

  /// As if ret_to_user had just executed its ERET.
  model::ResetState thread_reset(std::size_t index) const {
    const ThreadConfig& t = config_.threads[index];
    const Object& task = tasks_[index];
    if (t.process < 0) {
      model::ResetState r = kernel_reset(task, t.core);
      r.pc = t.entry;
      return r;
    }
    model::ResetState r = common_reset(task, t.core);
    r.pc = t.entry;
    add_general_registers(r, task);
    add_register(r, Reg::SP_EL0, t.stack);
    add_register(r, Reg::TPIDR_EL0, task.get(TaskField::Tpidr0));
    add_register(r, Reg::TTBR0_EL1, mms_[static_cast<std::size_t>(t.process)].get(MmField::Ttbr0));
    return r;
  }

  static void add_general_registers(model::ResetState& r, const Object& task) {
    for (unsigned n = 0; n < 31; ++n) add_register(r, isa::x_reg(n), task.get(saved_at(isa::x_reg(n))));
  }
  static void add_register(model::ResetState& r, Reg reg, u64 value) {
    if (value != 0) r.registers.push_back({reg, {value, 0}});
  }

  /// __kernel_rt_sigreturn, in the page that every process has from the kernel.
  static void add_sigtramp(model::Program& p) {
    isa::AssemblerOptions options;
    options.file = "sigtramp";
    const isa::Assembly a = isa::assemble("mov x8, #139\nsvc #0\n", kSigtrampBase, options);
    p.regions.push_back(
        {kSigtrampBase, kSigtrampSize, model::kReadEl0 | model::kExecEl0, -1, "kernel signal return"});
    p.segments.push_back({kSigtrampBase, a.bytes});
    p.indirect_targets.push_back(kSigtrampBase);
  }

  /// cpu_id_start, cpu_id, node_id and mm_cid, as the registration has left them.
  void write_rseq_ids(std::size_t index, std::vector<model::Segment>& segments) const {
    const ThreadConfig& t = config_.threads[index];
    if (t.rseq == 0) return;
    const u64 id = concurrency_id(index);
    const std::pair<u64, u64> words[] = {{0, t.core}, {4, t.core}, {20, 0}, {24, id == ~u64{0} ? t.core : id}};
    for (model::Segment& s : segments) {
      for (const auto& [offset, value] : words) {
        for (unsigned i = 0; i < 4; ++i) {
          const u64 at = t.rseq + offset + i - s.base;
          if (at < s.bytes.size()) s.bytes[at] = static_cast<u8>(value >> (8 * i));
        }
      }
    }
  }

  void make_program() {
    model::Program& p = shim_.program;
    constexpr u8 code = model::kReadEl1 | model::kExecEl1;
    constexpr u8 data = model::kReadEl1 | model::kWriteEl1;
    p.has_kernel = true;
    p.indirect_targets = config_.indirect_targets;
    // Where cpu_switch_to comes back to. It matters if the ERET behind it may be fetched past.
    if (!machine_.eos) p.indirect_targets.push_back(label("ret_to_user"));
    p.regions = config_.regions;
    p.segments = config_.segments;
    for (std::size_t t = 0; t < config_.threads.size(); ++t) write_rseq_ids(t, p.segments);
    if (handles_signals(config_)) add_sigtramp(p);
    p.regions.push_back({kTextBase, kTextSize, code, -1, "kernel text"});
    p.regions.push_back({kRunQueueBase, machine_.cores * kRunQueueSize, data, -1, "kernel run queues"});
    p.regions.push_back({kGlobalsBase, kGlobalsSize, data, -1, "kernel globals"});
    p.regions.push_back({kMmBase, kMaxProcesses * kMmSize, data, -1, "kernel address spaces"});
    p.regions.push_back({kTaskBase, (machine_.cores + kMaxThreads) * kTaskSize, data, -1, "kernel tasks"});
    std::sort(p.regions.begin(), p.regions.end(),
              [](const model::Region& a, const model::Region& b) { return a.base < b.base; });
    p.segments.push_back({kTextBase, text_.bytes});
    for (const std::vector<Object>* group : {&queues_, &mms_, &idle_, &tasks_}) {
      for (const Object& o : *group) p.segments.push_back(o.segment());
    }
    std::sort(p.segments.begin(), p.segments.end(),
              [](const model::Segment& a, const model::Segment& b) { return a.base < b.base; });
  }

  void name_symbols() {
    std::map<std::string, u64>& s = shim_.symbols;
    s = text_.labels;
    s["taint"] = kGlobalsBase + GlobalField::Taint;
    for (unsigned c = 0; c < machine_.cores; ++c) {
      const std::string rq = fmt::format("rq{}", c);
      s[rq] = run_queue_address(c);
      s[rq + ".curr"] = run_queue_address(c) + RunQueueField::Curr;
      s[rq + ".membarrier_state"] = run_queue_address(c) + RunQueueField::MembarrierState;
      s[rq + ".panic_esr"] = run_queue_address(c) + RunQueueField::PanicEsr;
      s[fmt::format("idle{}", c)] = idle_address(c);
    }
    for (std::size_t p = 0; p < config_.processes.size(); ++p) {
      const std::string mm = "mm_" + config_.processes[p].name;
      s[mm] = mms_[p].base();
      s[mm + ".membarrier_state"] = mms_[p].base() + MmField::MembarrierState;
    }
    for (std::size_t t = 0; t < config_.threads.size(); ++t) {
      const std::string task = "task_" + config_.threads[t].name;
      s[task] = address(t);
      static constexpr std::array<std::pair<const char*, u64>, 9> kFields{{{"actlr", TaskField::Actlr},
                                                                           {"mm", TaskField::Mm},
                                                                           {"state", TaskField::State},
                                                                           {"exit", TaskField::Exit},
                                                                           {"fault_esr", TaskField::FaultEsr},
                                                                           {"fault_pc", TaskField::FaultPc},
                                                                           {"fault_far", TaskField::FaultFar},
                                                                           {"cpu", TaskField::Cpu},
                                                                           {"tid", TaskField::Tid}}};
      for (const auto& [name, offset] : kFields) s[task + "." + name] = address(t) + offset;
      for (unsigned n = 0; n < 31; ++n)
        s[fmt::format("{}.x{}", task, n)] = address(t) + TaskField::X0 + 8 * n;
    }
  }

  const ShimConfig& config_;
  const model::MachineConfig& machine_;
  bool switch_;
  isa::Assembly text_;
  std::vector<Object> queues_, idle_, mms_, tasks_;
  Shim shim_;
};

}  // namespace

Capabilities detect(const model::MachineConfig& machine) {
  Capabilities can{true, true};
  for (unsigned c = 0; c < machine.cores; ++c) {
    const model::CoreConfig& core = machine.core[c];
    can.tso_switch = can.tso_switch && advertises_switch(core);
    can.tso_fixed = can.tso_fixed && core.tso == model::TsoSupport::Fixed;
  }
  return can;
}

std::map<std::string, u64> text_symbols(const ShimConfig& config, const model::MachineConfig& machine) {
  std::map<std::string, u64> exported;
  const isa::Assembly text = assemble_text(config, machine);
  for (const auto& [name, address] : text.labels) {
    if (name.starts_with("kthread_") && address < text.labels.at("exports_end")) exported[name] = address;
  }
  return exported;
}

Shim build(const ShimConfig& config, const model::MachineConfig& machine) {
  check(config, machine);
  return Builder(config, machine).build();
}

u64 task_address(const model::MachineConfig& machine, unsigned thread) {
  return kTaskBase + (machine.cores + thread) * kTaskSize;
}

}  // namespace isobar::kernel
