#include "kernel-shim/check.h"

#include <fmt/format.h>

#include "kernel-shim/layout.h"
#include "support/diagnostic.h"

namespace isobar::kernel {

namespace {

class Findings {
 public:
  template <class... A>
  void add(fmt::format_string<A...> text, A&&... args) {
    all_.push_back({{}, fmt::format(text, std::forward<A>(args)...)});
  }
  void raise() const {
    if (!all_.empty()) throw InputError(all_);
  }

 private:
  std::vector<Diagnostic> all_;
};

bool overlaps_shim(u64 base, u64 size) {
  return base < kShimEnd && base + size > kTextBase;
}

void check_thread(const ShimConfig& config, const model::MachineConfig& machine, const ThreadConfig& t,
                  Findings& f) {
  if (t.core >= machine.cores) {
    f.add("thread {}: core {} does not exist, expected 0 to {}", t.name, t.core, machine.cores - 1);
  }
  if (t.process >= static_cast<int>(config.processes.size())) {
    f.add("thread {}: process {} does not exist, there are {}", t.name, t.process, config.processes.size());
  }
  if (t.process < 0 && t.reserve) f.add("thread {}: a kernel thread cannot be the child of a clone", t.name);
  if (t.handler % 4 != 0) f.add("thread {}: handler {:#x} is not a multiple of 4", t.name, t.handler);
  if (t.rseq % 32 != 0) f.add("thread {}: rseq {:#x} is not a multiple of 32", t.name, t.rseq);
  if (t.rseq != 0 && (t.process < 0 || t.reserve))
    f.add("thread {}: only a thread that runs at the start can have an rseq area", t.name);
  if (t.entry % 4 != 0) f.add("thread {}: entry {:#x} is not a multiple of 4", t.name, t.entry);
  if (t.stack % 16 != 0) f.add("thread {}: stack {:#x} is not a multiple of 16", t.name, t.stack);
  for (const auto& [reg, value] : t.registers) {
    const bool user = reg <= isa::Reg::X30 || reg == isa::Reg::TPIDR_EL0;
    const bool kernel = reg >= isa::x_reg(19) && reg <= isa::x_reg(29);
    if (!(t.process < 0 ? kernel : user)) {
      f.add("thread {}: register {} cannot be given, expected {}", t.name, isa::name(reg),
            t.process < 0 ? "X19 to X29 (a kernel thread)" : "X0 to X30 or TPIDR_EL0");
    } else if (t.process >= 0 && reg <= isa::Reg::X30 && config.general_registers != 0 &&
               isa::index(reg) >= config.general_registers) {
      f.add("thread {}: register {} is given, but only {} general registers are preserved", t.name,
            isa::name(reg), config.general_registers);
    }
  }
}

}  // namespace

void check(const ShimConfig& config, const model::MachineConfig& machine) {
  Findings f;
  if (const std::string why = machine.invalid(); !why.empty()) f.add("machine: {}", why);
  if (config.page_size != 4096 && config.page_size != 16384 && config.page_size != 65536) {
    f.add("page size {}: expected 4096, 16384 or 65536", config.page_size);
  }
  if (config.general_registers > 31) {
    f.add("{} general registers: expected 0 to 31", config.general_registers);
  }
  if (config.vector_registers.value_or(0) > 32) {
    f.add("{} vector registers: expected 0 to 32", *config.vector_registers);
  }
  if (config.threads.size() > kMaxThreads) {
    f.add("{} threads: the shim has room for {}", config.threads.size(), kMaxThreads);
  }
  if (config.processes.size() > kMaxProcesses) {
    f.add("{} processes: the shim has room for {}", config.processes.size(), kMaxProcesses);
  }
  std::set<std::string> names;
  for (const ThreadConfig& t : config.threads) {
    if (!names.insert(t.name).second) f.add("thread {}: the name is used twice", t.name);
    check_thread(config, machine, t, f);
  }
  names.clear();
  for (const ProcessConfig& p : config.processes) {
    if (!names.insert(p.name).second) f.add("process {}: the name is used twice", p.name);
  }
  for (const model::Region& r : config.regions) {
    if (overlaps_shim(r.base, r.size))
      f.add("region {} overlaps the kernel ({:#x} to {:#x})", r.name, kTextBase, kShimEnd);
  }
  for (const model::Segment& s : config.segments) {
    if (overlaps_shim(s.base, s.bytes.size()))
      f.add("segment at {:#x} overlaps the kernel ({:#x} to {:#x})", s.base, kTextBase, kShimEnd);
  }
  f.raise();
}

}  // namespace isobar::kernel
