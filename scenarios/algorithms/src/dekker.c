/*
name: Dekker's entry
description: |
  The entry of Dekker's lock: each thread raises its flag and goes in if the other's is down, otherwise it gives up and
  returns 0. Compiled from C11.
memory:
  flag0: {type: u32, value: 0}
  flag1: {type: u32, value: 0}
registers: {X0: flag0, X1: flag1}
never: P0.W0 == 1 && P1.W0 == 1
correct: The full fence makes the own flag visible before the other one is read.
broken: An acquire fence lets the own flag wait in the store buffer while the other one is read.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define BETWEEN memory_order_acquire
#else
#define BETWEEN memory_order_seq_cst
#endif

typedef _Atomic unsigned Word;

static inline unsigned thread(Word* mine, Word* other) {
  atomic_store_explicit(mine, 1, memory_order_relaxed);
  atomic_thread_fence(BETWEEN);
  return atomic_load_explicit(other, memory_order_relaxed) == 0;
}
unsigned P0(Word* flag0, Word* flag1) { return thread(flag0, flag1); }
unsigned P1(Word* flag0, Word* flag1) { return thread(flag1, flag0); }
