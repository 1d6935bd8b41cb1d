// Random x86-64 litmus tests.
#pragma once

#include <string>

#include "support/types.h"

namespace isobar::tools {

/// Test `number` of the sequence that `seed` stands for: two or three threads with two to four memory
/// operations each on two or three locations. All loaded values and final contents are observed.
std::string random_x86_test(const std::string& name, u64 seed, unsigned number);

}  // namespace isobar::tools
