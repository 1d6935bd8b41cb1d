// Threads: clone, exit, identity, scheduling (Linux kernel/fork.c, kernel/exit.c, kernel/sched/syscalls.c).
#include <algorithm>
#include <bit>

#include "linux-user/process.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

enum : u64 {
  kCloneVm = 0x100,
  kCloneFs = 0x200,
  kCloneFiles = 0x400,
  kCloneSighand = 0x800,
  kClonePidfd = 0x1000,
  kCloneThread = 0x10000,
  kCloneSettls = 0x80000,
  kCloneParentSettid = 0x100000,
  kCloneChildCleartid = 0x200000,
  kCloneChildSettid = 0x1000000,
  kCloneNew = 0x7e020000 | 0x80,  // namespaces
  kCloneExitSignal = 0xff,
};

/// struct clone_args.
struct CloneArguments {
  u64 flags = 0, pidfd = 0, child_tid = 0, parent_tid = 0, exit_signal = 0, stack = 0, stack_size = 0, tls = 0,
      set_tid = 0, set_tid_size = 0, cgroup = 0;
};
constexpr u64 kFirstCloneSize = 64, kPageSize = 4096;

/// The core with the fewest threads of those that the new thread may run on.
unsigned least_loaded(const Process& p, u64 affinity) {
  std::vector<unsigned> load(p.options.cores, 0);
  for (const auto& t : p.threads) load[t->cpu] += t->ended ? 0 : 1;
  unsigned best = static_cast<unsigned>(std::countr_zero(affinity));
  for (unsigned cpu = best; cpu < p.options.cores; ++cpu) {
    if (bit(affinity, cpu) != 0 && load[cpu] < load[best]) best = cpu;
  }
  return best;
}

i64 create(Process& p, Thread& parent, const CloneArguments& a) {
  if ((a.flags & kCloneThread) != 0 && (a.flags & kCloneSighand) == 0) return -kEINVAL;
  if ((a.flags & kCloneSighand) != 0 && (a.flags & kCloneVm) == 0) return -kEINVAL;
  // Other processes do not exist here.
  if ((a.flags & kCloneThread) == 0 || (a.flags & (kCloneNew | kClonePidfd)) != 0) return -kENOSYS;
  if (p.alive() >= p.options.thread_limit) return -kEAGAIN;
  Thread& t = p.add_thread();
  isa::ArchState& s = t.core.state();
  s = parent.core.state();
  s.x[0] = 0;
  s.monitor = {};
  if (a.stack != 0) s.sp[0] = a.stack + a.stack_size;
  if ((a.flags & kCloneSettls) != 0) s.set(isa::Reg::TPIDR_EL0, {a.tls, 0});
  t.tagged_addresses = parent.tagged_addresses;
  t.core.checks_tags = parent.core.checks_tags;
  t.core.tag_seed = static_cast<u32>(t.tid);
  t.name = parent.name;
  t.affinity = parent.affinity;
  t.cpu = least_loaded(p, t.affinity);
  t.blocked = parent.blocked;
  if ((a.flags & kCloneParentSettid) != 0) p.put(a.parent_tid, t.tid);
  if ((a.flags & kCloneChildSettid) != 0) p.put(a.child_tid, t.tid);
  if ((a.flags & kCloneChildCleartid) != 0) t.clear_child_tid = a.child_tid;
  return t.tid;
}

i64 clone(Process& p, Thread& t, const Call& c) {
  CloneArguments a;
  a.flags = static_cast<u32>(c.a[0]) & ~u64{kCloneExitSignal};
  a.exit_signal = c.a[0] & kCloneExitSignal;
  a.stack = c.a[1];
  a.parent_tid = c.a[2];
  a.tls = c.a[3];
  a.child_tid = c.a[4];
  return create(p, t, a);
}

i64 clone3(Process& p, Thread& t, const Call& c) {
  CloneArguments a;
  const u64 size = c.a[1];
  if (size > kPageSize) return -kE2BIG;
  if (size < kFirstCloneSize) return -kEINVAL;
  std::vector<u8> bytes(size);
  if (p.memory.read(Process::untag(c.a[0]), bytes.data(), size) != size) return -kEFAULT;
  std::copy_n(bytes.begin(), std::min<u64>(size, sizeof a), reinterpret_cast<u8*>(&a));
  if (std::any_of(bytes.begin() + static_cast<std::ptrdiff_t>(std::min<u64>(size, sizeof a)), bytes.end(),
                  [](u8 b) { return b != 0; }))
    return -kE2BIG;
  if ((a.flags & kCloneExitSignal) != 0 || a.exit_signal > kSignals) return -kEINVAL;
  if ((a.stack == 0) != (a.stack_size == 0)) return -kEINVAL;
  if ((a.flags & kCloneThread) != 0 && a.exit_signal != 0) return -kEINVAL;
  return create(p, t, a);
}

