// Policies, priorities, usage of the processor, and what else is asked about a machine with one user (Linux
// kernel/sched/syscalls.c, kernel/sys.c).
#include <algorithm>
#include <array>

#include "linux-user/clock.h"

namespace isobar::linux_user {

namespace {

enum : u32 { kNormal = 0, kFifo = 1, kRoundRobin = 2, kBatch = 3, kIdle = 5, kDeadline = 6 };

i64 sched_getscheduler(Process& p, Thread& t, const Call& c) {
  if (static_cast<i32>(c.a[0]) < 0) return -kEINVAL;
  const Thread* target = p.system.find_thread(t, c.a[0]);
  return target == nullptr ? -kESRCH : static_cast<i64>(target->policy);
}

/// Every policy is allowed (RLIMIT_RTPRIO has no limit) and changes nothing here but the answer.
i64 set_policy(Process& p, Thread& t, u64 tid, u32 policy, u64 priority_at) {
  i32 priority = 0;
  if (static_cast<i32>(tid) < 0 || priority_at == 0) return -kEINVAL;
  if (!p.get(priority_at, priority)) return -kEFAULT;
  Thread* target = p.system.find_thread(t, tid);
  if (target == nullptr) return -kESRCH;
  const u32 plain = policy & ~Thread::kResetOnFork;
  const bool real_time = plain == kFifo || plain == kRoundRobin;
  if (plain != kNormal && plain != kBatch && plain != kIdle && !real_time) return -kEINVAL;
  if (real_time ? priority < 1 || priority > 99 : priority != 0) return -kEINVAL;
  target->policy = policy;
  target->priority = priority;
  return 0;
}

i64 sched_setscheduler(Process& p, Thread& t, const Call& c) {
  if (static_cast<i32>(c.a[1]) < 0) return -kEINVAL;
  return set_policy(p, t, c.a[0], static_cast<u32>(c.a[1]), c.a[2]);
}

i64 sched_setparam(Process& p, Thread& t, const Call& c) {
  const Thread* target = p.system.find_thread(t, c.a[0]);
  return set_policy(p, t, c.a[0], target == nullptr ? kNormal : target->policy, c.a[1]);
}

i64 sched_getparam(Process& p, Thread& t, const Call& c) {
  if (static_cast<i32>(c.a[0]) < 0 || c.a[1] == 0) return -kEINVAL;
  const Thread* target = p.system.find_thread(t, c.a[0]);
  if (target == nullptr) return -kESRCH;
  return p.put(c.a[1], target->priority) ? 0 : -kEFAULT;
}

i64 sched_priority_limit(Process&, Thread&, const Call& c) {
  constexpr u64 kReserved = 4, kMaximum = 125;
  const u64 policy = static_cast<u32>(c.a[0]);
  if (policy > kDeadline || policy == kReserved) return -kEINVAL;
  if (policy != kFifo && policy != kRoundRobin) return 0;
  return c.number == kMaximum ? 99 : 1;
}

i64 sched_rr_get_interval(Process& p, Thread& t, const Call& c) {
  if (static_cast<i32>(c.a[0]) < 0) return -kEINVAL;
  if (p.system.find_thread(t, c.a[0]) == nullptr) return -kESRCH;
  return p.put(c.a[1], TimeSpec{0, 4'000'000}) ? 0 : -kEFAULT;
}

/// Nice values are kept and have no effect. Of a group or user: the one of the caller.
i64 setpriority(Process& p, Thread& t, const Call& c) {
  constexpr u64 kLast = 2;
  if (static_cast<u32>(c.a[0]) > kLast) return -kEINVAL;
  Thread* target = c.a[0] == 0 ? p.system.find_thread(t, c.a[1]) : &t;
  if (target == nullptr) return -kESRCH;
  const i32 nice = std::clamp(static_cast<i32>(c.a[2]), -20, 19);
  if (nice < target->nice) return -kEACCES;
  target->nice = nice;
  return 0;
}

i64 getpriority(Process& p, Thread& t, const Call& c) {
  constexpr u64 kLast = 2;
  if (static_cast<u32>(c.a[0]) > kLast) return -kEINVAL;
  const Thread* target = c.a[0] == 0 ? p.system.find_thread(t, c.a[1]) : &t;
  return target == nullptr ? -kESRCH : 20 - target->nice;
}

/// struct rusage: the time is all the program's own, the rest is not counted.
i64 getrusage(Process& p, Thread& t, const Call& c) {
  constexpr i32 kChildren = -1, kSelf = 0, kThread = 1;
  const i32 who = static_cast<i32>(c.a[0]);
  if (who != kChildren && who != kSelf && who != kThread) return -kEINVAL;
  const u64 ns = who == kSelf ? p.processor_time : who == kThread ? t.processor_time : p.children_time;
  std::array<u64, 18> usage{ns / kSecond, ns % kSecond / 1000};
  return p.put(c.a[1], usage) ? 0 : -kEFAULT;
}

/// In hundredths of a second.
i64 times(Process& p, Thread&, const Call& c) {
  constexpr u64 kTick = kSecond / 100;
  const std::array<u64, 4> out{p.processor_time / kTick, 0, p.children_time / kTick, 0};
  if (c.a[0] != 0 && !p.put(c.a[0], out)) return -kEFAULT;
  return static_cast<i64>(p.system.now() / kTick);
}

i64 sysinfo(Process& p, Thread&, const Call& c) {
  /// struct sysinfo.
  struct {
    i64 uptime;
    u64 loads[3], total, free, shared, buffers, total_swap, free_swap;
    u16 processes, padding;
    u32 padding2;
    u64 total_high, free_high;
    u32 unit, padding3;
  } info{};
  const functional::Pool& pool = *p.memory().pool();
  info.uptime = static_cast<i64>(p.system.now() / kSecond);
  info.total = pool.limit * functional::kPageSize;
  info.free = (pool.limit - std::min(pool.limit, pool.pages)) * functional::kPageSize;
  info.processes = static_cast<u16>(p.system.threads().size());
  info.unit = 1;
  return p.put(c.a[0], info) ? 0 : -kEFAULT;
}

/// Real, effective and saved number of the one user, who has one group of the same number.
i64 get_three_users(Process& p, Thread&, const Call& c) {
  constexpr u32 kUser = 1000;
  for (unsigned i = 0; i < 3; ++i) {
    if (!p.put(c.a[i], kUser)) return -kEFAULT;
  }
  return 0;
}

/// setuid() and its like can change nothing.
i64 set_user(Process&, Thread&, const Call& c) {
  constexpr u64 kUser = 1000;
  return static_cast<u32>(c.a[0]) == kUser ? 0 : -kEPERM;
}

i64 getgroups(Process&, Thread&, const Call& c) {
  return static_cast<i32>(c.a[0]) < 0 ? -kEINVAL : 0;
}

i64 personality(Process&, Thread&, const Call& c) {
  constexpr u32 kQuery = ~u32{0};
  return static_cast<u32>(c.a[0]) == kQuery || c.a[0] == 0 ? 0 : -kEINVAL;
}

}  // namespace

std::vector<SystemCall> schedule_calls() {
  return {{92, "personality", 1, personality},
          {118, "sched_setparam", 2, sched_setparam},
          {119, "sched_setscheduler", 3, sched_setscheduler},
          {120, "sched_getscheduler", 1, sched_getscheduler},
          {121, "sched_getparam", 2, sched_getparam},
          {125, "sched_get_priority_max", 1, sched_priority_limit},
          {126, "sched_get_priority_min", 1, sched_priority_limit},
          {127, "sched_rr_get_interval", 2, sched_rr_get_interval},
          {140, "setpriority", 3, setpriority},
          {141, "getpriority", 2, getpriority},
          {144, "setgid", 1, set_user},
          {146, "setuid", 1, set_user},
          {148, "getresuid", 3, get_three_users},
          {150, "getresgid", 3, get_three_users},
          {153, "times", 1, times},
          {158, "getgroups", 2, getgroups},
          {165, "getrusage", 2, getrusage},
          {179, "sysinfo", 1, sysinfo}};
}

}  // namespace isobar::linux_user
