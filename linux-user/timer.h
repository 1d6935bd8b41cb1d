// Timers of a process: timer_create(), setitimer(), and the one of a timerfd.
#pragma once

#include <optional>

#include "linux-user/signals.h"

namespace isobar::linux_user {

/// When something happens, once or again and again. Times in ns of whatever clock the owner counts.
struct Schedule {
  std::optional<u64> next;  ///< none: it is not armed
  u64 interval = 0;         ///< 0: once

  /// How often it has happened until `now`; afterwards `next` is later than that.
  u64 advance(u64 now) {
    if (!next || *next > now) return 0;
    if (interval == 0) {
      next.reset();
      return 1;
    }
    const u64 times = (now - *next) / interval + 1;
    *next += times * interval;
    return times;
  }
};

struct Timer {
  enum class Clock : u8 { Elapsed, Process, Thread };  ///< what is counted: time, or that of a processor
  enum class Notify : u8 { Signal = 0, None = 1, Thread = 2, ThreadId = 4 };
  i32 id = 0;
  u64 clock_id = 0;  ///< of timer_create()
  Clock clock = Clock::Elapsed;
  i32 thread = 0;  ///< whose time Clock::Thread counts
  Notify notify = Notify::Signal;
  i32 target = 0;  ///< the thread that Notify::ThreadId tells
  i32 signal = 0;
  u64 value = 0;  ///< si_value
  Schedule schedule;
  u64 overrun = 0;  ///< of the signal delivered last
};

}  // namespace isobar::linux_user
