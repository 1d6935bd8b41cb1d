// One core's L1 data cache: MESI states and LRU decide how long an access takes.
//
// Owns: timing state. Must not know: data. Functional data always comes from the home of the address, because
// what a coherent cache returns is by definition what memory holds; a hit only hides the latency of the way
// there.
#pragma once

#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "model/systemc/cache_array.h"
#include "model/systemc/memory_attributes.h"

namespace isobar::systemc {

class DataCache final : public sc_core::sc_module {
 public:
  /// Copyable timing state and counters.
  struct State {
    CacheArray lines;
    u64 hits = 0;
    u64 misses = 0;
    u64 upgrades = 0;    ///< writes to a line held Shared
    u64 writebacks = 0;  ///< modified lines evicted or taken by a snoop
  };

  tlm_utils::passthrough_target_socket<DataCache> cpu{"cpu"};
  tlm_utils::passthrough_target_socket<DataCache> snoop{"snoop"};
  tlm_utils::simple_initiator_socket<DataCache> bus{"bus"};

  explicit DataCache(const sc_core::sc_module_name& name);

  /// Empties the cache.
  void configure(const PlatformConfig& config, unsigned line_bytes);
  const State& state() const { return state_; }
  void set_state(const State& s) { state_ = s; }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(tlm::tlm_generic_payload& p);
  void snooped(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned snooped_debug(tlm::tlm_generic_payload& p);
  void access(tlm::tlm_generic_payload& p, MemoryAttributes& a, sc_core::sc_time& delay);

  State state_;
  u64 load_latency_ = 0;
  u64 store_latency_ = 0;
};

}  // namespace isobar::systemc
