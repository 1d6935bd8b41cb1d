// The steps a machine can take. Owns their names and encoding; rules are in model/thread and model/machine.
#pragma once

#include <string_view>

#include "support/types.h"

namespace isobar::model {

/// Every kind of step. Columns: name, word used in reports.
#define ISOBAR_TRANSITIONS(X)                                        \
  X(Fetch, "fetch")                   /* next instruction enters the window; choice: version of a modified word */ \
  X(Predict, "predict")               /* guess an unresolved branch, pick, CAS or exclusive; choice: which way */  \
  X(SatisfyRead, "satisfy read")      /* bytes of one piece that come from memory, now; choice: its first byte */   \
  X(ForwardRead, "forward read")      /* bytes of one piece from a store in the store buffer; choice: forward_choice() */ \
  X(PropagateWrite, "propagate write")/* a store (one piece) leaves the store buffer; choice: its first byte */     \
  X(CleanData, "clean data")          /* DC by address takes effect */                                             \
  X(InvalidateInstruction, "invalidate instruction") /* IC takes effect */                                         \
  X(SystemAction, "system action")    /* a system register access with an effect outside the core (GIC) */         \
  X(SystemEffect, "system effect")    /* a written control (ACTLR_EL1.TSO) takes effect before the next CSE */     \
  X(TakeInterrupt, "take interrupt")  /* exception entry for a pending IRQ before slot `slot` */                   \
  X(TimerTick, "timer tick")          /* the timer condition of a core becomes true */                             \
  X(HostCall, "host call")            /* HVC: bookkeeping done by the host, never anything with ordering content */ \
  X(Translate, "translate")           /* the descriptor of an access is read; choice: its version */

enum class TransitionKind : u8 {
#define X(name, text) name,
  ISOBAR_TRANSITIONS(X)
#undef X
};

std::string_view name(TransitionKind k);

/// One step. Plain data; equal transitions from equal states give equal states.
struct Transition {
  TransitionKind kind = TransitionKind::Fetch;
  u8 core = 0;
  u8 slot = 0;     ///< window slot it concerns, 0 = oldest
  u16 choice = 0;  ///< alternative, by kind (see above)
  friend bool operator==(const Transition&, const Transition&) = default;
};

/// Transition::choice of ForwardRead: the store's slot and the first byte of the piece.
constexpr u16 forward_choice(u8 slot, unsigned first) { return static_cast<u16>(slot | first << 8); }
constexpr u8 forward_slot(u16 choice) { return static_cast<u8>(choice); }
constexpr unsigned forward_first(u16 choice) { return choice >> 8; }

}  // namespace isobar::model
