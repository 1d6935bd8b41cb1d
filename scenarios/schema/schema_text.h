// The JSON Schema of scenarios, as text inside the program.
#pragma once

#include <string_view>

namespace isobar::scenarios {

/// scenarios/schema/scenario.schema.json.
std::string_view schema_text();

}  // namespace isobar::scenarios
