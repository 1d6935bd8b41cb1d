// Processes on functional cores: one clock, one source of random numbers, and which thread runs where for how long.
//
// Owns: what processes have in common. Must not know: what system calls do. A run depends on the program, its arguments,
// its input and the seed, on nothing else.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linux-user/process.h"

namespace isobar::linux_user {

/// How tags are checked when a program accepts several ways (mte_tcf_preferred of Linux): a mismatch is a fault, is noted,
/// or is a fault for loads and noted for stores.
enum class TagChecks : u8 { Synchronous = 1, Asynchronous = 2, Asymmetric = 4 };

/// What the machine has of the memory-model prctl; FixedTso: every core is always TSO.
enum class MemoryModel : u8 { Absent, Switchable, FixedTso };

/// Interrupts that a membarrier has to send where cores overlap.
enum class MembarrierKind : u8 { None, Global, Private, SyncCore, Sequences };

struct Options {
  unsigned cores = 1;
  u64 seed = 1;
  std::optional<u64> limit;         ///< instructions of all threads
  u64 page_limit = u64{1} << 18;    ///< pages of 4 KiB that all processes may touch
  unsigned thread_limit = 1024;     ///< of all processes, zombies included
  bool coherent_fetch = false;      ///< CTR_EL0.DIC
  bool tagging = false;             ///< FEAT_MTE
  bool guarding = false;            ///< FEAT_BTI; pointer authentication exists and is turned off
  TagChecks preferred_checks = TagChecks::Asynchronous;
  MemoryModel memory_model = MemoryModel::Absent;
  bool tso_at_start = false;        ///< threads begin with TSO, if it is switchable
  bool checks_sequences = false;    ///< a system call inside a restartable sequence is SIGSEGV (CONFIG_DEBUG_RSEQ)
  std::optional<u64> stop;          ///< address at which run_to_stop() stops, besides functional::kStopHint
  const std::atomic<bool>* interrupt = nullptr;  ///< ends the run (LimitReached) soon after it has become true
  std::string root;                 ///< folder whose files can be opened for reading; empty: none
  std::vector<std::string> arguments;    ///< argv
  std::vector<std::string> environment;  ///< "NAME=value"
  /// Output of the programs; fd is 1 or 2.
  std::function<void(int fd, const std::string& bytes)> write;
  /// Up to `size` bytes of input of the programs; empty at the end.
  std::function<std::string(u64 size)> read;
  /// One line per system call, if set.
  std::function<void(const std::string& line)> trace;
};

/// What a clock of processor time counts: a process, or one thread.
struct ProcessorClock {
  const Process* process = nullptr;
  const Thread* thread = nullptr;
};
/// Clocks 2 and 3, and those of clock_getcpuclockid() and pthread_getcpuclockid(); nullopt: another one, or there is no
/// such process or, among those of the caller, no such thread (time_calls.cpp).
std::optional<ProcessorClock> processor_clock(const Process& p, const Thread& t, u64 id);

/// PR_SET_VMA_ANON_NAME; `name_at` 0 takes names away (memory_calls.cpp).
i64 name_range(Process& p, u64 address, u64 length, u64 name_at);

/// Of the processor, as /proc/cpuinfo names them (start.cpp).
std::string feature_names(const Options& options);

/// How a run ended.
struct Outcome {
  enum class Kind : u8 { Exited, Killed, Deadlock, LimitReached, OutOfMemory, Unsupported, DataRace };
  Kind kind = Kind::Exited;
  int status = 0;       ///< exit status, or the signal, of the first process
  std::string message;  ///< of the kinds behind Killed
  u64 instructions = 0;
};

/// Is told of system calls; may make a thread give way before one.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  /// The thread is about to make a call. False: its slice ends before the instruction.
  virtual bool before_call(const Thread& t) = 0;
  /// The call has returned, waits, or has ended the thread.
  virtual void after_call(const Thread& t) = 0;
};

/// System V shared memory.
struct SharedSegment {
  u64 key = 0;
  std::shared_ptr<functional::Object> object;
};

class System {
 public:
  System(ElfImage image, Options options);
  System(const System&) = delete;
  System& operator=(const System&) = delete;

  /// Runs until the first process has ended; others are killed then, as in a container whose first process ends.
  Outcome run();
  /// Ends the run if Options::interrupt asks for it.
  void heed_interrupt();

  // The parts of run(), for other drivers.

