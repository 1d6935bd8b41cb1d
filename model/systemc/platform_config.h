// Latencies and geometry of the timed platform. They choose the schedule, never the set of allowed
// behaviours.
//
// Owns: parameters, their defaults and validity. Must not know: SystemC. One tick is one nanosecond of model
// time.
#pragma once

#include <string>

#include "support/types.h"

namespace isobar::systemc {

/// Size of one cache; the line is MachineConfig::line_bytes.
struct CacheGeometry {
  unsigned sets = 64;  ///< a power of two, 1 to 65536
  unsigned ways = 4;   ///< 1 to 64
};

/// How many steps of one kind a core takes in one tick, each 1 to 64.
struct Widths {
  unsigned fetch = 1;
  unsigned load = 1;
  unsigned store = 1;  ///< stores that leave the store buffer
  unsigned other = 1;
};

/// What a core's pipeline adds to the latencies of the platform. All off unless `on`. Latencies in ticks.
struct PipelineConfig {
  bool on = false;
  unsigned load_queue = 64;   ///< loads in flight, 1 to 64
  unsigned store_queue = 64;  ///< stores in flight, 1 to 64
  unsigned load_misses = 64;  ///< lines on their way for loads, 1 to 64
  unsigned store_misses = 64;  ///< lines on their way for stores, 1 to 64
  /// A load that has to wait for an older access, other than behind a barrier, fetches its line meanwhile.
  bool early_loads = false;
  /// Stores, counted from the oldest that has not left the store buffer, whose lines are fetched ahead, 0 to 64.
  unsigned owned_ahead = 0;
  /// A line that another core takes while an access to it is on its way is fetched once more.
  bool lost_lines = false;
  /// An access goes with the line that an older one has asked for.
  bool merged_misses = false;
  /// Added when a load that waited for its order, with its line there, has to fetch the line once more
  /// because another core has written to it.
  unsigned replay = 0;
  unsigned acquire = 0;  ///< added to a load with acquire semantics
  unsigned release = 0;  ///< added to a store with release semantics
  unsigned atomic = 0;   ///< added to an atomic or exclusive store
  unsigned atomic_release = 0;  ///< further added to an atomic with release semantics
  unsigned dmb_load = 0, dmb_store = 0, dmb_full = 0, dsb = 0;  ///< from complete to what it held back
  unsigned dmb_every = 0, dsb_every = 0;  ///< from one such barrier to the next, whatever is in flight
  unsigned isb = 0;               ///< until the next fetch, also after a system register write
  unsigned exception_entry = 0;   ///< until the first fetch of the handler
  unsigned exception_return = 0;  ///< until the first fetch after ERET
  unsigned wrong_guess = 0;       ///< until the first fetch of the right path
};

/// Everything that makes two timed platforms differ. Latencies in ticks, 0 to 1'000'000.
struct PlatformConfig {
  CacheGeometry icache;
  CacheGeometry dcache;
  unsigned prefetched_lines = 1;  ///< lines behind one that missed in the L1 I cache that come with it, 0 to 16

  unsigned fetch_latency = 1;          ///< hit in the L1 I cache, per instruction
  unsigned load_latency = 4;           ///< hit in the L1 D cache
  unsigned store_latency = 1;          ///< hit with ownership in the L1 D cache
  unsigned forward_latency = 2;        ///< load served by the store buffer
  unsigned drain_delay = 8;            ///< from a store being able to leave the store buffer to its attempt
  unsigned interconnect_latency = 20;  ///< both directions together
  unsigned snoop_latency = 15;         ///< asking the other D caches, where one has to act
  unsigned memory_latency = 80;
  unsigned maintenance_latency = 30;  ///< DC or IC, added to the interconnect
  unsigned interrupt_latency = 10;    ///< interrupt controller access, and from pending to taken
  unsigned predict_latency = 1;       ///< direction of a branch
  unsigned system_latency = 2;        ///< system register effects, host calls
  unsigned retry_interval = 2;  ///< an atomic that cannot complete in one piece is looked at again after this
  unsigned start_skew = 64;     ///< cores start 0 to this many ticks late, by hash of the seed
  unsigned jitter = 6;          ///< accesses take 0 to this many ticks longer, by hash of the seed
  bool predict_branches = true;  ///< false: fetch waits for every conditional branch
  Widths widths;
  PipelineConfig pipeline;

  u64 interrupt_controller_base = u64{1} << 52;  ///< outside the 48-bit physical addresses a region may have
  u64 interrupt_controller_size = 0x10000;       ///< bytes

  /// Human-readable reason why the parameters do not make sense; empty if they do.
  std::string invalid() const;
};

}  // namespace isobar::systemc
