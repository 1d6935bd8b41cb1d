// One Linux process: its memory, threads, files and signal actions, and the system calls that it makes.
//
// Owns: everything that Linux keeps for one process. Must not know: which thread runs when (system.h), the model of
// memory ordering, command line.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "functional/memory.h"
#include "linux-user/elf_image.h"
#include "linux-user/errors.h"
#include "linux-user/file.h"
#include "linux-user/thread.h"
#include "linux-user/timer.h"

namespace isobar::linux_user {

class System;

/// Returned by a system call that leaves x0 alone: the thread waits, has ended, or has new registers.
inline constexpr i64 kNoResult = INT64_MIN;

/// PATH_MAX, with the zero at the end.
inline constexpr u64 kPathLimit = 4096;

/// struct timespec.
struct TimeSpec {
  i64 seconds = 0;
  i64 nanoseconds = 0;
};

/// What is known of a range of addresses besides what the memory knows: that it shows a file, or the name that the
/// program gave it (PR_SET_VMA_ANON_NAME).
struct RangeNote {
  u64 end = 0;
  bool is_file = false;
  std::optional<std::string> name;
};

/// What processes that share their memory share (struct mm_struct).
struct AddressSpace {
  /// Of [begin, end), in place of what was known.
  void note(u64 begin, u64 end, bool is_file = false, std::optional<std::string> name = std::nullopt);
  std::shared_ptr<functional::Memory> memory;
  u64 break_start = 0, break_end = 0;
  u64 mapping_top = 0;  ///< mappings are placed below
  u64 trampoline = 0;   ///< code that makes rt_sigreturn
  u64 membarrier_registrations = 0;
  std::map<u64, u64> segments;  ///< sizes of what shmat() mapped, by address
  std::map<u64, RangeNote> notes;  ///< by first address
};

inline constexpr std::size_t kSiginfoSize = 128;
/// siginfo_t as a program sees it.
std::array<u8, kSiginfoSize> siginfo_bytes(const SignalInfo& info);

using Actions = std::array<Action, kSignals + 1>;

class Process {
 public:
  Process(System& owner, i32 id) : system(owner), pid(id) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  functional::Memory& memory() const { return *space->memory; }
  /// Copies bytes of the program, all or as many as are accessible: the number. As on Linux, synchronous tag checks of
  /// the thread apply, asynchronous ones do not.
  u64 copy_in(u64 address, void* to, u64 size);
  u64 copy_out(u64 address, const void* from, u64 size);
  bool can_write(u64 address) const;  ///< one byte
  /// Bytes of the program. False or an error if not all of them are accessible.
  template <class T>
  bool get(u64 address, T& value) {
    return copy_in(address, &value, sizeof value) == sizeof value;
  }
  template <class T>
  bool put(u64 address, const T& value) {
    return copy_out(address, &value, sizeof value) == sizeof value;
  }
  /// A string ended by a zero byte; nullopt if it is not accessible or longer than `limit`.
  std::optional<std::string> text(u64 address, u64 limit);
  /// Signals that may wait at a time, of a thread and of a process.
  static constexpr std::size_t kMostPending = 1024;
  /// A pointer that the thread gave, without its tag if it may have one (PR_TAGGED_ADDR_ENABLE); otherwise what has a tag
  /// is no address.
  u64 pointer(u64 address) const { return accepts_tags_ ? untag(address) : address; }
  /// Pointers are from now on those of this thread.
  void act_for(const Thread& t) {
    accepts_tags_ = (t.tagged_addresses & 1) != 0;
    checks_reads_ = t.core.checks_tags && !t.core.notes_reads;
    checks_writes_ = t.core.checks_tags && !t.core.notes_writes;
  }
  static u64 untag(u64 address) { return address << 8 >> 8; }

  /// An open file, or nullptr.
  std::shared_ptr<File> file(u64 fd) const;
  /// The lowest free descriptor from `lowest` on, or EMFILE.
  i64 add_file(std::shared_ptr<File> f, bool close_on_exec, int lowest = 0);

  /// Replaces the address space by one with this program and sets the registers of `t`, as execve() does. Throws
  /// InputError if the program does not fit into memory.
  void load(Thread& t, std::shared_ptr<const ElfImage> program, const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment);
  /// The process ends with this status as wait4() gives it: its threads end, its parent is told (children.cpp).
  void end(int wait_status);
  void end_thread(Thread& t);
  unsigned alive() const;
  /// Of the futex at an address; `is_private`: no other process is meant.
  FutexKey futex_key(u64 address, bool is_private) const;
  unsigned wake_futex(u64 address, bool is_private, unsigned count, u32 bitset);

