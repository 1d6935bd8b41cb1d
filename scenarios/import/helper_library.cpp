#include "scenarios/import/helper_library.h"

#include <fmt/format.h>

#include "scenarios/loader/names.h"
#include "scenarios/loader/reader.h"

namespace isobar::scenarios {

void add_helpers(std::string_view text, const std::string& file, std::map<std::string, std::string>& helpers) {
  static const Section library{"helpers", {"title", "description", "source", "helpers"}};
  Problems problems(file);
  const Node root = parse_yaml(text, problems);
  const MapReader map(root, library, problems);
  for (const char* key : {"title", "description"}) {
    if (const Node* n = map.require(key)) read_text(*n, problems, key);
  }
  if (const Node* n = map.require("source")) {
    for (const Node* one : one_or_several(*n)) read_text(*one, problems, "a source");
  }
  const Node* all = map.require("helpers");
  if (all != nullptr && all->kind != Node::Kind::Map) {
    problem(problems, *all, fmt::format("helpers is {}; expected a map of names and code", describe(*all)));
    all = nullptr;
  }
  for (std::size_t i = 0; all != nullptr && i < all->items.size(); ++i) {
    const std::string& name = all->keys[i].text;
    if (!is_identifier(name)) problem(problems, all->keys[i], fmt::format("{} is no name for a helper", quoted(name)));
    if (const auto code = read_text(all->items[i], problems, "the code of a helper")) helpers.emplace(name, *code);
  }
  problems.throw_if_any();
}

}  // namespace isobar::scenarios
