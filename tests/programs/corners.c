// Corners of the kernel's interface that its own tests look at: locks that waiters are moved to, real-time policies,
// what the auxiliary vector and restartable sequences say, names of mappings, pages in memory, files without
// names, landing places of branches, clocks of processor time.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

static uint32_t door, lock;
static long on_door(int operation, uint32_t value, const void* time_or_count, uint32_t* to, uint32_t compare) {
  return syscall(SYS_futex, &door, operation | FUTEX_PRIVATE_FLAG, value, time_or_count, to, compare);
}
static long on_lock(int operation) {
  return syscall(SYS_futex, &lock, operation | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

static volatile int waiting, inside, clashes, handled;
static void count(int n) {
  (void)n;
  ++handled;
}

static void* go_through(void* argument) {
  __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
  const long result = on_door(FUTEX_WAIT_REQUEUE_PI, 0, NULL, &lock, 0);
  if (result == 0 && ((lock & FUTEX_TID_MASK) != (uint32_t)syscall(SYS_gettid) || ++inside != 1)) ++clashes;
  sched_yield();
  if (result == 0) --inside;
  if (result == 0 && on_lock(FUTEX_UNLOCK_PI) != 0) ++clashes;
  *(long*)argument = result;
  return NULL;
}

static void* wait_plainly(void* argument) {
  __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
  *(long*)argument = on_door(FUTEX_WAIT, 0, NULL, NULL, 0);
  return NULL;
}

static void start(pthread_t* threads, int number, void* (*what)(void*), long* results) {
  waiting = 0;
  for (int i = 0; i < number; ++i) pthread_create(&threads[i], NULL, what, &results[i]);
  while (waiting < number) sched_yield();
  usleep(1000);
}

static void moved_to_a_lock(void) {
  enum { kThreads = 4 };
  pthread_t threads[kThreads];
  long results[kThreads] = {9, 9, 9, 9};
  const uint32_t self = (uint32_t)syscall(SYS_gettid);
  // The lock is held: all are moved and get it one after the other. Without: the first has it at once.
  for (int held = 1; held >= 0; --held) {
    door = lock = 0;
    if (held) CHECK(on_lock(FUTEX_LOCK_PI) == 0);
    start(threads, kThreads, go_through, results);
    FAILS(on_door(FUTEX_WAKE, 1, NULL, NULL, 0), EINVAL);
    FAILS(on_door(FUTEX_CMP_REQUEUE, 1, (void*)9, &lock, 0), EINVAL);
    FAILS(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &lock, 5), EAGAIN);
    FAILS(on_door(FUTEX_CMP_REQUEUE_PI, 2, (void*)9, &lock, 0), EINVAL);
    FAILS(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &door, 0), EINVAL);
    uint32_t other = 0;
    FAILS(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &other, 0), EINVAL);
    CHECK(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &lock, 0) == kThreads);
    CHECK(!held || ((lock & FUTEX_TID_MASK) == self && (lock & FUTEX_WAITERS) != 0));
    if (held) CHECK(on_lock(FUTEX_UNLOCK_PI) == 0);
    for (int i = 0; i < kThreads; ++i) {
      pthread_join(threads[i], NULL);
      CHECK(results[i] == 0);
    }
    CHECK(clashes == 0 && lock == 0);
  }
  FAILS(on_door(FUTEX_WAIT_REQUEUE_PI, 0, NULL, &door, 0), EINVAL);
  FAILS(on_door(FUTEX_WAIT_REQUEUE_PI, 7, NULL, &lock, 0), EAGAIN);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  FAILS(on_door(FUTEX_WAIT_REQUEUE_PI, 0, &now, &lock, 0), ETIMEDOUT);
  clock_gettime(CLOCK_REALTIME, &now);
  FAILS(on_door(FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &now, &lock, 0), ETIMEDOUT);

  // Who waits in the plain way is not moved to a lock.
  start(threads, 1, wait_plainly, results);
  FAILS(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &lock, 0), EINVAL);
  FAILS(syscall(SYS_futex, &door, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), EINVAL);
  CHECK(on_door(FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
  pthread_join(threads[0], NULL);
  CHECK(results[0] == 0);

  // A handler before the move: the call is made again. After it: EAGAIN, for the first word has changed.
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = count;
  sigaction(SIGUSR1, &a, NULL);
  CHECK(on_lock(FUTEX_LOCK_PI) == 0);
  start(threads, 1, go_through, results);
  pthread_kill(threads[0], SIGUSR1);
  while (handled == 0) sched_yield();
  usleep(1000);
  CHECK(on_door(FUTEX_CMP_REQUEUE_PI, 1, (void*)9, &lock, 0) == 1);
  pthread_kill(threads[0], SIGUSR1);
  while (handled == 1) sched_yield();
  pthread_join(threads[0], NULL);
  CHECK(results[0] == -1 && on_lock(FUTEX_UNLOCK_PI) == 0);
}

// futex_wake, futex_wait and futex_requeue of Linux 6.7.
enum { kFutexWake = 454, kFutexWait = 455, kFutexRequeue = 456, kWord = 2 | FUTEX_PRIVATE_FLAG };
static struct timespec late;

static void* wait_in_the_new_way(void* argument) {
  __atomic_fetch_add(&waiting, 1, __ATOMIC_SEQ_CST);
  *(long*)argument = syscall(kFutexWait, &door, 0L, 6L, kWord, &late, CLOCK_MONOTONIC);
  return NULL;
}

static void words_of_the_new_way(void) {
  enum { kThreads = 3 };
  pthread_t threads[kThreads];
  long results[kThreads] = {9, 9, 9};
  uint32_t other = 0;
  struct timespec past = {0, 1}, bad = {0, -1};
  door = 0;
  FAILS(syscall(kFutexWait, &door, 1L, 1L, kWord, NULL, 0), EAGAIN);
  FAILS(syscall(kFutexWait, &door, 1L << 32, 1L, kWord, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L << 32, kWord, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 0L, kWord, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, kWord | 16, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, 3 | FUTEX_PRIVATE_FLAG, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, (char*)&door + 1, 0L, 1L, kWord, NULL, 0), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, kWord, &past, CLOCK_BOOTTIME), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, kWord, &bad, CLOCK_REALTIME), EINVAL);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, kWord, (void*)8, CLOCK_REALTIME), EFAULT);
  FAILS(syscall(kFutexWait, &door, 0L, 1L, kWord, &past, CLOCK_REALTIME), ETIMEDOUT);
  FAILS(syscall(kFutexWake, &door, 1L, 1, 0), EINVAL);
  FAILS(syscall(kFutexWake, &door, 0L, 1, kWord), EINVAL);

  clock_gettime(CLOCK_MONOTONIC, &late);
  late.tv_sec += 100;
  start(threads, kThreads, wait_in_the_new_way, results);
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = count;
  a.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &a, NULL);
  const int before = handled;
  pthread_kill(threads[0], SIGUSR1);  // it waits again
  while (handled == before) sched_yield();
  usleep(1000);
  CHECK(syscall(kFutexWake, &door, 6L, 0, kWord) == 0 && syscall(kFutexWake, &door, 1L, 9, kWord) == 0);
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } words[2] = {{1, (uintptr_t)&door, kWord, 0}, {0, (uintptr_t)&other, kWord, 0}};
  FAILS(syscall(kFutexRequeue, words, 0, 1, 1), EAGAIN);
  words[0].value = 0;
  FAILS(syscall(kFutexRequeue, words, 1, 1, 1), EINVAL);
  FAILS(syscall(kFutexRequeue, NULL, 0, 1, 1), EINVAL);
  FAILS(syscall(kFutexRequeue, words, 0, -1, 1), EINVAL);
  words[1].reserved = 1;
  FAILS(syscall(kFutexRequeue, words, 0, 1, 1), EINVAL);
  words[1].reserved = 0;
  CHECK(syscall(kFutexRequeue, words, 0, 1, 1) == 2);
  CHECK(syscall(kFutexWake, &other, 2L, 9, kWord) == 1 && syscall(kFutexWake, &door, 4L, 9, kWord) == 1);
  for (int i = 0; i < kThreads; ++i) {
    pthread_join(threads[i], NULL);
    CHECK(results[i] == 0);
  }
}

