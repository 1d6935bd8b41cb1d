// Addresses of the cache lines that a test's stores to code write, in instructions of the test itself.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "isa/uop.h"
#include "tools/listing.h"
#include "trace/execution.h"

namespace isobar::tools {

/// base + index (extended and shifted) + offset, as the store has it before it writes its base back.
struct CodeAddress {
  isa::Reg base = isa::Reg::None, index = isa::Reg::None;
  u8 extend = 0, amount = 0;  ///< of the index, as in isa::Uop
  u64 offset = 0;             ///< in two's complement

  /// The register that holds it, if one does: "X1".
  std::optional<std::string> plain() const;
  /// "X1 + 64".
  std::string text() const;
  /// Puts it into `scratch`, a register that is not an operand of it.
  std::vector<std::string> code(const std::string& scratch) const;
  /// Does `i` write an operand of it?
  bool changed_by(const isa::Instruction& i) const;
};

/// One line that a store writes.
struct WrittenLine {
  CodeAddress address;
  std::set<u64> lines;  ///< where it was in the runs that were looked at
};

/// What stores to code were seen to write.
class WrittenLines {
 public:
  explicit WrittenLines(u64 line_bytes) : line_bytes_(line_bytes) {}

  /// An execution of a store; of what it wrote, what `is_code` knows counts.
  void add(const trace::InstructionRecord& store, const std::function<bool(u64)>& is_code);
  /// The lines of the store at `pc`, by ascending offset; nullopt if its address is no base register with an offset or
  /// an index (DC ZVA).
  std::optional<std::vector<WrittenLine>> of(u64 pc, u32 word) const;

 private:
  struct Span {
    u64 begin = 0, end = 0;
  };
  u64 line_bytes_;
  std::map<u64, std::map<unsigned, std::vector<Span>>> written_;  ///< by store and micro-op, one for each execution
};

/// X9 to X17 and X19 to X27 without those that the text of a test names, in any width.
std::vector<std::string> free_registers(const std::string& text);

}  // namespace isobar::tools
