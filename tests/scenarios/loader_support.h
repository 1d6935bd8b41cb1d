// What the tests of the scenario loader share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/loader/loader.h"
#include "support/diagnostic.h"

namespace isobar::scenarios {

/// A scenario with one thread `P0`, to which tests add lines.
inline std::string minimal(const std::string& more = "") {
  return "description: a test\n"
         "memory: {x: 0, y: 0}\n"
         "threads:\n"
         "  P0:\n"
         "    asm: |\n"
         "      MOV X1, #1\n" +
         (more.empty() ? "expect:\n  - always: P0.X1 == 1\n" : more);
}

/// Everything the loader has to say about `text`, one "line:column: message" each; empty if it loads.
inline std::vector<std::string> complaints(const std::string& text) {
  std::vector<std::string> all;
  try {
    parse_scenario(text, "test.yaml");
  } catch (const InputError& e) {
    for (const Diagnostic& d : e.diagnostics()) {
      EXPECT_EQ(d.where.file, "test.yaml") << d.message;
      all.push_back(std::to_string(d.where.line) + ":" + std::to_string(d.where.column) + ": " + d.message);
    }
  }
  return all;
}

/// The only complaint, or a list of all if there is another number of them.
inline std::string complaint(const std::string& text) {
  const std::vector<std::string> all = complaints(text);
  if (all.size() == 1) return all.front();
  std::string joined = std::to_string(all.size()) + " complaints";
  for (const std::string& c : all) joined += "\n" + c;
  return joined;
}

}  // namespace isobar::scenarios