static void policies(void) {
  struct sched_param p = {.sched_priority = 5}, now = {0};
  CHECK(sched_setscheduler(0, SCHED_FIFO, &p) == 0 && sched_getscheduler(0) == SCHED_FIFO);
  CHECK(sched_getparam(0, &now) == 0 && now.sched_priority == 5);
  p.sched_priority = 100;
  FAILS(sched_setparam(0, &p), EINVAL);
  p.sched_priority = 0;
  CHECK(sched_setscheduler(0, SCHED_OTHER, &p) == 0 && sched_getparam(0, &now) == 0 && now.sched_priority == 0);
}

/// struct rseq as Linux 6.3 has it.
struct area {
  uint32_t start, cpu;
  uint64_t sequence;
  uint32_t flags, node, concurrency;
};
static struct area* own_area(void) {
  return (struct area*)((char*)__builtin_thread_pointer() + __rseq_offset);
}

enum { kBusy = 4 };
static volatile uint32_t largest;
static volatile int ready;
static void* look_at_numbers(void* argument) {
  __atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
  while (ready < kBusy) sched_yield();
  for (int i = 0; i < 20000; ++i) {
    const uint32_t number = ((volatile struct area*)own_area())->concurrency;
    if (number > largest) largest = number;
  }
  return argument;
}

