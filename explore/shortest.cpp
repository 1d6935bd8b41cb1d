#include "explore/shortest.h"

#include <algorithm>
#include <chrono>
#include <compare>
#include <queue>

#include "explore/exclusives.h"
#include "explore/fingerprints.h"
#include "model/state/flags.h"

namespace isobar::explore {

using model::Core;
using model::Entry;
using model::MachineState;
using model::Transition;
using model::TransitionKind;

namespace {

using Clock = std::chrono::steady_clock;

/// What makes one run longer or harder to follow than another.
struct Cost {
  u32 steps = 0;      ///< fetches and bookkeeping by the host not counted
  u32 overtakes = 0;  ///< older accesses that were not done when a younger one was
  u32 switches = 0;   ///< times another core acts than before
  friend auto operator<=>(const Cost&, const Cost&) = default;
};

struct Node {
  MachineState state;  ///< emptied once it is expanded
  std::size_t parent = 0;
  std::vector<Transition> steps;  ///< from the parent
  Cost cost;
  u8 core = 0xff;  ///< that acted last
};

bool counts(TransitionKind k) {
  return k != TransitionKind::Fetch && k != TransitionKind::HostCall;
}

bool is_pending_access(const Entry& e) {
  const bool access = e.uop->kind == isa::UopKind::Read || e.uop->kind == isa::UopKind::Write;
  return access && !e.fired && !e.inert;
}

u32 overtaken(const MachineState& s, const Transition& t) {
  if (t.kind != TransitionKind::SatisfyRead && t.kind != TransitionKind::ForwardRead &&
      t.kind != TransitionKind::PropagateWrite)
    return 0;
  const Core& c = s.core[t.core];
  return static_cast<u32>(std::count_if(c.window.begin(), c.window.begin() + t.slot, is_pending_access));
}

/// A step that offers no choice and that no other core can notice.
const Transition* forced(const std::vector<Transition>& steps) {
  for (const Transition& t : steps) {
    if (counts(t.kind)) continue;
    const auto same_core = std::count_if(steps.begin(), steps.end(), [&](const Transition& o) {
      return o.core == t.core && (o.kind == t.kind || o.kind == TransitionKind::SystemEffect ||
                                  o.kind == TransitionKind::TakeInterrupt);
    });
    if (same_core == 1) return &t;
  }
  return nullptr;
}

class Search {
 public:
  Search(const model::Machine& m, const std::function<bool(const MachineState&)>& wanted,
         const ShortestOptions& options)
      : m_(m), wanted_(wanted), options_(options), fabric_(m.direct_fabric()), start_(Clock::now()) {}

  std::optional<std::vector<Transition>> run() {
    Node root;
    root.state = m_.initial();
    add(std::move(root));
    while (!queue_.empty() && keep_going()) {
      const std::size_t at = queue_.top().second;
      queue_.pop();
      Digest d = model::digest_with_flags(nodes_[at].state);
      d.a += nodes_[at].core;  // the same state is worth another look if going on from it costs a switch less
      if (!visited_.insert(d)) {
        nodes_[at].state = {};
        continue;
      }
      if (m_.finished(nodes_[at].state) && wanted_(nodes_[at].state)) return path(at);
      expand(at);
    }
    return std::nullopt;
  }

 private:
  using Queued = std::pair<Cost, std::size_t>;

  void add(Node n) {
    std::vector<Transition> steps;
    while (!n.state.dead) {
      steps.clear();
      m_.enabled(n.state, steps);
      const Transition* t = forced(steps);
      if (t == nullptr) break;
      n.steps.push_back(*t);
      if (n.steps.size() > kLongestForced) return;
      m_.apply(n.state, n.steps.back(), fabric_);
    }
    if (n.state.dead) return;
    queue_.emplace(n.cost, nodes_.size());
    nodes_.push_back(std::move(n));
  }

  void expand(std::size_t at) {
    const MachineState state = std::move(nodes_[at].state);
    nodes_[at].state = {};
    std::vector<Transition> steps;
    m_.enabled(state, steps);
    for (const Transition& t : steps) {
      if (!options_.failing_exclusives && fails_exclusive(state, t)) continue;
      Node child;
      child.parent = at;
      child.steps.push_back(t);
      child.cost = nodes_[at].cost;
      child.cost.steps += counts(t.kind) ? 1 : 0;
      child.cost.overtakes += overtaken(state, t);
      child.cost.switches += t.core != nodes_[at].core ? 1 : 0;
      child.core = t.core;
      child.state = state;
      m_.apply(child.state, t, fabric_);
      add(std::move(child));
    }
  }

  std::vector<Transition> path(std::size_t at) const {
    std::vector<std::size_t> way{at};
    while (way.back() != 0) way.push_back(nodes_[way.back()].parent);
    std::vector<Transition> out;
    for (auto n = way.rbegin(); n != way.rend(); ++n)
      out.insert(out.end(), nodes_[*n].steps.begin(), nodes_[*n].steps.end());
    return out;
  }

  bool keep_going() const {
    if (nodes_.size() > options_.max_states) return false;
    if (options_.interrupt != nullptr && options_.interrupt->load()) return false;
    return options_.timeout_seconds <= 0 ||
           std::chrono::duration<double>(Clock::now() - start_).count() <= options_.timeout_seconds;
  }

  /// More forced steps in a row than this: a loop that needs nothing of the others.
  static constexpr std::size_t kLongestForced = 4096;

  const model::Machine& m_;
  const std::function<bool(const MachineState&)>& wanted_;
  const ShortestOptions& options_;
  model::DirectFabric fabric_;
  Clock::time_point start_;
  std::vector<Node> nodes_;
  std::priority_queue<Queued, std::vector<Queued>, std::greater<>> queue_;
  FingerprintSet visited_;
};

}  // namespace

std::optional<std::vector<Transition>> shortest_run(const model::Machine& m,
                                                    const std::function<bool(const MachineState&)>& wanted,
                                                    const ShortestOptions& options) {
  return Search(m, wanted, options).run();
}

}  // namespace isobar::explore
