/*
name: RCU publish
description: |
  The updater fills a node and publishes its address; the reader follows the address without a barrier, relying on the
  address dependency, as rcu_dereference does. It returns 99 if there is no node yet. Compiled from C11.
memory:
  pointer: 0
  node: 0
registers: {X0: pointer, X1: node}
never: P1.X0 == 0
correct: The release store makes the contents visible before the address.
broken: A relaxed store publishes the address before the contents.
*/
#include <stdatomic.h>

#ifdef BROKEN
#define PUBLISH memory_order_relaxed
#else
#define PUBLISH memory_order_release
#endif

typedef _Atomic(unsigned long*) Pointer;

void P0(Pointer* pointer, unsigned long* node) {
  *node = 7;
  atomic_store_explicit(pointer, node, PUBLISH);
}
unsigned long P1(Pointer* pointer, unsigned long* node) {
  (void)node;
  const unsigned long* found = atomic_load_explicit(pointer, memory_order_relaxed);
  return found != 0 ? *found : 99;
}
