// Page table entries of litmus tests: `(oa:PA(x), valid:0, db:1)` as the bits of a stage 1 descriptor, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/types.h"

namespace isobar::scenarios {

/// What stands between the parentheses. A field that is not written is as for memory that may be read and written.
struct LitmusDescriptor {
  std::string output;    ///< the location in `oa:PA(x)`; empty if there is none
  u64 attributes = 0;    ///< the descriptor without its output address
  std::string refused;   ///< a field that is not modelled; empty if there is none
};

/// `text` with its parentheses, as written in a test.
LitmusDescriptor parse_litmus_descriptor(std::string_view text);

/// The descriptor of memory that may be read and written, with output address 0.
u64 plain_descriptor();

/// As the reference prints it, fields that are as by default left out: `(oa:PA(x), valid:0)`.
/// `output`: the location that the output address is of.
std::string descriptor_text(u64 bits, std::string_view output);

/// The name of the location that holds the descriptor of `location`: `PTE(x)`.
std::string table_entry_of(std::string_view location);
/// The location whose descriptor has that name (`PTE(x)`, or `pte_x` as older tests write it).
std::optional<std::string> location_of_table_entry(std::string_view name);

}  // namespace isobar::scenarios
