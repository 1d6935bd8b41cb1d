// Parsed texts, so that a program without a parser can read them.
#pragma once

#include <map>
#include <string>

#include "scenarios/loader/yaml.h"

namespace isobar::scenarios {

/// What parse_yaml() made of a text without a byte order mark.
using Trees = std::map<std::string, Node>;

/// While it lives, everything that the calling thread parses is added to `trees`, except texts that are not YAML.
class TreeRecorder {
 public:
  explicit TreeRecorder(Trees& trees);
  ~TreeRecorder();
  TreeRecorder(const TreeRecorder&) = delete;
  TreeRecorder& operator=(const TreeRecorder&) = delete;

  /// Of the innermost recorder of this thread; nullptr if there is none.
  static Trees* current();

 private:
  Trees* before_;
};

}  // namespace isobar::scenarios
