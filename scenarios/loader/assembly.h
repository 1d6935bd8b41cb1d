// A64 text of a scenario to bytes, with errors at their place in the YAML file.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "isa/assembler.h"
#include "scenarios/loader/scenario.h"

namespace isobar::scenarios {

/// Assembles `text` and, behind it, `epilogue` at `base`. `end` of the result is where the epilogue begins:
/// literals that the assembler collects come after it. Throws InputError.
Code assemble_text(const AsmText& text, std::string_view epilogue, u64 base, const std::string& file,
                   const std::map<std::string, u64>& symbols);

}  // namespace isobar::scenarios
