#include "linux-hunt/run.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::linux_hunt {

namespace {

using linux_user::System;
using linux_user::Thread;
using Kind = linux_user::Outcome::Kind;

/// Instructions after which timers are looked at, with one thread and with several.
constexpr u64 kLongSlice = 20'000, kSlice = 5'000;
/// Instructions for which a thread may keep others waiting.
constexpr u64 kPatience = 500'000;
/// Of the output of a run, what is kept.
constexpr std::size_t kKeptBytes = 1 << 20;

/// A run in progress, slice by slice.
class Course {
 public:
  Course(const Target& target, u64 seed, const Granules& shared, const TurnOptions& turns)
      : target_(target),
        system_(*target.image, options_of(target, seed, run_.output)),
        turns_(turns),
        watch_(
            system_, shared, [this](i32 thread) { return at_event(thread); }, [this] { after_call(); }) {
    if (target.checks_races)
      watch_.check_races(target.race_free, [this](const Race& r) { return race_text(*target_.image, r); });
  }

  bool goes_on() const { return !system_.outcome(); }
  System& system() { return system_; }

  /// One slice of `t`; the instructions executed.
  u64 run(Thread& t, u64 quantum) {
    const i32 tid = t.tid;
    started_ = tid;
    held_ = overtaken_ = false;
    watch_.begin(t);
    const unsigned cpu = t.cpu;
    const u64 most = system_.within_limit(quantum), used = run_slice(system_, t, most);
    watch_.end();
    run_.slices.push_back({tid, cpu, used});
    run_.places.push_back(t.core.state().pc);
    stretch_ = tid == last_ ? stretch_ + used : used;
    last_ = tid;
    const bool yields = used < most && !held_ && !overtaken_ && !watch_.spun() && system_.runs(t);
    if (watch_.spun() || yields) turns_.gives_way(tid, watch_.changes());
    if (stretch_ > kPatience) {
      turns_.falls_behind(tid);
      stretch_ = 0;
    }
    system_.heed_interrupt();
    system_.settle(false);
    return used;
  }

  /// The next slice by turns.
  void take_turn() {
    Thread* t = turns_.choose(system_, watch_.changes());
    if (t == nullptr) return system_.settle(true);
    run(*t, system_.threads().size() > 1 ? kSlice : kLongSlice);
  }

  void stop_at_events(bool stops) { stops_ = stops; }

  Run finish() {
    run_.outcome = *system_.outcome();
    run_.outcome.instructions = system_.executed();
    run_.events = turns_.events();
    run_.threads = watch_.threads();
    run_.found = watch_.found();
    run_.interleaving = watch_.interleaving();
    judge(target_, run_);
    return std::move(run_);
  }

 private:
  bool at_event(i32 thread) {
    held_ = turns_.event(thread) && stops_;
    return held_;
  }

  void after_call() {
    if (!stops_ || !turns_.is_overtaken(system_, started_, watch_.changes())) return;
    overtaken_ = true;
    system_.end_slice();
  }

  const Target& target_;
  Run run_;
  System system_;
  Turns turns_;
  Watch watch_;
  bool stops_ = true, held_ = false, overtaken_ = false;
  i32 last_ = 0, started_ = 0;
  u64 stretch_ = 0;
};

}  // namespace

linux_user::Options options_of(const Target& target, u64 seed, std::string& output) {
  linux_user::Options options = target.options;
  options.cores = target.cores;
  options.seed = seed;
  options.limit = target.limit;
  options.interrupt = target.interrupt;
  options.arguments = target.arguments;
  options.write = [&output](int, const std::string& bytes) {
    if (output.size() < kKeptBytes) output += bytes;
  };
  options.read = [](u64) { return std::string(); };
  return options;
}

void judge(const Target& target, Run& run) {
  const linux_user::Outcome& o = run.outcome;
  const auto fails = [&run](std::string kind, std::string text) {
    run.kind = std::move(kind);
    run.failure = std::move(text);
  };
  const std::string status = fmt::format("exit status {}", o.status), signal = fmt::format("killed by signal {}", o.status);
  switch (o.kind) {
    case Kind::Exited:
      if (o.status != target.exit_status) fails(status, status);
      break;
    case Kind::Killed: return fails(signal, signal);
    case Kind::Deadlock: return fails("deadlock", o.message);
    case Kind::LimitReached: return fails("limit", "limit: " + o.message);
    case Kind::OutOfMemory: return fails("memory", "memory: " + o.message);
    case Kind::DataRace: return fails("data race", o.message);
    case Kind::Unsupported: return fails("not modelled", "not modelled: " + o.message);
  }
}

Run run_by_seed(const Target& target, u64 seed, const Granules& shared) {
  Course course(target, seed, shared, {});
  course.stop_at_events(false);
  System& system = course.system();
  while (course.goes_on()) {
    bool any = false;
    for (unsigned cpu = 0; cpu < target.cores && course.goes_on(); ++cpu) {
      Thread* t = system.choose(cpu);
      if (t == nullptr) continue;
      any = true;
      course.run(*t, system.next_quantum());
    }
    if (!any) system.settle(true);
  }
  return course.finish();
}

Run run_by_turns(const Target& target, u64 seed, const TurnOptions& turns, const Granules& shared) {
  Course course(target, seed, shared, turns);
  while (course.goes_on()) course.take_turn();
  return course.finish();
}

Run run_along(const Target& target, u64 seed, const std::vector<Slice>& slices, const Granules& shared) {
  TurnOptions turns;
  turns.in_order = true;
  Course course(target, seed, shared, turns);
  course.stop_at_events(false);
  System& system = course.system();
  const auto somebody_runs = [&] {
    return std::any_of(system.threads().begin(), system.threads().end(), [&](const Thread* t) { return system.runs(*t); });
  };
  for (const Slice& slice : slices) {
    while (course.goes_on() && !somebody_runs()) system.settle(true);
    if (!course.goes_on()) break;
    u64 left = slice.instructions;
    while (course.goes_on() && left != 0) {
      Thread* t = system.find_thread(slice.thread);
      if (t == nullptr || !system.runs(*t)) break;
      t->cpu = slice.cpu;
      const u64 used = course.run(*t, left);
      if (used == 0) break;
      left -= std::min(left, used);
    }
  }
  course.stop_at_events(true);
  while (course.goes_on()) course.take_turn();
  return course.finish();
}

Run run_again(const Target& target, const Schedule& schedule) {
  Run run;
  Target whole = target;
  whole.interrupt = nullptr;
  System system(*target.image, options_of(whole, schedule.seed, run.output));
  run.outcome = replay(system, schedule, target.arguments.front());
  run.slices = schedule.slices;
  judge(target, run);
  return run;
}

}  // namespace isobar::linux_hunt
