// One core's L1 data cache: MESI states and LRU decide how long an access takes.
//
// Owns: timing state. Must not know: data. What a coherent cache returns is by definition what memory holds, so a hit is
// performed on the storage like any other access; it only does not take the way there.
#pragma once

#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "model/systemc/cache_array.h"
#include "model/systemc/memory.h"

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

  DataCache(const sc_core::sc_module_name& name, const StorageContext& context);

  /// Empties the cache. `reads_end`, `writes_end`: those that hit go no further.
  void configure(const PlatformConfig& config, unsigned line_bytes, bool reads_end, bool writes_end);
  const State& state() const { return state_; }
  /// Would a Read or Write of `addr` hit? Then it takes `latency()`.
  bool hits(model::AccessKind kind, u64 addr) const;
  u64 latency(model::AccessKind kind) const { return kind == model::AccessKind::Read ? load_latency_ : store_latency_; }
  void set_state(const State& s) { state_ = s; }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(tlm::tlm_generic_payload& p);
  void snooped(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned snooped_debug(tlm::tlm_generic_payload& p);
  void access(tlm::tlm_generic_payload& p, MemoryAttributes& a, sc_core::sc_time& delay);

  const StorageContext& context_;
  State state_;
  u64 load_latency_ = 0;
  u64 store_latency_ = 0;
  bool reads_end_ = false, writes_end_ = false;
};

}  // namespace isobar::systemc
