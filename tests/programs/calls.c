// mremap, futexes that libraries seldom use, scheduling queries.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static uint32_t words[3];

struct Waiter {
  uint64_t value, address;
  uint32_t flags, reserved;
};

static void* wait_for_any(void* argument) {
  struct Waiter all[3];
  for (int i = 0; i < 3; ++i) all[i] = (struct Waiter){0, (uintptr_t)&words[i], 2 | FUTEX_PRIVATE_FLAG, 0};
  *(long*)argument = syscall(449, all, 3, 0, NULL, CLOCK_MONOTONIC);
  return NULL;
}

static void* wait_for_one(void* argument) {
  do {
    *(long*)argument = syscall(SYS_futex, &words[1], FUTEX_WAIT_PRIVATE, 0, NULL);
  } while (*(long*)argument == -1 && errno == EAGAIN);
  return NULL;
}

/// A system call; `*others` are bits of registers that it has changed besides x0.
static long call(long number, long first, void* second, uint64_t* others) {
  register uint64_t x8 __asm__("x8") = (uint64_t)number, x0 __asm__("x0") = (uint64_t)first;
  register uint64_t x1 __asm__("x1") = (uintptr_t)second;
  register uint64_t x9 __asm__("x9") = 9, x10 __asm__("x10") = 10, x11 __asm__("x11") = 11, x12 __asm__("x12") = 12;
  uint64_t lower;
  __asm__ volatile("cmp xzr, x9\n svc #0\n cset %0, lo"
                   : "=r"(lower), "+r"(x0), "+r"(x1), "+r"(x8), "+r"(x9), "+r"(x10), "+r"(x11), "+r"(x12)
                   :
                   : "cc", "memory");
  *others |= (x8 ^ (uint64_t)number) | (x1 ^ (uintptr_t)second) | (x9 ^ 9) | (x10 ^ 10) | (x11 ^ 11) | (x12 ^ 12) | (lower ^ 1);
  return (long)x0;
}

static void test_registers(char* writable, char* read_only) {
  uint64_t others = 0;
  const long tid = call(SYS_gettid, 5, NULL, &others);
  CHECK(tid == call(SYS_getpid, 5, NULL, &others) && tid > 0 && call(SYS_getppid, 0, NULL, &others) == getppid());
  CHECK(call(SYS_getuid, 0, NULL, &others) == getuid() && call(SYS_getegid, 0, NULL, &others) == getegid());
  CHECK(call(SYS_clock_gettime, CLOCK_REALTIME, writable, &others) == 0);
  struct timespec first, second;
  memcpy(&first, writable, sizeof first);
  CHECK(call(SYS_clock_gettime, CLOCK_REALTIME, writable + 3, &others) == 0);  // not aligned
  memcpy(&second, writable + 3, sizeof second);
  CHECK(first.tv_sec == 1700000000 && second.tv_sec == first.tv_sec && second.tv_nsec > first.tv_nsec);
  CHECK(call(SYS_clock_gettime, CLOCK_MONOTONIC, read_only, &others) == -EFAULT);
  CHECK(call(SYS_clock_gettime, CLOCK_MONOTONIC, (char*)((uintptr_t)writable | 1ul << 56), &others) == -EFAULT);
  CHECK(others == 0);
}

int main(void) {
  const size_t page = 4096;
  char* a = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4; ++i) a[i * page] = (char)('a' + i);
  char* wall = mmap(a + 2 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  test_registers(a, wall);
  a[0] = 'a';
  CHECK(mremap(a, 2 * page, 3 * page, 0) == MAP_FAILED && errno == ENOMEM);
  char* b = mremap(a, 2 * page, 5 * page, MREMAP_MAYMOVE);
  CHECK(b != MAP_FAILED && b != a && b[0] == 'a' && b[page] == 'b' && b[4 * page] == 0 && wall[0] == 0);
  CHECK(mremap(b, 5 * page, page, 0) == b && b[0] == 'a');
  CHECK(mremap(b, page, 2 * page, 0) == b && b[page] == 0);
  CHECK(mremap(a, page, page, 0) == MAP_FAILED && errno == EFAULT);
  CHECK(mremap(b + 1, page, page, 0) == MAP_FAILED && errno == EINVAL);

  pthread_t thread;
  long result = -1;
  pthread_create(&thread, NULL, wait_for_any, &result);
  while (syscall(SYS_futex, &words[2], FUTEX_WAKE_PRIVATE, 1) == 0) sched_yield();
  pthread_join(thread, NULL);
  CHECK(result == 2);

  pthread_create(&thread, NULL, wait_for_one, &result);
  const int operation = FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0);
  long woken = 0;
  while (woken == 0) {
    words[1] = 0;
    woken = syscall(SYS_futex, &words[0], FUTEX_WAKE_OP_PRIVATE, 1, (void*)1, &words[1], operation);
    CHECK(words[1] == 5);
    words[1] = 0;
    sched_yield();
  }
  pthread_join(thread, NULL);
  CHECK(woken == 1 && result == 0);

  struct timespec before, after, time = {0, 5000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  struct Waiter one = {0, (uintptr_t)&words[0], 2, 0};
  time.tv_nsec += before.tv_nsec % 900000000;
  time.tv_sec += before.tv_sec;
  CHECK(syscall(449, &one, 1, 0, &time, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(after.tv_sec > before.tv_sec || after.tv_nsec >= before.tv_nsec);
  CHECK(syscall(449, &one, 0, 0, NULL, 0) == -1 && errno == EINVAL);
  one.value = 9;
  CHECK(syscall(449, &one, 1, 0, NULL, 0) == -1 && errno == EAGAIN);

  CHECK(sched_get_priority_max(SCHED_FIFO) == 99 && sched_get_priority_min(SCHED_FIFO) == 1);
  CHECK(sched_get_priority_max(SCHED_OTHER) == 0 && sched_get_priority_max(99) == -1);
  CHECK(sched_getscheduler(0) == SCHED_OTHER);
  CHECK(wait(NULL) == -1 && errno == ECHILD);
  printf("%d failures\n", failures);
  return failures != 0;
}
