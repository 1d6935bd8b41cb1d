// The memory tags of litmus tests: the colours of the reference, numbered in its order. The members of LitmusBuilder
// that are about tags are in litmus_tags.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/types.h"

namespace isobar::scenarios {

inline constexpr u64 kLitmusTags = 8;  ///< IRG chooses among these, as in the reference

/// The tag called `colour`; nullopt if there is none.
std::optional<u64> parse_colour(std::string_view colour);
/// The inverse; "tag9" for a tag without a colour.
std::string colour(u64 tag);

/// Is it the name that the reference has for the fault status registers of all levels?
bool is_tag_fault_status(std::string_view name);

}  // namespace isobar::scenarios
