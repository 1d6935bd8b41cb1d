/*
name: Chase-Lev deque
description: |
  The owner takes one of two items from the bottom while a thief steals twice from the top. The owner returns its item,
  the thief both of its, four bits each; 0 where there was none. Compiled from C11, without growth.
memory:
  top: 0
  bottom: 2
  item: [1, 2]
registers: {X0: top, X1: bottom, X2: item}
never: P0.X0 == 2 && P1.X0 == 0x21
correct: The full fence makes the lowered bottom visible before the owner looks at the top.
broken: An acquire fence lets the lowered bottom wait in the store buffer, so both get the last item.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define BETWEEN memory_order_acquire
#else
#define BETWEEN memory_order_seq_cst
#endif

typedef _Atomic long Index;
typedef _Atomic long Item;

long P0(Index* top, Index* bottom, Item* item) {
  const long b = atomic_load_explicit(bottom, memory_order_relaxed) - 1;
  atomic_store_explicit(bottom, b, memory_order_relaxed);
  atomic_thread_fence(BETWEEN);
  long t = atomic_load_explicit(top, memory_order_relaxed);
  long x = 0;
  if (t <= b) {
    x = atomic_load_explicit(&item[b], memory_order_relaxed);
    if (t != b) return x;
    if (!atomic_compare_exchange_strong_explicit(top, &t, t + 1, memory_order_seq_cst, memory_order_relaxed)) x = 0;
  }
  atomic_store_explicit(bottom, b + 1, memory_order_relaxed);
  return x;
}
static inline long steal(Index* top, Index* bottom, Item* item) {
  long t = atomic_load_explicit(top, memory_order_acquire);
  atomic_thread_fence(memory_order_seq_cst);
  if (t >= atomic_load_explicit(bottom, memory_order_acquire)) return 0;
  const long x = atomic_load_explicit(&item[t], memory_order_relaxed);
  return atomic_compare_exchange_strong_explicit(top, &t, t + 1, memory_order_seq_cst, memory_order_relaxed) ? x : 0;
}
long P1(Index* top, Index* bottom, Item* item) {
  const long first = steal(top, bottom, item);
#ifdef ONE_ITEM
  return first;
#else
  return first | steal(top, bottom, item) << 4;
#endif
}
