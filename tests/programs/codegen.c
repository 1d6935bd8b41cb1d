// Functions generated at run time, called and replaced while several threads take turns.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { kThreads = 3, kVersions = 20 };

typedef int (*Function)(void);

static uint32_t* code;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int current = -1, wrong;

static void generate(int value) {
  code[0] = 0x52800000u | (uint32_t)value << 5;  // mov w0, #value
  code[1] = 0xd65f03c0u;                         // ret
  __builtin___clear_cache((char*)code, (char*)(code + 2));
  current = value;
}

static void* work(void* argument) {
  for (int i = 0; i < kVersions; ++i) {
    pthread_mutex_lock(&mutex);
    if (((Function)code)() != current) ++wrong;
    generate((int)(intptr_t)argument * kVersions + i);
    if (((Function)code)() != current) ++wrong;
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

int main(void) {
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 2;
  generate(1);
  pthread_t threads[kThreads];
  for (intptr_t i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, work, (void*)i);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  printf("%d wrong results\n", wrong);

  // W^X: written, then made executable.
  uint32_t* other = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(other, code, 8);
  other[0] = 0x52800000u | 77u << 5;
  if (mprotect(other, 4096, PROT_READ | PROT_EXEC) != 0) return 3;
  __builtin___clear_cache((char*)other, (char*)(other + 2));
  printf("%d\n", ((Function)other)());
  return wrong != 0;
}
