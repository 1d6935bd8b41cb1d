// Clocks and sleeping, all from simulated time (scheduler.cpp).
#include "linux-user/clock.h"

namespace isobar::linux_user {

namespace {

/// Clocks 0 to 11 but 10 exist.
bool is_clock(u64 id) {
  return id <= 11 && id != 10;
}

i64 clock_gettime(Process& p, Thread& t, const Call& c) {
  const u64 id = static_cast<u32>(c.a[0]);
  u64 now = is_realtime(id) ? p.system.now_realtime() : p.system.now();
  if (const std::optional<ProcessorClock> clock = processor_clock(p, t, id)) {
    now = clock->thread != nullptr ? clock->thread->processor_time : clock->process->processor_time;
  } else if (!is_clock(id)) {
    return -kEINVAL;
  }
  return p.put(c.a[1], to_timespec(now)) ? 0 : -kEFAULT;
}

/// Nobody here may set the clock.
i64 clock_settime(Process& p, Thread&, const Call& c) {
  if (static_cast<u32>(c.a[0]) != kRealtime) return -kEINVAL;
  TimeSpec time;
  if (!p.get(c.a[1], time)) return -kEFAULT;
  return is_valid(time) ? -kEPERM : -kEINVAL;
}

i64 clock_getres(Process& p, Thread& t, const Call& c) {
  const u64 id = static_cast<u32>(c.a[0]);
  if (!is_clock(id) && !processor_clock(p, t, id)) return -kEINVAL;
  return c.a[1] == 0 || p.put(c.a[1], TimeSpec{0, 1}) ? 0 : -kEFAULT;
}

i64 gettimeofday(Process& p, Thread&, const Call& c) {
  struct {
    i64 seconds, microseconds;
  } now{static_cast<i64>(p.system.now_realtime() / kSecond), static_cast<i64>(p.system.now_realtime() % kSecond / 1000)};
  if (c.a[0] != 0 && !p.put(c.a[0], now)) return -kEFAULT;
  const u64 zone = 0;
  return c.a[1] == 0 || p.put(c.a[1], zone) ? 0 : -kEFAULT;
}

i64 sleep_until(Thread& t, u64 deadline, u64 remaining) {
  Wait w;
  w.kind = Wait::Kind::Sleep;
  w.deadline = deadline;
  w.remaining = remaining;
  t.wait = w;
  return kNoResult;
}

i64 nanosleep(Process& p, Thread& t, const Call& c) {
  TimeSpec time;
  if (!p.get(c.a[0], time)) return -kEFAULT;
  if (!is_valid(time)) return -kEINVAL;
  return sleep_until(t, p.system.now() + to_ns(time), c.a[1]);
}

i64 clock_nanosleep(Process& p, Thread& t, const Call& c) {
  constexpr u64 kAbsolute = 1;
  const u64 id = static_cast<u32>(c.a[0]);
  if (id == kThreadTime) return -kEOPNOTSUPP;
  if (!is_clock(id)) return -kEINVAL;
  TimeSpec time;
  if (!p.get(c.a[2], time)) return -kEFAULT;
  if (!is_valid(time)) return -kEINVAL;
  if ((c.a[1] & kAbsolute) == 0) return sleep_until(t, p.system.now() + to_ns(time), c.a[3]);
  const u64 deadline = moment_of(id, to_ns(time));
  if (deadline <= p.system.now()) return 0;
  return sleep_until(t, deadline, 0);
}

}  // namespace

std::optional<ProcessorClock> processor_clock(const Process& p, const Thread& t, u64 id) {
  if (id == kProcessTime) return ProcessorClock{&p, nullptr};
  if (id == kThreadTime) return ProcessorClock{&p, &t};
  // ~number << 3, 4 for threads, and what is counted: all of the time, the program's part or what the scheduler counted.
  constexpr u32 kOfThread = 4, kKind = 3;
  const i32 clock = static_cast<i32>(id), number = ~(clock >> 3);
  if (clock >= 0 || (static_cast<u32>(clock) & kKind) == kKind) return std::nullopt;
  if ((static_cast<u32>(clock) & kOfThread) != 0) {
    const Thread* thread = number == 0 ? &t : p.system.find_thread(number);
    if (thread == nullptr || thread->process != &p) return std::nullopt;
    return ProcessorClock{&p, thread};
  }
  const Process* process = number == 0 ? &p : p.system.find_process(number);
  if (process == nullptr || process->ended) return std::nullopt;
  return ProcessorClock{process, nullptr};
}

std::vector<SystemCall> time_calls() {
  return {{101, "nanosleep", 2, nanosleep},
          {112, "clock_settime", 2, clock_settime},
          {113, "clock_gettime", 2, clock_gettime},
          {114, "clock_getres", 2, clock_getres},
          {115, "clock_nanosleep", 4, clock_nanosleep},
          {169, "gettimeofday", 2, gettimeofday}};
}

}  // namespace isobar::linux_user
