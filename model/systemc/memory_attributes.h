// The one side-band of the platform: what an atomic action is, beyond what the generic payload says.
//
// clang-format off
// | field          | set by        | used by              | meaning
// |----------------|---------------|----------------------|-------------------------------------------------------
// | kind           | core, snooper | all                  | the action; what TLM_IGNORE_COMMAND stands for
// | core           | core          | caches, interconnect | observer: on whose behalf this happens
// | version        | core          | memory               | Fetch: which version of a modified instruction word
// | intid          | core, timer   | nobody of ours       | EndOfInterrupt, TimerInterrupt: INTID (also the data)
// | acquire, release, exclusive, atomic | core | nobody of ours | of the instruction: ordering is the core's work
// | timed          | core          | caches, interconnect | caches take part; false: pass through, leave no trace
// | quote          | core          | all (debug transport)| only answer how long it would take; nothing changes
// | hit            | L1 caches     | interconnect, memory | an L1 answers: no latency, no snoop further down,
// |                |               |                      | which it only goes if somebody has to be told
// | owned          | D caches      | interconnect, memory | a D cache has the data: memory need not supply it;
// |                |               |                      | Fetch: the point of unification may be older
// | shared         | D caches      | D cache, interconnect| another D cache has a copy (a write makes it drop it)
// | word_known, word | I cache     | platform             | Fetch, hit: the word the line was filled with
// | latency        | all           | core                 | answer to a quote, ticks
// clang-format on
//
// Mandatory: a target of ours answers TLM_GENERIC_ERROR_RESPONSE without it. Owns: this table.
// Must not know: modules.
#pragma once

#include <systemc>
#include <tlm>

#include "model/storage/storage.h"

namespace isobar::systemc {

using TargetSocket = tlm::tlm_base_target_socket_b<>;
using InitiatorSocket = tlm::tlm_initiator_socket<>;

/// Mandatory extension of every transaction between modules of the platform; fields as in the table above.
struct MemoryAttributes final : tlm::tlm_extension<MemoryAttributes> {
  model::AccessKind kind = model::AccessKind::Read;
  u8 core = 0;
  u16 version = 0;
  u32 intid = 0;
  bool acquire = false;
  bool release = false;
  bool exclusive = false;
  bool atomic = false;
  bool timed = false;
  bool quote = false;
  bool hit = false;
  bool owned = false;
  bool shared = false;
  bool word_known = false;
  u32 word = 0;
  u64 latency = 0;

  tlm::tlm_extension_base* clone() const override;
  void copy_from(const tlm::tlm_extension_base& other) override;
};

/// The attributes of `p`; nullptr if it carries none.
inline MemoryAttributes* attributes(tlm::tlm_generic_payload& p) {
  return p.get_extension<MemoryAttributes>();
}

/// Whether `kind` moves data through memory (rather than maintaining caches or talking to the interrupt
/// controller).
constexpr bool is_memory(model::AccessKind kind) {
  return kind == model::AccessKind::Read || kind == model::AccessKind::Write ||
         kind == model::AccessKind::Fetch;
}
/// Whether `kind` is cache maintenance: TLM_IGNORE_COMMAND.
constexpr bool is_maintenance(model::AccessKind kind) {
  return kind == model::AccessKind::CleanData || kind == model::AccessKind::InvalidateLine ||
         kind == model::AccessKind::InvalidateAllLocal || kind == model::AccessKind::InvalidateAll;
}

/// Model time to kernel time: one tick is one nanosecond. Integers only.
inline sc_core::sc_time to_sc_time(u64 ticks) {
  return sc_core::sc_time::from_value(ticks * 1000);
}
inline u64 to_ticks(const sc_core::sc_time& t) {
  return t.value() / 1000;
}

}  // namespace isobar::systemc
