#include "linux-detailed/run.h"

#include <fmt/format.h>

#include <memory>

#include "linux-detailed/host.h"
#include "model/systemc/timed_run.h"
#include "support/diagnostic.h"

namespace isobar::linux_detailed {

namespace {

using linux_user::Outcome;
using systemc::RunStatus;

/// Counts the instructions of the program and sees where execution in detail is to end, and which system calls needed no
/// host call.
class Watch final : public model::Observer {
 public:
  Watch(const Host& host, const QuickCalls& quick, std::optional<u64> until, std::optional<u64> most)
      : host_(host), quick_(quick), until_(until), most_(most) {}

  void retired(unsigned core, const model::Entry& e) override {
    if (e.context.el != 0) {
      if (e.pc == quick_.number_at) number_[core] = e.value.lo;
      if (e.pc == quick_.result_at) host_.note_quick_call(core, number_[core], e.value.lo);
      return;
    }
    // Only the first thread that comes there stops the machine: the others go on until they are interrupted.
    if (!leaves_ && e.index == 0 && (e.word == functional::kLeaveHint || e.pc == until_)) leaves_ = stop = true;
    if (e.last && ++instructions_ == most_) stop = true;
  }
  u64 instructions() const { return instructions_; }
  bool leaves() const { return leaves_; }

  bool stop = false;

 private:
  const Host& host_;
  const QuickCalls quick_;
  std::optional<u64> until_, most_;
  std::array<u64, kMaxCores> number_{};
  u64 instructions_ = 0;
  bool leaves_ = false;
};

model::MachineConfig machine_of(const linux_user::System& system, const DetailedOptions& options) {
  model::MachineConfig config;
  config.cores = system.options.cores;
  config.core = options.core;
  config.dic = config.idc = system.options.coherent_fetch;
  config.tagging = system.options.tagging;
  config.speculation = model::Speculation::Squash;
  return config;
}

KernelOptions kernel_of(const linux_user::Options& user, const DetailedOptions& detailed, u64 start_time) {
  KernelOptions k;
  k.tasks = Host::tasks(user);
  k.tso = detailed.core[0].tso_at_reset;
  k.quick_calls = !user.checks_sequences;  // otherwise the host looks where each call is
  k.start_time = start_time;
  k.epoch = linux_user::System::kEpoch;
  return k;
}

/// One stretch in detail, from all threads at rest to all threads at rest or the end of the process.
class Stretch {
 public:
  Stretch(linux_user::System& system, const DetailedOptions& options, unsigned number)
      : system_(system),
        config_(machine_of(system, options)),
        host_(system, config_, spaces_),
        machine_(config_,
                 build_program(config_, kernel_of(system.options, options, system.now()), spaces_, quick_),
                 std::make_shared<HostCalls>(host_)),
        run_(machine_, options.platform, system.options.seed + number),
        watch_(host_, quick_, options.until, left(system)) {
    host_.attach(machine_);
    run_.set_observer(&watch_);
    run_.keep_log(false);
  }

  void run(DetailedStatistics& statistics) {
    const u64 start = system_.now();
    systemc::RunResult r = advance();
    if (watch_.leaves() && !system_.outcome()) {
      host_.pause();
      pausing_ = true;
      watch_.stop = false;
      run_.interrupt_all(kPause);
      r = advance();
    }
    system_.count(watch_.instructions());
    for (const auto& p : system_.processes())
      if (!system_.outcome() && !p->ended) p->memory().forget_code();
    statistics.instructions += watch_.instructions();
    statistics.ticks += r.time - start;
    Hasher h;
    for (const u64 word : {statistics.digest.a, statistics.digest.b, r.digest.a, r.digest.b}) h.word(word);
    statistics.digest = h.digest();
    ++statistics.entries;
  }

 private:
  static std::optional<u64> left(const linux_user::System& system) {
    if (!system.options.limit) return std::nullopt;
    return *system.options.limit - system.executed();
  }

  /// Until the process ends, every core is parked, or the watch stops it.
  systemc::RunResult advance() {
    constexpr u64 kPart = 100'000;  // transitions between two looks at whether the user wants it to end
    systemc::RunLimits limits;
    limits.transitions = 0;
    limits.stop = &watch_.stop;
    host_.tell(&watch_.stop);
    spaces_.tell(&watch_.stop);
    systemc::RunResult r;
    do {
      limits.transitions += kPart;
      r = run_.run(limits);
      system_.heed_interrupt();
    } while (r.status == RunStatus::TransitionLimit && !system_.outcome());
    using Kind = Outcome::Kind;
    if (system_.outcome() || (watch_.leaves() && !pausing_ && r.status == RunStatus::Stopped)) return r;
    if (!spaces_.refused().empty())
      system_.end(Kind::Unsupported, 0, spaces_.refused());
    else if (pool_->exhausted)
      system_.end(Kind::OutOfMemory, 0,
                   fmt::format("the program touched more than {} pages of memory", system_.options.page_limit));
    else if (r.status == RunStatus::Stopped)
      system_.end(Kind::LimitReached, 0,
                   fmt::format("the limit of {} instructions was reached", *system_.options.limit));
    else if (r.status != RunStatus::Finished)
      throw InternalError("the detailed machine cannot go on");
    else if (!watch_.leaves())
      system_.end(Kind::Deadlock, 0, system_.describe_waits());
    return r;
  }

  linux_user::System& system_;
  model::MachineConfig config_;
  std::shared_ptr<functional::Pool> pool_ = system_.processes().front()->memory().pool();
  AddressSpaces spaces_{kKernelBase, system_.options.guarding};
  Host host_;
  QuickCalls quick_;
  model::Machine machine_;
  systemc::TimedRun run_;
  Watch watch_;
  bool pausing_ = false;
};

}  // namespace

systemc::PlatformConfig drawn_platform(u64 seed) {
  systemc::PlatformConfig p;
  Hasher h;
  const auto draw = [&](unsigned& latency, unsigned least, unsigned most) {
    h.word(seed);
    latency = least + static_cast<unsigned>(h.digest().a % (most - least + 1));
  };
  draw(p.load_latency, 2, 12);
  draw(p.store_latency, 1, 12);
  draw(p.forward_latency, 1, 6);
  draw(p.drain_delay, 1, 100);
  draw(p.interconnect_latency, 5, 80);
  draw(p.snoop_latency, 5, 60);
  draw(p.memory_latency, 20, 400);
  draw(p.maintenance_latency, 10, 100);
  draw(p.start_skew, 0, 400);
  draw(p.jitter, 0, 60);
  return p;
}

Outcome run(linux_user::System& system, const DetailedOptions& options, DetailedStatistics& statistics) {
  bool detailed = options.detailed_at_start;
  while (!system.outcome()) {
    if (detailed)
      Stretch(system, options, statistics.entries).run(statistics);
    else if (!system.run_to_stop())
      break;
    detailed = !detailed;
  }
  Outcome outcome = *system.outcome();
  outcome.instructions = system.executed();
  return outcome;
}

}  // namespace isobar::linux_detailed
