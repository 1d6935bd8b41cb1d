// Routes transactions by address and sends snoops and maintenance back to the cores.
//
// Owns: the address map (interrupt controller window, everything else is memory) and the broadcasts. Must not
// know: what is behind the sockets. Serialisation point: one b_transport call at a time is one atomic action.
#pragma once

#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <array>

#include "model/systemc/memory_attributes.h"
#include "model/systemc/platform_config.h"

namespace isobar::systemc {

class Interconnect final : public sc_core::sc_module {
 public:
  tlm_utils::multi_passthrough_target_socket<Interconnect> in{"in"};
  tlm_utils::simple_initiator_socket<Interconnect> memory{"memory"};
  tlm_utils::simple_initiator_socket<Interconnect> interrupt_controller{"interrupt_controller"};

  explicit Interconnect(const sc_core::sc_module_name& name);

  /// Binds the snoop port of core `core`. The order of calls is of no consequence.
  void connect_core(unsigned core, TargetSocket& target);
  /// `cores`: how many take part. `maintenance_to_memory`: forward TLM_IGNORE_COMMAND to the memory target.
  void configure(const PlatformConfig& config, unsigned cores, bool dic, bool maintenance_to_memory);

 private:
  void transport(int id, tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(int id, tlm::tlm_generic_payload& p);
  void broadcast(const MemoryAttributes& a, u64 addr);
  void broadcast_debug(const MemoryAttributes& a, u64 addr);
  void prepare_snoop(const MemoryAttributes& a, u64 addr);
  bool is_interrupt_controller(u64 addr) const { return addr - window_base_ < window_size_; }
  /// Ticks this hop takes, once the snoops have answered in `a`.
  u64 latency(const MemoryAttributes& a, bool snooped) const;

  tlm_utils::multi_passthrough_initiator_socket<Interconnect> snoop_{"snoop"};
  std::array<int, kMaxCores> snoop_index_{};  ///< core to index in snoop_
  int snoop_count_ = 0;
  PlatformConfig config_;
  unsigned cores_ = 0;
  bool dic_ = false;
  bool maintenance_to_memory_ = true;
  u64 window_base_ = 0, window_size_ = 0;
  tlm::tlm_generic_payload snoop_payload_;
  MemoryAttributes snoop_attributes_;
  unsigned char snoop_byte_ = 0;
};

}  // namespace isobar::systemc
