// Typed access to the tree of a YAML file, with an error for everything that is not as expected.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/loader/yaml.h"

namespace isobar::scenarios {

/// A map of the format and the keys it may have.
struct Section {
  std::string name;  ///< as in the schema: "scenario", "machine", "thread" ...
  std::vector<std::string> keys;
};

/// A map whose keys are known beforehand.
class MapReader {
 public:
  /// Reports a node that is not a map and every key that `section` does not have.
  MapReader(const Node& node, const Section& section, Problems& problems);

  /// The value of a key of the section; nullptr if it is absent.
  const Node* find(std::string_view key) const;
  /// The same, with an error if the key is absent.
  const Node* require(std::string_view key) const;
  const Node& node() const { return node_; }

 private:
  const Node& node_;
  const Section& section_;
  Problems& problems_;
};

void problem(Problems& problems, const Node& at, std::string message);

/// A text on one or several lines, not empty.
std::optional<std::string> read_text(const Node& n, Problems& problems, std::string_view what);
/// A text that is a name (is_identifier).
std::optional<std::string> read_identifier(const Node& n, Problems& problems, std::string_view what);
/// true or false.
std::optional<bool> read_bool(const Node& n, Problems& problems, std::string_view what);
/// An integer in [least, most].
std::optional<u64> read_integer(const Node& n, Problems& problems, std::string_view what, u64 least,
                                u64 most);
/// A number of seconds, 0 or more, with an optional fraction.
std::optional<double> read_seconds(const Node& n, Problems& problems, std::string_view what);
/// One of a few words: its position in `words`.
std::optional<unsigned> read_word(const Node& n, Problems& problems, std::string_view what,
                                  const std::vector<std::string>& words);
/// The items of a list, or the node itself if it is not a list ("one or several").
std::vector<const Node*> one_or_several(const Node& n);

/// Sets `to` if `value` is there.
template <class T, class U>
void assign(T& to, const std::optional<U>& value) {
  if (value) to = static_cast<T>(*value);
}

}  // namespace isobar::scenarios
