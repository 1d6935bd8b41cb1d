// YAML text to a tree in which every key and value knows its line and column.
//
// Accepts the part of YAML that JSON can say, plus comments, plain and block scalars: anchors, aliases, tags,
// merge keys, several documents and tabs in indentation are errors. Scalars stay text: what a number or a
// boolean is, is decided by whoever reads the value, so `0x10`, `010` and `no` never change meaning behind
// the user's back.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/loader/problems.h"

namespace isobar::scenarios {

struct Node {
  enum class Kind : u8 { Null, Scalar, Sequence, Map };
  enum class Style : u8 { Plain, Quoted, Literal, Folded };
  Kind kind = Kind::Null;
  Style style = Style::Plain;
  u32 line = 0, column = 0;  ///< of the first character of the node (a key without value: of the key)
  u32 text_line = 0, text_column = 0;  ///< of the first character of the text of a scalar
  std::string text;                    ///< Scalar
  bool verbatim = false;               ///< Scalar: the source has exactly `text` at that place, on one line
  std::vector<Node> keys;              ///< Map: keys[i] belongs to items[i]; all scalars, no two equal
  std::vector<Node> items;             ///< Map values or Sequence items
};

/// Longest scenario file, bytes.
inline constexpr std::size_t kMaxYamlBytes = 4u << 20;
/// Deepest nesting of maps and sequences.
inline constexpr unsigned kMaxYamlDepth = 32;

/// Parses one document. Duplicate keys are added to `problems`; text that is not YAML throws InputError,
/// together with what `problems` already holds.
Node parse_yaml(std::string_view text, Problems& problems);

/// "a text", "a list", "a map" or "nothing".
std::string describe(const Node& n);

}  // namespace isobar::scenarios
