// The page of web/, built into the command.
#pragma once

#include <string_view>

namespace isobar::serve {

/// web/dist/index.html: one self-contained file.
std::string_view page();

/// web/dist/core.wasm.gz, which exported pages run; empty if the one that was there was not made from the sources of this
/// program.
std::string_view core();

}  // namespace isobar::serve
