/*
name: Seqlock
description: |
  The writer makes the sequence number odd, changes two words and makes it even again. The reader returns both words if
  the number was even and has not changed, otherwise 0xffff. Compiled from C11.
memory:
  sequence: {type: u32, value: 0}
  a: {type: u32, value: 0}
  b: {type: u32, value: 0}
registers: {X0: sequence, X1: a, X2: b}
never: P1.W0 == 0x001 || P1.W0 == 0x100
correct: The acquire fence keeps both words before the second look at the sequence number.
broken: Without the fence the second look may come before the words are read.
*/
#include <stdatomic.h>

typedef _Atomic unsigned Word;

void P0(Word* sequence, Word* a, Word* b) {
  atomic_store_explicit(sequence, 1, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(a, 1, memory_order_relaxed);
  atomic_store_explicit(b, 1, memory_order_relaxed);
  atomic_store_explicit(sequence, 2, memory_order_release);
}
static inline unsigned look(Word* sequence, Word* a, Word* b) {
  const unsigned before = atomic_load_explicit(sequence, memory_order_acquire);
  const unsigned x = atomic_load_explicit(a, memory_order_relaxed);
  const unsigned y = atomic_load_explicit(b, memory_order_relaxed);
#ifndef BROKEN
  atomic_thread_fence(memory_order_acquire);
#endif
  const unsigned after = atomic_load_explicit(sequence, memory_order_relaxed);
  return before == after && (before & 1) == 0 ? x << 8 | y : 0xffff;
}
unsigned P1(Word* sequence, Word* a, Word* b) { return look(sequence, a, b); }
