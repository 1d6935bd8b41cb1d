/*
name: Ticket lock
description: |
  Each thread draws a ticket with an atomic increment and waits until it is served. Compiled from C11.
memory:
  next: {type: u32, value: 0}
  owner: {type: u32, value: 0}
  counter: {type: u32, value: 0}
registers: {X0: next, X1: owner, X2: counter}
never: counter != 2
correct: The acquire load and the release store keep the critical sections apart.
broken: The lock is passed on by a relaxed store, which may overtake the store to the counter.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define PASS_ON memory_order_relaxed
#else
#define PASS_ON memory_order_release
#endif

static inline void thread(_Atomic unsigned* next, _Atomic unsigned* owner, unsigned* counter) {
  const unsigned ticket = atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
  while (atomic_load_explicit(owner, memory_order_acquire) != ticket) {
  }
  *counter = *counter + 1;
  atomic_store_explicit(owner, ticket + 1, PASS_ON);
}
void P0(_Atomic unsigned* next, _Atomic unsigned* owner, unsigned* counter) { thread(next, owner, counter); }
void P1(_Atomic unsigned* next, _Atomic unsigned* owner, unsigned* counter) { thread(next, owner, counter); }
