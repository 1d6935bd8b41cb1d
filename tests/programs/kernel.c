// membarrier, rseq, prctl, futexes of rarer kinds, shared segments and signal frames: what include/uapi says of them.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

#include "check.h"
#define FAILS(call, error) CHECK((call) == -1 && errno == (error))

static long barrier(int command, unsigned flags, int cpu) {
  return syscall(SYS_membarrier, command, flags, cpu);
}

/// Exit status of a child that runs `f`.
static int in_child(int (*f)(void)) {
  int status = 0;
  if (fork() == 0) _exit(f());
  wait(&status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int registrations(void) {
  return barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ? (int)(barrier(512, 0, 0) & 0xff) : 255;
}

static void barriers(char* name) {
  const long all = barrier(MEMBARRIER_CMD_QUERY, 0, 0);
  CHECK((all & 511) == 511);
  FAILS(barrier(1 << 20, 0, 0), EINVAL);
  FAILS(barrier(-1, 0, 0), EINVAL);
  FAILS(barrier(MEMBARRIER_CMD_GLOBAL, 1, 0), EINVAL);
  CHECK(barrier(MEMBARRIER_CMD_GLOBAL, 0, 0) == 0 && barrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0);
  FAILS(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), EPERM);
  FAILS(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), EPERM);
  FAILS(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0), EPERM);
  CHECK(barrier(512, 0, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0);
  CHECK(barrier(512, 0, 0) == 20);
  CHECK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 0) == 0);
  CHECK(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 1 << 20) == 0);
  FAILS(barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0), EINVAL);
  // fork keeps registrations, execve forgets them.
  CHECK(in_child(registrations) == (276 & 0xff));
  int status;
  if (fork() == 0) {
    execl(name, name, "registrations", NULL);
    _exit(9);
  }
  CHECK(wait(&status) > 0 && WEXITSTATUS(status) == 7);
}

static void* registered(void* argument) {
  struct rseq* area = (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
  cpu_set_t set;
  for (int i = 0; i < 50; ++i) {
    CPU_ZERO(&set);
    CPU_SET(i % 2, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) break;
    if (area->cpu_id != (unsigned)(i % 2) || area->cpu_id_start != area->cpu_id) *(int*)argument = 1;
    if (sched_getcpu() != i % 2) *(int*)argument = 2;
    sched_yield();
  }
  return NULL;
}

static int has_area(void) {
  const struct rseq* area = (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
  return (int)area->cpu_id >= 0 && area->cpu_id == (unsigned)sched_getcpu() ? 6 : 1;
}

/// A sequence whose descriptor has the wrong signature before its abort.
static int bad_signature(void) {
  struct rseq* area = (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
  static struct {
    uint32_t version, flags;
    uint64_t start, length, abort;
  } descriptor __attribute__((aligned(32)));
  descriptor.start = (uint64_t)(uintptr_t)&has_area;
  descriptor.length = 4;
  descriptor.abort = (uint64_t)(uintptr_t)&bad_signature;
  area->rseq_cs = (uint64_t)(uintptr_t)&descriptor;
  for (;;) sched_yield();
  return 0;
}

static void sequences(void) {
  int wrong = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, registered, &wrong);
  pthread_join(thread, NULL);
  CHECK(wrong == 0);
  CHECK(in_child(has_area) == 6);
  CHECK(in_child(bad_signature) == 128 + SIGSEGV);
  struct rseq* area = (struct rseq*)((char*)__builtin_thread_pointer() + __rseq_offset);
  FAILS(syscall(SYS_rseq, area, 32, 0, 0xd428bc00), EBUSY);
  FAILS(syscall(SYS_rseq, area, 32, 0, 1), EPERM);
  FAILS(syscall(SYS_rseq, (char*)area + 32, 32, 0, 0xd428bc00), EINVAL);
  FAILS(syscall(SYS_rseq, area, 32, 1, 5), EPERM);
  CHECK(syscall(SYS_rseq, area, 32, 1, 0xd428bc00) == 0 && (int)area->cpu_id == -1);
  CHECK(syscall(SYS_rseq, area, 32, 0, 0xd428bc00) == 0 && area->cpu_id == (unsigned)sched_getcpu());
}

static int on_death(void) {
  signal(SIGUSR1, SIG_DFL);
  return 0;
}

static void controls(void) {
  int n = 1;
  CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0 && prctl(PR_GET_PDEATHSIG, &n) == 0 && n == SIGUSR2);
  FAILS(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
  CHECK(prctl(PR_SET_PDEATHSIG, 0) == 0);
  char name[16] = "";
  CHECK(prctl(PR_SET_NAME, "a name that is long") == 0 && prctl(PR_GET_NAME, name) == 0);
  CHECK(strcmp(name, "a name that is ") == 0);
  CHECK(prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);
  FAILS(prctl(PR_SET_DUMPABLE, 2), EINVAL);
  CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
  CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0) == 0);
  CHECK(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == PR_TAGGED_ADDR_ENABLE);
  const uintptr_t tagged = (uintptr_t)name | (uintptr_t)0x5a << 56;
  CHECK(prctl(PR_GET_NAME, tagged) == 0);
  CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == 0);
  FAILS(prctl(PR_GET_NAME, tagged), EFAULT);
  CHECK(in_child(on_death) == 0);
}

