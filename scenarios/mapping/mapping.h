// A mapping from x86 memory operations to A64 as plain data, and its reader.
//
// Owns: the YAML format of mappings/. Must not know: x86 programs, searches.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostic.h"
#include "support/types.h"

namespace isobar::scenarios {

/// One line of a sequence: an instruction with placeholders such as {t}, or a label `name:`.
struct MappingLine {
  std::string text;
  u32 line = 0, column = 0;  ///< in the file of the mapping
};

struct MappingSequence {
  std::vector<MappingLine> lines;
};

/// Barriers whose place depends on the other stores of the same block: up to a jump, a return or the end.
struct MappingBlocks {
  bool count_vector_stores = true;  ///< vector stores are stores in this sense
  std::optional<MappingLine> before_first_store, before_last_store, after_last_store;
  std::optional<MappingLine> after_stores;  ///< after every `store_period`th store that is not the last
  unsigned store_period = 1;
};

struct Mapping {
  std::string file;
  std::string name;  ///< stem of the file
  std::string title;
  std::string description;
  std::vector<std::string> sources;    ///< where it can be read, at least one
  std::vector<std::string> requires_;  ///< features: LSE, LSE2, RCPC, RCPC2, RCPC3
  bool tso = false;                    ///< the cores run with hardware TSO
  std::string tso_flavour = "t1";      ///< which reading of it: t1, t2, t3
  bool parallel = true;                ///< code for several threads; false: made for one thread only
  bool merge_barriers = false;         ///< adjacent DMBs become one
  std::optional<MappingBlocks> blocks;
  std::map<std::string, MappingSequence> operations;

  /// The sequence for an operation on `size` bytes: "load.32" before "load"; nullptr if there is none.
  const MappingSequence* find(const std::string& operation, unsigned size) const;
};

/// An operation of the format and what it is for.
struct MappingOperation {
  std::string_view name;
  bool sized = false;             ///< may have a suffix .8 to .128 in bits
  bool required = false;          ///< in a mapping that extends no other
  std::string_view placeholders;  ///< those it knows besides the temporaries, separated by blanks
  std::string_view meaning;
};
const std::vector<MappingOperation>& mapping_operations();

/// Registers for use inside sequences: {x0} to {x2} of 64 bits, {w0} to {w2} of 32, {t0} to {t2} as wide as
/// the operation.
inline constexpr unsigned kMappingTemporaries = 3;

/// Reads one mapping, and those it extends from the same folder. Every sequence is assembled once. Throws
/// InputError with everything that is wrong, by file, line and column.
Mapping load_mapping(const std::string& file);
/// The same from a text; `file` is used in messages and to find what it extends.
Mapping parse_mapping(std::string_view text, const std::string& file);

}  // namespace isobar::scenarios
