/*
name: MCS lock
description: |
  Threads queue up with a node each; whoever leaves wakes its successor through the successor's node. Compiled from C11.
memory:
  tail: 0
  node0: [0, 0]
  node1: [0, 0]
  counter: {type: u32, value: 0}
registers: {X0: tail, X1: node0, X2: node1, X3: counter}
never: counter != 2
correct: The wake-up is a release store, so the successor sees the counter.
broken: The wake-up is a relaxed store, which may overtake the store to the counter.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define WAKE memory_order_relaxed
#else
#define WAKE memory_order_release
#endif

struct Node {
  _Atomic(struct Node*) next;
  _Atomic unsigned long awake;
};
typedef _Atomic(struct Node*) Tail;

static inline void thread(Tail* tail, struct Node* mine, unsigned* counter) {
  struct Node* before = atomic_exchange_explicit(tail, mine, memory_order_acq_rel);
  if (before != 0) {
    atomic_store_explicit(&before->next, mine, memory_order_release);
    while (atomic_load_explicit(&mine->awake, memory_order_acquire) == 0) {
    }
  }
  *counter = *counter + 1;
  struct Node* next = atomic_load_explicit(&mine->next, memory_order_acquire);
  if (next == 0) {
    struct Node* last = mine;
    if (atomic_compare_exchange_strong_explicit(tail, &last, 0, memory_order_release, memory_order_relaxed)) return;
    do {
      next = atomic_load_explicit(&mine->next, memory_order_acquire);
    } while (next == 0);
  }
  atomic_store_explicit(&next->awake, 1, WAKE);
}
void P0(Tail* tail, struct Node* node0, struct Node* node1, unsigned* counter) { (void)node1; thread(tail, node0, counter); }
void P1(Tail* tail, struct Node* node0, struct Node* node1, unsigned* counter) { (void)node0; thread(tail, node1, counter); }
