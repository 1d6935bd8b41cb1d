// One thread of the program: its registers, signals and what it waits for.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "functional/core.h"
#include "linux-user/signals.h"

namespace isobar::linux_user {

class Process;

/// Registers of a system call; the result goes to x0.
struct Call {
  u64 number = 0;
  u64 a[6] = {};
};

/// What identifies a futex: the address space and an address, or the object that is mapped and an offset.
struct FutexKey {
  std::shared_ptr<const void> owner;
  u64 offset = 0;
  bool operator==(const FutexKey&) const = default;
};

/// Why a thread does not run, and when that ends by itself.
struct Wait {
  enum class Kind : u8 {
    Futex,
    Sleep,
    Signal,
    Event,  ///< the call is tried again whenever something has happened (System::notify())
    Vfork,  ///< until the child leaves the address space
  };
  Kind kind = Kind::Sleep;
  u64 address = 0;               ///< of a futex
  std::vector<FutexKey> keys;    ///< of futexes; several with futex_waitv
  u32 bitset = ~u32{0};          ///< of a futex
  i32 owner = 0;                 ///< of a lock with priority inheritance that is waited for
  std::optional<FutexKey> lock;  ///< to be moved to such a lock (FUTEX_WAIT_REQUEUE_PI)
  u64 lock_address = 0;
  std::optional<u64> deadline;   ///< simulated time, ns
  i64 result_in_time = 0;        ///< when the deadline has come
  u64 remaining = 0;             ///< where an interrupted relative sleep stores what is left, or 0
  SignalSet taken = 0;           ///< signals that end the wait without a handler (rt_sigtimedwait)
  bool restarts = false;         ///< interrupted by a handler with SA_RESTART: the call is made again
  bool always_restarts = false;  ///< after every handler
  i64 result_interrupted = -4;   ///< otherwise; -EINTR
};

/// What rseq() registered; address 0: nothing.
struct RseqArea {
  u64 address = 0;
  u32 signature = 0;
  u32 size = 0;
  u32 concurrency_id = 0;  ///< mm_cid, see System::concurrency_id()
};
/// Bytes of struct rseq that are in use, to mm_cid, and how it has to be aligned (AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN).
inline constexpr u64 kRseqFeatureSize = 28, kRseqAlignment = 32;

struct Thread {
  static constexpr u32 kResetOnFork = 0x4000'0000;  ///< SCHED_RESET_ON_FORK

  Thread(Process& owner, functional::Memory& memory, i32 id) : process(&owner), core(memory), tid(id) {}

  Process* process;
  functional::Core core;
  i32 tid;
  unsigned cpu = 0;
  u64 affinity = 0;  ///< bit n: may run on core n
  std::string name;
  u64 processor_time = 0;  ///< ns
  u32 policy = 0;          ///< of sched_setscheduler(), with kResetOnFork
  i32 priority = 0;        ///< of a real-time policy
  i32 nice = 0;

  std::optional<Wait> wait;
  bool ended = false;

  u64 clear_child_tid = 0;
  u64 robust_list = 0;
  RseqArea rseq;
  bool tso = false;          ///< the memory model that prctl() has set or clone() has passed on
  u64 tagged_addresses = 0;  ///< what PR_SET_TAGGED_ADDR_CTRL set
  u64 timer_slack = 50'000, default_timer_slack = 50'000;  ///< ns, as far as prctl() tells; timers are exact
  Call call;                 ///< the current or last system call, to make it again
  std::optional<u64> deadline;  ///< of the waiting call, which is the same when it is tried again
  u64 transferred = 0;        ///< bytes that the waiting call has moved already

  SignalSet blocked = 0;
  std::optional<SignalSet> blocked_before;  ///< restored after the handler that ends a wait for signals
  std::deque<SignalInfo> pending;
  AlternateStack alternate_stack;
  FaultContext fault;
};

}  // namespace isobar::linux_user