static void sequences(void) {
  enum { kSignature = 0xd428bc00 };
  static struct {
    struct area area;
    char more[96];
  } __attribute__((aligned(32))) wide;
  CHECK(getauxval(27) == 28 && getauxval(28) == 32);
  CHECK(__rseq_size != 0 && own_area()->node == 0 && own_area()->concurrency == 0);
  // Only as many numbers as threads can run at a time.
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  const uint32_t cores = (uint32_t)CPU_COUNT(&all);
  pthread_t threads[kBusy];
  for (int i = 0; i < kBusy; ++i) pthread_create(&threads[i], NULL, look_at_numbers, NULL);
  for (int i = 0; i < kBusy; ++i) pthread_join(threads[i], NULL);
  CHECK(largest < cores && (largest >= 1 || cores == 1));

  struct area* old = own_area();
  CHECK(syscall(SYS_rseq, old, 32, 1, kSignature) == 0 && old->cpu == ~0u);
  FAILS(syscall(SYS_rseq, &wide, 28, 0, kSignature), EINVAL);
  FAILS(syscall(SYS_rseq, (char*)&wide + 16, 64, 0, kSignature), EINVAL);
  FAILS(syscall(SYS_rseq, (char*)64, 32, 0, kSignature), EFAULT);
  // A sequence that is set at that time is forgotten.
  wide.area.sequence = 8;
  CHECK(syscall(SYS_rseq, &wide, sizeof wide, 0, kSignature) == 0);
  CHECK(wide.area.sequence == 0 && wide.area.cpu == (uint32_t)sched_getcpu() && wide.area.cpu == wide.area.start);
  FAILS(syscall(SYS_rseq, &wide, sizeof wide, 0, kSignature), EBUSY);
  FAILS(syscall(SYS_rseq, &wide, 32, 0, kSignature), EINVAL);
  FAILS(syscall(SYS_rseq, &wide, sizeof wide, 1, 5), EPERM);
  wide.area.concurrency = wide.area.node = 7;
  CHECK(syscall(SYS_rseq, &wide, sizeof wide, 1, kSignature) == 0);
  CHECK(wide.area.cpu == ~0u && wide.area.start == 0 && wide.area.node == 0 && wide.area.concurrency == 0);
  CHECK(syscall(SYS_rseq, old, 32, 0, kSignature) == 0);
}

