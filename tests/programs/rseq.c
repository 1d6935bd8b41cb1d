// Counters per core, incremented in restartable sequences by more threads than cores, with migrations and signals.
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kThreads = 4, kTimes = 3000 };

static long counters[64], aborted[kThreads];

static struct rseq* area(void) {
  return (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
}

/// One increment of the counter of the core that runs it; 0 if it was interrupted and had no effect.
static int increment(struct rseq* r) {
  __asm__ goto volatile(
      ".pushsection __rseq_cs, \"aw\"\n"
      ".balign 32\n"
      "9: .long 0, 0\n"
      ".quad 1f, 2f - 1f, 4f\n"
      ".popsection\n"
      "adrp x10, 9b\n"
      "add x10, x10, :lo12:9b\n"
      "str x10, [%0, #8]\n"
      "1: ldr w11, [%0, #4]\n"
      "add x12, %1, x11, lsl #3\n"
      "ldr x13, [x12]\n"
      "add x13, x13, #1\n"
      ".rept 20\n nop\n .endr\n"
      "str x13, [x12]\n"
      "2: b 5f\n"
      ".inst 0xd428bc00\n"
      "4: b %l[abort]\n"
      "5:\n"
      :
      : "r"(r), "r"(counters)
      : "x10", "x11", "x12", "x13", "memory"
      : abort);
  return 1;
abort:
  return 0;
}

static volatile int handled, wrong_pc;
static void handler(int n) {
  (void)n;
  ++handled;
  // What was interrupted has been aborted before the handler began.
  if (area()->rseq_cs != 0) wrong_pc = 1;
}

static void* work(void* argument) {
  const long number = (long)argument;
  for (int i = 0; i < kTimes; ++i) {
    while (!increment(area())) ++aborted[number];
    if (i % 500 == 0) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET((i / 500 + number) % 2, &set);
      sched_setaffinity(0, sizeof set, &set);
      if (area()->cpu_id != (unsigned)sched_getcpu()) wrong_pc = 2;
    }
  }
  return NULL;
}

int main(void) {
  if (__rseq_size == 0) {
    printf("rseq is not registered\n");
    return 2;
  }
  signal(SIGUSR1, handler);
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, work, (void*)i);
  for (int i = 0; i < 20; ++i) {
    pthread_kill(threads[i % kThreads], SIGUSR1);
    sched_yield();
  }
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
  const long barrier = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  long total = 0, aborts = 0;
  for (int i = 0; i < 64; ++i) total += counters[i];
  for (int i = 0; i < kThreads; ++i) aborts += aborted[i];
  printf("total %ld, aborted %s, handled %s, wrong %d, membarrier %ld\n", total, aborts > 0 ? "some" : "none",
         handled > 0 ? "some" : "none", wrong_pc, barrier);
  return total == kThreads * kTimes && aborts > 0 ? 0 : 1;
}
