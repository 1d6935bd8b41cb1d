/*
name: Ticket lock, three threads
description: |
  Each thread draws a ticket with an atomic increment and waits until it is served. Compiled from C11.
memory:
  next: {type: u32, value: 0}
  owner: {type: u32, value: 0}
  counter: {type: u32, value: 0}
registers: {X0: next, X1: owner, X2: counter}
never: counter != 3
correct: The acquire load and the release store keep the critical sections apart.
*/
#include "ticket-lock.c"

void P2(_Atomic unsigned* next, _Atomic unsigned* owner, unsigned* counter) { thread(next, owner, counter); }
