// The text of asm/*.S, put into the library by embed.cmake.
#pragma once

#include <string_view>

namespace isobar::kernel {

/// All files in the order of their names.
std::string_view asm_text();

}  // namespace isobar::kernel
