#include "axiomatic/staleness.h"

#include <algorithm>

namespace isobar::axiomatic {

using Kind = Event::Kind;

Staleness::Staleness(const Program& p, const Implementation& implementation)
    : program_(p), caches_(implementation.caches), relations_(relate(p.event, p.of_write)),
      ob_(ordered_before(p, relations_, implementation)), reach_(ob_.graph) {}

std::vector<StaleFetch> Staleness::all() {
  std::vector<StaleFetch> out;
  for (EventId e = 0; e < program_.event.size(); ++e) {
    if (program_.event[e].kind != Kind::Fetch) continue;
    if (const std::optional<StaleFetch> s = of(e)) out.push_back(*s);
  }
  return out;
}

std::optional<StaleFetch> Staleness::of(EventId fetch) {
  StaleFetch s;
  s.fetch = fetch;
  i32 oldest = -1, newest = -1;
  for (const FromRead& x : relations_.ifr) {
    if (x.read != fetch) continue;
    const Event& w = program_.event[x.write];
    if (oldest < 0 || w.write < oldest) {
      oldest = w.write;
      s.since = x.write;
    }
    const Event& last = program_.event[relations_.coherence.writes(x.byte).back()];
    if (last.write > newest) {
      newest = last.write;
      s.newest = relations_.coherence.writes(x.byte).back();
    }
  }
  if (s.since == kNoEvent) return std::nullopt;
  s.expected = first_after(s.since, fetch);
  if (caches_.dic) {
    tell(s, s.since);
  } else if (caches_.idc) {
    invalidate(s, s.since);
  } else {
    clean(s);
  }
  return s;
}

/// Is `s` a reason that more steps lead to than to `best`? Then it takes its place.
bool Staleness::further(StaleFetch& best, const StaleFetch& s) const {
  const auto rank = [](const StaleFetch& x) { return std::pair(x.missing, x.instead != kNoEvent); };
  if (rank(best) >= rank(s)) return false;
  best = s;
  return true;
}

void Staleness::clean(StaleFetch& s) {
  StaleFetch best = s;
  best.missing = MissingStep::Clean;
  for (EventId e = 0; e < program_.event.size(); ++e) {
    const Event& x = program_.event[e];
    if (x.kind != Kind::CleanData || caches_.line(x.addr) != caches_.line(program_.event[s.fetch].addr)) continue;
    StaleFetch with = s;
    if (reach_.reaches(s.since, e)) {
      with.clean = e;
      invalidate(with, e);
    } else {
      with.instead = e;
    }
    further(best, with);
  }
  s = best;
}

void Staleness::invalidate(StaleFetch& s, EventId after) {
  StaleFetch best = s;
  best.missing = MissingStep::Invalidate;
  for (EventId e = 0; e < program_.event.size(); ++e) {
    const Event& x = program_.event[e];
    if (x.kind != Kind::InvalidateInstruction || !acts_on(x, program_.event[s.fetch], caches_)) continue;
    StaleFetch with = s;
    with.missing = MissingStep::Invalidate;
    if (!reach_.reaches(after, e)) {
      with.instead = e;
    } else {
      with.invalidate = e;
      with.missing = MissingStep::Complete;
      if (ob_.completion[e] != kNoVertex) tell(with, ob_.completion[e]);
    }
    further(best, with);
  }
  s = best;
}

/// `from`: what has to come before the context synchronisation of the fetching core.
void Staleness::tell(StaleFetch& s, u32 from) {
  s.missing = MissingStep::Tell;
  s.told = first_after(from, s.fetch);
  if (s.told == kNoEvent) return;
  s.missing = MissingStep::Synchronise;
  for (EventId e = s.told; e < s.fetch; ++e) {
    if (program_.event[e].kind == Kind::ContextSync) s.instead = e;
  }
}

/// The oldest event of the fetching core that stands before the fetch and comes after `from`, or is it.
EventId Staleness::first_after(u32 from, EventId fetch) {
  const std::vector<bool> reached = reach_.reached(from);
  EventId first = kNoEvent;
  for (u32 v = 0; v < reached.size(); ++v) {
    if (!reached[v]) continue;
    const EventId e = v < program_.event.size() ? v : v < ob_.event_of.size() ? ob_.event_of[v] : kNoEvent;
    if (e == kNoEvent || e >= fetch || program_.event[e].core != program_.event[fetch].core) continue;
    first = std::min(first, e);
  }
  return first;
}

}  // namespace isobar::axiomatic
