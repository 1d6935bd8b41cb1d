// From a decoded instruction at an address to a Record: a function made for the commonest forms, else one that
// evaluates micro-ops. Every function has the effect of isa::execute(); a test compares them.
#pragma once

#include "functional/record.h"

namespace isobar::functional {

/// Fills in `out` for `instruction` at address `pc`, on a machine with or without memory tagging.
void lower(const isa::Instruction& instruction, u64 pc, bool tagging, Record& out);

// The parts of it: true if the instruction is of their kind and `out` is filled in.
bool lower_integer(const isa::Instruction& instruction, u64 pc, Record& out);
bool lower_transfer(const isa::Instruction& instruction, u64 pc, Record& out);
bool lower_branch(const isa::Instruction& instruction, u64 pc, Record& out);

/// Bit n is set if the condition holds for NZCV = n.
u16 holding_flags(unsigned condition);

/// Executes through isa::execute(); what every function does with a case it is not made for.
const Record* execute_generally(Core& core, const Record* record);
/// The line of this record has not been fetched: lowers it, then executes.
const Record* fetch_line(Core& core, const Record* record);
/// Places at which the driver wants to stop, before or after the instruction.
const Record* stop_before(Core& core, const Record* record);
const Record* stop_after(Core& core, const Record* record);
/// Does nothing but tell of memory (kRaceFreeHint).
const Record* name_race_free(Core& core, const Record* record);
/// After the last record of a page.
const Record* continue_on_next_page(Core& core, const Record* record);

}  // namespace isobar::functional
