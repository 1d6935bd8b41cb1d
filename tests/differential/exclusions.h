// What is not compared, and why.
#pragma once

#include <span>

#include "tests/differential/generator.h"

namespace isobar::differential {

/// One line of the table: cases of an encoding (a prefix of its name, "" for all) for which `applies` holds.
struct Exclusion {
  const char* encoding;
  bool (*applies)(const Case& c, const Data& data);
  const char* reason;
};

std::span<const Exclusion> exclusions();
/// The line that excludes a case, or nullptr.
const Exclusion* excluded(const Case& c, const Data& data);

}  // namespace isobar::differential
