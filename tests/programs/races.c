/* Programs with a failure that only rare interleavings show: races KIND. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
static int guarded;
static volatile int counter;

/* A long way between two short stretches that must not overlap. */
static void wander(unsigned rounds) {
  for (volatile unsigned i = 0; i < rounds; ++i) {
  }
}

/* Check and use in two critical sections: another thread may come between. */
static atomic_int slots = 1, taken;

static void *take_slot(void *argument) {
  wander((unsigned)(size_t)argument);
  pthread_mutex_lock(&lock);
  int free_slot = slots > 0;
  pthread_mutex_unlock(&lock);
  if (free_slot) {
    pthread_mutex_lock(&lock);
    --slots;
    ++taken;
    pthread_mutex_unlock(&lock);
  }
  return NULL;
}

static void *lock_in_order(void *argument) {
  (void)argument;
  wander(20);
  pthread_mutex_lock(&lock);
  pthread_mutex_lock(&other);
  ++guarded;
  pthread_mutex_unlock(&other);
  pthread_mutex_unlock(&lock);
  return NULL;
}

static void *lock_in_reverse(void *argument) {
  (void)argument;
  wander(4000);
  pthread_mutex_lock(&other);
  pthread_mutex_lock(&lock);
  ++guarded;
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&other);
  return NULL;
}

static void *count(void *argument) {
  wander((unsigned)(size_t)argument);
  ++counter;
  return NULL;
}

static void both(void *(*f)(void *), void *(*g)(void *), size_t first, size_t second) {
  pthread_t a, b;
  pthread_create(&a, NULL, f, (void *)first);
  pthread_create(&b, NULL, g, (void *)second);
  pthread_join(a, NULL);
  pthread_join(b, NULL);
}

int main(int argc, char **argv) {
  const char *kind = argc > 1 ? argv[1] : "";
  if (strcmp(kind, "counter") == 0) {
    both(count, count, 20, 5000);
    if (counter != 2) abort();
  } else if (strcmp(kind, "slots") == 0) {
    both(take_slot, take_slot, 20, 5000);
    if (taken > 1) return 1;
  } else if (strcmp(kind, "locks") == 0) {
    both(lock_in_order, lock_in_reverse, 0, 0);
  } else {
    return 2;
  }
  return 0;
}
