// When accesses of one core could have started, what holds them back, and where its cycles go.
//
// Owns: one core's side of PipelineConfig, plain copyable. Must not know: what is allowed (Machine), which steps are
// wanted (Policy). Nothing here changes which steps are possible, only when they are ready.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "model/state/machine_state.h"
#include "model/systemc/platform_config.h"

namespace isobar::systemc {

/// Where a cycle of a core goes. Columns: name, word used in reports.
#define ISOBAR_CAUSES(X)                                                                          \
  X(Issue, "issue")         /* an instruction was fetched */                                      \
  X(Fetch, "fetch")         /* nothing in flight: instruction cache miss, ISB, wrong guess */     \
  X(Load, "load")           /* the oldest access is a load on its way */                          \
  X(Store, "store")         /* the oldest access is a store on its way out of the store buffer */ \
  X(Order, "order")         /* the oldest access could be done but for acquire, release or TSO */ \
  X(Barrier, "barrier")     /* the same but for a DMB or DSB */                                   \
  X(Replay, "replay")       /* the same, and another core took the line while a load waited */    \
  X(Atomic, "atomic")       /* the oldest access is an atomic or exclusive on its way */          \
  X(Exception, "exception") /* entry and return */

enum class Cause : u8 {
#define X(name, text) name,
  ISOBAR_CAUSES(X)
#undef X
};
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::Exception) + 1;
std::string_view name(Cause c);

/// What an access takes through the platform.
struct Way {
  u64 ticks = 0;
  bool miss = false;  ///< no L1 cache answers
  u64 hit = 0;        ///< ticks if it did

  void add(u64 more) {
    ticks += more;
    hit += more;
  }
};

/// Ticks by Cause.
using CycleCount = std::array<u64, kCauses>;

class Pipeline {
 public:
  /// An access whose address has become known.
  struct Begun {
    u32 seq = 0;
    u64 ideal = 0;         ///< when it would be done if nothing had to go before it
    u64 fetched = 0;       ///< when its line is there, if it is fetched before its turn; 0: it is not
    u64 line = 0;          ///< address divided by the size of a line
    u64 turn = 0;          ///< when nothing had to go before it any more; 0: not yet
    unsigned latency = 0;  ///< of the access as it was then, or when its line was asked for
    bool read = false;
    bool brings =
        false;  ///< its line, to younger accesses as well: nobody has taken it since it was asked for
    bool replayed = false;
    Cause own = Cause::Load, held = Cause::Load;
  };

  /// Looks for accesses that have begun and barriers that are complete, at `now`. `way(slot)` is what an
  /// access takes from now on.
  template <class GetWay>
  void look(const PipelineConfig& config, const model::MachineConfig& machine, const model::Core& c, u64 now,
            GetWay way) {
    forget(c, now);
    unsigned stores = 0;
    for (unsigned i = 0; i < c.window.size(); ++i) {
      const model::Entry& e = c.window[i];
      if (e.fired) complete(config, e, now);
      if (!begins(e)) continue;
      if (e.uop->kind == isa::UopKind::Write) ++stores;
      Begun* b = find(e.seq);
      const bool fetches = (b == nullptr || b->fetched == 0) && may_fetch(config, c, i, stores);
      if (b != nullptr && !fetches) continue;
      const Way w = way(i);
      if (b == nullptr) {
        begun_.push_back(begin(machine, c, i, now, w));
        b = &begun_.back();
      }
      b->latency = static_cast<unsigned>(w.ticks);
      if (fetches) ask(config, *b, std::max(now, held_until(e)), w);
    }
  }

  /// When a step on `e`, possible from `now` on and with `way` ahead of it, is ready.
  u64 ready(const PipelineConfig& config, const model::Entry& e, u64 now, Way way);
  /// Another core has read `line`, or written to it, and it takes `ticks` from there. What has fetched the
  /// line and waits for its turn fetches it again: stores, and if it was written to, loads that wait for
  /// their order.
  void line_taken(const PipelineConfig& config, const model::Core& c, u64 line, bool written, u64 now,
                  u64 ticks);
  /// The same for the next fetch.
  u64 fetch_ready(u64 now, u64 latency) const { return std::max(now, fetch_from_) + latency; }
  /// Whether the queues have room for more than what is in flight.
  bool room(const PipelineConfig& config, const model::Core& c) const;

  /// The system register writes that entry to a handler consists of have no instruction word; they all come at once.
  void fetched(const PipelineConfig& config, const model::Entry& e, u64 now) {
    fetched_at_ = now;
    if (e.word == 0 && e.uop->kind == isa::UopKind::SysWrite) hold_fetch(now + config.exception_entry, Cause::Exception);
    if (e.uop->kind == isa::UopKind::Barrier) space_barrier(config, e.uop->barrier_op(), now);
  }
  void retired(const PipelineConfig& config, const model::Entry& e, u64 now) { complete(config, e, now); }
  void squashed(const PipelineConfig& config, u32 first_seq, u64 now);

  /// Counts the ticks from `now` to `until`, in which the core does nothing after what it did at `now`.
  void count(const model::Core& c, u64 now, u64 until);
  const CycleCount& cycles() const { return cycles_; }

 private:
  /// A barrier, ISB or exception that is complete. Nothing but a barrier has `until`.
  struct Held {
    u32 seq = 0;
    isa::BarrierOp op = isa::BarrierOp::DmbFull;
    u64 until = 0;
  };
  /// A line on its way.
  struct Fill {
    u64 until = 0;
    bool read = false;
  };

  static bool begins(const model::Entry& e);
  void forget(const model::Core& c, u64 now);
  /// Holds back what has to wait for `e`, which is complete; once.
  void complete(const PipelineConfig& config, const model::Entry& e, u64 now);
  Begun* find(u32 seq);
  const Begun* find(u32 seq) const { return const_cast<Pipeline*>(this)->find(seq); }
  Begun begin(const model::MachineConfig& machine, const model::Core& c, unsigned slot, u64 now,
              Way way) const;
  /// `b` asks for its line at `from`, comes by `way`, and may have to wait for a free buffer.
  void ask(const PipelineConfig& config, Begun& b, u64 from, Way way);
  /// May the line be fetched before the turn of the access, which is the `stores`th store if it is one?
  static bool may_fetch(const PipelineConfig& config, const model::Core& c, unsigned slot, unsigned stores);
  u64 held_until(const model::Entry& e) const;
  void hold_fetch(u64 until, Cause why);
  /// Barriers are taken one at a time: what is behind one that comes too soon is fetched later.
  void space_barrier(const PipelineConfig& config, isa::BarrierOp op, u64 now);
  void add(Cause c, u64 ticks) { cycles_[static_cast<std::size_t>(c)] += ticks; }

  static constexpr u64 kNever = ~u64{0};
  std::vector<Begun> begun_;
  std::vector<Held> held_;
  std::vector<Fill> fills_;
  u64 fetch_from_ = 0;
  Cause fetch_why_ = Cause::Fetch;
  u64 fetched_at_ = kNever;
  u64 next_barrier_ = 0;  ///< when the next barrier can be taken
  CycleCount cycles_{};
};

}  // namespace isobar::systemc
