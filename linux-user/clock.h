// Clocks and their values: nanoseconds since the run began inside, struct timespec outside.
#pragma once

#include <algorithm>

#include "linux-user/system.h"

namespace isobar::linux_user {

constexpr u64 kSecond = 1'000'000'000;  ///< ns

/// CLOCK_*.
constexpr u64 kRealtime = 0, kMonotonic = 1, kProcessTime = 2, kThreadTime = 3, kRealtimeCoarse = 5, kBootTime = 7,
              kRealtimeAlarm = 8, kTai = 11;

/// Clocks that show the time of day.
inline bool is_realtime(u64 clock) {
  return clock == kRealtime || clock == kRealtimeCoarse || clock == kRealtimeAlarm || clock == kTai;
}

/// What the kernel takes for a time; not one that is negative.
inline bool is_valid(const TimeSpec& t) {
  return t.seconds >= 0 && t.nanoseconds >= 0 && t.nanoseconds < static_cast<i64>(kSecond);
}

/// Of a valid time; one that is more than 136 years away is as far as that, rather than past the end of 64 bits.
inline u64 to_ns(const TimeSpec& t) {
  constexpr i64 kLongest = i64{1} << 32;
  return static_cast<u64>(std::min(t.seconds, kLongest)) * kSecond + static_cast<u64>(t.nanoseconds);
}

inline TimeSpec to_timespec(u64 ns) { return {static_cast<i64>(ns / kSecond), static_cast<i64>(ns % kSecond)}; }

/// The moment of the run at which `clock` shows `ns`; 0 for the time before it.
inline u64 moment_of(u64 clock, u64 ns) {
  if (!is_realtime(clock)) return ns;
  return ns > System::kEpoch ? ns - System::kEpoch : 0;
}

}  // namespace isobar::linux_user
