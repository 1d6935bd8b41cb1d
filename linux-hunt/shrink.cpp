#include "linux-hunt/shrink.h"

#include <algorithm>
#include <utility>

#include "hunt/leave_out.h"

namespace isobar::linux_hunt {

namespace {

/// Slices of one thread that follow each other, as one.
std::vector<Slice> joined(const std::vector<Slice>& slices) {
  std::vector<Slice> out;
  for (const Slice& s : slices) {
    if (!out.empty() && out.back().thread == s.thread && out.back().cpu == s.cpu)
      out.back().instructions += s.instructions;
    else
      out.push_back(s);
  }
  return out;
}

std::pair<u64, u64> cost(const Run& run) { return {switches(run.slices), run.outcome.instructions}; }

class ScheduleShrinker {
 public:
  ScheduleShrinker(const Target& target, u64 seed, Run run, const Granules& shared, u64 max_tries)
      : target_(target), seed_(seed), shared_(shared), max_tries_(max_tries), best_(std::move(run)) {
    // A loop that became endless must not take the whole limit each time.
    target_.limit = best_.kind == "limit" ? target.limit : std::min(target.limit, 3 * best_.outcome.instructions + 100'000);
  }

  Shrunk result() {
    for (bool better = true; better && going();) {
      better = leave_out();
      better |= bring_together();
    }
    return {std::move(best_), tried_};
  }

 private:
  bool going() const { return tried_ < max_tries_ && (target_.interrupt == nullptr || !target_.interrupt->load()); }

  bool attempt(const std::vector<Slice>& slices) {
    if (!going()) return false;
    ++tried_;
    Run run = run_along(target_, seed_, slices, shared_);
    if (!going() || run.kind != best_.kind || cost(run) >= cost(best_)) return false;
    best_ = std::move(run);
    return true;
  }

  bool leave_out() {
    return hunt::leave_out_parts([this] { return joined(best_.slices); }, [this](const auto& list) { return attempt(list); },
                                 [this] { return going(); });
  }

  /// The next slice of a thread comes earlier, right behind the one before it, or that one later.
  bool bring_together() {
    bool better = false;
    std::vector<Slice> list = joined(best_.slices);
    for (std::size_t at = 0; at < list.size() && going();) {
      std::size_t next = at + 1;
      while (next < list.size() && list[next].thread != list[at].thread) ++next;
      if (next >= list.size()) {
        ++at;
        continue;
      }
      const auto place = [](std::vector<Slice>& l, std::size_t i) { return l.begin() + static_cast<std::ptrdiff_t>(i); };
      std::vector<Slice> earlier = list, later = list;
      std::rotate(place(earlier, at + 1), place(earlier, next), place(earlier, next + 1));
      std::rotate(place(later, at), place(later, at + 1), place(later, next));
      if (next > at + 1 && (attempt(earlier) || attempt(later))) {
        better = true;
        list = joined(best_.slices);
      } else {
        ++at;
      }
    }
    return better;
  }

  Target target_;
  u64 seed_;
  const Granules& shared_;
  u64 max_tries_;
  Run best_;
  u64 tried_ = 0;
};

}  // namespace

Shrunk shrink(const Target& target, u64 seed, Run run, const Granules& shared, u64 max_tries) {
  return ScheduleShrinker(target, seed, std::move(run), shared, max_tries).result();
}

}  // namespace isobar::linux_hunt
