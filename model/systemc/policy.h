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
#include "model/systemc/platform.h"

namespace isobar::systemc {

/// Units of a core that serve one step per tick each.
enum class Port : u8 { Fetch, Load, Store, Other };
inline constexpr unsigned kPorts = 4;

/// One step that a core would take at `ready`. Identified by (step.core, step.kind, seq, part).
struct Proposal {
  u64 ready = 0;
  u32 seq = 0;  ///< of the micro-op; of the next one for a Fetch
  u16 part =
      0;  ///< first byte of the piece for accesses, else Transition::choice where it is the core's wish
  model::Transition step;
};

/// One core's side of the schedule: plain copyable.
struct CoreSchedule {
  std::vector<Proposal> proposals;
  std::array<u64, kPorts> port_free{};  ///< first instant at which each port can serve again
  std::optional<u64> interrupt_ready;   ///< when the pending interrupt has reached the core; none is pending
  BranchPredictor predictor;
};

/// Order of grants at one instant, before the core number: lower first.
unsigned rank(model::TransitionKind kind);
Port port(model::TransitionKind kind);

/// Makes and decides on proposals.
class Policy {
 public:
  Policy(const model::Machine& machine, Platform& platform, u64 seed);

  void set_seed(u64 seed) { seed_ = seed; }

  /// Replaces the proposals of `core` by what it wants in state `s` at s.storage.time; those it already had
  /// keep their ready time.
  void propose(const model::MachineState& s, unsigned core, CoreSchedule& schedule);

  /// The step to take for `p`, which is ready; nothing if it has to be looked at again later (an atomic that
  /// cannot complete in one piece yet).
  std::optional<model::Transition> decide(const model::MachineState& s, const Proposal& p);
  /// After a step for `p` was taken: another that belongs to it and is taken at the same instant (the write
  /// of an LSE operation or store-exclusive, the bytes of a load that come from elsewhere).
  std::optional<model::Transition> follow_up(const model::MachineState& s, const Proposal& p);

 private:
  void consider(const model::MachineState& s, const model::Transition& t, CoreSchedule& schedule);
  bool wanted(const model::MachineState& s, const model::Transition& t, const CoreSchedule& schedule) const;
  bool read_wanted(const model::Core& c, const model::Transition& t) const;
  std::optional<model::Transition> rest_of_read(const model::MachineState& s, const Proposal& p,
                                                unsigned slot);
  u64 latency(const model::MachineState& s, const model::Transition& t);
  void note_interrupt(const model::MachineState& s, unsigned core, CoreSchedule& schedule) const;
  u64 quote(const model::Storage& s, model::AccessKind kind, unsigned core, u64 addr, unsigned size);
  u64 jitter(unsigned core, u32 seq, model::TransitionKind kind, u64 which = 0) const;
  bool completes_at_once(const model::MachineState& s, const model::Transition& t);

  const model::Machine& machine_;
  Platform& platform_;
  u64 seed_;
  std::vector<model::Transition> enabled_;
  std::vector<Proposal> previous_;
  model::MachineState trial_;
};

}  // namespace isobar::systemc
