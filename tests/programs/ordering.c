// Two threads on two cores and what they see of each other's relaxed accesses: `ordering KIND ROUNDS`. Prints how often
// the outcome happened that sequential consistency forbids.
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DETAILED_BEGIN() __asm__ volatile("hint #96" ::: "memory")
#define DETAILED_END() __asm__ volatile("hint #97" ::: "memory")
#define relaxed memory_order_relaxed
#define SET_MEM_MODEL 0x4d4d444c
#define GET_MEM_MODEL 0x6d4d444c

enum kind { STORE_BUFFERING, FENCED, MEMBARRIER, ID, CLOCK, ID_MEMBARRIER, YIELD, MESSAGE_PASSING, BY_PRCTL, INHERITED };
static const char *const names[] = {"store-buffering", "fenced", "membarrier",      "id",       "clock",
                                    "id-membarrier",   "yield",  "message-passing", "by-prctl", "inherited"};
static enum kind kind;
static int rounds, forbidden;
static struct {
  _Alignas(128) atomic_int value;
} x, y, arrived;
static struct {
  _Alignas(128) atomic_ulong value;
} start;
static int seen[2];
/// Zeros in lines that nobody has touched: what is stored is known only long after the store has been executed.
static struct {
  _Alignas(128) atomic_int value;
} zero[2][64];

static void pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) abort();
}

static long id[2];

/// Without the instructions of the library, which take room in the window between the store and the load.
static long call(long number, long first, const void *second) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = first;
  register const void *x1 __asm__("x1") = second;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
  return x0;
}

/// What is between the store and the load of store buffering.
static void order(int thread) {
  struct timespec time;
  switch (kind) {
    case FENCED: atomic_thread_fence(memory_order_seq_cst); return;
    case ID_MEMBARRIER:
    case MEMBARRIER:
      if (thread == 1) {
        if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0) abort();
        return;
      }
      __asm__ volatile("" ::: "memory");
      if (kind == MEMBARRIER) return;
      // fall through
    case ID:
      if (call(SYS_gettid, 0, NULL) != id[thread]) abort();
      return;
    case CLOCK:
      if (call(SYS_clock_gettime, CLOCK_MONOTONIC, &time) != 0) abort();
      return;
    case YIELD: sched_yield(); return;
    default: return;
  }
}

static uint64_t now(void) {
  uint64_t ticks;
  __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

/// Both threads come here, and leave at the same instant.
static void meet(int thread, int round) {
  if (thread == 0) atomic_store(&start.value, now() + 400);
  atomic_fetch_add(&arrived.value, 1);
  while (atomic_load(&arrived.value) < 2 * (round + 1)) {
  }
  const uint64_t then = atomic_load(&start.value);
  (void)atomic_load(thread == 0 ? &y.value : &x.value);
  while (now() < then) {
  }
}

static void play(int thread, int round) {
  if (kind < MESSAGE_PASSING) {
    atomic_int *mine = thread == 0 ? &x.value : &y.value, *other = thread == 0 ? &y.value : &x.value;
    atomic_store_explicit(mine, 1 + atomic_load_explicit(&zero[thread][round % 64].value, relaxed), relaxed);
    order(thread);
    seen[thread] = atomic_load_explicit(other, relaxed);
  } else if (thread == 0) {
    atomic_store_explicit(&x.value, 1, relaxed);
    atomic_store_explicit(&y.value, 1, relaxed);
  } else {
    seen[0] = 1 - atomic_load_explicit(&y.value, relaxed);
    seen[1] = atomic_load_explicit(&x.value, relaxed);
  }
}

static void *body(void *argument) {
  const int thread = argument != NULL;
  pin(thread);
  id[thread] = syscall(SYS_gettid);
  if (kind == BY_PRCTL && prctl(SET_MEM_MODEL, 1, 0, 0, 0) != 0) exit(2);
  if (kind >= BY_PRCTL && prctl(GET_MEM_MODEL, 0, 0, 0, 0) != 1) exit(2);
  for (int round = 0; round < rounds; ++round) {
    meet(thread, 2 * round);
    play(thread, round);
    meet(thread, 2 * round + 1);
    if (thread == 0) {
      forbidden += seen[0] == 0 && seen[1] == 0;
      atomic_store(&x.value, 0);
      atomic_store(&y.value, 0);
    }
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  rounds = atoi(arguments[2]);
  while (strcmp(names[kind], arguments[1]) != 0)
    if (++kind > INHERITED) return 2;
  if (kind == MEMBARRIER || kind == ID_MEMBARRIER) syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  pthread_t other;
  DETAILED_BEGIN();
  if (kind == INHERITED && (prctl(SET_MEM_MODEL, 2, 0, 0, 0) == 0 || prctl(SET_MEM_MODEL, 1, 0, 0, 0) != 0)) return 2;
  if (pthread_create(&other, NULL, body, &rounds) != 0) return 2;
  body(NULL);
  pthread_join(other, NULL);
  DETAILED_END();
  printf("%s: %d of %d\n", names[kind], forbidden, rounds);
  return 0;
}
