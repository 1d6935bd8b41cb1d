// docs/model.md lists exactly the clauses of the code, in their words.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "axiomatic/axioms.h"

namespace isobar::axiomatic {
namespace {

TEST(ModelDocument, ListsEveryClause) {
  std::ifstream in(std::string(ISOBAR_SOURCE_DIR) + "/docs/model.md");
  ASSERT_TRUE(in);
  const std::string document{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  for (unsigned c = 1; c < kClauses; ++c) {
    const ClauseText& t = text(static_cast<Clause>(c));
    std::string cat = t.cat;
    for (std::size_t bar = cat.find('|'); bar != std::string::npos; bar = cat.find('|', bar + 2)) cat.insert(bar, "\\");
    const std::string row = "| `" + std::string(t.name) + "` | " + t.group + " | `" + cat + "` |";
    EXPECT_NE(document.find(row), std::string::npos) << row;
  }
  for (Axiom a : {Axiom::Values, Axiom::Internal, Axiom::Atomic, Axiom::External}) {
    EXPECT_NE(document.find("| " + std::string(name(a)) + " |"), std::string::npos) << name(a);
  }
}

TEST(ModelDocument, ClauseNamesAreDistinct) {
  std::set<std::string> names, cats;
  for (unsigned c = 1; c < kClauses; ++c) {
    EXPECT_TRUE(names.insert(text(static_cast<Clause>(c)).name).second);
    EXPECT_TRUE(cats.insert(text(static_cast<Clause>(c)).cat).second) << text(static_cast<Clause>(c)).cat;
  }
}

}  // namespace
}  // namespace isobar::axiomatic