static volatile pthread_t told;
static void note_who(int n) {
  (void)n;
  told = pthread_self();
}

static void* spend(void* argument) {
  const struct itimerspec often = {{0, 100000}, {0, 100000}};
  timer_t timer;
  CHECK(timer_create(CLOCK_PROCESS_CPUTIME_ID, NULL, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
  told = 0;
  while (told == 0) ++*(volatile int*)argument;
  // Not the first thread, which waits.
  CHECK(told == pthread_self() && timer_delete(timer) == 0);
  return NULL;
}

static void clocks_of_processors(void) {
  struct itimerspec once = {{0, 0}, {0, 200000}};
  struct timespec now, later;
  clockid_t of_process, of_thread;
  int spent = 0;
  pthread_t thread;
  signal(SIGALRM, note_who);
  pthread_create(&thread, NULL, spend, &spent);
  pthread_join(thread, NULL);
  CHECK(clock_getcpuclockid(0, &of_process) == 0 && clock_gettime(of_process, &now) == 0);
  CHECK(now.tv_sec > 0 || now.tv_nsec >= 100000);
  CHECK(clock_getcpuclockid(getpid(), &of_process) == 0 && clock_gettime(of_process, &later) == 0);
  CHECK(later.tv_sec * 1000000000 + later.tv_nsec > now.tv_sec * 1000000000 + now.tv_nsec);
  CHECK(pthread_getcpuclockid(pthread_self(), &of_thread) == 0 && clock_gettime(of_thread, &now) == 0);
  FAILS(clock_gettime((clockid_t)(~54321u << 3 | 6), &now), EINVAL);
  FAILS(clock_gettime(-5, &now), EINVAL);
  timer_t timer;
  CHECK(timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer) == 0 && timer_settime(timer, 0, &once, NULL) == 0);
  told = 0;
  while (told == 0) ++spent;
  // A timer that is set again or deleted has no signal left; one that is ignored has none either.
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int deleted = 0; deleted < 2; ++deleted) {
    timer_settime(timer, 0, &once, NULL);
    do ++spent;
    while (sigpending(&pending) == 0 && !sigismember(&pending, SIGALRM));
    CHECK((deleted ? timer_delete(timer) : timer_settime(timer, 0, &(struct itimerspec){0}, NULL)) == 0);
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGALRM));
  }
  raise(SIGALRM);
  signal(SIGALRM, SIG_IGN);
  CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGALRM));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/// BTYPE of the branch that a page with PROT_BTI refused; -1: none.
static volatile int refused;
static volatile uintptr_t refused_at;
static void note_refusal(int n, siginfo_t* info, void* context) {
  ucontext_t* u = context;
  refused = (int)(u->uc_mcontext.pstate >> 10 & 3);
  refused_at = (uintptr_t)info->si_addr;
  if (n != SIGILL || info->si_code != ILL_ILLOPC || u->uc_mcontext.pc != refused_at) refused = 9;
  u->uc_mcontext.pstate &= ~0xc00ull;
}

/// Calls `code`, with `target` in X0 and X16 for code that jumps on.
static int called(const uint32_t* code, const uint32_t* target) {
  refused = -1;
  register uintptr_t x0 __asm__("x0") = (uintptr_t)target;
  register uintptr_t x16 __asm__("x16") = (uintptr_t)target;
  __asm__ volatile("blr %2" : "+r"(x0), "+r"(x16) : "r"(code) : "x30", "memory");
  return refused;
}

/// Jumps to `code` from a page without PROT_BTI.
static int jumped(const uint32_t* code) {
  refused = -1;
  __asm__ volatile("adr x30, 1f\n br %0\n 1:" : : "r"(code) : "x30", "memory");
  return refused;
}

