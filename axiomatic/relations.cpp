#include "axiomatic/relations.h"

#include <algorithm>

namespace isobar::axiomatic {
namespace {

/// What stands since the last write of a byte on one core.
struct Recent {
  EventId write = kNoEvent;
  std::vector<EventId> reads;
};

void sort_unique(std::vector<Pair>& r) {
  std::sort(r.begin(), r.end());
  r.erase(std::unique(r.begin(), r.end()), r.end());
}

void relate_read(const std::vector<Event>& events, const std::vector<EventId>& of_write, EventId id, Relations& out) {
  const Event& r = events[id];
  for (unsigned b = 0; b < r.size; ++b) {
    const u64 byte = r.addr + b;
    const i32 source = r.source[b];
    if (source == trace::kUnknownWrite) continue;
    if (source != trace::kInitialWrite) out.rf.emplace_back(of_write[static_cast<std::size_t>(source)], id);
    const std::vector<EventId>& writes = out.coherence.writes(byte);
    const std::ptrdiff_t position = out.coherence.position(byte, source);
    if (static_cast<std::size_t>(position + 1) < writes.size()) {
      out.fr.push_back({id, writes[static_cast<std::size_t>(position + 1)], byte});
    }
    const EventId external = out.coherence.first_external(byte, position, r.core);
    if (external != kNoEvent) out.fre_any.emplace_back(id, external);
  }
}

void relate_fetch(const std::vector<Event>& events, const std::vector<EventId>& of_write, EventId id, Relations& out) {
  const Event& f = events[id];
  for (unsigned b = 0; b < f.size; ++b) {
    const i32 source = f.source[b];
    if (source == trace::kUnknownWrite) continue;
    if (source != trace::kInitialWrite) out.irf.emplace_back(of_write[static_cast<std::size_t>(source)], id);
    const std::vector<EventId>& writes = out.coherence.writes(f.addr + b);
    const auto next = static_cast<std::size_t>(out.coherence.position(f.addr + b, source) + 1);
    if (next >= writes.size()) continue;
    const bool known = !out.ifr.empty() && out.ifr.back().read == id && out.ifr.back().write == writes[next];
    if (!known) out.ifr.push_back({id, writes[next], f.addr + b});
  }
}

void relate_program_order(const std::vector<Event>& events, Relations& out) {
  std::unordered_map<u64, Recent> recent;
  for (EventId id = 0; id < events.size(); ++id) {
    const Event& e = events[id];
    if (id > 0 && events[id - 1].core != e.core) recent.clear();
    if (!e.is_memory()) continue;
    for (unsigned b = 0; b < e.size; ++b) {
      Recent& r = recent[e.addr + b];
      if (e.is_read()) {
        if (r.write != kNoEvent) {
          out.lmrs.emplace_back(r.write, id);
          auto [known, fresh] = out.local_store.try_emplace(id);
          if (fresh) known->second.fill(kNoEvent);
          known->second[b] = r.write;
        }
        r.reads.push_back(id);
        continue;
      }
      if (r.write != kNoEvent) out.lmws.emplace_back(r.write, id);
      for (EventId read : r.reads) out.lmws.emplace_back(read, id);
      r.write = id;
      r.reads.clear();
    }
    if (e.is_write() && e.partner != kNoEvent) out.rmw.emplace_back(e.partner, id);
  }
}

}  // namespace

Coherence::Coherence(const std::vector<Event>& events, const std::vector<EventId>& of_write) {
  for (EventId id : of_write) {
    if (id == kNoEvent) continue;
    const Event& w = events[id];
    for (unsigned b = 0; b < w.size; ++b) {
      History& h = byte_[w.addr + b];
      h.write.push_back(id);
      h.number.push_back(w.write);
      h.core.push_back(w.core);
    }
  }
  for (auto& [byte, h] : byte_) {
    h.next_run.assign(h.write.size(), h.write.size());
    for (std::size_t i = h.write.size(); i-- > 1;) {
      h.next_run[i - 1] = h.core[i] != h.core[i - 1] ? i : h.next_run[i];
    }
  }
}

const std::vector<EventId>& Coherence::writes(u64 byte) const {
  static const std::vector<EventId> none;
  const auto found = byte_.find(byte);
  return found == byte_.end() ? none : found->second.write;
}

std::ptrdiff_t Coherence::position(u64 byte, i32 source) const {
  const auto found = byte_.find(byte);
  if (source == trace::kInitialWrite || found == byte_.end()) return -1;
  const std::vector<i32>& number = found->second.number;
  return std::lower_bound(number.begin(), number.end(), source) - number.begin();
}

EventId Coherence::first_external(u64 byte, std::ptrdiff_t position, u8 core) const {
  const auto found = byte_.find(byte);
  if (found == byte_.end()) return kNoEvent;
  const History& h = found->second;
  std::size_t i = static_cast<std::size_t>(position + 1);
  if (i < h.write.size() && h.core[i] == core) i = h.next_run[i];
  return i < h.write.size() ? h.write[i] : kNoEvent;
}

Relations relate(const std::vector<Event>& events, const std::vector<EventId>& of_write) {
  Relations out;
  out.coherence = Coherence(events, of_write);
  for (EventId id = 0; id < events.size(); ++id) {
    const Event& e = events[id];
    if (e.is_read()) relate_read(events, of_write, id, out);
    if (e.kind == Event::Kind::Fetch) relate_fetch(events, of_write, id, out);
    if (!e.is_write()) continue;
    for (unsigned b = 0; b < e.size; ++b) {
      const std::vector<EventId>& writes = out.coherence.writes(e.addr + b);
      const auto next = static_cast<std::size_t>(out.coherence.position(e.addr + b, e.write) + 1);
      if (next < writes.size()) out.co.emplace_back(id, writes[next]);
    }
  }
  relate_program_order(events, out);
  for (std::vector<Pair>* r : {&out.rf, &out.co, &out.fre_any, &out.lmws, &out.lmrs, &out.rmw, &out.irf}) sort_unique(*r);
  return out;
}

}  // namespace isobar::axiomatic
