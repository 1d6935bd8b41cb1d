#include "model/systemc/timed_run.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "model/thread/window.h"
#include "support/diagnostic.h"

namespace isobar::systemc {

using model::Entry;
using model::Transition;
using model::TransitionKind;

u64 RunStatistics::total() const {
  return std::accumulate(transitions.begin(), transitions.end(), u64{0});
}

/// Counts, trains the predictors, and passes everything on.
class TimedRun::RunObserver final : public model::Observer {
 public:
  RunObserver(TimedState& state, const PipelineConfig& pipeline, model::Observer* next)
      : state_(state), pipeline_(pipeline), next_(next) {}

  /// Has a system register been written?
  bool wrote_register() const { return wrote_register_; }

  void fetched(unsigned core, const Entry& e) override {
    if (pipeline_.on) state_.schedule[core].pipeline.fetched(pipeline_, e, state_.now);
    if (next_ != nullptr) next_->fetched(core, e);
  }
  void bound(unsigned core, const Entry& e, u16 mask, i64 from) override {
    if (next_ != nullptr) next_->bound(core, e, mask, from);
  }
  void propagated(unsigned core, const Entry& e) override {
    if (next_ != nullptr) next_->propagated(core, e);
  }
  void performed(unsigned core, const Entry& e, const model::Access& a) override {
    constexpr u64 kFirstPrivateInterrupt = 16;
    state_.statistics.software_interrupts +=
        a.kind == model::AccessKind::Acknowledge && a.data.lo < kFirstPrivateInterrupt;
    if (next_ != nullptr) next_->performed(core, e, a);
  }
  void retired(unsigned core, const Entry& e) override {
    state_.statistics.instructions += e.last;
    wrote_register_ |= e.uop->kind == isa::UopKind::SysWrite;
    const bool conditional = e.uop->kind == isa::UopKind::Branch &&
                             e.uop->branch_op() != isa::BranchOp::Indirect &&
                             e.uop->branch_op() != isa::BranchOp::Direct;
    if (conditional) state_.schedule[core].predictor.train(e.pc, e.choice == 1);
    if (pipeline_.on) state_.schedule[core].pipeline.retired(pipeline_, e, state_.now);
    if (next_ != nullptr) next_->retired(core, e);
  }
  void squashed(unsigned core, u32 first_seq) override {
    ++state_.statistics.discarded;
    if (pipeline_.on) state_.schedule[core].pipeline.squashed(pipeline_, first_seq, state_.now);
    if (next_ != nullptr) next_->squashed(core, first_seq);
  }
  void interrupted(unsigned core, u64 return_pc) override {
    if (next_ != nullptr) next_->interrupted(core, return_pc);
  }

