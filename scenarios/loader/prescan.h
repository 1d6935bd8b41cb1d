// Checks on the raw text of a YAML file that yaml-cpp does not make or reports far from their cause.
#pragma once

#include <string_view>
#include <vector>

#include "scenarios/loader/problems.h"

namespace isobar::scenarios {

/// The lines of `text` without their line ends (LF or CRLF).
std::vector<std::string_view> split_lines(std::string_view text);

/// Adds an error for text that is too long, not UTF-8 or has control characters; false if any was found.
bool check_encoding(std::string_view text, Problems& problems);

/// Adds an error for every tab in indentation and every quoted text that does not end on its line.
void check_layout(const std::vector<std::string_view>& lines, Problems& problems);

}  // namespace isobar::scenarios
