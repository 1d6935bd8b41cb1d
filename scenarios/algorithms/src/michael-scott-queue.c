/*
name: Michael-Scott queue
description: |
  One thread appends a node with the value 7 behind the dummy node, the other removes one and returns its value, or 99 if
  the queue is empty. A node is its value and the next node. Compiled from C11.
memory:
  head: dummy
  tail: dummy
  dummy: [0, 0]
  node: [0, 0]
registers: {X0: head, X1: tail, X2: node}
never: P1.X0 == 0
correct: The release that links the node makes its value visible first.
broken: A relaxed compare-and-swap links the node before its value is visible.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define LINK memory_order_relaxed
#else
#define LINK memory_order_release
#endif

struct Node {
  unsigned long value;
  _Atomic(struct Node*) next;
};
typedef _Atomic(struct Node*) End;

void P0(End* head, End* tail, struct Node* node) {
  (void)head;
  node->value = 7;
  for (;;) {
    struct Node* last = atomic_load_explicit(tail, memory_order_acquire);
    struct Node* next = atomic_load_explicit(&last->next, memory_order_acquire);
    if (next != 0) {
      atomic_compare_exchange_strong_explicit(tail, &last, next, memory_order_release, memory_order_relaxed);
    } else if (atomic_compare_exchange_strong_explicit(&last->next, &next, node, LINK, memory_order_relaxed)) {
      atomic_compare_exchange_strong_explicit(tail, &last, node, memory_order_release, memory_order_relaxed);
      return;
    }
  }
}
unsigned long P1(End* head, End* tail, struct Node* node) {
  (void)tail;
  (void)node;
  struct Node* first = atomic_load_explicit(head, memory_order_acquire);
  for (;;) {
    struct Node* next = atomic_load_explicit(&first->next, memory_order_acquire);
    if (next == 0) return 99;
    const unsigned long value = next->value;
    if (atomic_compare_exchange_strong_explicit(head, &first, next, memory_order_release, memory_order_acquire))
      return value;
  }
}