static void landing_places(void) {
  enum { kNone = 0, kC = 2, kJ = 4, kBoth = 6, kSign = 8, kByX0 = 10, kByX16 = 12, kStop = 14 };
  enum { kProtBti = 0x10, kRet = 0xd65f03c0, kBti = 0xd503241f };
  static const uint32_t words[] = {0xd503201f, kRet, kBti | 0x40, kRet, kBti | 0x80, kRet, kBti | 0xc0, kRet,
                                   0xd503233f, kRet, kBti | 0x40, 0xd61f0000, kBti | 0x40, 0xd61f0200, kBti, kRet};
  uint32_t* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(page, words, sizeof words);
  __builtin___clear_cache((char*)page, (char*)page + sizeof words);
  if ((getauxval(AT_HWCAP2) & 1 << 17) == 0) {
    FAILS(mprotect(page, 4096, PROT_READ | PROT_EXEC | kProtBti), EINVAL);
    return;
  }
  struct sigaction a, old;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = note_refusal;
  a.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &a, &old);
  CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC | kProtBti) == 0);
  CHECK(called(page + kNone, NULL) == 2 && refused_at == (uintptr_t)page);
  CHECK(called(page + kC, NULL) == -1 && called(page + kJ, NULL) == 2 && called(page + kBoth, NULL) == -1);
  CHECK(called(page + kSign, NULL) == -1 && called(page + kStop, NULL) == 2);
  CHECK(jumped(page + kNone) == 1 && jumped(page + kC) == -1 && jumped(page + kJ) == -1 && jumped(page + kSign) == -1);
  CHECK(called(page + kByX0, page + kC) == 3 && called(page + kByX0, page + kJ) == -1);
  CHECK(called(page + kByX0, page + kSign) == 3 && called(page + kByX0, page + kNone) == 3);
  CHECK(called(page + kByX16, page + kC) == -1 && called(page + kByX16, page + kNone) == 1);
  // A handler is entered as by a call.
  a.sa_sigaction = (void (*)(int, siginfo_t*, void*))(uintptr_t)(page + kJ);
  sigaction(SIGUSR1, &a, NULL);
  refused = -1;
  raise(SIGUSR1);
  CHECK(refused == 2 && refused_at == (uintptr_t)(page + kJ));
  // Without the protection everything goes.
  CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
  CHECK(called(page + kNone, NULL) == -1 && called(page + kByX0, page + kC) == -1);
  sigaction(SIGILL, &old, NULL);
}

/// A system call inside a sequence: kernels that check that end the program.
static void call_inside(void) {
  __asm__ volatile(
      ".pushsection __rseq_cs, \"aw\"\n"
      ".balign 32\n"
      "9: .long 0, 0\n"
      ".quad 1f, 2f - 1f, 4f\n"
      ".popsection\n"
      "adrp x10, 9b\n"
      "add x10, x10, :lo12:9b\n"
      "1: str x10, [%0, #8]\n"
      "mov x8, %1\n"
      "svc #0\n"
      "str xzr, [%0, #8]\n"
      "2: b 5f\n"
      ".inst 0xd428bc00\n"
      "4: b 5f\n"
      "5:\n"
      :
      : "r"(own_area()), "I"(SYS_getpid)
      : "x0", "x8", "x10", "memory");
}

static int is_in_maps(const char* name, const void* first, const void* end) {
  char line[512], wanted[128];
  int found = 0;
  sprintf(wanted, "%08lx-%08lx ", (unsigned long)first, (unsigned long)end);
  FILE* maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps) != NULL)
    found |= strncmp(line, wanted, strlen(wanted)) == 0 && strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