i64 exit(Process& p, Thread& t, const Call& c) {
  const int status = static_cast<int>(c.a[0] & 0xff);
  if (t.tid == p.pid) p.main_status = status;
  p.end_thread(t);
  if (p.alive() == 0) p.end(Outcome::Kind::Exited, p.main_status);
  return kNoResult;
}

i64 exit_group(Process& p, Thread&, const Call& c) {
  p.end(Outcome::Kind::Exited, static_cast<int>(c.a[0] & 0xff));
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
i64 getppid(Process&, Thread&, const Call&) {
  return 1;
}
i64 get_user(Process&, Thread&, const Call&) {
  return 1000;
}

/// Waiting for a signal that never comes would be the alternative: the thread runs on, others get their turn first.
i64 sched_yield(Process& p, Thread&, const Call&) {
  p.end_slice();
  return 0;
}

Thread* named(Process& p, Thread& t, u64 tid) {
  return tid == 0 ? &t : p.find_thread(static_cast<i32>(tid));
}

i64 sched_setaffinity(Process& p, Thread& t, const Call& c) {
  u64 mask = 0;
  const u64 size = std::min<u64>(static_cast<u32>(c.a[1]), sizeof mask);
  if (p.memory.read(Process::untag(c.a[2]), &mask, size) != size) return -kEFAULT;
  Thread* target = named(p, t, c.a[0]);
  if (target == nullptr) return -kESRCH;
  mask &= ones(p.options.cores);
  if (mask == 0) return -kEINVAL;
  target->affinity = mask;
  if (bit(mask, target->cpu) == 0) {
    target->cpu = least_loaded(p, mask);
    if (target == &t) p.end_slice();
  }
  return 0;
}

i64 sched_getaffinity(Process& p, Thread& t, const Call& c) {
  const u64 size = static_cast<u32>(c.a[1]);
  if (size * 8 < p.options.cores || size % 8 != 0) return -kEINVAL;
  const Thread* target = named(p, t, c.a[0]);
  if (target == nullptr) return -kESRCH;
  return p.put(c.a[2], target->affinity) ? 8 : -kEFAULT;
}

/// All threads have the normal policy, which has one priority.
i64 sched_getscheduler(Process& p, Thread& t, const Call& c) {
  if (static_cast<i32>(c.a[0]) < 0) return -kEINVAL;
  return named(p, t, c.a[0]) == nullptr ? -kESRCH : 0;
}
i64 sched_priority_limit(Process&, Thread&, const Call& c) {
  constexpr u64 kFifo = 1, kRoundRobin = 2, kReserved = 4, kDeadline = 6, kMaximum = 125;
  const u64 policy = static_cast<u32>(c.a[0]);
  if (policy > kDeadline || policy == kReserved) return -kEINVAL;
  if (policy != kFifo && policy != kRoundRobin) return 0;
  return c.number == kMaximum ? 99 : 1;
}

/// There are no children.
i64 wait4(Process&, Thread&, const Call& c) {
  constexpr u64 kKnown = 1 | 2 | 8 | 0x20000000 | 0x40000000 | 0x80000000;
  return (static_cast<u32>(c.a[2]) & ~kKnown) != 0 ? -kEINVAL : -kECHILD;
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
          {120, "sched_getscheduler", 1, sched_getscheduler},
          {122, "sched_setaffinity", 3, sched_setaffinity},
          {123, "sched_getaffinity", 3, sched_getaffinity},
          {124, "sched_yield", 0, sched_yield},
          {125, "sched_get_priority_max", 1, sched_priority_limit},
          {126, "sched_get_priority_min", 1, sched_priority_limit},
          {168, "getcpu", 3, getcpu},
          {172, "getpid", 0, getpid},
          {173, "getppid", 0, getppid},
          {174, "getuid", 0, get_user},
          {175, "geteuid", 0, get_user},
          {176, "getgid", 0, get_user},
          {177, "getegid", 0, get_user},
          {178, "gettid", 0, gettid},
          {220, "clone", 5, clone},
          {260, "wait4", 4, wait4},
          {435, "clone3", 2, clone3}};
}

}  // namespace isobar::linux_user
