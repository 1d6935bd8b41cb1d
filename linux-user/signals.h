// What Linux keeps of signals (include/uapi/asm-generic/signal.h, siginfo.h; arch/arm64/include/uapi/asm).
#pragma once

#include "support/types.h"

namespace isobar::linux_user {

enum Signal : i32 {
  kSigill = 4,
  kSigtrap = 5,
  kSigabrt = 6,
  kSigbus = 7,
  kSigfpe = 8,
  kSigkill = 9,
  kSigsegv = 11,
  kSigpipe = 13,
  kSigalrm = 14,
  kSigchld = 17,
  kSigcont = 18,
  kSigstop = 19,
  kSigtstp = 20,
  kSigttou = 22,
  kSigurg = 23,
  kSigvtalrm = 26,
  kSigprof = 27,
  kSigwinch = 28,
  kSignals = 64,
};

/// Bit n - 1 stands for signal n.
using SignalSet = u64;
constexpr SignalSet signal_bit(i32 n) {
  return u64{1} << (n - 1);
}
/// Nobody blocks, handles or ignores these.
inline constexpr SignalSet kUnblockable = signal_bit(kSigkill) | signal_bit(kSigstop);

/// Signals that stop a process unless there is a handler.
constexpr bool is_stop(i32 n) {
  return n >= kSigstop && n <= kSigttou;
}

namespace si_code {
inline constexpr i32 kUser = 0, kTkill = -6, kQueue = -1, kTimer = -2, kKernel = 0x80;
inline constexpr i32 kIllegalOpcode = 1;
inline constexpr i32 kBreakpoint = 1;
inline constexpr i32 kNotMapped = 1, kNotAllowed = 2, kTagMismatchNoted = 8, kTagMismatch = 9;
inline constexpr i32 kMisaligned = 1, kNoMemory = 2;
inline constexpr i32 kExited = 1, kKilled = 2, kDumped = 3, kStopped = 5, kContinued = 6;
}  // namespace si_code

struct SignalInfo {
  i32 number = 0;
  i32 code = 0;
  u64 address = 0;  ///< of a fault
  i32 sender = 0;   ///< of a signal that a thread sent
  u32 user = 0;
  u64 value = 0;  ///< si_value, or si_status of a child

  /// Is `address` what the signal is about?
  bool is_fault() const {
    return code > 0 && (number == kSigill || number == kSigtrap || number == kSigbus || number == kSigfpe ||
                        number == kSigsegv);
  }
};

/// sigaction of arm64.
struct Action {
  u64 handler = 0;  ///< 0 default, 1 ignore
  u64 flags = 0;
  u64 restorer = 0;
  SignalSet mask = 0;
};
inline constexpr u64 kDefaultAction = 0, kIgnore = 1;

namespace action_flag {
inline constexpr u64 kNoChildStop = 1, kNoChildWait = 2, kInfo = 4, kExposeTag = 0x800, kRestorer = 0x0400'0000, kOnStack = 0x0800'0000,
                     kRestart = 0x1000'0000, kNoDefer = 0x4000'0000, kResetHandler = 0x8000'0000;
}  // namespace action_flag

/// stack_t.
struct AlternateStack {
  u64 address = 0;
  i32 flags = 2;
  u32 padding = 0;
  u64 size = 0;
};
inline constexpr i32 kOnStack = 1, kStackDisabled = 2;
inline constexpr u32 kStackAutodisarm = 1u << 31;
/// MINSIGSTKSZ of arm64, which sigaltstack() checks, and AT_MINSIGSTKSZ, what a frame takes.
inline constexpr u64 kMinimumStack = 5120;

/// Of the last fault of a thread: what the frame of its signal repeats.
struct FaultContext {
  u64 address = 0;
  u64 syndrome = 0;  ///< ESR_EL1; 0: no record
};

}  // namespace isobar::linux_user
