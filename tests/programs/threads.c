// Mutex, condition variable, barrier of waiting threads: a bounded queue between producers and consumers.
#include <pthread.h>
#include <stdio.h>

enum { kProducers = 3, kConsumers = 3, kItems = 200, kSlots = 4 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static int queue[kSlots], filled, first, produced, consumed;
static long sum;

static void* produce(void* argument) {
  const long base = (long)argument * kItems;
  for (int i = 0; i < kItems; ++i) {
    pthread_mutex_lock(&mutex);
    while (filled == kSlots) pthread_cond_wait(&not_full, &mutex);
    queue[(first + filled++) % kSlots] = (int)(base + i);
    ++produced;
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void* consume(void* argument) {
  for (;;) {
    pthread_mutex_lock(&mutex);
    while (filled == 0 && consumed < kProducers * kItems) pthread_cond_wait(&not_empty, &mutex);
    if (filled == 0) {
      pthread_mutex_unlock(&mutex);
      return argument;
    }
    sum += queue[first];
    first = (first + 1) % kSlots;
    --filled;
    if (++consumed == kProducers * kItems) pthread_cond_broadcast(&not_empty);
    pthread_cond_signal(&not_full);
    pthread_mutex_unlock(&mutex);
  }
}

int main(void) {
  pthread_t threads[kProducers + kConsumers];
  for (long i = 0; i < kProducers; ++i) pthread_create(&threads[i], NULL, produce, (void*)i);
  for (long i = 0; i < kConsumers; ++i) pthread_create(&threads[kProducers + i], NULL, consume, (void*)i);
  for (int i = 0; i < kProducers + kConsumers; ++i) pthread_join(threads[i], NULL);
  const long n = kProducers * kItems;
  printf("%d of %d, sum %ld\n", consumed, produced, sum);
  return sum == n * (n - 1) / 2 ? 0 : 1;
}
