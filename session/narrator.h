// Single steps of a machine in plain words: the one place that words come from.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/state/observer.h"
#include "model/state/transition.h"
#include "session/listing.h"
#include "session/workload.h"

namespace isobar::session {

/// One step that matters to a reader.
struct WalkStep {
  std::string what;                ///< "P1 reads y = 1 from memory: LDR X0,[X1] (line 6)"
  std::vector<std::string> notes;  ///< what is out of the ordinary: what it overtakes, what waits meanwhile
};

/// What one step did, as the machine tells it.
class Effects final : public model::Observer {
 public:
  void bound(unsigned /*core*/, const model::Entry& e, u16 mask, i64 /*from*/) override {
    entry = e;
    bytes = mask;
  }
  void propagated(unsigned /*core*/, const model::Entry& e) override { entry = e; }

  std::optional<model::Entry> entry;
  u16 bytes = 0;
};

/// Fetches and calls of the host: worth a word only where code changes.
bool is_routine(model::TransitionKind k);

class Narrator {
 public:
  /// `modified`: words of code that somebody writes sooner or later. `w` and `listing` must outlive the narrator.
  Narrator(const Workload& w, const Listing& listing, std::set<u64> modified)
      : w_(w), listing_(listing), modified_(std::move(modified)) {}

  /// `t`, which led from `before` to `after`; `effects` observed it.
  WalkStep tell(const model::MachineState& before, const model::Transition& t, const Effects& effects,
                const model::MachineState& after) const;

  /// "STR X0,[X1] (line 9)"
  std::string instruction(const model::Entry& e) const;

 private:
  std::string who(const model::Transition& t) const;
  std::string who_what(const model::Core& c, const model::Transition& t) const;
  std::string shown(const Value& v, unsigned first, unsigned size) const;

  WalkStep fetch(const model::MachineState& before, const model::Transition& t) const;
  WalkStep translate(const model::MachineState& before, const model::Transition& t) const;
  std::string target_guess(const std::string& branch, const model::Transition& t) const;
  WalkStep guess(const model::Core& c, const model::Transition& t) const;
  WalkStep read(const model::Core& c, const model::Transition& t, const Effects& effects) const;
  WalkStep write(const model::MachineState& before, const model::Transition& t, const Effects& effects) const;
  WalkStep invalidate(const model::Core& c, const model::Transition& t) const;
  WalkStep system_effect(const model::Transition& t, const model::MachineState& after) const;
  WalkStep interrupt(const model::Core& c, const model::Transition& t) const;
  /// Notes on what is older than slot t.slot and not done.
  void overtakes(const model::Core& c, const model::Transition& t, u8 except, const std::string& prefix,
                 WalkStep& s) const;

  const Workload& w_;
  const Listing& listing_;
  std::set<u64> modified_;
};

}  // namespace isobar::session
