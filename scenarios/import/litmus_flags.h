// Warnings that a litmus test has whatever it does: variants that the reference model does not combine.
#pragma once

#include <string>
#include <vector>

#include "scenarios/import/litmus_program.h"

namespace isobar::scenarios {

/// Names of the warnings, as the reference model (aarch64util.cat) has them.
std::vector<std::string> variant_flags(const LitmusTest& test, const LitmusOptions& options);

}  // namespace isobar::scenarios
