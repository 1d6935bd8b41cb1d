#include "tools/schema_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

std::string text_at(const Json& node, const char* key) {
  return node.contains(key) && node.at(key).is_string() ? node.at(key).get<std::string>() : std::string();
}

/// "#/$defs/machine" is machine.
std::string referred(const std::string& reference) { return reference.substr(reference.rfind('/') + 1); }

std::string range_of(const Json& node) {
  const bool low = node.contains("minimum"), high = node.contains("maximum");
  if (low && high) return fmt::format(" {} to {}", node.at("minimum").dump(), node.at("maximum").dump());
  if (low) return " from " + node.at("minimum").dump();
  return high ? " to " + node.at("maximum").dump() : std::string();
}

/// What may stand there, in words.
std::string type_of(const Json& node) {
  if (node.is_boolean()) return node.get<bool>() ? "anything" : "nothing";
  if (node.contains("$ref")) return "[" + referred(text_at(node, "$ref")) + "](#" + referred(text_at(node, "$ref")) + ")";
  std::vector<std::string> words;
  if (node.contains("const")) return "`" + node.at("const").dump() + "`";
  if (node.contains("enum")) {
    for (const Json& value : node.at("enum")) words.push_back("`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`");
    return fmt::format("{}", fmt::join(words, ", "));
  }
  for (const char* choice : {"anyOf", "oneOf"}) {
    if (!node.contains(choice)) continue;
    for (const Json& one : node.at(choice))
      if (const std::string word = type_of(one); !word.empty() && std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(word);
    if (!words.empty()) return fmt::format("{}", fmt::join(words, " or "));
  }
  const std::string type = text_at(node, "type");
  if (type == "array") return "list of " + (node.contains("items") ? type_of(node.at("items")) : "anything");
  if (type == "object" && node.contains("additionalProperties") && node.at("additionalProperties").is_object())
    return "map to " + type_of(node.at("additionalProperties"));
  if (type == "object") return "map";
  if (type == "null") return "empty";
  return type + range_of(node);
}

/// A cell of a table may not have bars and line ends.
std::string cell(std::string text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : c == '\n' ? std::string(" ") : std::string(1, c);
  return out;
}

}  // namespace

std::vector<std::string> schema_sections(const Json& schema) {
  std::vector<std::string> names;
  for (const auto& [name, node] : schema.at("$defs").items()) names.push_back(name);
  return names;
}

std::string schema_section(const Json& schema, const std::string& section) {
  const Json& node = schema.at("$defs").at(section);
  std::string out = "## " + section + "\n\n";
  if (const std::string what = text_at(node, "description"); !what.empty()) out += what + "\n\n";
  if (!node.contains("properties")) return out + "Is: " + type_of(node) + "\n\n";
  const Json required = node.contains("required") ? node.at("required") : Json::array();
  out += "| key | is | meaning |\n|---|---|---|\n";
  for (const auto& [key, value] : node.at("properties").items()) {
    const bool needed = std::find(required.begin(), required.end(), key) != required.end();
    std::string meaning = text_at(value, "description");
    if (meaning.empty() && value.contains("$ref"))
      meaning = text_at(schema.at("$defs").at(referred(text_at(value, "$ref"))), "description");
    out += fmt::format("| `{}`{} | {} | {} |\n", key, needed ? " (required)" : "", cell(type_of(value)), cell(meaning));
  }
  return out + "\n";
}

}  // namespace isobar::tools
