// Changes between execution in order and in detail in the middle of things: while others wait on futexes and sleep, in
// signal handlers and membarriers, in restartable sequences, between a load-exclusive and its store, with a fault behind them.
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define DETAILED_BEGIN() __asm__ volatile("hint #96" ::: "memory")
#define DETAILED_END() __asm__ volatile("hint #97" ::: "memory")
enum { kThreads = 3, kTimes = 12 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn, under_mutex;
static long per_core[64];
static volatile sig_atomic_t handled;

static struct rseq* area(void) { return (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset); }

/// One increment of the counter of the core that runs it; 0 if it had no effect.
#define INCREMENT_WITH(change)                                                                                 \
  ({                                                                                                           \
    __label__ aborted, done;                                                                                   \
    int happened = 1;                                                                                          \
    __asm__ goto volatile(                                                                                     \
        ".pushsection __rseq_cs, \"aw\"\n .balign 32\n 9: .long 0, 0\n .quad 1f, 2f - 1f, 4f\n .popsection\n"  \
        "adrp x10, 9b\n add x10, x10, :lo12:9b\n str x10, [%0, #8]\n"                                          \
        "1: ldr w11, [%0, #4]\n add x12, %1, x11, lsl #3\n ldr x13, [x12]\n add x13, x13, #1\n" change "\n"    \
        "str x13, [x12]\n 2: b 5f\n .inst 0xd428bc00\n 4: b %l[aborted]\n 5:\n"                                \
        :                                                                                                      \
        : "r"(area()), "r"(per_core)                                                                           \
        : "x10", "x11", "x12", "x13", "memory"                                                                 \
        : aborted);                                                                                            \
    goto done;                                                                                                 \
  aborted:                                                                                                     \
    happened = 0;                                                                                              \
  done:                                                                                                        \
    happened;                                                                                                  \
  })

static void handler(int n) {
  (void)n;
  DETAILED_BEGIN();
  ++handled;
  DETAILED_END();
}

static sigjmp_buf behind;
static void on_fault(int n, siginfo_t* info, void* context) {
  (void)n;
  (void)context;
  DETAILED_END();
  siglongjmp(behind, info->si_addr == (void*)64 ? 1 : 2);
}

static void* work(void* argument) {
  const int me = (int)(intptr_t)argument;
  double value = me + 0.5;
  for (int i = 0; i < kTimes; ++i) {
    if (i % 4 == me) DETAILED_BEGIN();
    pthread_mutex_lock(&mutex);
    while (turn != me) pthread_cond_wait(&turned, &mutex);
    if (i % 4 == 3) DETAILED_END();
    turn = (me + 1) % kThreads;
    ++under_mutex;
    pthread_cond_broadcast(&turned);
    pthread_mutex_unlock(&mutex);
    CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0);
    // What the sequence was aborted in is not what it is tried again with.
    if (!INCREMENT_WITH("hint #96"))
      while (!INCREMENT_WITH("nop")) {
      }
    if (!INCREMENT_WITH("hint #97"))
      while (!INCREMENT_WITH("nop")) {
      }
    value = value * 3 - 2 * me - 1;
  }
  CHECK(value == me + 0.5);
  return NULL;
}

/// The store fails at the change or happens, never both.
#define EXCLUSIVE_WITH(change)                                                            \
  do {                                                                                    \
    uint64_t word = 5, failed, old;                                                       \
    __asm__ volatile("ldxr %1, [%2]\n " change "\n add %1, %1, #1\n stxr %w0, %1, [%2]" \
                     : "=&r"(failed), "=&r"(old)                                          \
                     : "r"(&word)                                                         \
                     : "memory");                                                         \
    CHECK(word == (failed ? 5 : 6));                                                      \
  } while (0)

static void test_exclusives(void) {
  for (int i = 0; i < 4; ++i) {
    EXCLUSIVE_WITH("hint #96");
    EXCLUSIVE_WITH("hint #97");
  }
}

static void test_faults(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = on_fault;
  sigaction(SIGSEGV, &action, NULL);
  volatile int* nowhere;
  __asm__("mov %0, #64" : "=r"(nowhere));
  for (volatile int i = 0; i < 4; ++i) {
    const int how = sigsetjmp(behind, 1);
    if (how == 0) {
      DETAILED_BEGIN();
      *nowhere = i;
    }
    CHECK(how == 1);
  }
}

/// Code written in order is executed in detail, and the other way round.
static void test_code(void) {
  uint32_t* code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 6; ++i) {
    code[0] = 0x52800000u | (unsigned)i << 5;  // mov w0, #i
    code[1] = 0xd65f03c0;
    __builtin___clear_cache((char*)code, (char*)(code + 2));
    if (i % 2 == 0) DETAILED_BEGIN();
    CHECK(((int (*)(void))(uintptr_t)code)() == i);
    if (i % 2 == 1) DETAILED_END();
  }
}

static void test_processes(void) {
  for (int i = 0; i < 3; ++i) {
    DETAILED_BEGIN();
    const pid_t child = fork();
    if (child == 0) {
      DETAILED_END();
      DETAILED_BEGIN();
      _exit(7 + i);
    }
    if (i == 1) DETAILED_END();
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7 + i);
    DETAILED_END();
  }
}

static void test_sleep(void) {
  struct timespec before, after, time = {0, 20000};
  for (int i = 0; i < 4; ++i) {
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (i % 2 == 0)
      DETAILED_BEGIN();
    else
      DETAILED_END();
    CHECK(nanosleep(&time, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 20000);
  }
}

int main(void) {
  signal(SIGUSR1, handler);
  test_exclusives();
  test_faults();
  test_code();
  test_processes();
  test_sleep();
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, work, (void*)i);
  int sent = 0;
  for (int i = 0; i < 6; ++i) {
    sent += pthread_kill(threads[i % kThreads], SIGUSR1) == 0;
    if (i % 2 == 0) raise(SIGUSR1);
    sched_yield();
  }
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  long total = 0;
  for (int i = 0; i < 64; ++i) total += per_core[i];
  CHECK(total == 2 * kThreads * kTimes);
  CHECK(under_mutex == kThreads * kTimes && handled >= 4 && handled <= sent + 3);
  printf("%d failures\n", failures);
  return failures != 0;
}