#define NAME(at, size, name) prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, size, name)
static void names_of_mappings(void) {
  char* at = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char longest[81];
  memset(longest, 'x', 80);
  longest[80] = 0;
  CHECK(NAME(at + 4096, 2 * 4096, "first name") == 0);
  CHECK(is_in_maps("[anon:first name]", at + 4096, at + 3 * 4096));
  CHECK(NAME(at + 2 * 4096, 4096, "second") == 0 && is_in_maps("[anon:first name]", at + 4096, at + 2 * 4096));
  CHECK(is_in_maps("[anon:second]", at + 2 * 4096, at + 3 * 4096));
  FAILS(NAME(at, 4096, "a\1"), EINVAL);
  FAILS(NAME(at, 4096, "a[b]"), EINVAL);
  FAILS(NAME(at, 4096, longest), EINVAL);
  FAILS(NAME(at, 4096, 16), EFAULT);
  FAILS(NAME(at + 1, 4096, "x"), EINVAL);
  FAILS(prctl(PR_SET_VMA, 1, at, 4096, "x"), EINVAL);
  FAILS(NAME((uintptr_t)policies & -4096ul, 4096, "x"), EBADF);
  // What comes after a hole is named all the same.
  munmap(at + 3 * 4096, 4096);
  FAILS(NAME(at + 2 * 4096, 3 * 4096, "third"), ENOMEM);
  CHECK(is_in_maps("[anon:third]", at + 2 * 4096, at + 3 * 4096) && is_in_maps("[anon:third]", at + 4 * 4096, at + 5 * 4096));
  CHECK(NAME(at, 3 * 4096, NULL) == 0 && !is_in_maps("[anon:", at + 2 * 4096, at + 3 * 4096));
  // A new mapping has no name; fork keeps them.
  CHECK(mmap(at + 4 * 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at + 4 * 4096);
  CHECK(is_in_maps("00:00", at + 4 * 4096, at + 5 * 4096) && !is_in_maps("third", at + 4 * 4096, at + 5 * 4096));
  char* shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(NAME(shared, 4096, "common") == 0);
  int status = 0;
  const pid_t child = fork();
  if (child == 0) _exit(is_in_maps("[anon_shmem:common]", shared, shared + 4096) ? 5 : 6);
  CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 5);
}

static void pages_in_memory(void) {
  unsigned char have[3] = {9, 9, 9};
  char* at = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[4096] = 1;
  CHECK(mincore(at, 3 * 4096, have) == 0 && have[0] == 0 && have[1] == 1 && have[2] == 0);
  madvise(at, 2 * 4096, MADV_DONTNEED);
  CHECK(mincore(at, 4097, have) == 0 && have[1] == 0);
  FAILS(mincore(at + 1, 4096, have), EINVAL);
  FAILS(mincore(at, 4096, (unsigned char*)16), EFAULT);
  FAILS(mincore(at, (size_t)-1, have), ENOMEM);
  munmap(at + 4096, 4096);
  FAILS(mincore(at, 2 * 4096, have), ENOMEM);
  CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

static void files_made(void) {
  int fd = open("made-here", O_CREAT | O_RDWR, 0600);
  CHECK(fd >= 0 && fcntl(fd, 1028, 0) == 1 && write(fd, "x", 1) == 1 && close(fd) == 0);
  fd = open("made-here", O_CREAT | O_RDWR, 0600);
  CHECK(fd >= 0 && fcntl(fd, 1028, 0) == 0 && close(fd) == 0 && unlink("made-here") == 0);
  fd = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
  CHECK(fd >= 0 && ftruncate(fd, 8192) == 0);
  char* at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  unsigned char have[2];
  at[4096] = 7;
  CHECK(mincore(at, 8192, have) == 0 && have[0] == 0 && have[1] == 1);
  char byte = 0;
  CHECK(pread(fd, &byte, 1, 4096) == 1 && byte == 7);
  FAILS(NAME(at, 4096, "x"), EBADF);
  FAILS(open("/tmp", O_TMPFILE, 0600), EINVAL);
  FAILS(open(".", O_TMPFILE | O_RDWR, 0600), EOPNOTSUPP);
  CHECK(unshare(CLONE_FILES) == 0);
  FAILS(unshare(CLONE_NEWNS), EPERM);
  FAILS(unshare(0x3), EINVAL);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "call-inside") == 0) {
    call_inside();
    return 0;
  }
  moved_to_a_lock();
  words_of_the_new_way();
  policies();
  sequences();
  names_of_mappings();
  pages_in_memory();
  files_made();
  landing_places();
  clocks_of_processors();
  printf("%d failures\n", failures);
  return failures != 0;
}