static uint32_t word;
static long futex(int operation, uint32_t value, const struct timespec* time) {
  return syscall(SYS_futex, &word, operation, value, time, NULL, 0);
}

static volatile int inside, clashes;
static void* lock_often(void* argument) {
  const uint32_t self = (uint32_t)syscall(SYS_gettid);
  for (int i = 0; i < 200; ++i) {
    uint32_t expected = 0;
    if (!__atomic_compare_exchange_n(&word, &expected, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED) &&
        futex(FUTEX_LOCK_PI_PRIVATE, 0, NULL) != 0)
      ++clashes;
    if (++inside != 1 || (word & FUTEX_TID_MASK) != self) ++clashes;
    if (i % 8 == 0) sched_yield();
    --inside;
    expected = self;
    if (!__atomic_compare_exchange_n(&word, &expected, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED) &&
        futex(FUTEX_UNLOCK_PI_PRIVATE, 0, NULL) != 0)
      ++clashes;
  }
  return argument;
}

static void* die_holding(void* argument) {
  word = (uint32_t)syscall(SYS_gettid);
  __atomic_store_n((int*)argument, 1, __ATOMIC_RELEASE);
  while ((__atomic_load_n(&word, __ATOMIC_ACQUIRE) & FUTEX_WAITERS) == 0) sched_yield();
  return NULL;
}

static void* hold_robustly(void* argument) {
  pthread_mutex_lock(argument);
  return NULL;
}

