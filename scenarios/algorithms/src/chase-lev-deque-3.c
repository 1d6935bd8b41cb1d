/*
name: Chase-Lev deque, two thieves
description: |
  The owner takes one of two items from the bottom while two thieves steal one each from the top. Everybody returns the
  item, 0 where there was none. Compiled from C11, without growth.
memory:
  top: 0
  bottom: 2
  item: [1, 2]
registers: {X0: top, X1: bottom, X2: item}
never: P0.X0 == P1.X0 && P0.X0 != 0 || P0.X0 == P2.X0 && P0.X0 != 0 || P1.X0 == P2.X0 && P1.X0 != 0
correct: The full fences and the compare-and-swap of the top give every item to one thread.
broken: An acquire fence lets the lowered bottom wait in the store buffer, so that the owner and a thief get the last item.
*/
#define ONE_ITEM
#include "chase-lev-deque.c"

long P2(Index* top, Index* bottom, Item* item) { return P1(top, bottom, item); }
