// timer_create and its like, setitimer, timerfd (Linux kernel/time/posix-timers.c, itimer.c, fs/timerfd.c).
#include <algorithm>
#include <array>
#include <cstring>

#include "linux-user/clock.h"

namespace isobar::linux_user {

namespace {

constexpr u64 kAbsolute = 1;

/// struct itimerspec.
struct Setting {
  TimeSpec interval, value;
};
/// struct itimerval.
struct Microseconds {
  i64 interval_s = 0, interval_us = 0, value_s = 0, value_us = 0;
};

/// The first moment of a setting on a clock that shows `now`; none for zero.
std::optional<u64> first_moment(const Setting& s, bool absolute, u64 clock, u64 now) {
  const u64 value = to_ns(s.value);
  if (value == 0) return std::nullopt;
  if (!absolute) return now + value;
  return moment_of(clock, value);
}

/// What is left; a timer that is about to expire has 1 ns left rather than none.
Setting remaining(const Schedule& s, u64 now) {
  Setting r;
  r.interval = to_timespec(s.interval);
  if (s.next) r.value = to_timespec(*s.next > now ? *s.next - now : 1);
  return r;
}

/// Sets a schedule on a clock that shows `now`; what was left of the old one.
Setting rearm(Schedule& s, const Setting& wanted, bool absolute, u64 clock, u64 now) {
  const Setting old = remaining(s, now);
  s = {first_moment(wanted, absolute, clock, now), to_ns(wanted.interval)};
  return old;
}

Timer* find(Process& p, u64 id) {
  const auto it = p.timers.find(static_cast<i32>(id));
  return it == p.timers.end() ? nullptr : &it->second;
}

i64 timer_create(Process& p, Thread& t, const Call& c) {
  /// struct sigevent.
  struct {
    u64 value = 0;
    i32 signal = kSigalrm, notify = 0, thread = 0, padding[11] = {};
  } event;
  constexpr std::size_t kMostTimers = 512;
  u64 clock = static_cast<u32>(c.a[0]);
  i32 counted = t.tid;
  if (const std::optional<ProcessorClock> of = processor_clock(p, t, clock)) {
    if (of->process != &p) return -kEINVAL;
    clock = of->thread != nullptr ? kThreadTime : kProcessTime;
    if (of->thread != nullptr) counted = of->thread->tid;
  } else if (clock != kRealtime && clock != kMonotonic && clock != kBootTime && clock != kTai) {
    return -kEINVAL;
  }
  if (c.a[1] != 0 && !p.get(c.a[1], event)) return -kEFAULT;
  if (p.timers.size() >= kMostTimers) return -kEAGAIN;
  Timer timer;
  timer.id = p.next_timer;
  if (c.a[1] == 0) event.value = static_cast<u64>(timer.id);
  timer.clock_id = clock;
  timer.clock = clock == kProcessTime  ? Timer::Clock::Process
                : clock == kThreadTime ? Timer::Clock::Thread
                                       : Timer::Clock::Elapsed;
  timer.thread = counted;
  timer.notify = static_cast<Timer::Notify>(event.notify);
  timer.signal = event.signal;
  timer.value = event.value;
  timer.target = event.thread;
  switch (timer.notify) {
    case Timer::Notify::ThreadId: {
      const Thread* target = p.system.find_thread(event.thread);
      if (target == nullptr || target->process != &p) return -kEINVAL;
      [[fallthrough]];
    }
    case Timer::Notify::Signal:
    case Timer::Notify::Thread:
      if (event.signal < 1 || event.signal > kSignals) return -kEINVAL;
      break;
    case Timer::Notify::None: break;
    default: return -kEINVAL;
  }
  if (!p.put(c.a[2], timer.id)) return -kEFAULT;
  ++p.next_timer;
  p.system.note_timer();
  p.timers[timer.id] = timer;
  return 0;
}

/// A signal of a timer that is set again or deleted is not delivered any more.
void forget_signal(Process& p, i32 id) {
  const auto is_gone = [&](const SignalInfo& s) { return s.code == si_code::kTimer && s.sender == id; };
  std::erase_if(p.pending, is_gone);
  for (const auto& t : p.threads) std::erase_if(t->pending, is_gone);
}

i64 timer_settime(Process& p, Thread&, const Call& c) {
  Setting wanted;
  if (c.a[2] == 0) return -kEINVAL;
  if (!p.get(c.a[2], wanted)) return -kEFAULT;
  if (!is_valid(wanted.value) || !is_valid(wanted.interval)) return -kEINVAL;
  Timer* timer = find(p, c.a[0]);
  if (timer == nullptr) return -kEINVAL;
  const Setting old = rearm(timer->schedule, wanted, (c.a[1] & kAbsolute) != 0, timer->clock_id, p.timer_clock(*timer));
  timer->overrun = 0;
  forget_signal(p, timer->id);
  return c.a[3] == 0 || p.put(c.a[3], old) ? 0 : -kEFAULT;
}

i64 timer_gettime(Process& p, Thread&, const Call& c) {
  const Timer* timer = find(p, c.a[0]);
  if (timer == nullptr) return -kEINVAL;
  return p.put(c.a[1], remaining(timer->schedule, p.timer_clock(*timer))) ? 0 : -kEFAULT;
}

i64 timer_getoverrun(Process& p, Thread&, const Call& c) {
  const Timer* timer = find(p, c.a[0]);
  return timer == nullptr ? -kEINVAL : static_cast<i64>(std::min<u64>(timer->overrun, INT32_MAX));
}

i64 timer_delete(Process& p, Thread&, const Call& c) {
  forget_signal(p, static_cast<i32>(c.a[0]));
  return p.timers.erase(static_cast<i32>(c.a[0])) != 0 ? 0 : -kEINVAL;
}

Microseconds to_microseconds(const Setting& s) {
  return {s.interval.seconds, s.interval.nanoseconds / 1000, s.value.seconds, s.value.nanoseconds / 1000};
}

i64 getitimer(Process& p, Thread&, const Call& c) {
  if (c.a[0] >= p.interval_timers.size()) return -kEINVAL;
  const Timer& timer = p.interval_timers[c.a[0]];
  return p.put(c.a[1], to_microseconds(remaining(timer.schedule, p.timer_clock(timer)))) ? 0 : -kEFAULT;
}

/// All of the time of processors is the program's own: ITIMER_VIRTUAL and ITIMER_PROF count the same.
i64 setitimer(Process& p, Thread&, const Call& c) {
  constexpr std::array<i32, 3> kSignalOf = {kSigalrm, kSigvtalrm, kSigprof};
  Microseconds wanted;
  if (c.a[1] != 0 && !p.get(c.a[1], wanted)) return -kEFAULT;
  if (c.a[0] >= p.interval_timers.size()) return -kEINVAL;
  constexpr i64 kMillion = 1'000'000;
  for (const i64 us : {wanted.interval_us, wanted.value_us}) {
    if (us < 0 || us >= kMillion) return -kEINVAL;
  }
  if (wanted.value_s < 0 || wanted.interval_s < 0) return -kEINVAL;
  Timer& timer = p.interval_timers[c.a[0]];
  timer.clock = c.a[0] == 0 ? Timer::Clock::Elapsed : Timer::Clock::Process;
  timer.signal = kSignalOf[c.a[0]];
  p.system.note_timer();
  const Setting s{{wanted.interval_s, wanted.interval_us * 1000}, {wanted.value_s, wanted.value_us * 1000}};
  const Microseconds old = to_microseconds(rearm(timer.schedule, s, false, kMonotonic, p.timer_clock(timer)));
  return c.a[2] == 0 || p.put(c.a[2], old) ? 0 : -kEFAULT;
}

i64 timerfd_create(Process& p, Thread&, const Call& c) {
  const u64 clock = static_cast<u32>(c.a[0]), flags = static_cast<u32>(c.a[1]);
  if ((flags & ~u64{kCloseOnExec | kNonBlocking}) != 0) return -kEINVAL;
  if (clock != kRealtime && clock != kMonotonic && clock != kBootTime) return -kEINVAL;
  return p.add_file(std::make_shared<TimerFile>(p.system, clock, static_cast<u32>(flags) & kNonBlocking),
                    (flags & kCloseOnExec) != 0);
}

std::shared_ptr<TimerFile> timer_file(const Process& p, u64 fd) {
  return std::dynamic_pointer_cast<TimerFile>(p.file(fd));
}

i64 timerfd_settime(Process& p, Thread&, const Call& c) {
  constexpr u64 kCancelOnSet = 2;
  Setting wanted;
  if (!p.get(c.a[2], wanted)) return -kEFAULT;
  if ((static_cast<u32>(c.a[1]) & ~(kAbsolute | kCancelOnSet)) != 0 || !is_valid(wanted.value) || !is_valid(wanted.interval))
    return -kEINVAL;
  const auto file = timer_file(p, c.a[0]);
  if (file == nullptr) return p.file(c.a[0]) == nullptr ? -kEBADF : -kEINVAL;
  const Setting old = rearm(file->schedule, wanted, (c.a[1] & kAbsolute) != 0, file->clock, p.system.now());
  file->expired = 0;
  return c.a[3] == 0 || p.put(c.a[3], old) ? 0 : -kEFAULT;
}

i64 timerfd_gettime(Process& p, Thread&, const Call& c) {
  const auto file = timer_file(p, c.a[0]);
  if (file == nullptr) return p.file(c.a[0]) == nullptr ? -kEBADF : -kEINVAL;
  return p.put(c.a[1], remaining(file->schedule, p.system.now())) ? 0 : -kEFAULT;
}

}  // namespace

TimerFile::TimerFile(System& system, u64 clock_id, u32 open_flags)
    : File(open_flags | kReadWrite), clock(clock_id), system_(system) {
  system_.timer_files.push_back(this);
}

TimerFile::~TimerFile() {
  std::erase(system_.timer_files, this);
}

i64 TimerFile::read(u64, u64 size, std::string& to) {
  if (size < sizeof expired) return -kEINVAL;
  if (expired == 0) return -kEAGAIN;
  to.assign(reinterpret_cast<const char*>(&expired), sizeof expired);
  expired = 0;
  return 0;
}

u64 Process::timer_clock(const Timer& timer) const {
  if (timer.clock == Timer::Clock::Elapsed) return system.now();
  if (timer.clock == Timer::Clock::Process) return processor_time;
  const Thread* t = system.find_thread(timer.thread);
  return t == nullptr ? 0 : t->processor_time;
}

void Process::expire_timers() {
  for (Timer& timer : interval_timers) {
    if (timer.schedule.advance(timer_clock(timer)) == 0) continue;
    SignalInfo info;
    info.number = timer.signal;
    info.code = si_code::kKernel;
    send_to_process(info, last_to_run);
  }
  for (auto& [id, timer] : timers) {
    const u64 times = timer.schedule.advance(timer_clock(timer));
    if (times == 0 || timer.notify == Timer::Notify::None) continue;
    Thread* target = timer.notify == Timer::Notify::ThreadId ? system.find_thread(timer.target) : nullptr;
    if (timer.notify == Timer::Notify::ThreadId && target == nullptr) continue;
    // One signal of a timer waits at a time; what comes later is counted in it.
    SignalInfo* waiting = nullptr;
    const auto look_in = [&](std::deque<SignalInfo>& queue) {
      for (SignalInfo& s : queue) {
        if (s.code == si_code::kTimer && s.sender == id) waiting = &s;
      }
    };
    look_in(pending);
    for (const auto& t : threads) look_in(t->pending);
    if (waiting != nullptr) {
      waiting->user = static_cast<u32>(std::min<u64>(waiting->user + times, INT32_MAX));
      continue;
    }
    SignalInfo info;
    info.number = timer.signal;
    info.code = si_code::kTimer;
    info.sender = id;
    info.user = static_cast<u32>(std::min<u64>(times - 1, INT32_MAX));
    info.value = timer.value;
    if (target != nullptr)
      send(*target, info);
    else
      send_to_process(info, last_to_run);
  }
}

std::optional<u64> Process::next_timer_deadline() const {
  std::optional<u64> first;
  const auto consider = [&](const Timer& timer) {
    if (timer.clock != Timer::Clock::Elapsed || !timer.schedule.next) return;
    if (!first || *timer.schedule.next < *first) first = timer.schedule.next;
  };
  for (const Timer& timer : interval_timers) consider(timer);
  for (const auto& [id, timer] : timers) consider(timer);
  return first;
}

std::vector<SystemCall> timer_calls() {
  return {{85, "timerfd_create", 2, timerfd_create},
          {86, "timerfd_settime", 4, timerfd_settime},
          {87, "timerfd_gettime", 2, timerfd_gettime},
          {102, "getitimer", 2, getitimer},
          {103, "setitimer", 3, setitimer},
          {107, "timer_create", 3, timer_create},
          {108, "timer_gettime", 2, timer_gettime},
          {109, "timer_getoverrun", 1, timer_getoverrun},
          {110, "timer_settime", 4, timer_settime},
          {111, "timer_delete", 1, timer_delete}};
}

}  // namespace isobar::linux_user
