/*
name: Treiber stack, two poppers
description: |
  One thread pushes a node with the value 7, two others pop one each and return its value, or 99 if the stack is empty.
  Compiled from C11, with the compare-and-swap of FEAT_LSE.
memory:
  head: 0
  node: [0, 0]
registers: {X0: head, X1: node}
never: P1.X0 == 0 || P2.X0 == 0 || P1.X0 == 7 && P2.X0 == 7
correct: The release on the way in makes the value visible before the node.
broken: A relaxed compare-and-swap publishes the node before its value.
*/
#include "treiber-stack.c"

unsigned long P2(Head* head, struct Node* node) { return P1(head, node); }
