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

int main(void) {
  const size_t page = 4096;
  char* a = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 4; ++i) a[i * page] = (char)('a' + i);
  char* wall = mmap(a + 2 * page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
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
