// A Linux process on functional cores: the program's memory, threads and files, and the system calls it makes.
//
// Owns: everything that Linux keeps for one process. Must not know: the model of memory ordering, command line. A run
// depends on the program, its arguments, its input and the seed, on nothing else.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "functional/memory.h"
#include "linux-user/elf_image.h"
#include "linux-user/errors.h"
#include "linux-user/thread.h"

namespace isobar::linux_user {

struct Options {
  unsigned cores = 1;
  u64 seed = 1;
  std::optional<u64> limit;         ///< instructions of all threads
  u64 page_limit = u64{1} << 18;    ///< pages of 4 KiB that the program may touch
  unsigned thread_limit = 1024;     ///< alive at a time
  bool coherent_fetch = false;      ///< CTR_EL0.DIC
  bool tagging = false;             ///< FEAT_MTE with synchronous checks
  std::string root;                 ///< folder whose files can be opened for reading; empty: none
  std::vector<std::string> arguments;    ///< argv
  std::vector<std::string> environment;  ///< "NAME=value"
  /// Output of the program; fd is 1 or 2.
  std::function<void(int fd, const std::string& bytes)> write;
  /// Up to `size` bytes of input of the program; empty at the end.
  std::function<std::string(u64 size)> read;
  /// One line per system call, if set.
  std::function<void(const std::string& line)> trace;
};

/// How a run ended.
struct Outcome {
  enum class Kind : u8 { Exited, Killed, Deadlock, LimitReached, OutOfMemory };
  Kind kind = Kind::Exited;
  int status = 0;       ///< exit status, or the signal
  std::string message;  ///< of the last three kinds
  u64 instructions = 0;
};

/// Registers of a system call; the result goes to x0.
struct Call {
  u64 number = 0;
  u64 a[6] = {};
};

/// Returned by a system call that leaves x0 alone: the thread waits, has ended, or has new registers.
inline constexpr i64 kNoResult = INT64_MIN;

/// struct timespec.
struct TimeSpec {
  i64 seconds = 0;
  i64 nanoseconds = 0;
};

/// An open file: the console, or bytes read from the host.
struct File {
  int console = -1;  ///< 0, 1, 2
  std::shared_ptr<const std::string> contents;
  u64 position = 0;
  bool close_on_exec = false;
};

class Process {
 public:
  Process(ElfImage image, Options options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Runs to the end.
  Outcome run();

  // The rest is for system calls, linux-user/*_calls.cpp.

  /// Bytes of the program. False or an error if not all of them are accessible.
  template <class T>
  bool get(u64 address, T& value) {
    return memory.read(untag(address), &value, sizeof value) == sizeof value;
  }
  template <class T>
  bool put(u64 address, const T& value) {
    return memory.write(untag(address), &value, sizeof value) == sizeof value;
  }
  /// A string ended by a zero byte; nullopt if it is not accessible or longer than `limit`.
  std::optional<std::string> text(u64 address, u64 limit);
  static u64 untag(u64 address) { return address << 8 >> 8; }

  u64 random();
  /// Ends all threads; the first reason stays.
  void end(Outcome::Kind kind, int status, std::string message = {});
  void end_thread(Thread& t);
  Thread* find_thread(i32 tid);
  unsigned alive() const;
  Thread& add_thread();
  /// The running thread gives way to others.
  void end_slice() { slice_ends_ = true; }
  /// A thread that waits goes on with this result.
  void wake(Thread& t, i64 result);
  u64 now() const { return time_; }
  u64 now_realtime() const { return kEpoch + time_; }
  /// Up to `count` threads that wait on the futex with a bit in common, in the order in which they began to wait.
  unsigned wake_futex(u64 address, unsigned count, u32 bitset);

  /// The thread returns to the program after something that interrupts a restartable sequence (rseq_calls.cpp).
  void restart_sequence(Thread& t);

  // Signals (signal_delivery.cpp).
  void send(Thread& t, const SignalInfo& info);
  void send_to_process(const SignalInfo& info);
  void force(Thread& t, const SignalInfo& info);
  bool has_deliverable(const Thread& t) const;
  void deliver_signals(Thread& t);
  /// rt_sigreturn.
  void return_from_signal(Thread& t);

  Options options;
  ElfImage image;
  functional::Memory memory;
  std::vector<std::unique_ptr<Thread>> threads;  ///< in the order in which they were created
  std::map<int, File> files;
  std::array<Action, kSignals + 1> actions{};
  std::deque<SignalInfo> pending;  ///< of the process
  std::vector<Thread*> waiters;    ///< on futexes, in the order in which they began to wait
  u64 break_start = 0, break_end = 0;
  u64 mapping_top = 0;  ///< mappings are placed below
  u64 trampoline = 0;   ///< code that makes rt_sigreturn
  u64 membarrier_registrations = 0;
  i32 pid = 1000;
  int main_status = 0;  ///< of the first thread, if it has ended before the others
  std::set<u64> reported;  ///< numbers of unsupported calls that have been reported

  static constexpr u64 kEpoch = 1'700'000'000'000'000'000;  ///< of CLOCK_REALTIME when the program starts, ns

 private:
  void load();
  void build_stack(Thread& t, u64 bias);
  void system_call(Thread& t);
  void take_fault(Thread& t, const isa::StepResult& r);
  u64 run_slice(Thread& t, u64 quantum);
  Thread* choose(unsigned cpu);
  void interrupt(Thread& t);
  void wake_sleepers();
  std::optional<u64> next_deadline() const;
  std::string describe_waits() const;

  void push_frame(Thread& t, const SignalInfo& info);
  void segfault(Thread& t, u64 address);
  std::optional<SignalInfo> take_pending(Thread& t);

  std::optional<Outcome> outcome_;
  bool slice_ends_ = false;
  u64 time_ = 0;
  u64 executed_ = 0;
  u64 random_state_ = 0;
  i32 next_tid_ = 0;
  std::vector<i32> last_on_cpu_;
};

/// A system call that is implemented.
struct SystemCall {
  u64 number;
  const char* name;
  unsigned arguments;
  i64 (*run)(Process& p, Thread& t, const Call& c);
};
/// By number; nullptr if it is not implemented (the program sees ENOSYS).
const SystemCall* find_system_call(u64 number);
/// All of them, by number.
const std::vector<SystemCall>& system_calls();

// The parts of the list, one per file.
std::vector<SystemCall> memory_calls();
std::vector<SystemCall> file_calls();
std::vector<SystemCall> time_calls();
std::vector<SystemCall> thread_calls();
std::vector<SystemCall> futex_calls();
std::vector<SystemCall> signal_calls();
std::vector<SystemCall> process_calls();
std::vector<SystemCall> rseq_calls();

}  // namespace isobar::linux_user
