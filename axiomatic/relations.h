// Relations between the memory events of an execution: rf, co, fr and the same-location parts of program order.
//
// Owns: what follows from addresses, sources and the order of writes, byte by byte. Must not know: dependencies,
// barriers, axioms. Relations are lists of pairs without duplicates, in a fixed order; where a relation is transitive
// only neighbours are listed.
#pragma once

#include <array>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "axiomatic/event.h"
#include "trace/execution.h"

namespace isobar::axiomatic {

using Pair = std::pair<EventId, EventId>;

/// Coherence order, byte by byte.
class Coherence {
 public:
  Coherence() = default;
  explicit Coherence(const std::vector<Event>& events, const std::vector<EventId>& of_write);

  /// The writes of a byte, oldest first; the initial contents are before them.
  const std::vector<EventId>& writes(u64 byte) const;
  /// Place of a source (index into Execution::writes, or trace::kInitialWrite: -1) in writes(byte).
  std::ptrdiff_t position(u64 byte, i32 source) const;
  /// The first write after `position` by a core other than `core`; kNoEvent if there is none.
  EventId first_external(u64 byte, std::ptrdiff_t position, u8 core) const;

 private:
  struct History {
    std::vector<EventId> write;
    std::vector<i32> number;            ///< Execution::writes index of each
    std::vector<u8> core;               ///< who wrote it
    std::vector<std::size_t> next_run;  ///< index of the next write by another core than this one's
  };
  std::unordered_map<u64, History> byte_;
};

struct FromRead {
  EventId read = kNoEvent, write = kNoEvent;
  u64 byte = 0;
};

struct Relations {
  Coherence coherence;
  std::vector<Pair> rf;        ///< W, R: all, external and internal
  std::vector<Pair> co;        ///< W, W': neighbours on some byte
  std::vector<FromRead> fr;    ///< R, W', byte: the neighbour of its source on that byte
  std::vector<Pair> fre_any;   ///< R, W': on some byte, the first write by another core after the source
  std::vector<Pair> lmws;      ///< M, W: po, same location, nothing in between that orders them already
  std::vector<Pair> lmrs;      ///< W, R: po, same location, no write in between
  /// Per load, per byte: the store of its lmrs; kNoEvent where there is none.
  std::map<EventId, std::array<EventId, 16>> local_store;
  std::vector<Pair> rmw;       ///< R, W
  std::vector<Pair> irf;       ///< W, F: rf of fetches
  std::vector<FromRead> ifr;   ///< F, W', byte: fr of fetches, in the order of F
};

Relations relate(const std::vector<Event>& events, const std::vector<EventId>& of_write);

inline bool overlap(const Event& a, const Event& b) {
  return a.addr < b.addr + b.size && b.addr < a.addr + a.size;
}

}  // namespace isobar::axiomatic
