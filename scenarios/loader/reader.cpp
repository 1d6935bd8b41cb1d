#include "scenarios/loader/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "scenarios/loader/names.h"

namespace isobar::scenarios {

std::string describe(const Node& n) {
  switch (n.kind) {
    case Node::Kind::Null: return "nothing";
    case Node::Kind::Scalar: return "the text " + scenarios::quoted(n.text);
    case Node::Kind::Sequence: return "a list";
    case Node::Kind::Map: return "a map";
  }
  return {};
}

void problem(Problems& problems, const Node& at, std::string message) {
  problems.add(at.line, at.column, std::move(message));
}

MapReader::MapReader(const Node& node, const Section& section, Problems& problems)
    : node_(node), section_(section), problems_(problems) {
  if (node.kind != Node::Kind::Map) {
    problem(problems, node,
            fmt::format("expected a map with the keys of a {} ({}), not {}", section.name,
                        fmt::join(section.keys, ", "), describe(node)));
    return;
  }
  for (const Node& key : node.keys) {
    if (std::find(section.keys.begin(), section.keys.end(), key.text) != section.keys.end()) continue;
    problem(problems, key,
            fmt::format("unknown key {} in a {}{}", scenarios::quoted(key.text), section.name,
                        suggestion(key.text, section.keys)));
  }
}

const Node* MapReader::find(std::string_view key) const {
  if (node_.kind != Node::Kind::Map) return nullptr;
  for (std::size_t i = 0; i < node_.items.size(); ++i) {
    if (node_.keys[i].text == key) return &node_.items[i];
  }
  return nullptr;
}

const Node* MapReader::require(std::string_view key) const {
  const Node* n = find(key);
  if (n == nullptr && node_.kind == Node::Kind::Map) {
    problem(problems_, node_, fmt::format("key '{}' is missing in this {}", key, section_.name));
  }
  return n;
}

std::optional<std::string> read_text(const Node& n, Problems& problems, std::string_view what) {
  if (n.kind != Node::Kind::Scalar) {
    problem(problems, n, fmt::format("{} is a text, not {}", what, describe(n)));
    return std::nullopt;
  }
  std::string text = n.text;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.empty()) {
    problem(problems, n, fmt::format("{} is empty", what));
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_identifier(const Node& n, Problems& problems, std::string_view what) {
  if (n.kind != Node::Kind::Scalar) {
    problem(problems, n, fmt::format("{} is a name, not {}", what, describe(n)));
    return std::nullopt;
  }
  if (!is_identifier(n.text)) {
    problem(problems, n,
            fmt::format("{} is a name of letters, digits and '_' that does not start with a digit, not {}",
                        what, scenarios::quoted(n.text)));
    return std::nullopt;
  }
  return n.text;
}

std::optional<bool> read_bool(const Node& n, Problems& problems, std::string_view what) {
  if (n.kind == Node::Kind::Scalar && n.style == Node::Style::Plain) {
    if (n.text == "true") return true;
    if (n.text == "false") return false;
  }
  problem(problems, n, fmt::format("{} is true or false, not {}", what, describe(n)));
  return std::nullopt;
}

std::optional<u64> read_integer(const Node& n, Problems& problems, std::string_view what, u64 least,
                                u64 most) {
  const auto range = [&] {
    return most == ~u64{0} ? fmt::format("at least {}", least) : fmt::format("from {} to {}", least, most);
  };
  if (n.kind != Node::Kind::Scalar || n.style != Node::Style::Plain) {
    problem(problems, n, fmt::format("{} is a number {}, not {}", what, range(), describe(n)));
    return std::nullopt;
  }
  std::string why;
  const std::optional<Value> v = parse_number(n.text, why);
  if (!v) {
    problem(problems, n, fmt::format("{} is a number {}: {}", what, range(), why));
    return std::nullopt;
  }
  if (v->hi != 0 || v->lo < least || v->lo > most) {
    problem(problems, n, fmt::format("{} is a number {}, not {}", what, range(), n.text));
    return std::nullopt;
  }
  return v->lo;
}

std::optional<double> read_seconds(const Node& n, Problems& problems, std::string_view what) {
  const bool shaped = n.kind == Node::Kind::Scalar && n.style == Node::Style::Plain && !n.text.empty() &&
                      n.text.find_first_not_of("0123456789.") == std::string::npos && n.text.size() <= 12;
  double seconds = 0;
  if (shaped) {
    const auto [end, error] = std::from_chars(n.text.data(), n.text.data() + n.text.size(), seconds);
    if (error == std::errc() && end == n.text.data() + n.text.size()) return seconds;
  }
  problem(
      problems, n,
      fmt::format("{} is a number of seconds such as 10 or 0.5 (0: no limit), not {}", what, describe(n)));
  return std::nullopt;
}

std::optional<unsigned> read_word(const Node& n, Problems& problems, std::string_view what,
                                  const std::vector<std::string>& words) {
  if (n.kind == Node::Kind::Scalar) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == n.text) return static_cast<unsigned>(i);
    }
  }
  // An absent value and the word "none" are easily confused: YAML reads a bare `null` or `~` as nothing.
  std::string message = fmt::format("{} is one of {}, not {}", what, fmt::join(words, ", "), describe(n));
  if (n.kind == Node::Kind::Scalar) {
    const std::string near = nearest(n.text, words);
    if (!near.empty()) message += fmt::format("; did you mean '{}'?", near);
  }
  problem(problems, n, std::move(message));
  return std::nullopt;
}

std::vector<const Node*> one_or_several(const Node& n) {
  std::vector<const Node*> all;
  if (n.kind != Node::Kind::Sequence) return {&n};
  for (const Node& item : n.items) all.push_back(&item);
  return all;
}

}  // namespace isobar::scenarios
