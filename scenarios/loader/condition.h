// Conditions over the end of a run: `P1.X0 == 1 && (x != 2 || fault(P0, permission))`.
//
// Owns: their grammar, their meaning. A condition is parsed against the names of one scenario and refers to
// what is observed by index, so that it can be evaluated on the outcomes of any driver.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/loader/fault.h"
#include "scenarios/loader/problems.h"
#include "support/types.h"
#include "trace/outcome.h"

namespace isobar::scenarios {

struct Scenario;

/// One side of a comparison: a number or something observed.
struct Term {
  bool constant = true;
  Value value;            ///< constant: the number
  bool negative = false;  ///< constant: written with a minus sign; takes the width of the other side
  unsigned observed = 0;  ///< otherwise: index into Scenario::observed
  unsigned bits = 64;     ///< of what is observed: 1 to 128; higher bits are ignored (W registers)
  unsigned low = 0;       ///< the lowest of them; those below are ignored
};

/// A parsed condition.
struct Condition {
  enum class Kind : u8 { And, Or, Not, Compare, Fault, Waiting, Flag, True };
  enum class Relation : u8 { Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual };
  Kind kind = Kind::True;
  Relation relation = Relation::Equal;
  Term left, right;                  ///< Compare; unsigned comparison
  unsigned observed = 0;             ///< Fault, Waiting: index of the thread's; Flag: of the warning
  unsigned observed_address = 0;     ///< Fault: index of the address it is at
  FaultKind fault = FaultKind::Any;  ///< Fault
  std::optional<u64> address;        ///< Fault: address it must be at
  std::vector<Condition> operands;   ///< And, Or: two; Not: one
};

/// A condition as the user wrote it.
struct ConditionText {
  std::string text;
  u32 line = 0, column = 0;  ///< of the first character of `text` in the file
  bool verbatim = true;      ///< the file has exactly `text` there: an offset in it is a column
};

/// Parses `source`, adding what it observes to `scenario.observed`. Errors go to `problems` with the column
/// inside the text; the result is then meaningless.
Condition parse_condition(const ConditionText& source, Scenario& scenario, Problems& problems);

/// One state of a `states:` list: `P0.X0=1; x=2`, as equalities joined by And. `named` gets the observed
/// indexes in the order written.
Condition parse_state(const ConditionText& source, Scenario& scenario, Problems& problems,
                      std::vector<unsigned>& named);

/// Adds one register, location or fault such as `P0.X1`, `x`, `fault(P0)` to `scenario.observed`.
void parse_observed(const ConditionText& source, Scenario& scenario, Problems& problems);

/// Does `c` hold for a final state; `values` are in the order of Scenario::observed.
bool holds(const Condition& c, const std::vector<Value>& values);

/// Does `c` speak of the fault, or of the waiting, with index `observed`?
bool mentions(const Condition& c, unsigned observed);

}  // namespace isobar::scenarios
