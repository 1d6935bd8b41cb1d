// The text of asm/*.S and asm-user/*.S, put into the library by embed.cmake.
#pragma once

#include <string_view>

namespace isobar::kernel {

/// All files in the order of their names.
std::string_view asm_text();
/// The kernel below unmodified programs (linux-detailed/), with the macros of asm/ that it uses.
std::string_view user_asm_text();

}  // namespace isobar::kernel
