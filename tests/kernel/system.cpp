#include "tests/kernel/system.h"

#include <random>
#include <stdexcept>

#include "isa/assembler.h"

namespace isobar::kernel::test {

int System::process(const std::string& name, u32 membarrier_state) {
  ProcessConfig p;
  p.name = name;
  p.asid = static_cast<u16>(config.processes.size() + 1);
  p.membarrier_state = membarrier_state;
  config.processes.push_back(p);
  return static_cast<int>(config.processes.size()) - 1;
}

ThreadConfig& System::thread(const std::string& name, int process, unsigned core, const std::string& text) {
  ThreadConfig t;
  t.name = name;
  t.process = process;
  t.core = core;
  t.entry = (process < 0 ? kKernelCode : kCode) + config.threads.size() * kCodeSize;
  if (process >= 0) t.registers = {{isa::x_reg(20), kData}, {isa::x_reg(21), kData + 64}};
  config.threads.push_back(t);
  text_.push_back(text);
  return config.threads.back();
}

ThreadConfig& System::kernel_thread(const std::string& name, unsigned core, const std::string& text) {
  ThreadConfig& t = thread(name, -1, core, text);
  t.registers = {{isa::x_reg(20), kData}, {isa::x_reg(21), kData + 64}};
  return t;
}

void System::build() {
  const std::map<std::string, u64> symbols = text_symbols(config, machine_config);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    isa::AssemblerOptions options;
    options.file = config.threads[i].name;
    options.symbols = symbols;
    const u64 base = config.threads[i].entry;
    config.segments.push_back({base, isa::assemble(text_[i], base, options).bytes});
    const bool user = config.threads[i].process >= 0;
    const u8 permissions = user ? model::kReadEl0 | model::kExecEl0 | model::kReadEl1 | model::kWriteEl1
                                : model::kReadEl1 | model::kExecEl1;
    config.regions.push_back({base, kCodeSize, permissions, -1, config.threads[i].name});
  }
  constexpr u8 data = model::kReadEl0 | model::kWriteEl0 | model::kReadEl1 | model::kWriteEl1;
  config.regions.push_back({kData, kDataSize, data, -1, "data"});
  shim = kernel::build(config, machine_config);
  machine = std::make_unique<model::Machine>(machine_config, shim.program);
}

void System::run(u64 seed, u64 max_steps) {
  model::MachineConfig timed = machine_config;
  timed.speculation = model::Speculation::Squash;
  machine = std::make_unique<model::Machine>(timed, shim.program);
  state = machine->initial();
  model::DirectFabric fabric = machine->direct_fabric();
  std::mt19937_64 random(seed);
  std::vector<model::Transition> enabled;
  for (u64 step = 0; step < max_steps; ++step) {
    enabled.clear();
    machine->enabled(state, enabled);
    if (enabled.empty()) break;
    const model::Transition t = enabled[random() % enabled.size()];
    if (on_step) on_step(state, t);
    machine->apply(state, t, fabric);
    ++state.storage.time;
  }
  if (!machine->finished(state)) throw std::runtime_error("the run did not end");
  for (unsigned c = 0; c < machine_config.cores; ++c) {
    if (symbol("rq" + std::to_string(c) + ".panic_esr") != 0) throw std::runtime_error("the kernel panicked");
  }
}

u64 System::memory(u64 addr, unsigned size) const {
  return model::read_memory(state.storage, machine->image(), addr, size).lo;
}

trace::Observable System::observe_x(const std::string& thread, unsigned n) const {
  trace::Observable o;
  o.kind = trace::Observable::Kind::Memory;
  o.addr = shim.symbols.at("task_" + thread + ".x" + std::to_string(n));
  o.size = 8;
  o.label = thread + ":x" + std::to_string(n);
  return o;
}

std::vector<std::vector<u64>> System::outcomes(const std::vector<trace::Observable>& observables,
                                               explore::SearchResult* result) const {
  const model::Machine search_machine(machine_config, shim.program);
  explore::SearchOptions options;
  options.timeout_seconds = 120;
  const explore::SearchResult r = explore::search(search_machine, observables, options);
  if (r.status != explore::Status::Complete) throw std::runtime_error("search: " + r.reason);
  std::vector<std::vector<u64>> out;
  for (const auto& [outcome, info] : r.outcomes) {
    std::vector<u64> values;
    for (const Value& v : outcome.values) values.push_back(v.lo);
    out.push_back(values);
  }
  if (result != nullptr) *result = r;
  return out;
}

}  // namespace isobar::kernel::test
