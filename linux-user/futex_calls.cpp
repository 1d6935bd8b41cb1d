// futex (Linux kernel/futex/): waiting, waking and requeueing.
#include <algorithm>

#include "linux-user/clock.h"
#include "support/bits.h"

namespace isobar::linux_user {

namespace {

enum : u64 {
  kWait = 0,
  kWake = 1,
  kRequeue = 3,
  kCmpRequeue = 4,
  kWakeOp = 5,
  kLockPi = 6,
  kUnlockPi = 7,
  kTryLockPi = 8,
  kWaitBitset = 9,
  kWakeBitset = 10,
  kWaitRequeuePi = 11,
  kCmpRequeuePi = 12,
  kLockPi2 = 13,
  kPrivate = 128,
  kClockRealtime = 256,
};
/// Of a word that robust lists or priority inheritance use; the rest is the owner's number.
constexpr u32 kWaiters = 0x8000'0000, kOwnerDied = 0x4000'0000, kOwner = 0x3fff'ffff;

bool is_bad_address(u64 address) {
  return !is_aligned(address, 4);
}

bool is_private(const Call& c) {
  return (c.a[1] & kPrivate) != 0;
}

/// What a thread waits for. `restarts`: after a handler the call can be made again.
struct Wish {
  u64 address;
  u32 expected;
  bool is_private;
  u32 bitset = ~u32{0};
  std::optional<u64> deadline;
  bool restarts = true;
};

i64 wait(Process& p, Thread& t, const Wish& wish) {
  const u64 address = Process::untag(wish.address);
  if (wish.bitset == 0 || is_bad_address(address)) return -kEINVAL;
  u32 value = 0;
  if (!p.get(address, value)) return -kEFAULT;
  if (value != wish.expected) return -kEAGAIN;
  Wait w;
  w.kind = Wait::Kind::Futex;
  w.address = address;
  w.keys = {p.futex_key(address, wish.is_private)};
  w.bitset = wish.bitset;
  w.deadline = wish.deadline;
  w.result_in_time = -kETIMEDOUT;
  w.restarts = wish.restarts;
  t.wait = w;
  p.system.waiters.push_back(&t);
  return kNoResult;
}

/// FUTEX_WAIT and FUTEX_WAIT_BITSET: with a time limit they end with EINTR.
i64 wait(Process& p, Thread& t, const Call& c, u32 bitset, std::optional<u64> deadline) {
  return wait(p, t, {c.a[0], static_cast<u32>(c.a[2]), is_private(c), bitset, deadline, !deadline});
}

/// Does a thread wait for a lock with priority inheritance, or to be moved to one?
bool inherits(const Wait& w) {
  return w.owner != 0 || w.lock.has_value();
}

/// Of those who wait on a futex, one that cannot be woken by what does not know of priority inheritance?
bool has_inheritor(const System& system, const FutexKey& key) {
  return std::any_of(system.waiters.begin(), system.waiters.end(), [&](const Thread* w) {
    return inherits(*w->wait) && w->wait->keys.front() == key;
  });
}

/// What others may share is looked up by what is mapped there.
bool is_reachable(Process& p, u64 address, bool is_private) {
  u32 value = 0;
  return is_private || p.get(address, value);
}

/// `strict`: none are woken if none are asked for.
i64 wake(Process& p, u64 tagged, bool is_private, i32 count, u32 bitset, bool strict) {
  const u64 address = Process::untag(tagged);
  if (bitset == 0 || is_bad_address(address)) return -kEINVAL;
  if (!is_reachable(p, address, is_private)) return -kEFAULT;
  if (strict && count == 0) return 0;
  if (has_inheritor(p.system, p.futex_key(address, is_private))) return -kEINVAL;
  // Linux wakes one thread even if it is asked for a negative number.
  return p.wake_futex(address, is_private, count < 1 ? 1 : static_cast<unsigned>(count), bitset);
}

i64 wake(Process& p, const Call& c, u32 bitset) {
  return wake(p, c.a[0], is_private(c), static_cast<i32>(c.a[2]), bitset, false);
}

/// A futex that waiters are taken from or moved to.
struct Place {
  u64 address;
  bool is_private;
};

i64 requeue(Process& p, Place source, Place destination, i32 to_wake, i32 to_move, std::optional<u32> expected) {
  const u64 from = Process::untag(source.address), to = Process::untag(destination.address);
  if (to_wake < 0 || to_move < 0 || is_bad_address(from) || is_bad_address(to)) return -kEINVAL;
  if (!is_reachable(p, from, source.is_private) || !is_reachable(p, to, destination.is_private)) return -kEFAULT;
  if (expected) {
    u32 value = 0;
    if (!p.get(from, value)) return -kEFAULT;
    if (value != *expected) return -kEAGAIN;
  }
  const FutexKey key = p.futex_key(from, source.is_private), target = p.futex_key(to, destination.is_private);
  if (has_inheritor(p.system, key)) return -kEINVAL;
  const i64 done = p.system.wake_futex(key, static_cast<unsigned>(to_wake), ~u32{0});
  i32 moved = 0;
  for (Thread* w : p.system.waiters) {
    if (moved == to_move) break;
    if (w->wait->keys.size() != 1 || w->wait->keys.front() != key) continue;
    w->wait->keys.front() = target;
    w->wait->address = to;
    ++moved;
  }
  return done + moved;
}

i64 requeue(Process& p, const Call& c, std::optional<u32> expected) {
  return requeue(p, {c.a[0], is_private(c)}, {c.a[4], is_private(c)}, static_cast<i32>(c.a[2]), static_cast<i32>(c.a[3]), expected);
}

/// Changes the second word, then wakes waiters of the first and, if the old value compares so, of the second.
i64 wake_op(Process& p, const Call& c) {
  const u64 first = Process::untag(c.a[0]), second = Process::untag(c.a[4]);
  if (is_bad_address(first) || is_bad_address(second)) return -kEINVAL;
  const u32 code = static_cast<u32>(c.a[5]);
  const unsigned operation = code >> 28 & 7, comparison = code >> 24 & 15;
  u32 operand = static_cast<u32>(sign_extend(code >> 12 & 0xfff, 12));
  const i32 against = static_cast<i32>(sign_extend(code & 0xfff, 12));
  if (code >> 31 != 0) {
    if (operand > 31) return -kEINVAL;
    operand = u32{1} << operand;
  }
  u32 old = 0;
  if (!p.get(second, old)) return -kEFAULT;
  u32 changed = 0;
  switch (operation) {
    case 0: changed = operand; break;
    case 1: changed = old + operand; break;
    case 2: changed = old | operand; break;
    case 3: changed = old & ~operand; break;
    case 4: changed = old ^ operand; break;
    default: return -kENOSYS;
  }
  if (!p.put(second, changed)) return -kEFAULT;
  const i32 was = static_cast<i32>(old);
  bool holds = false;
  switch (comparison) {
    case 0: holds = was == against; break;
    case 1: holds = was != against; break;
    case 2: holds = was < against; break;
    case 3: holds = was <= against; break;
    case 4: holds = was > against; break;
    case 5: holds = was >= against; break;
    default: return -kENOSYS;
  }
  const auto at_least_one = [](u64 n) { return static_cast<i32>(n) < 1 ? 1u : static_cast<unsigned>(n); };
  i64 woken = p.wake_futex(first, is_private(c), at_least_one(c.a[2]), ~u32{0});
  if (holds) woken += p.wake_futex(second, is_private(c), at_least_one(c.a[3]), ~u32{0});
  return woken;
}

bool is_waiting(const Thread* t, const FutexKey& key) {
  return t->wait->owner != 0 && t->wait->keys.front() == key;
}

/// The word belongs to the thread that has waited longest from now on; false if there is none.
bool pass_on(System& system, const FutexKey& key, u32 bits) {
  Thread* next = nullptr;
  unsigned count = 0;
  for (Thread* t : system.waiters) {
    if (!is_waiting(t, key)) continue;
    if (count++ == 0) next = t;
  }
  if (next == nullptr) return false;
  for (Thread* t : system.waiters) {
    if (is_waiting(t, key)) t->wait->owner = next->tid;
  }
  Process& p = *next->process;
  p.act_for(*next);
  p.put(next->wait->address, static_cast<u32>(next->tid) | bits | (count > 1 ? kWaiters : 0));
  system.wake(*next, 0);
  return true;
}

/// Locking with priority inheritance; there are no priorities to inherit.
i64 lock_pi(Process& p, Thread& t, const Call& c, bool waits, std::optional<u64> deadline) {
  u32 word = 0;
  if (is_bad_address(c.a[0])) return -kEINVAL;
  if (!p.get(c.a[0], word)) return -kEFAULT;
  const i32 owner = static_cast<i32>(word & kOwner);
  if (owner == t.tid) return -kEDEADLK;
  const FutexKey key = p.futex_key(c.a[0], is_private(c));
  const auto& waiters = p.system.waiters;
  const auto same = [&](const Thread* w) {
    return std::find(w->wait->keys.begin(), w->wait->keys.end(), key) != w->wait->keys.end();
  };
  if (std::any_of(waiters.begin(), waiters.end(), [&](const Thread* w) { return same(w) && !is_waiting(w, key); }))
    return -kEINVAL;
  if (owner == 0) {
    const bool contended = std::any_of(waiters.begin(), waiters.end(), same);
    word = static_cast<u32>(t.tid) | (word & kOwnerDied) | (contended ? kWaiters : 0);
    return p.put(c.a[0], word) ? 0 : -kEFAULT;
  }
  if (!waits) return -kEAGAIN;
  if (p.system.find_thread(owner) == nullptr) return -kESRCH;
  if (deadline && *deadline <= p.system.now()) return -kETIMEDOUT;
  if (!p.put(c.a[0], word | kWaiters)) return -kEFAULT;
  Wait w;
  w.kind = Wait::Kind::Futex;
  w.address = c.a[0];
  w.keys = {key};
  w.bitset = 0;  // not for FUTEX_WAKE
  w.owner = owner;
  w.deadline = deadline;
  w.result_in_time = -kETIMEDOUT;
  w.always_restarts = true;
  t.wait = w;
  p.system.waiters.push_back(&t);
  return kNoResult;
}

/// Waits on the first word until requeue_pi() moves the thread to the second, which it owns when it goes on.
i64 wait_requeue_pi(Process& p, Thread& t, const Call& c, std::optional<u64> deadline) {
  const u64 to = Process::untag(c.a[4]);
  if (Process::untag(c.a[0]) == to || is_bad_address(to)) return -kEINVAL;
  u32 word = 0;
  if (!p.get(to, word)) return -kEFAULT;
  const FutexKey lock = p.futex_key(to, is_private(c));
  if (p.futex_key(c.a[0], is_private(c)) == lock) return -kEINVAL;
  if (const i64 result = wait(p, t, c, ~u32{0}, deadline); result != kNoResult) return result;
  t.wait->lock = lock;
  t.wait->lock_address = to;
  t.wait->always_restarts = true;
  return kNoResult;
}

/// FUTEX_CMP_REQUEUE_PI: the first waiter gets the lock if it is free, the others wait for it from now on.
i64 requeue_pi(Process& p, Thread& t, const Call& c) {
  const u64 from = Process::untag(c.a[0]), to = Process::untag(c.a[4]);
  const i32 to_wake = static_cast<i32>(c.a[2]), to_move = static_cast<i32>(c.a[3]);
  if (from == to || to_wake != 1 || to_move < 0 || is_bad_address(from) || is_bad_address(to)) return -kEINVAL;
  const FutexKey key = p.futex_key(from, is_private(c)), target = p.futex_key(to, is_private(c));
  if (key == target) return -kEINVAL;
  u32 value = 0, word = 0;
  if (!p.get(from, value) || !p.get(to, word)) return -kEFAULT;
  if (value != static_cast<u32>(c.a[5])) return -kEAGAIN;
  std::vector<Thread*> moved;
  for (Thread* w : p.system.waiters) {
    if (w->wait->keys.front() == key && moved.size() < 1 + static_cast<std::size_t>(to_move)) moved.push_back(w);
  }
  i64 done = 0;
  for (Thread* w : moved) {
    if (!w->wait->lock || *w->wait->lock != target) return done != 0 ? done : -kEINVAL;
    const i32 owner = static_cast<i32>(word & kOwner);
    if (owner == w->tid) return done != 0 ? done : -kEDEADLK;
    if (owner != 0 && p.system.find_thread(owner) == nullptr) return done != 0 ? done : -kESRCH;
    const bool gets_it = owner == 0;
    if (gets_it) word |= static_cast<u32>(w->tid) | (moved.size() > 1 ? kWaiters : 0);
    else word |= kWaiters;
    p.act_for(t);
    if (!p.put(to, word)) return done != 0 ? done : -kEFAULT;
    ++done;
    if (gets_it) {
      p.system.wake(*w, 0);
      continue;
    }
    Wait& now = *w->wait;
    now.keys = {target};
    now.address = now.lock_address;
    now.lock.reset();
    now.bitset = 0;
    now.owner = owner;
    // The first word has changed: made again, the call would find that.
    now.always_restarts = false;
    now.restarts = false;
    now.result_interrupted = -kEAGAIN;
  }
  return done;
}

i64 unlock_pi(Process& p, Thread& t, const Call& c) {
  u32 word = 0;
  if (is_bad_address(c.a[0])) return -kEINVAL;
  if (!p.get(c.a[0], word)) return -kEFAULT;
  if ((word & kOwner) != static_cast<u32>(t.tid)) return -kEPERM;
  if (pass_on(p.system, p.futex_key(c.a[0], is_private(c)), 0)) {
    p.act_for(t);
    return 0;
  }
  return p.put(c.a[0], u32{0}) ? 0 : -kEFAULT;
}

// futex_waitv, futex_wake, futex_wait and futex_requeue (kernel/futex/syscalls.c, "futex2"): words of 32 bits only, without
// nodes of memory; times are absolute.

/// struct futex_waitv.
struct Waiter {
  u64 value, address;
  u32 flags, reserved;

