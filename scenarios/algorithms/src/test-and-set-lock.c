/*
name: Test-and-set lock
description: |
  Threads swap 1 into the lock until they find it free. Compiled from C11, with the swap of FEAT_LSE.
memory:
  lock: {type: u32, value: 0}
  counter: {type: u32, value: 0}
registers: {X0: lock, X1: counter}
never: counter != 2
correct: The acquire swap and the release store keep the critical sections apart.
broken: The swap is relaxed, so the counter may be read before the lock is taken.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define TAKE memory_order_relaxed
#else
#define TAKE memory_order_acquire
#endif

static inline void thread(_Atomic unsigned* lock, unsigned* counter) {
  while (atomic_exchange_explicit(lock, 1, TAKE) != 0) {
  }
  *counter = *counter + 1;
  atomic_store_explicit(lock, 0, memory_order_release);
}
void P0(_Atomic unsigned* lock, unsigned* counter) { thread(lock, counter); }
void P1(_Atomic unsigned* lock, unsigned* counter) { thread(lock, counter); }
