/*
name: Treiber stack
description: |
  One thread pushes a node with the value 7, the other pops one and returns its value, or 99 if the stack is empty.
  Compiled from C11, with the compare-and-swap of FEAT_LSE.
memory:
  head: 0
  node: [0, 0]
registers: {X0: head, X1: node}
never: P1.X0 == 0
correct: The release on the way in makes the value visible before the node.
broken: A relaxed compare-and-swap publishes the node before its value.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define PUBLISH memory_order_relaxed
#else
#define PUBLISH memory_order_release
#endif

struct Node {
  unsigned long value;
  struct Node* next;
};
typedef _Atomic(struct Node*) Head;

void P0(Head* head, struct Node* node) {
  node->value = 7;
  struct Node* old = atomic_load_explicit(head, memory_order_relaxed);
  do {
    node->next = old;
  } while (!atomic_compare_exchange_weak_explicit(head, &old, node, PUBLISH, memory_order_relaxed));
}
unsigned long P1(Head* head, struct Node* node) {
  (void)node;
  struct Node* top = atomic_load_explicit(head, memory_order_acquire);
  while (top != 0) {
    if (atomic_compare_exchange_weak_explicit(head, &top, top->next, memory_order_acquire, memory_order_acquire))
      return top->value;
  }
  return 99;
}
