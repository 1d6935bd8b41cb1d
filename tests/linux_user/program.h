// Runs one of tests/programs in this process and keeps what it printed.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "linux-user/system.h"

namespace isobar::linux_user {

struct Finished {
  Outcome outcome;
  std::string output, errors;
  std::vector<std::string> trace;
};

inline std::string program_path(const std::string& name) {
  return std::string(ISOBAR_PROGRAMS) + "/" + name;
}

inline bool has_program(const std::string& name) {
  return std::ifstream(program_path(name)).good();
}

inline std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// `options` without arguments runs the program by its name; `input` is its standard input.
inline Finished run_program(const std::string& name, Options options = {}, std::string input = {}) {
  Finished f;
  options.arguments.insert(options.arguments.begin(), name);
  options.write = [&f](int fd, const std::string& bytes) { (fd == 1 ? f.output : f.errors) += bytes; };
  options.read = [&input](u64 size) {
    const std::string part = input.substr(0, size);
    input.erase(0, size);
    return part;
  };
  if (!options.limit) options.limit = 500'000'000;
  System system(parse_elf(program_path(name), contents_of(program_path(name))), options);
  f.outcome = system.run();
  return f;
}

/// Ends the test if the program has not been built.
#define ISOBAR_NEEDS_PROGRAM(name) \
  if (!has_program(name)) GTEST_SKIP() << name << " was not built: no cross compiler"

}  // namespace isobar::linux_user
