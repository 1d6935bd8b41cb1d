/*
name: Peterson
description: |
  Peterson's lock for two threads, by loads and stores alone: each raises its flag, gives way, and waits while the other
  wants in and it is the other's turn. Compiled from C11.
memory:
  flag0: {type: u32, value: 0}
  flag1: {type: u32, value: 0}
  turn: {type: u32, value: 0}
  counter: {type: u32, value: 0}
registers: {X0: flag0, X1: flag1, X2: turn, X3: counter}
never: counter != 2
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

static inline void thread(Word* mine, Word* other, Word* turn, unsigned* counter, unsigned give) {
  atomic_store_explicit(mine, 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(turn, give, memory_order_relaxed);
  atomic_thread_fence(BETWEEN);
  while (atomic_load_explicit(other, memory_order_acquire) != 0 &&
         atomic_load_explicit(turn, memory_order_acquire) == give) {
  }
  *counter = *counter + 1;
  atomic_store_explicit(mine, 0, memory_order_release);
}
void P0(Word* flag0, Word* flag1, Word* turn, unsigned* counter) { thread(flag0, flag1, turn, counter, 1); }
void P1(Word* flag0, Word* flag1, Word* turn, unsigned* counter) { thread(flag1, flag0, turn, counter, 0); }
