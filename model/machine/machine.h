// The transition system: which steps a state allows, and what each does.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "model/machine/fabric.h"
#include "model/state/machine_state.h"
#include "model/state/observer.h"
#include "model/state/transition.h"
#include "model/thread/settle.h"

namespace isobar::model {

/// Bookkeeping done by the host when the shim executes HVC #imm at EL1. Deterministic; all its state is in
/// MachineState::host. Runs when everything older has retired, so it has no ordering content.
class HostServices {
 public:
  virtual ~HostServices() = default;
  /// Arguments in X0 to X7, results there too. May use write_memory().
  virtual void call(MachineState& s, unsigned core, u16 imm) const = 0;
};

/// May there be more guesses in the window than can be open?
inline bool has_few_guesses(const MachineConfig& config) { return config.max_guesses < config.window; }

/// The transition system of one machine running one program. Immutable; usable from several threads at once.
class Machine {
 public:
  /// Throws InputError if the configuration is invalid or a region map is malformed.
  Machine(MachineConfig config, Program program, std::shared_ptr<const HostServices> host = nullptr);

  const MachineConfig& config() const { return config_; }
  const Program& program() const { return program_; }
  const Image& image() const { return *image_; }
  DirectFabric direct_fabric() const { return DirectFabric(*image_, config_, program_); }

  MachineState initial() const;

  /// Appends every step the architecture allows now, in a fixed order. Empty when the machine has finished, is dead or
  /// is deadlocked.
  void enabled(const MachineState& s, std::vector<Transition>& out) const;
  /// The same for the steps of one core, of the window those of mask `slots`.
  void enabled(const MachineState& s, unsigned core, std::vector<Transition>& out, u64 slots = ~u64{0}) const;
  /// Is step `t` of a core, which was enabled, so after another step of this core that is a Fetch, Predict, SatisfyRead,
  /// ForwardRead or PropagateWrite and did what `settled` says? Then it gets its new slot. Else it has to be looked for again, by
  /// enabled().
  bool still_enabled(Transition& t, const Settled& settled) const {
    if (!may_keep(t.kind)) return false;
    const unsigned gone = settled.retired;
    if (t.slot < gone || (settled.slots.changed >> (t.slot - gone) & 1) != 0) return false;
    if (gone == 0) return true;
    if (t.kind == TransitionKind::ForwardRead)
      t.choice = forward_choice(static_cast<u8>(forward_slot(t.choice) - gone), forward_first(t.choice));
    t.slot = static_cast<u8>(t.slot - gone);
    return true;
  }
  /// False if that never says so of steps of this kind.
  bool may_keep(TransitionKind kind) const {
    return is_of_slot_alone(kind) || (kind == TransitionKind::Predict && !has_few_guesses(config_));
  }
  /// The slots for enabled() after such a step, if `kept` is the mask of those of which still_enabled() has told a step.
  u64 to_look_at(const MachineState& s, unsigned core, const Settled& settled, u64 kept) const;

  /// Takes one step that enabled() listed, then everything that follows from it without choice (register arithmetic,
  /// addresses, branch resolution, barrier completion, retirement). What it returns tells whose steps can have changed;
  /// besides, SystemAction and HostCall may change everything, and a write of code what other cores may fetch.
  Settled apply(MachineState& s, const Transition& t, Fabric& fabric, Observer* observer = nullptr) const;

  /// No core can do anything any more: all stopped or waiting, nothing in flight.
  bool finished(const MachineState& s) const;

 private:
  /// May such a step only come or go with its slot or what that waits for?
  static constexpr bool is_of_slot_alone(TransitionKind kind) {
    switch (kind) {
      case TransitionKind::Translate:
      case TransitionKind::SatisfyRead:
      case TransitionKind::ForwardRead:
      case TransitionKind::PropagateWrite:
      case TransitionKind::CleanData:
      case TransitionKind::InvalidateInstruction:
      case TransitionKind::SystemAction: return true;
      default: return false;
    }
  }

  MachineConfig config_;
  Program program_;
  std::unique_ptr<Image> image_;
  std::shared_ptr<const HostServices> host_;
};


}  // namespace isobar::model
