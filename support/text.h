// ASCII text, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace isobar {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Capitals of ASCII made small, everything else as it is.
inline std::string lower(std::string_view s) {
  std::string r(s);
  for (char& c : r) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return r;
}

}  // namespace isobar
