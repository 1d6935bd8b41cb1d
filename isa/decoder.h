// From a 32-bit word to its micro-program, through the one table of encodings (isa/encodings.inc).
#pragma once

#include <span>

#include "isa/uop.h"

namespace isobar::isa {

/// One line of the table of encodings.
struct Encoding {
  const char* name;       ///< "LDR_imm_unsigned", unique
  const char* bitstring;  ///< 32 characters: 0, 1 and field letters
  const char* family;     ///< file of isa/semantics that lowers it: "alu", "memory", "atomic" ...
  u32 mask, value;        ///< word & mask == value
};

/// All encodings, most specific first. The last one is the catch-all `UNALLOCATED`.
std::span<const Encoding> encodings();

/// Decodes any word; total. A word outside the table, or with reserved field values, becomes one Exception
/// micro-op (ExceptionOp::Undefined) so that it is a modelled undefined-instruction exception.
Instruction decode(u32 word);

/// decode() with a cache shared by all threads: the reference stays valid for the life of the process. A hit
/// in the small per-thread front takes a few nanoseconds, a miss takes a lock.
const Instruction& decode_cached(u32 word);

/// False if executing the word raises the undefined-instruction exception: UDF, a word outside the table, or
/// reserved field values.
bool is_defined(u32 word);

}  // namespace isobar::isa
