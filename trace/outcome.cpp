#include "trace/outcome.h"

#include <algorithm>

namespace isobar::trace {

bool OutcomeLess::operator()(const Outcome& a, const Outcome& b) const {
  return std::lexicographical_compare(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                                      [](const Value& x, const Value& y) {
                                        return x.hi != y.hi ? x.hi < y.hi : x.lo < y.lo;
                                      });
}

}  // namespace isobar::trace
