// Checks and small rewrites of assembly text before LLVM sees it, so that no text can exhaust stack, time or
// memory.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "support/types.h"

namespace isobar::isa::mc {

inline constexpr std::size_t kMaxText = std::size_t{4} << 20;  ///< bytes of source text
inline constexpr std::size_t kMaxLine = 16384;                 ///< bytes of one line
inline constexpr std::size_t kMaxExpansion =
    std::size_t{16} << 20;  ///< cost of text made by macros and .rept: bytes, and more per statement
inline constexpr std::size_t kMaxOutput = std::size_t{64} << 20;  ///< bytes of assembled output
inline constexpr const char* kEnterMacro = ".isobar_enter";       ///< put at the start of every macro body
/// Added to the name of an external symbol where it is the target of a pc-relative instruction, see
/// prepare().
inline constexpr const char* kAddressSuffix = "$address";
inline constexpr const char* kInst = ".1nst";  ///< what `.inst` is called in prepared text, see prepare()

/// What is wrong with a text, and where.
struct TextProblem {
  std::size_t offset = 0;
  std::string message;  ///< empty: nothing is wrong
  explicit operator bool() const { return !message.empty(); }
};

using Symbols = std::map<std::string, u64>;

/// Text for LLVM: comments blanked, kEnterMacro inserted at the start of macro bodies, `.inst` renamed so
/// that our handler sees it before the target's, kAddressSuffix added to external symbols that are targets of
/// pc-relative instructions. Lines stay where they are; columns too up to the end of the last operand, except
/// in the first line of a macro body, where no error is reported.
std::string prepare(std::string_view text, const Symbols& symbols);

/// The external symbol that is the target of the pc-relative instruction in this statement; empty if there is
/// none. LLVM reads `bl f` with a constant f as an offset from the instruction; its users mean an address.
std::string_view external_target(std::string_view statement, const Symbols& symbols);

/// Rejects control characters, long lines, deep nesting and long operator chains: LLVM's parser and evaluator
/// recurse.
TextProblem check_shape(std::string_view text);

/// Bounds the work of evaluating symbols that are defined through other symbols (`.set a, b + b` repeated
/// doubles it).
class AssignmentCheck {
 public:
  /// Looks at every assignment in the text, in order.
  TextProblem check(std::string_view text);

 private:
  struct Cost {
    double nodes = 1;
    unsigned depth = 0;
  };
  std::map<std::string, Cost, std::less<>> cost_;
};

/// The body of the .rept, .irp or .irpc whose first line is [0, end of statement) of `text`.
std::string_view repetition_body(std::string_view text);
/// Bytes of the longest line that replacing each `\name` of `body` by `argument` bytes can give.
std::size_t longest_line(std::string_view body, std::size_t argument);

}  // namespace isobar::isa::mc
