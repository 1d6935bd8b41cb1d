// What the core runs on instead of an assembler and a parser.
#pragma once

#include "session/kit.h"

namespace isobar::wasm {

/// The kit that was loaded last.
const session::Kit& kit();

}  // namespace isobar::wasm
