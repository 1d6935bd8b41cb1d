/*
name: Michael-Scott queue, two removers
description: |
  One thread appends a node with the value 7, two others remove one each and return its value, or 99 if the queue is empty.
  Compiled from C11.
memory:
  head: dummy
  tail: dummy
  dummy: [0, 0]
  node: [0, 0]
registers: {X0: head, X1: tail, X2: node}
never: P1.X0 == 0 || P2.X0 == 0 || P1.X0 == 7 && P2.X0 == 7
correct: The release that links the node makes its value visible first; the compare-and-swap of the head gives it to one thread.
broken: A relaxed compare-and-swap links the node before its value is visible.
*/
#include "michael-scott-queue.c"

unsigned long P2(End* head, End* tail, struct Node* node) { return P1(head, tail, node); }
