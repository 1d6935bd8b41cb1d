// Two cores of Isobar and a memory of ours, whose latency depends on the address: store buffering, run with many seeds
// on the platform and searched completely.
#include <tlm_utils/simple_target_socket.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "explore/search.h"
#include "isa/assembler.h"
#include "model/systemc/timed_run.h"

using namespace isobar;

namespace {

constexpr u64 kCode = 0x10000, kData = 0x20000, kX = kData, kY = kData + 64;

/// A component as any SystemC platform has it. Loads and stores of at most 16 bytes arrive here; maintenance does not.
class SlowMemory : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<SlowMemory> socket{"socket"};

  explicit SlowMemory(const sc_core::sc_module_name& name) : sc_module(name) {
    socket.register_b_transport(this, &SlowMemory::transport);
    socket.register_transport_dbg(this, &SlowMemory::debug);
  }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    delay += sc_core::sc_time(p.get_address() < kY ? 90 : 20, sc_core::SC_NS);
    debug(p);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  unsigned debug(tlm::tlm_generic_payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      unsigned char& byte = bytes_[p.get_address() + i];
      if (p.is_read())
        p.get_data_ptr()[i] = byte;
      else
        byte = p.get_data_ptr()[i];
    }
    return p.get_data_length();
  }

  std::map<u64, unsigned char> bytes_;
};

model::Program store_buffering() {
  model::Program program;
  program.regions = {{kCode, 0x2000, model::kReadEl0 | model::kExecEl0, -1, "code"},
                     {kData, 0x1000, model::kReadEl0 | model::kWriteEl0, -1, "data"}};
  for (unsigned core = 0; core < 2; ++core) {
    const u64 pc = kCode + 0x1000 * core;
    const isa::Assembly code = isa::assemble("mov x0, #1\nstr x0, [x1]\nldr x2, [x3]\n", pc);
    program.segments.push_back({pc, code.bytes});
    program.stop.push_back(pc + code.bytes.size());
    model::ResetState reset;
    reset.pc = pc;
    reset.registers = {{isa::x_reg(1), {core == 0 ? kX : kY, 0}}, {isa::x_reg(3), {core == 0 ? kY : kX, 0}}};
    program.reset.push_back(reset);
  }
  return program;
}

}  // namespace

int sc_main(int, char*[]) {
  model::MachineConfig config;
  config.cores = 2;
  const std::vector<trace::Observable> loaded = {{trace::Observable::Kind::Register, 0, isa::x_reg(2), 0, 8, "0:X2"},
                                                 {trace::Observable::Kind::Register, 1, isa::x_reg(2), 0, 8, "1:X2"}};

  SlowMemory memory("memory");
  systemc::PlatformParts parts;
  parts.memory = &memory.socket;
  systemc::Platform platform("platform", parts);

  config.speculation = model::Speculation::Squash;
  const model::Machine machine(config, store_buffering());
  systemc::PlatformConfig latencies;
  latencies.start_skew = 4;  // both cores start at nearly the same time
  std::set<std::pair<u64, u64>> seen;
  for (u64 seed = 1; seed <= 50; ++seed) {
    systemc::TimedRun run(machine, latencies, seed, platform);
    const trace::Outcome o = explore::observe(machine, run.run().state, loaded);
    seen.insert({o.values[0].lo, o.values[1].lo});
  }
  config.speculation = model::Speculation::Prune;
  const model::Machine searched(config, store_buffering());
  const explore::SearchResult all = explore::search(searched, loaded, {});

  for (const auto& [outcome, unused] : all.outcomes) {
    const std::pair<u64, u64> values{outcome.values[0].lo, outcome.values[1].lo};
    std::printf("X2 = %llu on core 0, %llu on core 1: allowed, %s\n", static_cast<unsigned long long>(values.first),
                static_cast<unsigned long long>(values.second), seen.erase(values) != 0 ? "seen" : "not seen in 50 runs");
  }
  return seen.empty() ? 0 : 1;  // a run showed something that the architecture does not allow
}
