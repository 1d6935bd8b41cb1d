// The reference of the scenario format as Markdown, made from its JSON Schema.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace isobar::tools {

/// Names of the sections that a schema defines, in its order.
std::vector<std::string> schema_sections(const nlohmann::ordered_json& schema);

/// One section: what it is, and a table of its keys. `section` is one of schema_sections().
std::string schema_section(const nlohmann::ordered_json& schema, const std::string& section);

}  // namespace isobar::tools
