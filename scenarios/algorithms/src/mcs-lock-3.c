/*
name: MCS lock, three threads
description: |
  Threads queue up with a node each; whoever leaves wakes its successor through the successor's node. Compiled from C11.
memory:
  tail: 0
  node0: [0, 0]
  node1: [0, 0]
  counter: {type: u32, value: 0}
  node2: [0, 0]
registers: {X0: tail, X1: node0, X2: node1, X3: counter, X4: node2}
never: counter != 3
correct: The wake-up is a release store, so the successor sees the counter.
*/
#include "mcs-lock.c"

void P2(Tail* tail, struct Node* node0, struct Node* node1, unsigned* counter, struct Node* node2) {
  (void)node0;
  (void)node1;
  thread(tail, node2, counter);
}
