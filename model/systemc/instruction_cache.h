// One core's L1 instruction cache: incoherent, so it also remembers what its lines were filled with.
//
// Owns: timing state and the words of its lines, which is how a stale line comes to be executed in timed
// runs. Must not know: which versions of a word the architecture allows (the fabric maps a remembered word to
// a version).
#pragma once

#include <tlm_utils/passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "model/systemc/cache_array.h"
#include "model/systemc/memory.h"

namespace isobar::systemc {

class InstructionCache final : public sc_core::sc_module {
 public:
  /// One instruction word of a line.
  struct Word {
    u32 value = 0;
    bool valid = false;
  };
  /// Copyable timing state and counters.
  struct State {
    CacheArray lines;
    std::vector<Word> words;  ///< line index * words per line + word in line
    u64 hits = 0;
    u64 misses = 0;
    u64 prefetched = 0;   ///< lines that came with another
    u64 invalidated = 0;  ///< lines dropped by IC
  };

  tlm_utils::passthrough_target_socket<InstructionCache> cpu{"cpu"};
  tlm_utils::passthrough_target_socket<InstructionCache> snoop{"snoop"};
  tlm_utils::simple_initiator_socket<InstructionCache> bus{"bus"};

  InstructionCache(const sc_core::sc_module_name& name, const StorageContext& context);

  /// Empties the cache. `supplies_data`: a hit returns the remembered word whatever comes from below; for
  /// platforms whose memory is not ours and therefore knows no versions. Else a hit goes no further.
  void configure(const PlatformConfig& config, unsigned line_bytes, bool supplies_data);
  const State& state() const { return state_; }
  /// The remembered word at `addr`, which a fetch would take `latency()` to get; nullptr on a miss.
  const Word* find(u64 addr, unsigned* line = nullptr) const;
  u64 latency() const { return latency_; }
  void set_state(const State& s) { state_ = s; }

 private:
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  unsigned transport_debug(tlm::tlm_generic_payload& p);
  void snooped(tlm::tlm_generic_payload& p, sc_core::sc_time& delay);
  void fetch(tlm::tlm_generic_payload& p, MemoryAttributes& a, sc_core::sc_time& delay);
  void fill(u64 addr, u32 word, unsigned core);
  void prefetch(u64 addr, unsigned core);
  /// Reads a line as the point of unification supplies it at this moment into the buffer; how many bytes there are. A
  /// component without debug transport has none.
  unsigned read_line(u64 addr, unsigned core);
  /// Remembers the buffer as the line of `addr`, which is or becomes one of the cache.
  Word* remember(u64 addr, unsigned bytes);
  const StorageContext& context_;
  State state_;
  u64 latency_ = 0;
  unsigned prefetched_lines_ = 0;
  bool supplies_data_ = false;
  tlm::tlm_generic_payload fill_payload_;
  MemoryAttributes fill_attributes_;
  std::vector<unsigned char> fill_buffer_;
};

}  // namespace isobar::systemc