 private:
  TimedState& state_;
  const PipelineConfig& pipeline_;
  model::Observer* next_;
  bool wrote_register_ = false;
};

TimedRun::TimedRun(const model::Machine& machine, const PlatformConfig& config, u64 seed, Platform& platform)
    : machine_(machine), platform_(platform), config_(config), policy_(machine, platform, seed) {
  if (machine.config().speculation != model::Speculation::Squash)
    throw InputError(
        Diagnostic{{}, "a timed run needs a machine that repairs wrong guesses (Speculation::Squash)"});
  platform_.configure(machine_, config_, this);
  reset(seed);
}

void TimedRun::reset(u64 seed) {
  policy_.set_seed(seed);
  if (platform_.user() == this)
    platform_.reset();
  else
    platform_.configure(machine_, config_, this);
  state_ = TimedState{};
  state_.machine = machine_.initial();
  for (model::Core& c : state_.machine.core) c.reg.keep_hash(false);
  state_.now = state_.machine.storage.time;
  state_.schedule.resize(machine_.config().cores);
  log_.clear();
}

void TimedRun::acquire_platform() {
  if (platform_.user() == this) return;
  platform_.configure(machine_, config_, this);
  platform_.restore(state_.platform);
}

TimedState TimedRun::save() {
  if (platform_.user() == this) state_.platform = platform_.save();
  return state_;
}

void TimedRun::restore(const TimedState& saved) {
  acquire_platform();
  state_ = saved;
  platform_.restore(state_.platform);
  if (log_.size() > saved.log_size) log_.resize(saved.log_size);
}

RunResult TimedRun::run(const RunLimits& limits) {
  const auto start = std::chrono::steady_clock::now();
  deadline_known_ = false;
  next_.reset();
  acquire_platform();
  limits_ = limits;
  status_ = RunStatus::Finished;
  if (!std::exchange(state_.started, true)) propose_all();
  // An event for each tick costs a twentieth of a run.
  constexpr u64 kQuantum = 1000;
  platform_.arbiter().run(*this, state_.now, platform_.has_foreign_parts() ? 0 : kQuantum);
  RunResult r;
  r.status = status_;
  r.time = state_.machine.storage.time;
  platform_.read_back(state_.machine.storage);
  r.state = state_.machine;
  for (model::Core& c : r.state.core) c.reg.keep_hash(true);
  state_.statistics.platform = platform_.statistics();
  state_.statistics.cycles.clear();
  if (config_.pipeline.on)
    for (const CoreSchedule& c : state_.schedule) state_.statistics.cycles.push_back(c.pipeline.cycles());
  state_.statistics.host_seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  r.statistics = state_.statistics;
  Hasher h = state_.log_hash;
  const Digest final_state = model::digest(r.state);
  h.word(final_state.a);
  h.word(final_state.b);
  r.digest = h.digest();
  return r;
}

void TimedRun::interrupt_all(unsigned intid) {
  acquire_platform();
  for (unsigned core = 0; core < state_.schedule.size(); ++core)
    state_.machine.storage.irq.pending[core] |= u32{1} << intid;
  if (state_.started) propose_all();
}

bool TimedRun::limit_reached(u64 now) {
  if (limits_.stop != nullptr && *limits_.stop)
    status_ = RunStatus::Stopped;
  else if (limits_.ticks != 0 && now > limits_.ticks)
    status_ = RunStatus::TimeLimit;
  else if (limits_.transitions != 0 && state_.log_size >= limits_.transitions)
    status_ = RunStatus::TransitionLimit;
  else
    return false;
  return true;
}

std::optional<u64> TimedRun::timer_deadline() {
  if (!std::exchange(deadline_known_, true)) deadline_ = Timer::next_deadline(state_.machine, state_.timers_seen);
  return deadline_;
}

std::optional<u64> TimedRun::activate(u64 now) {
  while (true) {
    if (limit_reached(now)) return std::nullopt;
    state_.now = now;
    std::optional<u64> deadline = timer_deadline();
    if (deadline && *deadline <= now) {
      // Enables TimerTick, which is granted before anything else at this instant.
      state_.machine.storage.time = now;
      state_.timers_seen = now;
      deadline_known_ = false;
      propose_all();
      continue;
    }
    const auto [p, when] = next();
    if (p != nullptr && when <= now) {
      grant(*p);
      continue;
    }
    if (p != nullptr && (!deadline || when < *deadline)) deadline = when;
    if (deadline) {
      count_cycles(now, *deadline);
      return deadline;
    }
    const bool finished = machine_.finished(state_.machine);
    if (!finished && force(now)) continue;
    status_ = finished ? RunStatus::Finished : RunStatus::Deadlocked;
    return std::nullopt;
  }
}

void TimedRun::count_cycles(u64 now, u64 until) {
  if (!config_.pipeline.on) return;
  for (unsigned k = 0; k < state_.schedule.size(); ++k)
    state_.schedule[k].pipeline.count(state_.machine.core[k], now, until);
}

void TimedRun::propose(unsigned core, const model::Settled& settled) {
  next_.reset();
  policy_.propose(state_.machine, core, state_.schedule[core], settled);
}

void TimedRun::propose_all() {
  for (unsigned core = 0; core < state_.schedule.size(); ++core) propose(core);
}

const TimedRun::Next& TimedRun::next() {
  if (!next_) next_ = first_due();
  return *next_;
}

TimedRun::Next TimedRun::first_due() const {
  Next first;
  for (const CoreSchedule& c : state_.schedule) {
    for (const Proposal& p : c.proposals) {
      const u64 time = c.due(p);
      if (first.proposal != nullptr && (time > first.when || (time == first.when && first.proposal->order < p.order))) continue;
      first = {&p, time};
    }
  }
  return first;
}

void TimedRun::postpone(CoreSchedule& c, const Proposal& p, u64 by, u64 ticks) {
  next_.reset();
  for (Proposal& q : c.proposals) {
    if (q.order != p.order) continue;
    q.ready = state_.now + by;
    q.ticks = ticks;
  }
}

void TimedRun::grant(const Proposal& proposal) {
  const Proposal p = proposal;  // the original goes when its core proposes anew
  const unsigned core = p.step.core;
  CoreSchedule& c = state_.schedule[core];
  if (config_.pipeline.lost_lines) {
    const u64 ticks = policy_.ticks_now(state_.machine, p);
    if (ticks > p.ticks) return postpone(c, p, ticks, ticks);
  }
  std::optional<Transition> t = policy_.decide(state_.machine, p);
  if (!t) {
    ++state_.statistics.retries;
    return postpone(c, p, config_.retry_interval, p.ticks);
  }
  c.serve(port(p.step.kind), state_.now, width(config_.widths, port(p.step.kind)));
  bool all = false;
  model::Settled settled = model::Settled::nothing();
  for (; t; t = policy_.follow_up(state_.machine, p)) all |= take(*t, p.ready, settled);
  if (all) return propose_all();
  propose(core, settled);
  for (unsigned k = 0; k < state_.schedule.size(); ++k) {
    if (k == core) continue;
    if ((settled.disturbed >> k & 1) != 0)
      propose(k);
    else if (!state_.machine.storage.code.empty())  // what may be fetched may have changed
      propose(k, model::Settled::nothing());
  }
}

bool TimedRun::take(const Transition& t, u64 ready, model::Settled& settled) {
  model::MachineState& s = state_.machine;
  s.storage.time = state_.now;
  RunObserver observer(state_, config_.pipeline, observer_);
  settled.followed_by(machine_.apply(s, t, *this, &observer));
  const bool internal = t.kind <= TransitionKind::PropagateWrite && !observer.wrote_register();
  if (!internal || s.core[t.core].stop.stopped) deadline_known_ = false;
  ++state_.statistics.transitions[static_cast<std::size_t>(t.kind)];
  state_.log_hash.word(state_.now);
  state_.log_hash.word(static_cast<u8>(t.kind) | u64{t.core} << 8 | u64{t.slot} << 16 | u64{t.choice} << 24);
  ++state_.log_size;
  if (keep_log_) log_.push_back({state_.now, t});
  if (probe_ != nullptr) {
    probe_->granted(state_.now, ready, t);
    const auto buffered = [](const Entry& e) { return model::is_write(e) && !e.fired && !e.inert; };
    const auto& window = s.core[t.core].window;
    probe_->occupied(state_.now, t.core, static_cast<unsigned>(window.size()),
                     static_cast<unsigned>(std::count_if(window.begin(), window.end(), buffered)));
  }
  return t.kind == TransitionKind::SystemAction || t.kind == TransitionKind::HostCall;
}

/// Takes a step although nobody proposed one. A policy that waits for something that never comes ends here.
bool TimedRun::force(u64 now) {
  enabled_.clear();
  machine_.enabled(state_.machine, enabled_);
  if (enabled_.empty()) return false;
  const auto certain = std::find_if(enabled_.begin(), enabled_.end(),
                                    [](const Transition& t) { return t.kind != TransitionKind::Predict; });
  ++state_.statistics.forced;
  model::Settled settled;
  take(certain != enabled_.end() ? *certain : enabled_.front(), now, settled);
  propose_all();
  return true;
}

void TimedRun::access(model::Storage& s, model::Access& a) {
  const Reply reply = platform_.access(s, a, true);
  if (config_.pipeline.on && (a.kind == model::AccessKind::Read || a.kind == model::AccessKind::Write))
    take_line(a);
  if (probe_ != nullptr) probe_->transported(state_.now, a, reply);
}

void TimedRun::take_line(const model::Access& a) {
  const u64 line = a.addr / machine_.config().line_bytes;
  const u64 ticks = config_.load_latency + config_.interconnect_latency + config_.snoop_latency;
  const bool written = a.kind == model::AccessKind::Write;
  for (unsigned core = 0; core < state_.schedule.size(); ++core) {
    if (core == a.core) continue;
    state_.schedule[core].pipeline.line_taken(config_.pipeline, state_.machine.core[core], line, written,
                                              state_.now, ticks);
  }
}

model::MachineState replay(const model::Machine& machine, const std::vector<LoggedStep>& log,
                           model::Fabric& fabric, model::Observer* observer) {
  model::MachineState s = machine.initial();
  for (const LoggedStep& step : log) {
    s.storage.time = step.time;
    machine.apply(s, step.transition, fabric, observer);
  }
  return s;
}

}  // namespace isobar::systemc
