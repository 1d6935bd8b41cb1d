// Why an effect cannot happen yet: the row of the guard table (docs/semantics.md) and what it waits for.
#pragma once

#include <string_view>

#include "model/state/machine_state.h"

namespace isobar::model {

/// Rows of the guard table. Columns: name, as docs/semantics.md spells it.
#define ISOBAR_ROWS(X)                                                                                                 \
  X(None, "")                                                                                                          \
  X(G1, "G1") X(G2, "G2") X(G3, "G3") X(G4, "G4") X(G5, "G5") X(G6, "G6") X(G7, "G7") X(G8, "G8") X(G9, "G9")          \
  X(G10, "G10") X(G11, "G11") X(G12, "G12") X(G13, "G13") X(G14, "G14") X(G15, "G15") X(G15Tags, "G15 (tags)")         \
  X(G16, "G16") X(G17, "G17") X(G18, "G18") X(G21, "G21") X(G22, "G22")                                                \
  X(TRead, "T-R") X(TWrite, "T-W") X(T2, "T2") X(T3, "T3")                                                             \
  X(Operand, "operand")     /* the value of a system register write is not computed */                                 \
  X(InOrder, "in order")    /* system actions happen in program order */                                               \
  X(Faulting, "faulting")   /* never: the access becomes an exception */                                               \
  X(Inert, "inert")         /* never: a write that does not happen, or one that is not decided yet */                  \
  X(Committed, "committed") /* Speculation::Squash: something older may still be discarded */

enum class Row : u8 {
#define X(id, text) id,
  ISOBAR_ROWS(X)
#undef X
};

constexpr std::string_view name(Row row) {
  switch (row) {
#define X(id, text) \
  case Row::id: return text;
    ISOBAR_ROWS(X)
#undef X
  }
  return "";
}

/// The first row that does not hold, or none.
struct Wait {
  Row row = Row::None;
  u8 slot = kNoSlot;  ///< the older slot that has to go first; the own slot where its operands or guesses are missing
  constexpr bool waits() const { return row != Row::None; }
};

}  // namespace isobar::model
