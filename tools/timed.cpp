#include "tools/timed.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <queue>
#include <thread>

#include "explore/search.h"
#include "support/diagnostic.h"
#include "tools/code_report.h"
#include "tools/interrupt.h"
#include "tools/warnings.h"
#if ISOBAR_HAS_SYSTEMC
#include "model/systemc/timed_run.h"
#endif

namespace isobar::tools {

#if ISOBAR_HAS_SYSTEMC
namespace {

/// Transitions between two looks at the clock and at the interrupt flag.
constexpr u64 kSlice = 50'000;

/// The one thread that uses the SystemC kernel.
class SimulationThread {
 public:
  TimedReport run(std::function<TimedReport()> work) {
    std::packaged_task<TimedReport()> task(std::move(work));
    std::future<TimedReport> result = task.get_future();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push(std::move(task));
    }
    changed_.notify_one();
    return result.get();
  }

 private:
  void work(const std::stop_token& stop) {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return !tasks_.empty(); })) return;
      std::packaged_task<TimedReport()> task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::queue<std::packaged_task<TimedReport()>> tasks_;
  std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};
};

std::string why_stopped(systemc::RunStatus status, const TimedLimits& limits, double seconds) {
  if (interrupt_flag()) return "interrupted";
  if (limits.seconds > 0 && seconds > limits.seconds) return fmt::format("{} s", limits.seconds);
  if (status == systemc::RunStatus::TransitionLimit) return fmt::format("{} transitions", limits.transitions);
  return {};
}

TimedReport run_here(const Workload& w, u64 seed, const TimedLimits& limits, bool keep_steps,
                     ProgressLine& progress, model::Observer* observer, const systemc::PlatformConfig* platform) {
  systemc::TimedRun run(*w.machine, platform != nullptr ? *platform : systemc::PlatformConfig{}, seed);
  run.keep_log(keep_steps);
  CodeReport code(w, [&run]() -> const model::MachineState& { return run.state(); });
  run.set_observer(observer != nullptr ? observer : &code);
  systemc::RunResult r;
  for (u64 until = kSlice;; until += kSlice) {
    systemc::RunLimits slice;
    slice.transitions = limits.transitions == 0 ? until : std::min(until, limits.transitions);
    r = run.run(slice);
    const double seconds = r.statistics.host_seconds;
    progress.update(fmt::format("{} seed {}: {} instructions, {} ticks, {:.1f} s", w.title(), seed,
                                with_thousands(r.statistics.instructions), with_thousands(r.time), seconds));
    const bool more = r.status == systemc::RunStatus::TransitionLimit && slice.transitions == until;
    if (!more || interrupt_flag() || (limits.seconds > 0 && seconds > limits.seconds)) break;
  }
  TimedReport report;
  report.seed = seed;
  report.deadlocked = r.status == systemc::RunStatus::Deadlocked;
  const bool ended = r.status == systemc::RunStatus::Finished || report.deadlocked;
  if (!ended) report.limit = why_stopped(r.status, limits, r.statistics.host_seconds);
  report.outcome = explore::observe(*w.machine, r.state, w.observables);
  report.flags = warning_names(r.state);
  report.code_text = code.text();
  report.code = code.json();
  report.digest = model::digest(r.state);
  report.ticks = r.time;
  report.instructions = r.statistics.instructions;
  report.cycles = r.statistics.cycles;
  report.ipis = r.statistics.software_interrupts;
  report.transitions = r.statistics.total();
  report.seconds = r.statistics.host_seconds;
  for (const systemc::LoggedStep& step : run.log()) report.steps.push_back({step.time, step.transition});
  return report;
}

}  // namespace

TimedReport run_timed(const Workload& w, u64 seed, const TimedLimits& limits, bool keep_steps,
                      ProgressLine& progress, model::Observer* observer,
                      const systemc::PlatformConfig* platform) {
  static SimulationThread thread;
  return thread.run([&] { return run_here(w, seed, limits, keep_steps, progress, observer, platform); });
}
#else
TimedReport run_timed(const Workload& w, u64, const TimedLimits&, bool, ProgressLine&, model::Observer*,
                      const systemc::PlatformConfig*) {
  throw InputError(Diagnostic{{w.file, 0, 0}, "this isobar was built without SystemC: no timed runs"});
}
#endif

}  // namespace isobar::tools
