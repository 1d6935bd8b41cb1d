// Text inside XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace isobar::tools {

/// `s` as character data or as the value of an attribute; control characters that XML cannot hold become '?'.
std::string escape_xml(std::string_view s);

}  // namespace isobar::tools
