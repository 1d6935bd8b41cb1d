// The page of web/, built into the command.
#pragma once

#include <string_view>

namespace isobar::serve {

/// web/dist/index.html: one self-contained file.
std::string_view page();

}  // namespace isobar::serve
