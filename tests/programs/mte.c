// Memory tagging with synchronous checks: mismatches are signals, what was to be written is not.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PROT_TAGGED 0x20

#include "check.h"

static volatile int caught, code;
static volatile uintptr_t address;

static void handler(int number, siginfo_t* info, void* context) {
  (void)number;
  ++caught;
  code = info->si_code;
  address = (uintptr_t)info->si_addr;
  ((ucontext_t*)context)->uc_mcontext.pc += 4;
}

static void store(char* p, int value) {
  __asm__ volatile("strb %w1, [%0]" : : "r"(p), "r"(value) : "memory");
}
static char* set_tag(char* p, unsigned tag) {
  p = (char*)(((uintptr_t)p & ~((uintptr_t)15 << 56)) | (uintptr_t)tag << 56);
  __asm__ volatile("stg %0, [%0]" : : "r"(p) : "memory");
  return p;
}
static char* get_tag(char* p) {
  __asm__ volatile("ldg %0, [%0]" : "+r"(p) : : "memory");
  return p;
}

static char load(const char* p) {
  char c;
  __asm__ volatile("ldrb %w0, [%1]" : "=r"(c) : "r"(p) : "memory");
  return c;
}

static void note(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  ++caught;
  code = info->si_code;
  address = (uintptr_t)info->si_addr;
}

/// Mismatches are noted: the access happens, the signal comes with the next entry into the kernel.
static void asynchronous(char* page) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = note;
  a.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &a, NULL);
  const unsigned long both[] = {PR_MTE_TCF_ASYNC, PR_MTE_TCF_ASYNC | PR_MTE_TCF_SYNC};
  for (int i = 0; i < 2; ++i) {
    const long number = i == 0 ? SYS_getppid : SYS_gettid;
    CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | both[i] | 0xfffeul << PR_MTE_TAG_SHIFT, 0, 0, 0) == 0);
    char* right = set_tag(page, 6);
    caught = 0;
    store(right, 1);
    syscall(number);
    CHECK(caught == 0);
    store(page, 2 + i);
    syscall(number);
    CHECK(caught == 1 && code == 8 && address == 0 && load(right) == 2 + i);
    (void)load(page);
    syscall(number);
    CHECK(caught == 2);
    // Without a system call, the end of the time slice.
    store(page, 4);
    while (caught == 2) __asm__ volatile("");
    CHECK(caught == 3);
    // Blocked, it stays pending.
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, &old);
    store(page, 5);
    syscall(number);
    CHECK(caught == 3);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK(caught == 4);
  }
  // The kernel's own accesses are checked if checks are synchronous: what matches is copied.
  int fd[2];
  pipe(fd);
  set_tag(page + 32, 9);
  prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_ASYNC, 0, 0, 0);
  CHECK(write(fd[1], page, 10) == 10 && read(fd[0], page, 10) == 10);
  prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC, 0, 0, 0);
  caught = 0;
  char* first = set_tag(page, 6);
  set_tag(page + 16, 6);
  CHECK(write(fd[1], page, 10) == -1 && errno == EFAULT);
  CHECK(write(fd[1], first, 64) == 32 && write(fd[1], first, 32) == 32);
  CHECK(read(fd[0], page, 64) == -1 && errno == EFAULT && read(fd[0], first + 8, 64) == 24);
  CHECK(prctl(PR_GET_NAME, page) == -1 && errno == EFAULT && prctl(PR_GET_NAME, first) == 0 && caught == 0);
  prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0);
  strcpy(page, "/none");
  // Pointers with tags are for programs that said so.
  char* tagged = set_tag(page, 6);
  CHECK(write(-1, tagged, 1) == -1 && errno == EBADF && access(tagged, 0) == -1 && errno == ENOENT);
  CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == 0);
  CHECK(access(tagged, 0) == -1 && errno == EFAULT && access(page, 0) == -1 && errno == ENOENT);
}

/// What is done if both kinds are accepted depends on the machine: "sync" or "asymm".
static int preferred(char* page, const char* kind) {
  const int loads_only = strcmp(kind, "asymm") == 0;
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = handler;
  a.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &a, NULL);
  prctl(PR_SET_TAGGED_ADDR_CTRL,
        PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC | PR_MTE_TCF_ASYNC | 0xfffeul << PR_MTE_TAG_SHIFT, 0, 0, 0);
  char* right = set_tag(page, 6);
  store(right, 1);
  (void)load(page);
  CHECK(caught == 1 && code == 9);
  if (loads_only) {
    a.sa_sigaction = note;
    sigaction(SIGSEGV, &a, NULL);
  }
  store(page, 2);
  syscall(SYS_getppid);
  CHECK(caught == 2 && code == (loads_only ? 8 : 9) && load(right) == (loads_only ? 2 : 1));
  printf("%d failures\n", failures);
  return failures != 0;
}

static void* in_thread(void* p) {
  store(p, 7);
  return NULL;
}

int main(int argc, char** argv) {
  CHECK((getauxval(AT_HWCAP2) & (1ul << 18)) != 0);
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_sigaction = handler;
  a.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &a, NULL);
  CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, 1ul << 40, 0, 0, 0) == -1 && errno == EINVAL);
  const unsigned long control = PR_TAGGED_ADDR_ENABLE | PR_MTE_TCF_SYNC | 0xfffeul << PR_MTE_TAG_SHIFT;
  CHECK(prctl(PR_SET_TAGGED_ADDR_CTRL, control, 0, 0, 0) == 0);
  CHECK(prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0) == (long)control);
  char* page = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_TAGGED, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  if (argc > 1) return preferred(page, argv[1]);

  char* first = set_tag(page, 5);
  store(first, 1);
  CHECK(caught == 0 && *first == 1 && get_tag(page) == first);
  store(page, 2);
  CHECK(caught == 1 && code == 9 && address == (uintptr_t)page && *first == 1);
  store(first + 16, 3);
  CHECK(caught == 2 && page[16] == 0);
  __asm__ volatile("stp %0, %0, [%1]" : : "r"(-1l), "r"(first + 8) : "memory");
  CHECK(caught == 3 && first[8] == 0 && address == (uintptr_t)page + 16);

  for (int i = 0; i < 50; ++i) {
    char* random;
    __asm__ volatile("irg %0, %1" : "=r"(random) : "r"(page));
    CHECK(((uintptr_t)random >> 56 & 15) != 0 && ((uintptr_t)random << 8) == ((uintptr_t)page << 8));
  }
  __asm__ volatile("msr tco, #1");
  store(page, 4);
  __asm__ volatile("msr tco, #0");
  CHECK(caught == 3 && *first == 4);

  CHECK(mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0);
  store(page, 5);
  CHECK(caught == 4);
  a.sa_flags = SA_SIGINFO | 0x800;
  sigaction(SIGSEGV, &a, NULL);
  char* wrong = (char*)((uintptr_t)page | (uintptr_t)3 << 56);
  store(wrong, 6);
  CHECK(caught == 5 && address == (uintptr_t)wrong);

  pthread_t thread;
  pthread_create(&thread, NULL, in_thread, page);
  pthread_join(thread, NULL);
  CHECK(caught == 6);
  CHECK(madvise(page, 4096, MADV_DONTNEED) == 0);
  CHECK(get_tag(page) == page);
  store(page, 8);
  CHECK(caught == 6);
  prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0);
  store(wrong, 9);
  CHECK(caught == 6 && *page == 9);
  strcpy(page, "/none");
  asynchronous(page);
  printf("%d failures\n", failures);
  return failures != 0;
}