  bool is_private() const { return (flags & kPrivate) != 0; }
};

bool is_narrow(u64 value) { return value >> 32 == 0; }
bool is_word(u32 flags) {
  constexpr u32 kSize32 = 2;
  return (flags & ~static_cast<u32>(kPrivate)) == kSize32;
}

/// 0, or the negative error number.
i64 get_waiter(Process& p, u64 address, Waiter& w) {
  if (!p.get(address, w)) return -kEFAULT;
  return is_word(w.flags) && w.reserved == 0 && is_narrow(w.value) ? 0 : -kEINVAL;
}

i64 get_deadline(Process& p, u64 address, u64 clock, std::optional<u64>& deadline) {
  if (address == 0) return 0;
  if (clock != kRealtime && clock != kMonotonic) return -kEINVAL;
  TimeSpec time;
  if (!p.get(address, time)) return -kEFAULT;
  if (!is_valid(time)) return -kEINVAL;
  deadline = moment_of(clock, to_ns(time));
  return 0;
}

i64 futex_wake(Process& p, Thread&, const Call& c) {
  const u32 flags = static_cast<u32>(c.a[3]);
  if (!is_word(flags) || !is_narrow(c.a[1])) return -kEINVAL;
  return wake(p, c.a[0], (flags & kPrivate) != 0, static_cast<i32>(c.a[2]), static_cast<u32>(c.a[1]), true);
}

i64 futex_wait(Process& p, Thread& t, const Call& c) {
  const u32 flags = static_cast<u32>(c.a[3]);
  if (!is_word(flags) || !is_narrow(c.a[1]) || !is_narrow(c.a[2])) return -kEINVAL;
  Wish wish{c.a[0], static_cast<u32>(c.a[1]), (flags & kPrivate) != 0, static_cast<u32>(c.a[2]), std::nullopt};
  if (const i64 error = get_deadline(p, c.a[4], static_cast<u32>(c.a[5]), wish.deadline); error != 0) return error;
  return wait(p, t, wish);
}

i64 futex_requeue(Process& p, Thread&, const Call& c) {
  Waiter from{}, to{};
  if (static_cast<u32>(c.a[1]) != 0 || c.a[0] == 0) return -kEINVAL;
  if (const i64 error = get_waiter(p, c.a[0], from); error != 0) return error;
  if (const i64 error = get_waiter(p, c.a[0] + sizeof from, to); error != 0) return error;
  return requeue(p, {from.address, from.is_private()}, {to.address, to.is_private()}, static_cast<i32>(c.a[2]), static_cast<i32>(c.a[3]),
                 static_cast<u32>(from.value));
}

/// Waits on up to 128 futexes; the index of one that was woken.
i64 futex_waitv(Process& p, Thread& t, const Call& c) {
  if (c.a[2] != 0 || c.a[1] == 0 || c.a[1] > 128 || c.a[0] == 0) return -kEINVAL;
  Wait w;
  w.kind = Wait::Kind::Futex;
  if (const i64 error = get_deadline(p, c.a[3], c.a[4], w.deadline); error != 0) return error;
  std::vector<Waiter> all(c.a[1]);
  for (u64 i = 0; i < all.size(); ++i)
    if (const i64 error = get_waiter(p, c.a[0] + i * sizeof(Waiter), all[i]); error != 0) return error;
  for (const Waiter& one : all) {
    u32 value = 0;
    if (is_bad_address(one.address)) return -kEINVAL;
    if (!p.get(one.address, value)) return -kEFAULT;
    if (value != static_cast<u32>(one.value)) return -kEAGAIN;
    w.keys.push_back(p.futex_key(one.address, one.is_private()));
  }
  w.address = Process::untag(all.front().address);
  w.result_in_time = -kETIMEDOUT;
  w.restarts = true;
  t.wait = w;
  p.system.waiters.push_back(&t);
  return kNoResult;
}

i64 futex(Process& p, Thread& t, const Call& c) {
  const u64 flags = c.a[1] & (kPrivate | kClockRealtime), operation = static_cast<u32>(c.a[1]) & ~flags;
  std::optional<u64> deadline;
  const bool locks = operation == kLockPi || operation == kLockPi2;
  const bool waits = operation == kWait || operation == kWaitBitset || operation == kWaitRequeuePi;
  if ((waits || locks) && c.a[3] != 0) {
    TimeSpec time;
    if (!p.get(c.a[3], time)) return -kEFAULT;
    if (!is_valid(time)) return -kEINVAL;
    u64 ns = to_ns(time);
    if (operation == kWait) {
      ns += p.system.now();
    } else if ((flags & kClockRealtime) != 0 || operation == kLockPi) {
      ns = moment_of(kRealtime, ns);
    }
    deadline = ns;
  }
  if ((flags & kClockRealtime) != 0 && operation != kWaitBitset && operation != kWaitRequeuePi && operation != kLockPi2)
    return -kENOSYS;
  switch (operation) {
    case kWait: return wait(p, t, c, ~u32{0}, deadline);
    case kWaitBitset: return wait(p, t, c, static_cast<u32>(c.a[5]), deadline);
    case kWake: return wake(p, c, ~u32{0});
    case kWakeBitset: return wake(p, c, static_cast<u32>(c.a[5]));
    case kWakeOp: return wake_op(p, c);
    case kRequeue: return requeue(p, c, std::nullopt);
    case kCmpRequeue: return requeue(p, c, static_cast<u32>(c.a[5]));
    case kLockPi:
    case kLockPi2: return lock_pi(p, t, c, true, deadline);
    case kTryLockPi: return lock_pi(p, t, c, false, deadline);
    case kUnlockPi: return unlock_pi(p, t, c);
    case kWaitRequeuePi: return wait_requeue_pi(p, t, c, deadline);
    case kCmpRequeuePi: return requeue_pi(p, t, c);
    default: return -kENOSYS;
  }
}

i64 get_robust_list(Process& p, Thread& t, const Call& c) {
  constexpr u64 kHeadSize = 24;
  const Thread* target = c.a[0] == 0 ? &t : p.system.find_thread(static_cast<i32>(c.a[0]));
  if (target == nullptr) return -kESRCH;
  return p.put(c.a[2], kHeadSize) && p.put(c.a[1], target->robust_list) ? 0 : -kEFAULT;
}

i64 set_robust_list(Process&, Thread& t, const Call& c) {
  constexpr u64 kHeadSize = 24;
  if (c.a[1] != kHeadSize) return -kEINVAL;
  t.robust_list = c.a[0];
  return 0;
}

/// Waiters of a lock with priority inheritance get it in end_thread().
void release_robust(Process& p, const Thread& t, u64 address) {
  u32 word = 0;
  if (is_bad_address(address) || !p.get(address, word) || (word & kOwner) != static_cast<u32>(t.tid)) return;
  p.put(address, (word & kWaiters) | kOwnerDied);
  if ((word & kWaiters) != 0) p.wake_futex(address, false, 1, ~u32{0});
}

/// exit_robust_list().
void walk_robust_list(Process& p, const Thread& t) {
  constexpr unsigned kMost = 2048;
  struct {
    u64 first, offset, pending;
  } head;
  if (t.robust_list == 0 || !p.get(t.robust_list, head)) return;
  u64 entry = head.first & ~u64{1};
  for (unsigned n = 0; n < kMost && entry != t.robust_list; ++n) {
    u64 next = 0;
    const bool readable = p.get(entry, next);
    if (entry != (head.pending & ~u64{1})) release_robust(p, t, entry + head.offset);
    if (!readable) break;
    entry = next & ~u64{1};
  }
  if (head.pending != 0) release_robust(p, t, (head.pending & ~u64{1}) + head.offset);
}

}  // namespace

FutexKey Process::futex_key(u64 address, bool is_private) const {
  const u64 at = untag(address);
  const functional::Region* region = memory().find(at);
  if (is_private || region == nullptr || region->object == nullptr) return {space->memory, at};
  return {region->object, memory().object_offset(at)};
}

unsigned Process::wake_futex(u64 address, bool is_private, unsigned count, u32 bitset) {
  return system.wake_futex(futex_key(address, is_private), count, bitset);
}

void Process::end_thread(Thread& t) {
  act_for(t);
  walk_robust_list(*this, t);
  if (t.clear_child_tid != 0) {
    put(t.clear_child_tid, u32{0});
    wake_futex(t.clear_child_tid, false, 1, ~u32{0});
  }
  std::erase(system.waiters, &t);
  // Locks that others wait for go to them (exit_pi_state_list()).
  for (std::size_t i = 0; i < system.waiters.size();) {
    const Wait& w = *system.waiters[i]->wait;
    if (w.owner == t.tid && pass_on(system, FutexKey(w.keys.front()), kOwnerDied))
      i = 0;
    else
      ++i;
  }
  act_for(t);
  for (const auto& child : system.processes()) {
    if (child->vfork_parent == &t) child->vfork_parent = nullptr;
  }
  t.ended = true;
  system.note_end();
}

std::vector<SystemCall> futex_calls() {
  return {{98, "futex", 6, futex}, {99, "set_robust_list", 2, set_robust_list}, {100, "get_robust_list", 3, get_robust_list},
          {449, "futex_waitv", 5, futex_waitv}, {454, "futex_wake", 4, futex_wake}, {455, "futex_wait", 6, futex_wait},
          {456, "futex_requeue", 4, futex_requeue}};
}

}  // namespace isobar::linux_user
