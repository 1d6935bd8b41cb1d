// std::from_chars() for floating point, which the standard library of Debian's emscripten (3.1.6) has not yet. For text of
// digits and points only, as scenarios/loader/reader.cpp has it.
#pragma once

#include <charconv>
#include <cstdlib>
#include <string>

namespace std {
inline from_chars_result from_chars(const char* first, const char* last, double& value) {
  const string text(first, last);
  char* end = nullptr;
  const double read = strtod(text.c_str(), &end);
  if (end == text.c_str()) return {first, errc::invalid_argument};
  value = read;
  return {first + (end - text.c_str()), errc()};
}
}  // namespace std
