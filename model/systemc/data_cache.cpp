#include "model/systemc/data_cache.h"

namespace isobar::systemc {

using model::AccessKind;

namespace {

bool is_data(AccessKind kind) {
  return kind == AccessKind::Read || kind == AccessKind::Write;
}

/// What a line in `state` is good for.
bool is_hit(AccessKind kind, LineState state) {
  return kind == AccessKind::Read ? state != LineState::Invalid : state >= LineState::Exclusive;
}

}  // namespace

DataCache::DataCache(const sc_core::sc_module_name& name, const StorageContext& context)
    : sc_module(name), context_(context) {
  cpu.register_b_transport(this, &DataCache::transport);
  cpu.register_transport_dbg(this, &DataCache::transport_debug);
  snoop.register_b_transport(this, &DataCache::snooped);
  snoop.register_transport_dbg(this, &DataCache::snooped_debug);
}

void DataCache::configure(const PlatformConfig& config, unsigned line_bytes, bool reads_end, bool writes_end) {
  state_.hits = state_.misses = state_.upgrades = state_.writebacks = 0;
  state_.lines.configure(config.dcache, line_bytes);
  load_latency_ = config.load_latency;
  store_latency_ = config.store_latency;
  reads_end_ = reads_end;
  writes_end_ = writes_end;
}

bool DataCache::hits(AccessKind kind, u64 addr) const { return is_hit(kind, state_.lines.state(addr)); }

void DataCache::transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
  MemoryAttributes* a = attributes(p);
  if (a == nullptr) {
    p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
    return;
  }
  if (a->timed && is_data(a->kind))
    access(p, *a, delay);
  else
    bus->b_transport(p, delay);
}

void DataCache::access(tlm::tlm_generic_payload& p, MemoryAttributes& a, sc_core::sc_time& delay) {
  const u64 addr = p.get_address();
  const unsigned found = state_.lines.find(addr);
  const LineState before = found == CacheArray::kNone ? LineState::Invalid : state_.lines.line(found).state;
  a.hit = is_hit(a.kind, before);
  a.owned = before != LineState::Invalid;
  delay += to_sc_time(latency(a.kind));
  sc_core::sc_time below = delay;
  if (a.hit && (a.kind == AccessKind::Read ? reads_end_ : writes_end_))
    perform(context_, p, a);
  else
    bus->b_transport(p, below);
  if (p.get_response_status() != tlm::TLM_OK_RESPONSE) return;
  const LineState after = a.kind == AccessKind::Write ? LineState::Modified
                          : a.hit                     ? before
                          : a.shared                  ? LineState::Shared
                                                      : LineState::Exclusive;
  if (a.hit)
    ++state_.hits;
  else if (found != CacheArray::kNone)
    ++state_.upgrades;
  else
    ++state_.misses;
  if (!a.hit) delay = below;
  if (found != CacheArray::kNone) {
    state_.lines.set_state(found, after);
    state_.lines.touch(found);
    return;
  }
  bool evicted_modified = false;
  state_.lines.fill(addr, after, &evicted_modified);
  if (evicted_modified) ++state_.writebacks;
}

unsigned DataCache::transport_debug(tlm::tlm_generic_payload& p) {
  MemoryAttributes* a = attributes(p);
  if (a == nullptr || !a->quote || !is_data(a->kind)) return bus->transport_dbg(p);
  const LineState state = state_.lines.state(p.get_address());
  a->hit = is_hit(a->kind, state);
  a->owned = state != LineState::Invalid;
  a->latency += latency(a->kind);
  return a->hit ? 0 : bus->transport_dbg(p);
}

void DataCache::snooped(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
  p.set_response_status(tlm::TLM_OK_RESPONSE);
  MemoryAttributes& a = *attributes(p);
  const unsigned i = state_.lines.find(p.get_address());
  if (i == CacheArray::kNone) return;
  const LineState before = state_.lines.line(i).state;
  const bool modified = before == LineState::Modified;
  switch (a.kind) {
    case AccessKind::Read:
      a.owned |= modified;
      a.shared = true;
      state_.lines.set_state(i, LineState::Shared);
      if (modified) ++state_.writebacks;
      break;
    case AccessKind::Write:
      a.owned |= modified;
      a.shared = true;
      state_.lines.set_state(i, LineState::Invalid);
      if (modified) ++state_.writebacks;
      break;
    case AccessKind::CleanData:
      if (modified) state_.lines.set_state(i, LineState::Exclusive);
      break;
    case AccessKind::Fetch: a.owned |= modified; break;
    default: break;
  }
}

unsigned DataCache::snooped_debug(tlm::tlm_generic_payload& p) {
  MemoryAttributes& a = *attributes(p);
  const LineState state = state_.lines.state(p.get_address());
  a.owned |= state == LineState::Modified;
  a.shared |= state != LineState::Invalid;
  return 0;
}

}  // namespace isobar::systemc
