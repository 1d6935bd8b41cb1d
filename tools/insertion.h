// A test with instructions added to its own text.
#pragma once

#include <string>
#include <vector>

#include "tools/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

/// Instructions to put beside one instruction of the test's own code.
struct Insertion {
  enum class Where : u8 {
    Before,       ///< labels of the instruction come to stand before what is added
    BeforeLabel,  ///< the instruction keeps its labels: only who falls through executes what is added
    After,        ///< a label that follows stays behind what is added
  } where = Where::Before;
  CodeLine at;
  std::vector<std::string> code;
};

/// One added instruction in the new test.
struct Inserted {
  std::size_t insertion = 0;  ///< index into the list
  std::size_t line = 0;       ///< index into Insertion::code
  u64 pc = 0;
};

struct Extended {
  Workload workload;
  std::vector<Inserted> added;
  std::vector<CodeLine> code;  ///< of the new test, added instructions included; lines count in the old text
};

/// `w` with all of `insertions` made. Throws InputError if the text does not allow it: code that stands in
/// one line with something else, code that is shared by an anchor.
Extended insert_code(const Workload& w, const std::vector<Insertion>& insertions);

}  // namespace isobar::tools
