// The versions of instruction words: what each write of an execution made of a word that somebody fetches.
//
// Owns: contents of modified code, word by word. Must not know: orders, clauses. A word is fetched whole: all its bytes
// are as one moment in the order of writes had them.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "trace/execution.h"

namespace isobar::axiomatic {

class CodeVersions {
 public:
  explicit CodeVersions(const trace::Execution& e);

  /// The writes to the word at `pc` (a multiple of 4), oldest first; empty if nobody writes there.
  const std::vector<i32>& writes(u64 pc) const;
  /// Where the bytes of the word come from after write `version` (trace::kInitialWrite: at the start).
  std::array<i32, 4> sources(u64 pc, i32 version) const;
  /// May the word have been `word` after write `version`? Bytes whose initial contents are not known may be anything.
  bool matches(u64 pc, i32 version, u32 word) const;

 private:
  const trace::Execution& execution_;
  std::map<u64, std::vector<i32>> word_;
};

}  // namespace isobar::axiomatic