  /// The same until a thread has reached Options::stop or functional::kStopHint; true then.
  bool run_to_stop();
  /// Between slices: signals, events, timers and deadlines end waits; what has ended is forgotten. When no thread can
  /// run (`idle`), time moves to the first deadline; without one the run ends as a deadlock.
  void settle(bool idle);
  /// The thread that core `cpu` runs next, round robin; nullptr if there is none.
  Thread* choose(unsigned cpu);
  /// Runs a thread on its core for up to `quantum` instructions; the number that it executed.
  u64 run_slice(Thread& t, u64 quantum);
  /// How long the next slice is.
  u64 next_quantum();
  /// The smaller of `quantum` and what is left of Options::limit.
  u64 within_limit(u64 quantum) const;
  bool runs(const Thread& t) const;
  const std::optional<Outcome>& outcome() const { return outcome_; }
  /// Has the running thread given way since begin_slice()?
  bool slice_ends() const { return slice_ends_; }
  void begin_slice() { slice_ends_ = false; }
  /// A driver with a clock of its own.
  void set_time(u64 ns) { time_ = ns; }
  /// Instructions that a driver has executed; how many there were in all.
  void count(u64 instructions) { executed_ += instructions; }
  u64 executed() const { return executed_; }
  /// The first instant at which a wait ends by itself.
  std::optional<u64> next_deadline() const;
  /// What each thread waits for, for messages.
  std::string describe_waits() const;

  // For system calls.

  u64 random();
  /// Ends the run; the first reason stays.
  void end(Outcome::Kind kind, int status, std::string message = {});
  Process& add_process();
  Thread& add_thread(Process& p);
  /// A new thread or process is refused (EAGAIN).
  bool is_full() const;
  Process* find_process(i32 pid) const;
  Thread* find_thread(i32 tid) const;
  /// As system calls name threads: 0 is the caller.
  Thread* find_thread(Thread& caller, u64 tid) const { return tid == 0 ? &caller : find_thread(static_cast<i32>(tid)); }
  /// Threads that have not ended, of all processes, by number.
  const std::vector<Thread*>& threads() const { return threads_; }
  /// A thread takes the number of another one that has ended (execve() from a thread that was not the first).
  void renumber(Thread& t, i32 tid);
  /// The thread begins on its core: a number that no thread of the same memory has that is on another core, as small as
  /// can be unless its last one is free (mm_cid).
  u32 concurrency_id(Thread& t);
  /// The core with the fewest threads of those that `affinity` allows.
  unsigned least_loaded(u64 affinity) const;
  const std::vector<std::unique_ptr<Process>>& processes() const { return processes_; }
  /// The program that the run began with.
  const std::shared_ptr<const ElfImage>& first_program() const { return first_program_; }
  /// The running thread gives way to others.
  void end_slice() { slice_ends_ = true; }
  /// A thread that waits goes on with this result.
  void wake(Thread& t, i64 result);
  /// A thread or process has ended, or nobody will ask for it any more.
  void note_end() { some_ended_ = true; }
  /// A thread may have begun to wait.
  void note_wait(const Thread& t);
  /// A signal has been sent, or can be taken from now on.
  void note_signal() { signals_changed_ = true; }
  /// A process has timers.
  void note_timer() { timers_exist_ = true; }
  /// Something has happened that threads may wait for.
  void notify() { ++events_; }
  u64 now() const { return time_; }
  u64 now_realtime() const { return kEpoch + time_; }
  /// A thread has used its core.
  void pass_time(Thread& t, u64 ns);
  /// Up to `count` threads that wait on the futex with a bit in common, in the order in which they began to wait.
  unsigned wake_futex(const FutexKey& key, unsigned count, u32 bitset);

  /// Too many pipes are open: pipe2() returns ENFILE.
  bool is_short_of_pipes() const { return pipe_ends > kMostPipeEnds; }

  const Options options;
  Store store;
  u64 pipe_ends = 0;  ///< that are open
  std::vector<TimerFile*> timer_files;
  std::map<i32, SharedSegment> segments;
  i32 next_segment = 1;
  MembarrierKind requested_membarrier = MembarrierKind::None;  ///< by system calls since it was set
  CallObserver* observer = nullptr;
  std::vector<Thread*> waiters;  ///< on futexes, in the order in which they began to wait

  static constexpr u64 kMostPipeEnds = 2048;
  static constexpr u64 kEpoch = 1'700'000'000'000'000'000;  ///< of CLOCK_REALTIME when the program starts, ns

 private:
  void expire_timers();
  void wake_sleepers();
  void retry_calls();
  void forget_ended();

  u64 events_ = 0, events_seen_ = 0;
  // What settle() need not look for.
  bool some_ended_ = false, signals_changed_ = false, timers_exist_ = false;
  u64 first_deadline_ = ~u64{0};  ///< no wait ends by itself before
  std::array<Thread*, 2> running_{};  ///< two that could run when it was asked last
  std::vector<std::unique_ptr<Process>> processes_;  ///< in the order in which they were created
  std::vector<Thread*> threads_;
  std::shared_ptr<const ElfImage> first_program_;
  std::optional<Outcome> outcome_;
  bool slice_ends_ = false;
  bool stopped_ = false;  ///< a thread has reached Options::stop
  u64 time_ = 0;
  u64 executed_ = 0;
  u64 idle_rounds_ = 0;  ///< since a thread ran
  u64 random_state_ = 0;
  i32 next_tid_ = 1000;
  std::vector<i32> last_on_cpu_;
  std::vector<Thread*> in_sequences_;  ///< by core: which registered thread began there last
};

}  // namespace isobar::linux_user
