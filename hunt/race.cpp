#include "hunt/race.h"

#include <algorithm>

#include "axiomatic/ordered_before.h"

namespace isobar::hunt {

using axiomatic::Event;
using axiomatic::EventId;

namespace {

class Finder {
 public:
  Finder(const trace::Execution& e, const RaceRules& rules)
      : rules_(rules), program_(axiomatic::derive(e, axiomatic::recompute(e), rules.dependencies)) {}

  std::optional<Race> run() {
    std::vector<EventId> accesses;
    for (EventId e = 0; e < program_.event.size(); ++e) {
      const Event& x = program_.event[e];
      if (x.is_memory() && touches(x.addr, x.addr + x.size)) accesses.push_back(e);
    }
    if (!any_conflict(accesses)) return std::nullopt;
    const axiomatic::OrderedBefore order = ordered();
    axiomatic::Reachability reachability(order.graph);
    std::vector<std::vector<bool>> after;
    for (const EventId a : accesses) after.push_back(ordered_after(a, order, reachability));
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      for (std::size_t j = i + 1; j < accesses.size(); ++j) {
        const EventId a = accesses[i], b = accesses[j];
        if (conflict(program_.event[a], program_.event[b]) && !after[i][b] && !after[j][a])
          return Race{access(program_.event[a]), access(program_.event[b])};
      }
    }
    return std::nullopt;
  }

 private:
  bool touches(u64 begin, u64 end) const {
    return std::any_of(rules_.race_free.begin(), rules_.race_free.end(),
                       [&](const ByteRange& r) { return begin < r.end && r.begin < end; });
  }

  bool conflict(const Event& a, const Event& b) const {
    if (a.core == b.core || !(a.is_write() || b.is_write())) return false;
    const u64 begin = std::max(a.addr, b.addr), end = std::min(a.addr + a.size, b.addr + b.size);
    return begin < end && touches(begin, end);
  }

  bool any_conflict(const std::vector<EventId>& accesses) const {
    return std::any_of(accesses.begin(), accesses.end(), [&](EventId a) {
      return std::any_of(accesses.begin(), accesses.end(),
                         [&](EventId b) { return conflict(program_.event[a], program_.event[b]); });
    });
  }

  /// Ordered-before without what the race-free memory orders between cores.
  axiomatic::OrderedBefore ordered() const {
    axiomatic::Relations r = axiomatic::relate(program_.event, program_.of_write);
    const auto by_conflict = [&](const axiomatic::Pair& p) {
      return conflict(program_.event[p.first], program_.event[p.second]);
    };
    std::erase_if(r.rf, by_conflict);
    std::erase_if(r.co, by_conflict);
    std::erase_if(r.fre_any, by_conflict);
    std::erase_if(r.fr, [&](const axiomatic::FromRead& f) {
      return program_.event[f.read].core != program_.event[f.write].core && touches(f.byte, f.byte + 1);
    });
    axiomatic::Omitted omitted;
    omitted.clauses.set(static_cast<std::size_t>(axiomatic::Clause::ExpHaz));
    return axiomatic::ordered_before(program_, r, rules_.implementation, omitted);
  }

  /// Per event: is it ordered after `a`?
  std::vector<bool> ordered_after(EventId a, const axiomatic::OrderedBefore& order,
                                  axiomatic::Reachability& reachability) const {
    std::vector<bool> out(program_.event.size(), false);
    for (u32 v = 0; v < order.event_of.size(); ++v) {
      if (order.event_of[v] != a) continue;
      const std::vector<bool> reached = reachability.reached(v);
      for (u32 to = 0; to < order.event_of.size(); ++to) {
        if (reached[to] && order.event_of[to] != axiomatic::kNoEvent) out[order.event_of[to]] = true;
      }
    }
    return out;
  }

  static Race::Access access(const Event& e) { return {e.core, e.is_write(), e.size, e.word, e.pc, e.addr}; }

  const RaceRules& rules_;
  axiomatic::Program program_;
};

}  // namespace

std::optional<Race> find_race(const trace::Execution& e, const RaceRules& rules) {
  if (rules.race_free.empty()) return std::nullopt;
  return Finder(e, rules).run();
}

}  // namespace isobar::hunt
