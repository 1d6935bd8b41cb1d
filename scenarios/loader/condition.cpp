#include "scenarios/loader/condition.h"

#include <algorithm>
#include <tuple>

#include "scenarios/loader/scenario.h"
#include "support/bits.h"

namespace isobar::scenarios {

namespace {

Value masked(const Value& v, unsigned width) {
  if (width >= 128) return v;
  if (width > 64) return {v.lo, v.hi & ones(width - 64)};
  return {v.lo & ones(width), 0};
}

Value shifted_right(const Value& v, unsigned by) {
  if (by == 0) return v;
  return by >= 64 ? Value{v.hi >> (by - 64), 0} : Value{v.lo >> by | v.hi << (64 - by), v.hi >> by};
}

Value value_of(const Term& t, const std::vector<Value>& values) {
  return t.constant ? t.value : masked(shifted_right(values.at(t.observed), t.low), t.bits);
}

bool compare(Condition::Relation r, const Value& a, const Value& b) {
  const auto left = std::tie(a.hi, a.lo);
  const auto right = std::tie(b.hi, b.lo);
  switch (r) {
    case Condition::Relation::Equal: return left == right;
    case Condition::Relation::NotEqual: return left != right;
    case Condition::Relation::Less: return left < right;
    case Condition::Relation::LessEqual: return left <= right;
    case Condition::Relation::Greater: return left > right;
    case Condition::Relation::GreaterEqual: return left >= right;
  }
  return false;
}

}  // namespace

bool holds(const Condition& c, const std::vector<Value>& values) {
  switch (c.kind) {
    case Condition::Kind::And:
      return std::all_of(c.operands.begin(), c.operands.end(),
                         [&](const Condition& o) { return holds(o, values); });
    case Condition::Kind::Or:
      return std::any_of(c.operands.begin(), c.operands.end(),
                         [&](const Condition& o) { return holds(o, values); });
    case Condition::Kind::Not: return !holds(c.operands.front(), values);
    case Condition::Kind::Compare:
      return compare(c.relation, value_of(c.left, values), value_of(c.right, values));
    case Condition::Kind::Fault: {
      const FaultReport f = fault_report(values.at(c.observed), values.at(c.observed_address));
      return matches(f, c.fault) && (!c.address || f.address == *c.address);
    }
    case Condition::Kind::Waiting:
    case Condition::Kind::Flag: return values.at(c.observed).lo != 0;
    case Condition::Kind::True: return true;
  }
  return false;
}

bool mentions(const Condition& c, unsigned observed) {
  if (c.kind == Condition::Kind::Fault || c.kind == Condition::Kind::Waiting) return c.observed == observed;
  return std::any_of(c.operands.begin(), c.operands.end(),
                     [&](const Condition& o) { return mentions(o, observed); });
}

}  // namespace isobar::scenarios
