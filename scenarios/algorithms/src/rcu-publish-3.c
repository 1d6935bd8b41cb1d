/*
name: RCU publish, two readers
description: |
  The updater publishes a node; two readers follow its address without a barrier. Compiled from C11.
memory:
  pointer: 0
  node: 0
registers: {X0: pointer, X1: node}
never: P1.X0 == 0 || P2.X0 == 0
correct: The release store makes the contents visible to everybody before the address.
broken: A relaxed store publishes the address before the contents.
*/
#include "rcu-publish.c"

unsigned long P2(Pointer* pointer, unsigned long* node) { return P1(pointer, node); }
