// Options whose values are names of something.
#pragma once

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

namespace isobar::tools {

/// The value stands for the enumerator of that name; other names are an error that lists them in the order given.
template <class Enum>
CLI::Validator choice(std::vector<std::pair<std::string, Enum>> names) {
  return CLI::Validator(
      [names = std::move(names)](std::string& value) {
        std::string expected;
        for (std::size_t k = 0; k < names.size(); ++k) {
          if (names[k].first == value) {
            value = std::to_string(static_cast<int>(names[k].second));
            return std::string();
          }
          expected += (k == 0 ? "" : k + 1 == names.size() ? " or " : ", ") + names[k].first;
        }
        return fmt::format("\"{}\": expected {}", value, expected);
      },
      "");
}

}  // namespace isobar::tools