  /// What the core has to do for a thread that stopped with `r`: its system call, or a signal for its fault.
  void enter(Thread& t, const isa::StepResult& r);
  /// A driver has done a system call of the thread by itself.
  void note_call(const Thread& t, u64 number, u64 result) const;
  /// Sends the signal for mismatches of tags that the core has only noted.
  void report_tags(Thread& t);
  /// Tries a call that waits for an event again.
  void retry(Thread& t);
  /// A signal ends the wait of a thread.
  void interrupt(Thread& t);
  /// The thread returns to the program after something that interrupts a restartable sequence (rseq_calls.cpp).
  void restart_sequence(Thread& t);
  /// Is `pc` inside a restartable sequence of the thread, or is what it says of one wrong?
  bool is_in_sequence(const Thread& t, u64 pc);

  // Signals (signal_delivery.cpp).
  void send(Thread& t, const SignalInfo& info);
  /// To the thread of that number if it runs and takes it, else to the first that does.
  void send_to_process(const SignalInfo& info, i32 preferred = 0);
  void force(Thread& t, const SignalInfo& info);
  bool has_deliverable(const Thread& t) const { return has_pending(t, ~t.blocked); }
  bool has_pending(const Thread& t, SignalSet of) const;
  void deliver_signals(Thread& t);
  /// rt_sigreturn.
  void return_from_signal(Thread& t);
  /// After the action of a signal has changed: what waits of it is gone if it is ignored. Those of timers stay, for the
  /// case that they are wanted again.
  void forget_ignored(i32 number);
  /// The first signal of a set that is pending for a thread is its own from now on.
  std::optional<SignalInfo> take_pending(Thread& t, SignalSet of);

  /// What the clock of a timer shows.
  u64 timer_clock(const Timer& timer) const;
  /// Sends the signals of timers that have expired.
  void expire_timers();
  std::optional<u64> next_timer_deadline() const;
  /// SIGCHLD or what clone() asked for, to the parent; its wait4() may have something to tell.
  void tell_parent(i32 code, i32 status);

  System& system;
  i32 pid;
  Process* parent = nullptr;  ///< nullptr: init
  i32 group = 0, session = 0;
  i32 exit_signal = kSigchld;
  std::shared_ptr<const ElfImage> image;
  std::shared_ptr<AddressSpace> space;
  std::shared_ptr<FileTable> files;
  std::shared_ptr<Actions> actions;
  std::string folder = "/";      ///< working directory
  u32 mask_of_modes = 022;       ///< umask
  std::vector<std::unique_ptr<Thread>> threads;  ///< in the order in which they were created
  std::deque<SignalInfo> pending;                ///< of the process
  std::map<i32, Timer> timers;                   ///< of timer_create()
  i32 next_timer = 0;
  std::array<Timer, 3> interval_timers;            ///< ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF
  i32 last_to_run = 0;  ///< of its threads
  u64 processor_time = 0, children_time = 0;       ///< ns; of children that have been waited for
  Thread* vfork_parent = nullptr;  ///< waits until this process has another address space
  int main_status = 0;             ///< of the first thread, if it has ended before the others
  std::optional<int> ended;        ///< status for wait4(): the process is a zombie
  i32 death_signal = 0;    ///< when the parent ends (PR_SET_PDEATHSIG)
  bool dumpable = true, no_new_privileges = false;
  bool reaped = false;             ///< nobody will ask any more
  bool stopped = false;            ///< by a signal
  int stop_status = 0;             ///< a stop or continuation that has not been waited for, as wait4() gives it
  std::set<u64> reported;          ///< numbers of unsupported calls that have been reported

 private:
  u64 map_program(const ElfImage& program);
  void build_stack(Thread& t, const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                   u64 bias);
  void system_call(Thread& t);
  void trace_call(const Thread& t, i64 result);
  void take_fault(Thread& t, const isa::StepResult& r);
  void push_frame(Thread& t, const SignalInfo& info);
  void segfault(Thread& t, u64 address);
  void prepare(i32 number);
  void queue(std::deque<SignalInfo>& to, const SignalInfo& info);
  void stop(i32 signal);
  const SignalInfo* next_pending(const Thread& t) const;
  std::optional<SignalInfo> take_pending(Thread& t);
  u64 with_matching_tags(u64 address, u64 size) const;

  bool accepts_tags_ = false, checks_reads_ = false, checks_writes_ = false;
};

/// The bytes of a regular file that the process can execute; an error if there is none (path_calls.cpp).
i64 read_program(Process& p, const std::string& path, std::shared_ptr<const std::string>& contents);

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
std::vector<SystemCall> path_calls();
std::vector<SystemCall> time_calls();
std::vector<SystemCall> timer_calls();
std::vector<SystemCall> schedule_calls();
std::vector<SystemCall> clone_calls();
std::vector<SystemCall> exec_calls();
std::vector<SystemCall> child_calls();
std::vector<SystemCall> thread_calls();
std::vector<SystemCall> futex_calls();
std::vector<SystemCall> signal_calls();
std::vector<SystemCall> process_calls();
std::vector<SystemCall> rseq_calls();

}  // namespace isobar::linux_user
