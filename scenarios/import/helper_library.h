// What helpers of translators do, as A64 code in files (helpers/): `{title, description, source, helpers: {NAME: code}}`.
//
// Owns: the format. Must not know: which helper is where.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace isobar::scenarios {

/// Adds the helpers of a file to `helpers`; one that is there already stays. Throws InputError with line and column.
void add_helpers(std::string_view text, const std::string& file, std::map<std::string, std::string>& helpers);

}  // namespace isobar::scenarios
