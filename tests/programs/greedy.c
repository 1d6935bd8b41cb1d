// Touches memory, makes threads, or loops, without end.
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void* wait_for_ever(void* argument) {
  pause();
  return argument;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "memory") == 0) {
    for (;;) memset(malloc(1 << 20), 1, 1 << 20);
  }
  if (strcmp(what, "threads") == 0) {
    pthread_t t;
    int n = 0;
    while (pthread_create(&t, NULL, wait_for_ever, NULL) == 0) ++n;
    return n > 100 ? 0 : 1;
  }
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "fork") == 0) {
    int n = 0;
    pid_t child;
    while ((child = fork()) > 0) ++n;
    if (child == 0) wait_for_ever(NULL);
    return n > 100 && errno == EAGAIN ? 0 : 1;
  }
  for (;;) __asm__ volatile("");
}
