// The port of one core to the platform: turns atomic actions of the model into transactions, and receives
// snoops.
//
// Owns: one payload per direction. Must not know: what instructions do (model/machine does).
#pragma once

#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <array>

#include "model/systemc/memory_attributes.h"
#include "model/systemc/platform_config.h"

namespace isobar::systemc {

/// What a transaction told besides its data.
struct Reply {
  u64 ticks = 0;            ///< latency
  bool hit = false;         ///< an L1 answered
  bool owned = false;       ///< see MemoryAttributes
  bool word_known = false;  ///< Fetch: `word` is what the I cache would supply
  u32 word = 0;
};

class CoreModule final : public sc_core::sc_module {
 public:
  tlm_utils::simple_initiator_socket<CoreModule> insn{"insn"};
  tlm_utils::simple_initiator_socket<CoreModule> data{"data"};
  /// Snoops and broadcast maintenance from the interconnect.
  tlm_utils::passthrough_target_socket<CoreModule> snoop{"snoop"};
  tlm_utils::simple_initiator_socket<CoreModule> icache_snoop{"icache_snoop"};
  tlm_utils::simple_initiator_socket<CoreModule> dcache_snoop{"dcache_snoop"};

  CoreModule(const sc_core::sc_module_name& name, unsigned id);
  ~CoreModule() override;

  void configure(const PlatformConfig& config, bool dic);
  /// The machine has no such core: snoops are answered, and nothing happens.
  void switch_off() { active_ = false; }
  /// Performs `a` through the sockets, filling its outputs.
  Reply access(model::Access& a, bool timed);
  /// How long `a` would take now. Changes nothing.
  Reply quote(const model::Access& a);

 private:
  void prepare(const model::Access& a, bool timed, bool quote);
  void snooped(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned snooped_debug(tlm::tlm_generic_payload& p);

  const unsigned id_;
  bool active_ = false;
  bool dic_ = false;
  u64 interrupt_controller_base_ = 0;
  tlm::tlm_generic_payload payload_;
  MemoryAttributes attributes_;
  std::array<unsigned char, 16> buffer_{};
};

}  // namespace isobar::systemc
