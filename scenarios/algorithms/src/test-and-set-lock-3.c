/*
name: Test-and-set lock, three threads
description: |
  Threads swap 1 into the lock until they find it free. Compiled from C11, with the swap of FEAT_LSE.
memory:
  lock: {type: u32, value: 0}
  counter: {type: u32, value: 0}
registers: {X0: lock, X1: counter}
never: counter != 3
correct: The acquire swap and the release store keep the critical sections apart.
*/
#include "test-and-set-lock.c"

void P2(_Atomic unsigned* lock, unsigned* counter) { thread(lock, counter); }
