// Faults that are taken and resumed: code, address and context of each; masks, alternate stack, signals between threads.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile int number, code;
static volatile uintptr_t address, stack_pointer;

static void skip(int n, siginfo_t* info, void* context) {
  ucontext_t* u = context;
  number = n;
  code = info->si_code;
  address = (uintptr_t)info->si_addr;
  stack_pointer = (uintptr_t)__builtin_frame_address(0);
  u->uc_mcontext.pc += 4;
  u->uc_mcontext.regs[9] = 99;
}

static void expect(int line, int n, int c, uintptr_t a) {
  if (number != n || code != c || (a != 1 && address != a)) {
    printf("line %d: signal %d code %d address %#lx\n", line, number, code, (unsigned long)address);
    ++failures;
  }
  number = code = 0;
}

static void handle(int n, int flags) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = skip;
  a.sa_flags = SA_SIGINFO | flags;
  sigaction(n, &a, NULL);
}

static volatile int counted;
static void count(int n) {
  (void)n;
  ++counted;
}

static void* sleeper(void* argument) {
  struct timespec t = {1000, 0}, left = {0, 0};
  const int result = nanosleep(&t, &left);
  *(int*)argument = result == -1 && errno == EINTR && left.tv_sec > 0;
  return NULL;
}

int main(void) {
  handle(SIGSEGV, 0);
  handle(SIGBUS, 0);
  handle(SIGILL, 0);
  handle(SIGTRAP, 0);
  char* page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* hole = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(hole, 4096);

  unsigned long changed = 0;
  __asm__ volatile("mov x9, #1\n str x9, [%1]\n mov %0, x9" : "=r"(changed) : "r"(page + 8) : "x9", "memory");
  expect(__LINE__, SIGSEGV, SEGV_ACCERR, (uintptr_t)page + 8);
  CHECK(changed == 99);
  __asm__ volatile("ldr x9, [%0]" : : "r"(hole + 16) : "x9", "memory");
  expect(__LINE__, SIGSEGV, SEGV_MAPERR, (uintptr_t)hole + 16);
  __asm__ volatile("ldr x9, [%0]" : : "r"((uintptr_t)hole | (uintptr_t)0x55 << 56) : "x9", "memory");
  expect(__LINE__, SIGSEGV, SEGV_MAPERR, (uintptr_t)hole);
  __asm__ volatile(".inst 0" : : : "x9", "memory");
  expect(__LINE__, SIGILL, ILL_ILLOPC, 1);
  __asm__ volatile("brk #7" : : : "x9", "memory");
  expect(__LINE__, SIGTRAP, TRAP_BRKPT, 1);
  static char bytes[64] __attribute__((aligned(64)));
  __asm__ volatile("ldxr x9, [%0]" : : "r"(bytes + 4) : "x9", "memory");
  expect(__LINE__, SIGBUS, BUS_ADRALN, (uintptr_t)bytes + 4);

  const size_t size = 65536;
  stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
  CHECK(sigaltstack(&stack, NULL) == 0);
  handle(SIGILL, SA_ONSTACK);
  __asm__ volatile(".inst 0" : : : "x9", "memory");
  expect(__LINE__, SIGILL, ILL_ILLOPC, 1);
  CHECK(stack_pointer - (uintptr_t)stack.ss_sp < size);

  signal(SIGUSR1, count);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
  raise(SIGUSR1);
  CHECK(counted == 0);
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGUSR1));
  CHECK(sigsuspend(&old) == -1 && errno == EINTR);
  CHECK(counted == 1);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  kill(getpid(), SIGUSR1);
  CHECK(counted == 2);

  pthread_t thread;
  int interrupted = 0;
  pthread_create(&thread, NULL, sleeper, &interrupted);
  struct timespec shortly = {0, 1000000};
  nanosleep(&shortly, NULL);
  pthread_kill(thread, SIGUSR1);
  pthread_join(thread, NULL);
  CHECK(counted == 3);
  CHECK(interrupted);

  double x = 1.5;
  for (int i = 0; i < 10; ++i) {
    __asm__ volatile(".inst 0" : : : "x9", "memory");
    x = x * 2 + number;
  }
  CHECK(x == 1.5 * 1024 + 4 * 1023);
  printf("%d failures\n", failures);
  return failures != 0;
}
