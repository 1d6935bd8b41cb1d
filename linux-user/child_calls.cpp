// The end of a process, what its parent is told, and waiting for it (Linux kernel/exit.c); process groups.
#include <algorithm>
#include <array>

#include "linux-user/system.h"

namespace isobar::linux_user {

unsigned Process::alive() const {
  return static_cast<unsigned>(std::count_if(threads.begin(), threads.end(), [](const auto& t) { return !t->ended; }));
}

void Process::end(int wait_status) {
  if (ended) return;
  for (const auto& t : threads) {
    if (!t->ended) end_thread(*t);
  }
  ended = wait_status;
  system.note_end();
  stopped = false;
  files.reset();
  pending.clear();
  if (vfork_parent != nullptr) vfork_parent->wait.reset();
  vfork_parent = nullptr;
  for (const auto& child : system.processes()) {
    if (child->parent != this) continue;
    child->parent = nullptr;
    if (child->ended) {
      child->reaped = true;
    } else if (child->death_signal != 0) {
      SignalInfo info;
      info.number = child->death_signal;
      info.sender = pid;
      info.user = 1000;
      child->send_to_process(info);
    }
  }
  const int signal = wait_status & 0x7f;
  if (this == system.processes().front().get()) {
    if (signal != 0)
      system.end(Outcome::Kind::Killed, signal);
    else
      system.end(Outcome::Kind::Exited, wait_status >> 8 & 0xff);
  }
  if (parent == nullptr) {
    reaped = true;
    return;
  }
  const Action& action = (*parent->actions)[kSigchld];
  tell_parent(signal != 0 ? si_code::kKilled : si_code::kExited, signal != 0 ? signal : wait_status >> 8 & 0xff);
  // Who ignores SIGCHLD has no zombies.
  if (exit_signal == kSigchld && (action.handler == kIgnore || (action.flags & action_flag::kNoChildWait) != 0))
    reaped = true;
}

void Process::tell_parent(i32 code, i32 status) {
  system.notify();
  if (parent == nullptr || parent->ended) return;
  const bool is_end = code != si_code::kStopped && code != si_code::kContinued;
  if (!is_end && ((*parent->actions)[kSigchld].flags & action_flag::kNoChildStop) != 0) return;
  SignalInfo info;
  info.number = is_end ? exit_signal : kSigchld;
  if (info.number == 0) return;
  info.code = code;
  info.sender = pid;
  info.user = 1000;
  info.value = static_cast<u32>(status);
  parent->send_to_process(info);
}

namespace {

enum : u64 { kNoHang = 1, kUntraced = 2, kEnded = 4, kContinued = 8, kNoWait = 0x1000000 };
enum : u64 { kNoThread = 0x20000000, kAllKinds = 0x40000000, kClones = 0x80000000 };

/// What a wait is about and what it found.
struct Found {
  Process* child = nullptr;
  int status = 0;
  bool any = false;  ///< there is a child that may have something to tell later
};

/// `id` as wait4(): a process, or with 0 or less a group; -1 all. The status is consumed unless kNoWait.
Found look(Process& p, i32 id, u64 options) {
  Found f;
  for (const auto& c : p.system.processes()) {
    if (c->parent != &p || c->reaped) continue;
    if (id > 0 ? c->pid != id : id != -1 && c->group != (id == 0 ? p.group : -id)) continue;
    const bool is_clone = c->exit_signal != kSigchld;
    if ((options & kAllKinds) == 0 && is_clone != ((options & kClones) != 0)) continue;
    f.any = true;
    const bool ended = c->ended && (options & kEnded) != 0;
    const bool told = !c->ended && c->stop_status != 0 &&
                      (options & (c->stop_status == 0xffff ? u64{kContinued} : u64{kUntraced})) != 0;
    if (!ended && !told) continue;
    f.child = c.get();
    f.status = ended ? *c->ended : c->stop_status;
    if ((options & kNoWait) == 0) {
      c->stop_status = 0;
      if (!ended) return f;
      c->reaped = true;
      p.system.note_end();
      p.children_time += c->processor_time + c->children_time;
    }
    return f;
  }
  return f;
}

i64 wait_for_child(Thread& t) {
  Wait w;
  w.kind = Wait::Kind::Event;
  w.restarts = true;
  t.wait = w;
  return kNoResult;
}

/// struct rusage: nothing is counted.
using Usage = std::array<u64, 18>;

i64 wait4(Process& p, Thread& t, const Call& c) {
  constexpr u64 kKnown = kNoHang | kUntraced | kContinued | kNoThread | kAllKinds | kClones;
  const u64 options = static_cast<u32>(c.a[2]);
  const i32 id = static_cast<i32>(c.a[0]);
  if ((options & ~kKnown) != 0) return -kEINVAL;
  if (id == INT32_MIN) return -kESRCH;
  const Found f = look(p, id, options | kEnded);
  if (f.child == nullptr) {
    if (!f.any) return -kECHILD;
    return (options & kNoHang) != 0 ? 0 : wait_for_child(t);
  }
  if (c.a[1] != 0 && !p.put(c.a[1], f.status)) return -kEFAULT;
  if (c.a[3] != 0 && !p.put(c.a[3], Usage{})) return -kEFAULT;
  return f.child->pid;
}

i64 waitid(Process& p, Thread& t, const Call& c) {
  constexpr u64 kKnown = kNoHang | kUntraced | kEnded | kContinued | kNoWait | kNoThread | kAllKinds | kClones;
  enum : u64 { kAnything = 0, kProcess = 1, kGroup = 2, kDescriptor = 3 };
  const u64 options = static_cast<u32>(c.a[3]), kind = static_cast<u32>(c.a[0]);
  if ((options & ~kKnown) != 0 || (options & (kUntraced | kEnded | kContinued)) == 0) return -kEINVAL;
  i32 id = static_cast<i32>(c.a[1]);
  switch (kind) {
    case kAnything: id = -1; break;
    case kProcess:
      if (id <= 0) return -kEINVAL;
      break;
    case kGroup:
      if (id < 0) return -kEINVAL;
      id = -id;
      break;
    case kDescriptor: return id < 0 ? -kEINVAL : -kEBADF;
    default: return -kEINVAL;
  }
  const Found f = look(p, id, options);
  if (f.child == nullptr && !f.any) return -kECHILD;
  if (f.child == nullptr && (options & kNoHang) == 0) return wait_for_child(t);
  // siginfo_t: si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status; zeros if there is nothing to tell.
  struct {
    i32 number = 0, error = 0, code = 0, padding = 0, pid = 0, user = 0, status = 0;
  } info;
  if (f.child != nullptr) {
    const int signal = f.status & 0x7f;
    info.number = kSigchld;
    info.pid = f.child->pid;
    info.user = 1000;
    if (f.status == 0xffff) {
      info.code = si_code::kContinued;
      info.status = kSigcont;
    } else if (signal == 0x7f) {
      info.code = si_code::kStopped;
      info.status = f.status >> 8;
    } else {
      info.code = signal != 0 ? si_code::kKilled : si_code::kExited;
      info.status = signal != 0 ? signal : f.status >> 8;
    }
  }
  if (c.a[4] != 0 && !p.put(c.a[4], Usage{})) return -kEFAULT;
  return c.a[2] == 0 || p.put(c.a[2], info) ? 0 : -kEFAULT;
}

Process* named(Process& p, u64 pid) {
  return pid == 0 ? &p : p.system.find_process(static_cast<i32>(pid));
}

i64 setpgid(Process& p, Thread&, const Call& c) {
  Process* target = named(p, c.a[0]);
  if (static_cast<i32>(c.a[1]) < 0) return -kEINVAL;
  if (target == nullptr || (target != &p && target->parent != &p)) return -kESRCH;
  if (target->session != p.session || target->session == target->pid) return -kEPERM;
  const i32 group = c.a[1] == 0 ? target->pid : static_cast<i32>(c.a[1]);
  bool exists = group == target->pid;
  for (const auto& other : p.system.processes()) exists |= other->group == group && other->session == p.session;
  if (!exists) return -kEPERM;
  target->group = group;
  return 0;
}

i64 getpgid(Process& p, Thread&, const Call& c) {
  const Process* target = named(p, c.a[0]);
  return target == nullptr ? -kESRCH : target->group;
}

i64 getsid(Process& p, Thread&, const Call& c) {
  const Process* target = named(p, c.a[0]);
  return target == nullptr ? -kESRCH : target->session;
}

i64 setsid(Process& p, Thread&, const Call&) {
  for (const auto& other : p.system.processes()) {
    if (other->group == p.pid) return -kEPERM;
  }
  return p.group = p.session = p.pid;
}

}  // namespace

std::vector<SystemCall> child_calls() {
  return {{95, "waitid", 5, waitid},   {154, "setpgid", 2, setpgid}, {155, "getpgid", 1, getpgid},
          {156, "getsid", 1, getsid}, {157, "setsid", 0, setsid},   {260, "wait4", 4, wait4}};
}

}  // namespace isobar::linux_user
