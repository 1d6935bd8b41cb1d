// From a litmus test to a machine, a program and the things to observe, and back from outcomes to text.
//
// Layout: every location has cache lines of 64 bytes (with page tables: pages) of its own from kLitmusData on; the code of thread n has
// pages of its own from kLitmusCode + n * kLitmusCodeStride on. Both are far from numbers that tests compute
// with.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/state/config.h"
#include "scenarios/import/litmus.h"
#include "scenarios/import/litmus_fault.h"
#include "trace/outcome.h"

namespace isobar::scenarios {

inline constexpr u64 kLitmusData = 0x7f5a'0000'0000;
inline constexpr u64 kLitmusTables = 0x7f5a'8000'0000;  ///< page table entries, a line each
inline constexpr u64 kLitmusCode = 0x7f5b'0000'0000;
inline constexpr u64 kLitmusCodeStride = 0x10000;

/// The test is well-formed but needs something the model does not have; what() ends in the reason.
class UnsupportedError : public InputError {
 public:
  UnsupportedError(Location where, std::string why);
  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// What the command line adds to the header lines of the file; where both speak, the command line wins.
struct LitmusOptions {
  std::vector<std::string> variants;       ///< as in a header line Variant=
  std::optional<std::string> tso;          ///< "all", "none" or "P0,P2"
  std::optional<std::string> tso_flavour;  ///< "t1", "t2" or "t3"
  /// Cache line for DC and IC. The reference maintains each location for itself, so 4, the smallest, is like
  /// it.
  unsigned line_bytes = 4;
};

/// One thing a state is printed with: `0:X1=..`, `[x]=..`, `x={..}`, `Fault(..)`.
struct LitmusItem {
  enum class Kind : u8 { Register, Memory, Array, Vector, Tag, Fault } kind = Kind::Register;
  std::string name;  ///< left of the '='; Fault: what stands in the parentheses
  u32 first = 0;     ///< index of its first observable
  u32 count = 1;     ///< Array: elements, each an observable; Vector: lanes of the one observable
  u8 size = 4;       ///< bytes that count: of the declared type, of an element, of a lane
  bool is_signed = true;
  unsigned thread = 0;          ///< Fault
  LitmusFaultPattern fault;     ///< Fault: `count` faults of the thread are observed, two observables each, then TFSR if sticky
};

/// A location: its elements are contiguous.
struct LitmusSymbol {
  std::string name;
  u64 address = 0;
  u8 size = 4;  ///< bytes of one element
  bool is_signed = true;
  bool is_array = false;
  u32 count = 1;  ///< elements
};

/// A condition over items, by index, ready to be evaluated.
struct LitmusTerm {
  LitmusProposition::Kind kind = LitmusProposition::Kind::True;
  u32 item = 0;
  bool exact = false;       ///< Equal: all 64 bits count (addresses), not only those of the declared type
  std::vector<u64> values;  ///< Equal: one, or one per element
  std::vector<LitmusTerm> parts;
};

struct LitmusProgram {
  std::string name, file;
  std::string condition_text;  ///< canonical, one line
  LitmusQuantifier quantifier = LitmusQuantifier::ForAll;

  model::MachineConfig config;
  model::Program program;
  std::vector<trace::Observable> observables;

  std::vector<LitmusItem> items;  ///< in the order in which the test names them, each once
  std::vector<u32> printed;       ///< those that a state is printed with (a filter's are not)
  std::vector<u32> fault_items;   ///< per thread that a fault stops: did it?
  LitmusTerm condition;
  std::optional<LitmusTerm> filter;

  // How values that are not numbers are printed.
  std::map<u64, LitmusSymbol> symbols;      ///< by first byte
  std::map<u64, std::string> labels;        ///< by address: "P0:L0"
  std::map<u64, std::string> descriptors;   ///< page table entries that the test writes: "(oa:PA(x), valid:0)"
  std::map<u32, std::string> instructions;  ///< words of the test's code and of its instr:"..." values
  std::vector<u64> code_bytes;              ///< length of each thread's code
  std::vector<std::string> flags;           ///< warnings that need no execution: variants that do not go together
};

/// Throws UnsupportedError, or InputError for what is wrong (an unknown register or label, an instruction
/// that does not assemble, a value out of range).
LitmusProgram build_litmus(const LitmusTest& test, const LitmusOptions& options = {});

/// A final state as the reference prints it: items `0:X1=1`, `[x]=2`, sorted and joined by ';'.
std::string state_text(const LitmusProgram& p, const trace::Outcome& o);

/// Does the condition (without its quantifier) hold?
bool condition_holds(const LitmusProgram& p, const trace::Outcome& o);

/// Threads that stopped with a fault which the test does not ask about, such as "P0 stops with Translation at
/// P0:L0".
std::vector<std::string> unexpected_faults(const LitmusProgram& p, const trace::Outcome& o);

/// False if a `filter` line discards the outcome.
bool passes_filter(const LitmusProgram& p, const trace::Outcome& o);

}  // namespace isobar::scenarios
