// System calls about signals (Linux kernel/signal.c).
#include <algorithm>
#include <array>
#include <cstring>

#include "linux-user/clock.h"

namespace isobar::linux_user {

namespace {

constexpr u64 kSetSize = 8;
enum : u64 { kBlock = 0, kUnblock = 1, kSetMask = 2 };

bool is_signal(u64 n) {
  return n >= 1 && n <= kSignals;
}

i64 rt_sigaction(Process& p, Thread&, const Call& c) {
  const u64 n = static_cast<u32>(c.a[0]);
  if (c.a[3] != kSetSize) return -kEINVAL;
  Action wanted;
  if (c.a[1] != 0 && !p.get(c.a[1], wanted)) return -kEFAULT;
  if (!is_signal(n) || (c.a[1] != 0 && (kUnblockable & signal_bit(static_cast<i32>(n))) != 0)) return -kEINVAL;
  const Action old = (*p.actions)[n];
  if (c.a[1] != 0) {
    // Linux keeps the flags it knows.
    constexpr u64 kKnown = 0x7 | action_flag::kExposeTag | action_flag::kRestorer | action_flag::kOnStack |
                           action_flag::kRestart | action_flag::kNoDefer | action_flag::kResetHandler;
    wanted.flags &= kKnown;
    wanted.mask &= ~kUnblockable;
    (*p.actions)[n] = wanted;
    p.forget_ignored(static_cast<i32>(n));
  }
  return c.a[2] == 0 || p.put(c.a[2], old) ? 0 : -kEFAULT;
}

i64 rt_sigprocmask(Process& p, Thread& t, const Call& c) {
  if (c.a[3] != kSetSize) return -kEINVAL;
  const SignalSet old = t.blocked;
  if (c.a[1] != 0) {
    SignalSet set = 0;
    if (!p.get(c.a[1], set)) return -kEFAULT;
    set &= ~kUnblockable;
    switch (static_cast<u32>(c.a[0])) {
      case kBlock: t.blocked |= set; break;
      case kUnblock: t.blocked &= ~set; break;
      case kSetMask: t.blocked = set; break;
      default: return -kEINVAL;
    }
  }
  return c.a[2] == 0 || p.put(c.a[2], old) ? 0 : -kEFAULT;
}

i64 rt_sigpending(Process& p, Thread& t, const Call& c) {
  if (c.a[1] > kSetSize) return -kEINVAL;
  SignalSet set = 0;
  for (const auto* queue : {&t.pending, &p.pending}) {
    for (const SignalInfo& s : *queue) set |= signal_bit(s.number);
  }
  set &= t.blocked;
  return p.copy_out(c.a[0], &set, c.a[1]) == c.a[1] ? 0 : -kEFAULT;
}

i64 rt_sigsuspend(Process& p, Thread& t, const Call& c) {
  if (c.a[1] != kSetSize) return -kEINVAL;
  SignalSet set = 0;
  if (!p.get(c.a[0], set)) return -kEFAULT;
  t.blocked_before = t.blocked;
  t.blocked = set & ~kUnblockable;
  Wait w;
  w.kind = Wait::Kind::Signal;
  t.wait = w;
  return kNoResult;
}

i64 rt_sigreturn(Process& p, Thread& t, const Call&) {
  p.return_from_signal(t);
  return kNoResult;
}

i64 sigaltstack(Process& p, Thread& t, const Call& c) {
  AlternateStack old = t.alternate_stack;
  const u64 sp = t.core.state().sp[0];
  const bool active = (old.flags & kStackDisabled) == 0 && sp > old.address && sp - old.address <= old.size;
  AlternateStack wanted;
  if (c.a[0] != 0 && !p.get(c.a[0], wanted)) return -kEFAULT;
  if (c.a[0] != 0) {
    if (active) return -kEPERM;
    const u32 mode = static_cast<u32>(wanted.flags) & ~kStackAutodisarm;
    if (mode != 0 && mode != kOnStack && mode != kStackDisabled) return -kEINVAL;
    if (mode == kStackDisabled) {
      wanted.address = wanted.size = 0;
    } else if (wanted.size < kMinimumStack) {
      return -kENOMEM;
    } else {
      wanted.flags &= ~kOnStack;
    }
    t.alternate_stack = wanted;
  }
  if (active) old.flags |= kOnStack;
  old.padding = 0;
  return c.a[1] == 0 || p.put(c.a[1], old) ? 0 : -kEFAULT;
}

SignalInfo from_user(const Process& p, u64 number, i32 code) {
  SignalInfo s;
  s.number = static_cast<i32>(number);
  s.code = code;
  s.sender = p.pid;
  s.user = 1000;
  return s;
}

/// To one process, a group, or everybody but init and the caller; the last error if nobody got it.
i64 kill(Process& p, Thread&, const Call& c) {
  const i32 pid = static_cast<i32>(c.a[0]);
  const u64 n = static_cast<u32>(c.a[1]);
  if (n != 0 && !is_signal(n)) return -kEINVAL;
  if (pid == 1) return -kEPERM;
  if (pid == INT32_MIN) return -kESRCH;
  const SignalInfo info = from_user(p, n, si_code::kUser);
  const i32 group = pid == 0 ? p.group : -pid;
  bool any = false;
  for (const auto& to : p.system.processes()) {
    const bool meant = pid > 0 ? to->pid == pid : pid == -1 ? to.get() != &p : to->group == group;
    if (!meant || to->reaped) continue;
    any = true;
    if (n != 0 && !to->ended) to->send_to_process(info);
  }
  return any ? 0 : -kESRCH;
}

/// `group` 0: the thread may be of any process.
i64 send_to(Process& p, i32 group, i32 tid, u64 n, const SignalInfo& s) {
  if (n != 0 && !is_signal(n)) return -kEINVAL;
  Thread* target = p.system.find_thread(tid);
  if (target == nullptr || (group != 0 && target->process->pid != group)) return -kESRCH;
  if (n != 0) target->process->send(*target, s);
  return 0;
}

i64 tkill(Process& p, Thread&, const Call& c) {
  const i32 tid = static_cast<i32>(c.a[0]);
  if (tid <= 0) return -kEINVAL;
  return send_to(p, 0, tid, static_cast<u32>(c.a[1]), from_user(p, c.a[1], si_code::kTkill));
}

i64 tgkill(Process& p, Thread&, const Call& c) {
  const i32 group = static_cast<i32>(c.a[0]), tid = static_cast<i32>(c.a[1]);
  if (group <= 0 || tid <= 0) return -kEINVAL;
  return send_to(p, group, tid, static_cast<u32>(c.a[2]), from_user(p, c.a[2], si_code::kTkill));
}

/// What a program wrote as siginfo_t. Only to itself it may pretend to be the kernel or kill().
i64 read_info(Process& p, u64 address, u64 number, bool to_itself, SignalInfo& info) {
  struct {
    i32 number, error, code, padding, sender;
    u32 user;
    u64 value;
  } raw{};
  std::array<u8, kSiginfoSize> all{};
  if (!p.get(address, all)) return -kEFAULT;
  std::memcpy(&raw, all.data(), sizeof raw);
  info.number = static_cast<i32>(number);
  info.code = raw.code;
  info.sender = raw.sender;
  info.user = raw.user;
  info.value = raw.value;
  info.address = static_cast<u32>(raw.sender) | u64{raw.user} << 32;
  return (raw.code >= 0 || raw.code == si_code::kTkill) && !to_itself ? -kEPERM : 0;
}

i64 rt_sigqueueinfo(Process& p, Thread&, const Call& c) {
  const i32 pid = static_cast<i32>(c.a[0]);
  SignalInfo info;
  if (const i64 result = read_info(p, c.a[2], static_cast<u32>(c.a[1]), pid == p.pid, info); result < 0) return result;
  if (info.number != 0 && !is_signal(static_cast<u64>(info.number))) return -kEINVAL;
  Process* target = p.system.find_process(pid);
  if (target == nullptr) return -kESRCH;
  if (target->ended || info.number == 0) return 0;
  if (target->pending.size() >= Process::kMostPending) return -kEAGAIN;
  target->send_to_process(info);
  return 0;
}

i64 rt_tgsigqueueinfo(Process& p, Thread& t, const Call& c) {
  const i32 group = static_cast<i32>(c.a[0]), tid = static_cast<i32>(c.a[1]);
  SignalInfo info;
  if (const i64 result = read_info(p, c.a[3], static_cast<u32>(c.a[2]), tid == t.tid, info); result < 0) return result;
  if (group <= 0 || tid <= 0) return -kEINVAL;
  const Thread* target = p.system.find_thread(tid);
  if (target != nullptr && target->pending.size() >= Process::kMostPending) return -kEAGAIN;
  return send_to(p, group, tid, static_cast<u32>(c.a[2]), info);
}

i64 rt_sigtimedwait(Process& p, Thread& t, const Call& c) {
  SignalSet set = 0;
  if (c.a[3] != kSetSize) return -kEINVAL;
  if (!p.get(c.a[0], set)) return -kEFAULT;
  TimeSpec time;
  if (c.a[2] != 0 && !p.get(c.a[2], time)) return -kEFAULT;
  if (!is_valid(time)) return -kEINVAL;
  set &= ~kUnblockable;
  if (const std::optional<SignalInfo> taken = p.take_pending(t, set)) {
    if (c.a[1] != 0 && !p.put(c.a[1], siginfo_bytes(*taken))) return -kEFAULT;
    return taken->number;
  }
  if (c.a[2] != 0 && !t.deadline) t.deadline = p.system.now() + to_ns(time);
  if (t.deadline && *t.deadline <= p.system.now()) return -kEAGAIN;
  Wait w;
  w.kind = Wait::Kind::Event;
  w.taken = set;
  w.deadline = t.deadline;
  t.wait = w;
  return kNoResult;
}

/// Calls are made again without it.
i64 restart_syscall(Process&, Thread&, const Call&) {
  return -kEINTR;
}

}  // namespace

std::vector<SystemCall> signal_calls() {
  return {{128, "restart_syscall", 0, restart_syscall},
          {137, "rt_sigtimedwait", 4, rt_sigtimedwait},
          {138, "rt_sigqueueinfo", 3, rt_sigqueueinfo},
          {240, "rt_tgsigqueueinfo", 4, rt_tgsigqueueinfo},
          {129, "kill", 2, kill},
          {130, "tkill", 2, tkill},
          {131, "tgkill", 3, tgkill},
          {132, "sigaltstack", 2, sigaltstack},
          {133, "rt_sigsuspend", 2, rt_sigsuspend},
          {134, "rt_sigaction", 4, rt_sigaction},
          {135, "rt_sigprocmask", 4, rt_sigprocmask},
          {136, "rt_sigpending", 2, rt_sigpending},
          {139, "rt_sigreturn", 0, rt_sigreturn}};
}

}  // namespace isobar::linux_user
