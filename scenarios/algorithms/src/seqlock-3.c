/*
name: Seqlock, two readers
description: |
  One writer changes two words under a sequence number while two readers look. Compiled from C11.
memory:
  sequence: {type: u32, value: 0}
  a: {type: u32, value: 0}
  b: {type: u32, value: 0}
registers: {X0: sequence, X1: a, X2: b}
never: P1.W0 == 0x001 || P1.W0 == 0x100 || P2.W0 == 0x001 || P2.W0 == 0x100
correct: The acquire fence keeps both words before the second look at the sequence number.
broken: Without the fence the second look may come before the words are read.
*/
#include "seqlock.c"

unsigned P2(Word* sequence, Word* a, Word* b) { return look(sequence, a, b); }
