// Which instructions may be modified while another core executes them, and replaced by which.
#pragma once

#include "support/types.h"

namespace isobar::isa {

/// Editions of the list in the Arm ARM, B2.2.5 "Concurrent modification and execution of instructions". A
/// word that is changed from one listed instruction to another is executed as the old or as the new one; for
/// any other change the result is CONSTRAINED UNPREDICTABLE unless the change is ordered against the
/// execution.
enum class CmodxList : u8 {
  Current,   ///< B, B.cond, BL, BRK, CBNZ, CBZ, HVC, ISB, NOP, SMC, SVC, TBNZ, TBZ and UDF, as the reference
             ///< model has it
  Original,  ///< B, BL, BRK, HVC, ISB, NOP, SMC, SVC: DDI 0487 before the branches were added
};

/// Is `word` an instruction of the list?
bool is_concurrently_modifiable(u32 word, CmodxList list);

/// Is `word` a DMB whose option names a shareability domain (NSH, ISH, OSH)? A use that the reference model
/// deprecates: it takes all options of one kind for equal.
bool is_dmb_with_shareability(u32 word);

}  // namespace isobar::isa
