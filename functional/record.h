// One instruction at one address, lowered to a function and the operands it wants at hand.
#pragma once

#include "isa/uop.h"

namespace isobar::functional {

class Core;
struct Record;

/// Executes the instruction and returns the next one; nullptr if the core has stopped (Core::run()).
using Execute = const Record* (*)(Core& core, const Record* record);

struct Record {
  Execute execute = nullptr;
  const isa::Instruction* instruction = nullptr;
  u64 immediate = 0;               ///< meaning by function
  u16 d = 0, n = 0, m = 0, a = 0;  ///< registers as offsets into Registers, or as the function says
  Execute aligned = nullptr;       ///< what to do once SP has been found aligned
};

}  // namespace isobar::functional
