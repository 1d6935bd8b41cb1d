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

/// Why a thread does not run, and when that ends by itself.
struct Wait {
  enum class Kind : u8 { Futex, Sleep, Signal };
  Kind kind = Kind::Sleep;
  u64 address = 0;               ///< of a futex
  u32 bitset = ~u32{0};          ///< of a futex
  std::optional<u64> deadline;   ///< simulated time, ns
  u64 remaining = 0;             ///< where an interrupted relative sleep stores what is left, or 0
  std::vector<u64> others;       ///< further futexes, of futex_waitv; `address` is the first
  bool restarts = false;         ///< interrupted by a handler with SA_RESTART: the call is made again
};

/// What rseq() registered; address 0: nothing.
struct RseqArea {
  u64 address = 0;
  u32 signature = 0;
};

struct Thread {
  Thread(functional::Memory& memory, i32 id) : core(memory), tid(id) {}

  functional::Core core;
  i32 tid;
  unsigned cpu = 0;
  u64 affinity = 0;  ///< bit n: may run on core n
  std::string name;

  std::optional<Wait> wait;
  bool ended = false;

  u64 clear_child_tid = 0;
  u64 robust_list = 0;
  RseqArea rseq;
  u64 tagged_addresses = 0;  ///< what PR_SET_TAGGED_ADDR_CTRL set
  u64 call_argument = 0;  ///< x0 of the current system call, to make it again

  SignalSet blocked = 0;
  std::optional<SignalSet> blocked_before;  ///< restored after the handler that ends a wait for signals
  std::deque<SignalInfo> pending;
  AlternateStack alternate_stack;
  FaultContext fault;
};

}  // namespace isobar::linux_user
