// Threads: exit, identity, scheduling (Linux kernel/exit.c, kernel/sys.c, kernel/sched/syscalls.c).
#include <algorithm>
#include <bit>

#include "linux-user/system.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

i64 exit(Process& p, Thread& t, const Call& c) {
  const int status = static_cast<int>(c.a[0] & 0xff);
  if (t.tid == p.pid) p.main_status = status;
  p.end_thread(t);
  if (p.alive() == 0) p.end(p.main_status << 8);
  return kNoResult;
}

i64 exit_group(Process& p, Thread&, const Call& c) {
  p.end(static_cast<int>(c.a[0] & 0xff) << 8);
  return kNoResult;
}

i64 set_tid_address(Process&, Thread& t, const Call& c) {
  t.clear_child_tid = c.a[0];
  return t.tid;
}

i64 gettid(Process&, Thread& t, const Call&) {
  return t.tid;
}
i64 getpid(Process& p, Thread&, const Call&) {
  return p.pid;
}
i64 getppid(Process& p, Thread&, const Call&) {
  return p.parent == nullptr ? 1 : p.parent->pid;
}
i64 get_user(Process&, Thread&, const Call&) {
  return 1000;
}

/// Waiting for a signal that never comes would be the alternative: the thread runs on, others get their turn first.
i64 sched_yield(Process& p, Thread&, const Call&) {
  p.system.end_slice();
  return 0;
}

i64 sched_setaffinity(Process& p, Thread& t, const Call& c) {
  u64 mask = 0;
  const u64 size = std::min<u64>(static_cast<u32>(c.a[1]), sizeof mask);
  if (p.copy_in(c.a[2], &mask, size) != size) return -kEFAULT;
  Thread* target = p.system.find_thread(t, c.a[0]);
  if (target == nullptr) return -kESRCH;
  mask &= ones(p.system.options.cores);
  if (mask == 0) return -kEINVAL;
  target->affinity = mask;
  if (bit(mask, target->cpu) == 0) {
    target->cpu = p.system.least_loaded(mask);
    if (target == &t) p.system.end_slice();
  }
  return 0;
}

i64 sched_getaffinity(Process& p, Thread& t, const Call& c) {
  const u64 size = static_cast<u32>(c.a[1]);
  if (size * 8 < p.system.options.cores || size % 8 != 0) return -kEINVAL;
  const Thread* target = p.system.find_thread(t, c.a[0]);
  if (target == nullptr) return -kESRCH;
  return p.put(c.a[2], target->affinity) ? 8 : -kEFAULT;
}

i64 getcpu(Process& p, Thread& t, const Call& c) {
  const u32 cpu = t.cpu, node = 0;
  if (c.a[0] != 0 && !p.put(c.a[0], cpu)) return -kEFAULT;
  return c.a[1] == 0 || p.put(c.a[1], node) ? 0 : -kEFAULT;
}

}  // namespace

std::vector<SystemCall> thread_calls() {
  return {{93, "exit", 1, exit},
          {94, "exit_group", 1, exit_group},
          {96, "set_tid_address", 1, set_tid_address},
          {122, "sched_setaffinity", 3, sched_setaffinity},
          {123, "sched_getaffinity", 3, sched_getaffinity},
          {124, "sched_yield", 0, sched_yield},
          {168, "getcpu", 3, getcpu},
          {172, "getpid", 0, getpid},
          {173, "getppid", 0, getppid},
          {174, "getuid", 0, get_user},
          {175, "geteuid", 0, get_user},
          {176, "getgid", 0, get_user},
          {177, "getegid", 0, get_user},
          {178, "gettid", 0, gettid}};
}

}  // namespace isobar::linux_user
