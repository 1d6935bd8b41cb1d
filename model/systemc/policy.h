// What a core of the timed platform wants to do next, and when it is ready: the proposals the arbiter chooses
// from.
//
// Owns: which of the allowed steps a sensible implementation takes, and their latencies. Must not know: the
// kernel, other cores' wishes. Everything proposed is a step that Machine::enabled() lists.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "model/systemc/branch_predictor.h"
#include "model/systemc/pipeline.h"
#include "model/systemc/platform.h"

namespace isobar::systemc {

/// Units of a core that serve so many steps per tick each (PlatformConfig::widths).
enum class Port : u8 { Fetch, Load, Store, Other };
inline constexpr unsigned kPorts = 4;

constexpr Port port(model::TransitionKind kind) {
  switch (kind) {
    case model::TransitionKind::Fetch: return Port::Fetch;
    case model::TransitionKind::Translate:
    case model::TransitionKind::SatisfyRead:
    case model::TransitionKind::ForwardRead: return Port::Load;
    case model::TransitionKind::PropagateWrite: return Port::Store;
    default: return Port::Other;
  }
}

/// Order of grants at one instant, before the core number: lower first.
unsigned rank(model::TransitionKind kind);

/// One step that a core would take at `ready`.
struct Proposal {
  u64 ready = 0;
  u64 order = 0;  ///< order_of(): who is granted first at one instant; equal for the same wish of a core only
  model::Transition step;
  u64 ticks = 0;  ///< of its access when it was proposed
  u8 port = 0;    ///< the one that serves it

  /// Of the micro-op; of the next one for a Fetch.
  u32 seq() const { return static_cast<u32>(order >> 24); }
  /// First byte of the piece for accesses, else Transition::choice where it is the core's wish.
  u16 part() const { return static_cast<u16>(order); }
};

/// Packed in one word because proposals are compared more often than anything else is done with them.
inline u64 order_of(const model::Transition& step, u32 seq, u16 part) {
  return u64{rank(step.kind)} << 60 | u64{step.core} << 56 | u64{seq} << 24 | u64{static_cast<u8>(step.kind)} << 16 |
         part;
}

/// One core's side of the schedule: plain copyable.
struct CoreSchedule {
  std::vector<Proposal> proposals;      ///< first those that Machine::still_enabled() may keep
  std::size_t keepable = 0;             ///< how many these are
  u64 slots = 0;                        ///< mask of the slots that they are about
  std::array<u64, kPorts> port_free{};  ///< first instant at which each port can serve again
  std::array<u64, kPorts> port_used{};  ///< steps served at the last instant at which it served
  std::array<u64, kPorts> port_last{};  ///< that instant
  std::optional<u64> interrupt_ready;   ///< when the pending interrupt has reached the core; none is pending
  BranchPredictor predictor;
  Pipeline pipeline;

  /// When the step of `p` can be taken.
  u64 due(const Proposal& p) const { return std::max(p.ready, port_free[p.port]); }
  /// One of `width` steps that `port` can serve at `now` is taken.
  void serve(Port port, u64 now, unsigned width) {
    const auto k = static_cast<std::size_t>(port);
    if (port_last[k] != now) port_used[k] = 0;
    port_last[k] = now;
    if (++port_used[k] >= width) port_free[k] = now + 1;
  }
};

unsigned width(const Widths& widths, Port port);

/// Makes and decides on proposals.
class Policy {
 public:
  Policy(const model::Machine& machine, Platform& platform, u64 seed);

  void set_seed(u64 seed) { seed_ = seed; }

  /// Replaces the proposals of `core` by what it wants in state `s` at s.storage.time; those it already had
  /// keep their ready time. `settled`: what the last step of this core has left alone, if nothing has happened since;
  /// what was proposed for that stays.
  void propose(const model::MachineState& s, unsigned core, CoreSchedule& schedule,
               const model::Settled& settled = {});

  /// Ticks that the access of `p` would take from now on; 0 for what is no access.
  u64 ticks_now(const model::MachineState& s, const Proposal& p);
  /// The step to take for `p`, which is ready; nothing if it has to be looked at again later (an atomic that
  /// cannot complete in one piece yet).
  std::optional<model::Transition> decide(const model::MachineState& s, const Proposal& p);
  /// After a step for `p` was taken: another that belongs to it and is taken at the same instant (the write
  /// of an LSE operation or store-exclusive, the bytes of a load that come from elsewhere).
  std::optional<model::Transition> follow_up(const model::MachineState& s, const Proposal& p);

 private:
  /// Moves what has to be looked for again from the proposals to previous_.
  void keep(CoreSchedule& schedule, const model::Settled& settled);
  void consider(const model::MachineState& s, const model::Transition& t, CoreSchedule& schedule);
  bool wanted(const model::MachineState& s, const model::Transition& t, const CoreSchedule& schedule);
  bool read_wanted(const model::Core& c, const model::Transition& t);
  bool is_random_tag(const model::Transition& t, u32 seq) const;
  std::optional<model::Transition> rest_of_read(const model::MachineState& s, const Proposal& p,
                                                unsigned slot);
  Way way(const model::MachineState& s, const model::Transition& t);
  /// What an access of `e` takes through the platform.
  Way read_way(const model::MachineState& s, unsigned core, unsigned slot, unsigned part);
  Way write_way(const model::MachineState& s, unsigned core, const model::Entry& e, unsigned part);
  Way first_look(const model::MachineState& s, unsigned core, unsigned slot);
  u64 ready(const model::MachineState& s, const model::Transition& t, Way way, CoreSchedule& schedule) const;
  void note_interrupt(const model::MachineState& s, unsigned core, CoreSchedule& schedule) const;
  Way quote(const model::Storage& s, model::AccessKind kind, unsigned core, u64 addr, unsigned size);
  u64 jitter(unsigned core, u32 seq, model::TransitionKind kind, u64 which = 0) const;
  bool completes_at_once(const model::MachineState& s, const model::Transition& t);

  const model::Machine& machine_;
  Platform& platform_;
  u64 seed_;
  std::vector<model::Transition> enabled_;
  std::vector<Proposal> previous_;  ///< of the core, without those that stay
  std::size_t kept_ = 0;            ///< those, which come first
  std::optional<u64> sources_;      ///< model::source_slots() of the core that propose() is about
  model::MachineState trial_;
};

}  // namespace isobar::systemc
