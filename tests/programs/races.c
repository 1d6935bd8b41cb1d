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

/* What the value of a message holds is passed on by its flag. */
#define RACE_FREE(object)                                                              \
  do {                                                                                 \
    register void *x0 __asm__("x0") = &(object);                                       \
    register size_t x1 __asm__("x1") = sizeof(object);                                 \
    __asm__ volatile("hint #98" : : "r"(x0), "r"(x1) : "memory");                      \
  } while (0)
enum { MESSAGES = 32 };
static struct {
  _Alignas(128) int value;
  _Alignas(8) int beside;
} message[MESSAGES];
static struct {
  _Alignas(128) atomic_int value;
} flag[MESSAGES];
static memory_order sends, receives;
static atomic_int ready;

static void start_together(void) {
  atomic_fetch_add(&ready, 1);
  while (atomic_load(&ready) != 2) {
  }
}

static void *send(void *argument) {
  (void)argument;
  start_together();
  for (int i = 0; i < MESSAGES; ++i) {
    message[i].value = 1;
    if (sends == memory_order_release) {
      atomic_store_explicit(&flag[i].value, 1, memory_order_release);
    } else {
      if (sends == memory_order_acq_rel) atomic_thread_fence(memory_order_release);
      atomic_store_explicit(&flag[i].value, 1, memory_order_relaxed);
    }
  }
  return NULL;
}

/* Meets the sender somewhere in the middle, with the messages in its cache. */
static void *receive(void *argument) {
  (void)argument;
  for (int i = 0; i < MESSAGES; ++i) (void)*(volatile int *)&message[i].beside;
  start_together();
  for (int i = MESSAGES - 1; i >= 0; --i) {
    int arrived = receives == memory_order_acquire ? atomic_load_explicit(&flag[i].value, memory_order_acquire)
                                                   : atomic_load_explicit(&flag[i].value, memory_order_relaxed);
    if (__builtin_expect(!arrived, 0)) continue;
    if (receives == memory_order_acq_rel) atomic_thread_fence(memory_order_acquire);
    if (message[i].value != 1) abort();
  }
  return NULL;
}

/* Peterson's lock, left in the order `sends`: its order is that of reads before the writes that they did not see. */
static atomic_int wants[2], turn;

static void *peterson(void *argument) {
  const int me = (int)(size_t)argument;
  for (int i = 0; i < 3; ++i) {
    if (sends == memory_order_acq_rel) {
      atomic_store_explicit(&wants[me], 1, memory_order_relaxed);
      atomic_store_explicit(&turn, 1 - me, memory_order_relaxed);
      atomic_thread_fence(memory_order_seq_cst);
      while (atomic_load_explicit(&wants[1 - me], memory_order_relaxed) &&
             atomic_load_explicit(&turn, memory_order_relaxed) == 1 - me) {
      }
      atomic_thread_fence(memory_order_seq_cst);
    } else {
      atomic_store(&wants[me], 1);
      atomic_store(&turn, 1 - me);
      while (atomic_load(&wants[1 - me]) && atomic_load(&turn) == 1 - me) {
      }
    }
    ++message[0].value;
    if (sends == memory_order_acq_rel) atomic_thread_fence(memory_order_release);
    if (sends == memory_order_release) atomic_store_explicit(&wants[me], 0, memory_order_release);
    else atomic_store_explicit(&wants[me], 0, memory_order_relaxed);
  }
  return NULL;
}

static void *locked_count(void *argument) {
  (void)argument;
  pthread_mutex_lock(&lock);
  ++message[0].value;
  pthread_mutex_unlock(&lock);
  return NULL;
}

static memory_order order_named(const char *text) {
  return strcmp(text, "relaxed") == 0 ? memory_order_relaxed
         : strcmp(text, "release") == 0 ? memory_order_release
         : strcmp(text, "acquire") == 0 ? memory_order_acquire
                                        : memory_order_acq_rel;
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
  } else if (strcmp(kind, "locked") == 0) {
    RACE_FREE(message[0].value);
    message[0].value = 5;
    both(locked_count, locked_count, 0, 0);
    if (message[0].value != 7) abort();
  } else if (strcmp(kind, "peterson") == 0 && argc == 3) {
    sends = order_named(argv[2]);
    RACE_FREE(message[0].value);
    both(peterson, peterson, 0, 1);
    if (message[0].value != 6) abort();
  } else if (strcmp(kind, "message") == 0 && argc == 4) {
    sends = order_named(argv[2]);
    receives = order_named(argv[3]);
    for (int i = 0; i < MESSAGES; ++i) RACE_FREE(message[i].value);
    both(send, receive, 0, 0);
  } else {
    return 2;
  }
  return 0;
}
