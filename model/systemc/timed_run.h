// The timed driver: runs a machine on the platform, one deterministic schedule per seed.
//
// Owns: the ordered queue of proposals, model time, the log. Must not know: rules (Machine) or what is
// sensible (Policy). The arbiter wakes it at each instant at which something is due; it grants the smallest
// (time, rank, core, seq, choice).
#pragma once

#include <vector>

#include "model/systemc/policy.h"

namespace isobar::systemc {

/// Ends a run early. 0: no limit.
struct RunLimits {
  u64 transitions = 10'000'000;
  u64 ticks = 0;  ///< model time at which to stop
  const bool* stop = nullptr;  ///< once this is true, before the next step
};

enum class RunStatus : u8 {
  Finished,    ///< all cores have stopped or wait for ever
  Deadlocked,  ///< no step is possible, but some core has not finished
  TransitionLimit,
  TimeLimit,
  Stopped,  ///< RunLimits::stop
};

/// One granted step. Replaying: set MachineState::storage.time to `time`, then apply `transition`.
struct LoggedStep {
  u64 time = 0;
  model::Transition transition;
};

/// Counters of a run. All but `host_seconds` are deterministic.
struct RunStatistics {
  static constexpr std::size_t kKinds = static_cast<std::size_t>(model::TransitionKind::HostCall) + 1;
  std::array<u64, kKinds> transitions{};  ///< by kind
  u64 instructions = 0;                   ///< retired
  u64 software_interrupts = 0;            ///< SGIs acknowledged
  u64 discarded = 0;                      ///< times that younger work was discarded
  u64 retries = 0;                        ///< atomics looked at before they could complete
  u64 forced = 0;                         ///< steps taken only because no core proposed any
  PlatformStatistics platform;
  std::vector<CycleCount> cycles;  ///< by core, until it stops; empty unless PipelineConfig::on
  double host_seconds = 0;

  u64 total() const;
};

struct RunResult {
  RunStatus status = RunStatus::Finished;
  u64 time = 0;  ///< model time of the last step, ticks
  model::MachineState state;
  Digest digest;  ///< of the log and the final state
  RunStatistics statistics;
};

/// Everything a run needs to be continued from. Components of the user's are not in it.
struct TimedState {
  model::MachineState machine;
  PlatformState platform;
  std::vector<CoreSchedule> schedule;
  bool started = false;
  u64 now = 0;
  u64 timers_seen = 0;  ///< timers that fired until here have been looked at
  std::size_t log_size = 0;
  Hasher log_hash;
  RunStatistics statistics;
};

/// A machine on a platform. Several may take turns on one platform: run() restores what its own run had in
/// the caches.
class TimedRun final : private Sequencer, private model::Fabric, private PlatformUser {
 public:
  /// `machine` must have Speculation::Squash and outlive this. Throws InputError if not, or if `config` is
  /// invalid.
  TimedRun(const model::Machine& machine, const PlatformConfig& config, u64 seed,
           Platform& platform = default_platform());
  ~TimedRun() override { platform_.forget(this); }
  TimedRun(const TimedRun&) = delete;
  TimedRun& operator=(const TimedRun&) = delete;

  void set_observer(model::Observer* observer) { observer_ = observer; }
  void set_probe(Probe* probe) { probe_ = probe; }
  /// false: no log (long runs); the digest still covers it.
  void keep_log(bool keep) { keep_log_ = keep; }

  /// Makes an SGI pending on every core. Between calls of run().
  void interrupt_all(unsigned intid);
  /// Back to the initial state, with another seed.
  void reset(u64 seed);
  /// Runs or continues until the machine has finished or a limit is reached.
  RunResult run(const RunLimits& limits = {});

  const std::vector<LoggedStep>& log() const { return log_; }
  const model::MachineState& state() const { return state_.machine; }

  /// Between calls of run(). A restored run continues exactly as the saved one did.
  TimedState save();
  void restore(const TimedState& saved);

 private:
  class RunObserver;

  std::optional<u64> activate(u64 now) override;
  void access(model::Storage& s, model::Access& a) override;
  /// Other cores lose the line of `a`, or their right to write to it.
  void take_line(const model::Access& a);
  void leave() override { state_.platform = platform_.save(); }
  void acquire_platform();
  void propose(unsigned core, const model::Settled& settled = {});
  void propose_all();
  void count_cycles(u64 now, u64 until);
  struct Next {
    const Proposal* proposal = nullptr;  ///< none if no core wants anything
    u64 when = 0;
  };
  /// The proposal to grant first.
  const Next& next();
  Next first_due() const;
  void grant(const Proposal& p);
  void postpone(CoreSchedule& c, const Proposal& p, u64 by, u64 ticks);
  /// True if any core may now want something else. `settled` is about the steps of this core so far.
  bool take(const model::Transition& t, u64 ready, model::Settled& settled);
  bool force(u64 now);
  bool limit_reached(u64 now);
  /// Timer::next_deadline() from now on, which few steps change.
  std::optional<u64> timer_deadline();

  const model::Machine& machine_;
  Platform& platform_;
  PlatformConfig config_;
  Policy policy_;
  TimedState state_;
  std::vector<LoggedStep> log_;
  std::vector<model::Transition> enabled_;
  RunLimits limits_;
  RunStatus status_ = RunStatus::Finished;
  model::Observer* observer_ = nullptr;
  Probe* probe_ = nullptr;
  bool keep_log_ = true;
  std::optional<Next> next_;      ///< first_due(), until a schedule changes
  bool deadline_known_ = false;  ///< deadline_ is what Timer::next_deadline() says
  std::optional<u64> deadline_;
};

/// Applies a log from the machine's initial state on `fabric`.
model::MachineState replay(const model::Machine& machine, const std::vector<LoggedStep>& log,
                           model::Fabric& fabric, model::Observer* observer = nullptr);

}  // namespace isobar::systemc
