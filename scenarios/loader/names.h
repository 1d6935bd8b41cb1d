// Names and constants of a scenario: which words are names, what a constant means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/loader/scenario.h"

namespace isobar::scenarios {

/// Letters, digits and '_', not starting with a digit, at most 64 characters.
bool is_identifier(std::string_view text);

/// Is `text` a register to the assembler ("x0", "W3", "sp", "q1")? Flags are not.
bool is_register_name(std::string_view text);

/// The Linux error number of "EINVAL" and the like.
std::optional<unsigned> error_number(std::string_view text);

/// A decimal or 0x number of up to 128 bits without sign; digits may be grouped with '_'. nullopt if it is
/// none, with the reason in `why`.
std::optional<Value> parse_number(std::string_view text, std::string& why);

/// The address of `name` or `name.label` (a location, a label of a thread or of a code area), plus an
/// optional "+N" or
/// "[N]" (elements). nullopt with the reason in `why`.
std::optional<u64> parse_address(std::string_view text, const Scenario& scenario, std::string& why);

/// Sets `c.value`; errors go to `problems`. `bits`: width of what it is stored in, 8 to 128.
void resolve(Constant& c, unsigned bits, const Scenario& scenario, Problems& problems);

/// Names of all locations; of all threads; of all labels of a piece of code.
std::vector<std::string> location_names(const Scenario& s);
std::vector<std::string> thread_names(const Scenario& s);
std::vector<std::string> label_names(const Code& c);

}  // namespace isobar::scenarios
