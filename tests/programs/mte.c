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
#include <ucontext.h>

#define PROT_TAGGED 0x20

static int failures;
#define CHECK(condition)                             \
  do {                                               \
    if (!(condition)) {                              \
      printf("line %d: %s\n", __LINE__, #condition); \
      ++failures;                                    \
    }                                                \
  } while (0)

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

static void* in_thread(void* p) {
  store(p, 7);
  return NULL;
}

int main(void) {
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
  printf("%d failures\n", failures);
  return failures != 0;
}
