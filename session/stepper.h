// A run of one machine that is stepped by hand: what can happen now, and any earlier moment again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "explore/search.h"
#include "model/machine/machine.h"
#include "session/goal.h"
#include "session/listing.h"
#include "session/narrator.h"
#include "session/recording.h"
#include "session/workload.h"
#include "trace/trace_file.h"

namespace isobar::session {

/// Something that can happen now.
struct Choice {
  model::Transition transition;
  WalkStep told;
  bool dead = false;  ///< it shows a guess to be wrong or an order violated: nothing happens after it
};

/// How play() picks steps.
enum class Pick : u8 { First, Random };

/// States searched, and seconds, for outcomes and the runs that lead to them.
inline constexpr u64 kSessionStates = 200'000;
inline constexpr double kSessionSeconds = 20;

class Stepper {
 public:
  explicit Stepper(Workload w);
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  const Workload& workload() const { return w_; }
  const Listing& listing() const { return listing_; }
  const model::MachineState& state() const { return state_; }
  std::size_t position() const { return position_; }      ///< steps taken
  std::size_t length() const { return steps_.size(); }    ///< with those that were undone
  const std::vector<Step>& steps() const { return steps_; }

  /// Everything that can happen now, in the order of Machine::enabled().
  const std::vector<Choice>& choices() const;
  /// The words for step `n` < length() of the run.
  WalkStep told(std::size_t n) const;
  /// The state after `n` <= length() steps.
  model::MachineState state_at(std::size_t n) const;
  /// No step is left: finished, or given up (MachineState::dead), or in a dead end.
  bool ended() const { return choices().empty(); }

  /// Takes a step; what was undone before is forgotten, unless it is the same step. False if it is not allowed.
  bool take(const Step& step);
  /// Goes to the state after `n` steps. False if the run is shorter.
  bool jump(std::size_t n);

  /// Up to `most` steps, until the machine has finished. Where only steps are left that end the path (Choice::dead), goes
  /// back to the last guess that it made and on in another way; from then on it guesses only if nothing else can happen.
  /// Returns by how many steps the run is longer.
  std::size_t play(Pick pick, u64 seed, std::size_t most);

  /// Replaces the run by `steps`, and stands at its start. Returns how many of them the machine allows.
  std::size_t replace(const std::vector<Step>& steps);

  /// All outcomes, searched once; within kSessionStates and kSessionSeconds.
  const explore::SearchResult& outcomes();
  /// Has the search been done?
  bool knows_outcomes() const { return outcomes_.has_value(); }
  /// What a search of the same workload elsewhere has found: outcomes() then needs none.
  void set_outcomes(explore::SearchResult all) { outcomes_ = std::move(all); }
  /// The shortest run known to an outcome that `goal` accepts.
  std::optional<std::vector<model::Transition>> shortest(const Goal& goal);

  /// The steps taken so far as a trace.
  trace::Trace record() const;

 private:
  /// A guess that led nowhere.
  struct Tried {
    std::size_t position = 0;
    model::Transition transition;
  };
  void forget();
  /// Goes back before the last guess made after `from` steps, and notes it in `tried`. False if there was none.
  bool give_up_guess(std::size_t from, std::vector<Tried>& tried);

  Workload w_;
  Listing listing_;
  Narrator narrator_;
  model::DirectFabric fabric_;
  model::MachineState state_;
  std::vector<Step> steps_;
  std::size_t position_ = 0;
  std::map<std::size_t, model::MachineState> checkpoints_;  ///< by position
  mutable std::optional<std::vector<Choice>> choices_;
  std::optional<explore::SearchResult> outcomes_;
};

}  // namespace isobar::session