static void locks(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, lock_often, NULL);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  CHECK(clashes == 0 && word == 0);
  const uint32_t self = (uint32_t)syscall(SYS_gettid);
  CHECK(futex(FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL) == 0 && word == self);
  FAILS(futex(FUTEX_LOCK_PI_PRIVATE, 0, NULL), EDEADLK);
  CHECK(futex(FUTEX_UNLOCK_PI_PRIVATE, 0, NULL) == 0 && word == 0);
  FAILS(futex(FUTEX_UNLOCK_PI_PRIVATE, 0, NULL), EPERM);
  word = 54321;
  FAILS(futex(FUTEX_LOCK_PI_PRIVATE, 0, NULL), ESRCH);
  int started = 0;
  pthread_create(&threads[0], NULL, die_holding, &started);
  while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE)) sched_yield();
  CHECK(futex(FUTEX_LOCK_PI_PRIVATE, 0, NULL) == 0 && (word & FUTEX_TID_MASK) == self && (word & FUTEX_OWNER_DIED) != 0);
  word = 0;
  pthread_join(threads[0], NULL);

  pthread_mutex_t* mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int inherit = 0; inherit < 2; ++inherit) {
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setprotocol(&kind, inherit ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
    pthread_mutex_init(mutex, &kind);
    pthread_create(&threads[0], NULL, hold_robustly, mutex);
    pthread_join(threads[0], NULL);
    CHECK(pthread_mutex_lock(mutex) == EOWNERDEAD && pthread_mutex_consistent(mutex) == 0);
    CHECK(pthread_mutex_unlock(mutex) == 0);
    // A process that dies holds it too.
    const pid_t child = fork();
    if (child == 0) {
      pthread_mutex_lock(mutex);
      kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    CHECK(pthread_mutex_lock(mutex) == EOWNERDEAD);
    pthread_mutex_consistent(mutex);
    pthread_mutex_unlock(mutex);
  }
}

static void segments(void) {
  const int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
  uint32_t* shared = shmat(id, NULL, 0);
  CHECK(id > 0 && shared != (void*)-1);
  if (fork() == 0) {
    shared[1000] = 8;
    __atomic_store_n(&shared[0], 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, shared, FUTEX_WAKE, 1);
    _exit(0);
  }
  while (__atomic_load_n(&shared[0], __ATOMIC_ACQUIRE) == 0) syscall(SYS_futex, shared, FUTEX_WAIT, 0, NULL);
  CHECK(shared[1000] == 8 && wait(NULL) > 0);
  CHECK(shmctl(id, IPC_RMID, NULL) == 0 && shared[1000] == 8 && shmdt(shared) == 0);
  FAILS(shmdt(shared), EINVAL);
  FAILS(shmget(77, 10, 0), ENOENT);
  CHECK(shmat(id, NULL, 0) == (void*)-1 && errno == EINVAL);
  CHECK(msync(NULL, 0, MS_SYNC) == 0);
  FAILS(msync(&word, 1, MS_SYNC), EINVAL);
}

static volatile int code, damage;
static volatile uintptr_t address;
static void note(int n, siginfo_t* info, void* context) {
  ucontext_t* u = context;
  code = n * 100 + info->si_code;
  address = (uintptr_t)info->si_addr;
  struct _aarch64_ctx* head = (struct _aarch64_ctx*)u->uc_mcontext.__reserved;
  switch (damage) {
    case 1: u->uc_mcontext.pstate |= 4; break;      // EL1t
    case 2: u->uc_mcontext.pstate |= 1 << 7; break;  // interrupts masked
    case 3: head->magic = 0x12345678; break;
    case 4: head->size = 8; break;
    case 5: head->magic = head->size = 0; break;  // no floating-point record
    case 6: u->uc_mcontext.sp &= ~15ull; break;   // repaired
    default: break;
  }
}

static int damaged(void) {
  raise(SIGUSR1);
  return 1;
}

static int misaligned(void) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = note;
  a.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGBUS, &a, NULL);
  damage = 6;
  uintptr_t was, value = 1;
  __asm__ volatile(
      "mov %0, sp\n add x9, %0, #-40\n mov sp, x9\n ldr %1, [sp]\n mov sp, %0" : "=&r"(was), "=&r"(value) : : "x9", "memory");
  return code == SIGBUS * 100 + BUS_ADRALN && address == was - 40 ? 11 : 1;
}

static int disarmed(void) {
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536, .ss_flags = (int)SS_AUTODISARM}, now;
  if (sigaltstack(&stack, NULL) != 0) return 1;
  if (sigaltstack(NULL, &now) != 0 || now.ss_flags != (int)SS_AUTODISARM) return 2;
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = note;
  a.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGUSR1, &a, NULL);
  raise(SIGUSR1);
  // The return from the handler arms it again.
  if (sigaltstack(NULL, &now) != 0 || now.ss_sp != stack.ss_sp || now.ss_flags != (int)SS_AUTODISARM) return 3;
  return 12;
}

static void frames(void) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = note;
  a.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &a, NULL);
  for (damage = 1; damage <= 5; ++damage) CHECK(in_child(damaged) == 128 + SIGSEGV);
  damage = 0;
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, NULL);
  CHECK(in_child(misaligned) == 11);
  CHECK(in_child(disarmed) == 12);
}

int main(int argc, char** argv) {
  if (argc > 1) return barrier(512, 0, 0) == 0 && barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == -1 ? 7 : 1;
  setvbuf(stdout, NULL, _IONBF, 0);
  barriers(argv[0]);
  sequences();
  controls();
  locks();
  segments();
  frames();
  printf("%d failures\n", failures);
  return failures != 0;
}
