// The home of memory: where the storage functions of the model are performed, and how long that takes.
//
// Owns: nothing but its latency; the bytes are in the Storage under operation. Must not know: caches, cores.
#pragma once

#include <tlm_utils/passthrough_target_socket.h>

#include "model/machine/machine.h"
#include "model/systemc/memory_attributes.h"
#include "model/systemc/platform_config.h"

namespace isobar::systemc {

/// What the modules act on during one call: set by the platform, never kept.
struct StorageContext {
  model::Storage* storage = nullptr;
  const model::Machine* machine = nullptr;

  void perform(model::Access& a) const {
    model::perform(*storage, machine->image(), machine->config(), machine->program(), a);
  }
};

/// Performs what the payload and its attributes say and answers; TLM-2.0 response status for what no core of ours sends.
void perform(const StorageContext& context, tlm::tlm_generic_payload& p, const MemoryAttributes& a);

class Memory final : public sc_core::sc_module {
 public:
  tlm_utils::passthrough_target_socket<Memory> socket{"socket"};

  Memory(const sc_core::sc_module_name& name, const StorageContext& context);

  void configure(const PlatformConfig& config) { latency_ = config.memory_latency; }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(tlm::tlm_generic_payload& p);
  u64 latency(const MemoryAttributes& a) const;
  /// One byte as the point of unification holds it; `behind`: a D cache has a newer line.
  u8 unified_byte(u64 addr, bool behind) const;

  const StorageContext& context_;
  u64 latency_ = 0;
};

/// Standard checks of a target that takes 1 to `max` bytes in one beat: what is wrong with `p`, or
/// TLM_OK_RESPONSE.
tlm::tlm_response_status check_payload(const tlm::tlm_generic_payload& p, unsigned max);

}  // namespace isobar::systemc
