// What the documents promise to list is listed.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

std::string read(const std::string& path) {
  std::ifstream in(std::string(ISOBAR_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::set<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

TEST(Documentation, SemanticsListsEveryTransitionAndNoOther) {
  const auto in_code = all_matches(read("model/state/transition.h"), "  X\\((\\w+), \"");
  const auto in_document = all_matches(read("docs/semantics.md"), "\n\\| `(\\w+)` \\| [a-z ]+ \\| ");
  EXPECT_GE(in_code.size(), 10u);
  EXPECT_EQ(in_code, in_document);
}

TEST(Documentation, SemanticsListsEveryRowThatGuardsName) {
  const std::string document = read("docs/semantics.md");
  const auto rows = all_matches(read("model/thread/wait.h"), "X\\(\\w+, \"([GT][^\"]+)\"\\)");
  EXPECT_GE(rows.size(), 24u);
  for (const std::string& row : rows) EXPECT_NE(document.find("\n| " + row + " | "), std::string::npos) << row;
}

TEST(Documentation, LinksBetweenDocumentsResolve) {
  for (const std::string document : {"README.md", "docs/tutorial.md", "docs/output.md", "docs/limits.md",
                                     "docs/comparison.md", "docs/semantics.md", "docs/lint.md", "docs/run-elf.md", "docs/algorithms.md", "docs/explain.md", "docs/step.md", "docs/serve.md", "docs/lessons.md", "docs/import.md", "docs/hunt.md"}) {
    const std::string folder = document.substr(0, document.find_last_of('/') + 1);
    for (const std::string& target : all_matches(read(document), "\\]\\(([^)#]+)")) {
      if (target.find("://") != std::string::npos) continue;
      const std::string path = document.find('/') == std::string::npos ? target : folder + target;
      std::ifstream file(std::string(ISOBAR_SOURCE_DIR) + "/" + path);
      EXPECT_TRUE(file) << document << " links to " << target;
    }
  }
}

TEST(Documentation, SetupListsEveryPackageThatCMakeNeeds) {
  const std::string packages = read("tools/packages.txt");
  for (const char* package : {"libsystemc-dev", "libboost-graph-dev", "libyaml-cpp-dev", "libfmt-dev",
                              "nlohmann-json3-dev", "libcli11-dev", "llvm-19-dev", "libedit-dev", "libgtest-dev"}) {
    EXPECT_NE(packages.find(package), std::string::npos) << package;
  }
}

}  // namespace
