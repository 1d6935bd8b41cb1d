// Breaks the rules of the transition system one at a time: some program must have other outcomes. Prints which.
#include <fmt/format.h>

#include <optional>

#include "model/state/mutation.h"
#include "tests/common/random_program.h"
#include "tests/mutation/witness.h"

namespace isobar::model {
namespace {

constexpr unsigned kRandomPrograms = 40;

struct RuleText {
  const char* name;
  const char* row;
  const char* text;
};
constexpr RuleText kText[] = {
#define X(id, row, text) {#id, row, text},
    ISOBAR_RULES(X)
#undef X
};

/// Rules that another rule implies matter only without that one.
std::optional<Rule> implied_by(Rule r) {
  if (r == Rule::G16) return Rule::G6;  // the load of an atomic is an older access to the bytes of its store
  if (r == Rule::G4Permitted) return Rule::ExceptionOrder;  // the path would end at the exception
  if (r == Rule::G14HoldsAction) return Rule::G15Barrier;  // system actions wait for what an ISB would wait for
  return std::nullopt;
}

/// Outcomes with these rules broken.
Bench::States states(const Bench& b, std::initializer_list<std::optional<Rule>> broken) {
  for (std::optional<Rule> r : broken)
    if (r) broken_rules.set(static_cast<unsigned>(*r));
  const Bench::States s = b.states();
  broken_rules.reset();
  return s;
}

struct Subject {
  std::string name;
  Bench bench;
  bool random = false;
  Bench::States states;  ///< with every rule in force
};

std::vector<Subject> subjects() {
  std::vector<Subject> out;
  for (const Witness& w : witnesses()) out.push_back({w.name, w.bench(), false, {}});
  for (u64 seed = 0; seed < kRandomPrograms; ++seed) {
    out.push_back({fmt::format("random program {}", seed),
                   random_program(seed, {.threads = 2, .accesses = 3, .atomics = seed % 3 != 0, .mixed_sizes = seed % 4 == 0}),
                   true, {}});
  }
  for (Subject& s : out) s.states = s.bench.states();
  return out;
}

TEST(Mutation, EveryRuleIsNoticed) {
  const std::vector<Subject> all = subjects();
  fmt::print("{:18} {:11} {:>5}  {}\n", "rule", "row", "by", "first program whose outcomes change without it");
  for (unsigned r = 0; r < kRules; ++r) {
    const Rule rule = static_cast<Rule>(r);
    const Subject* first = nullptr;
    unsigned noticed = 0;
    for (const Subject& s : all) {
      if (s.random && first != nullptr) break;
      const std::optional<Rule> without = implied_by(rule);
      if (states(s.bench, {rule, without}) == (without ? states(s.bench, {without}) : s.states)) continue;
      ++noticed;
      if (first == nullptr) first = &s;
    }
    std::string by = first != nullptr ? first->name : "-";
    if (const auto without = implied_by(rule)) by += fmt::format(" (without {})", kText[static_cast<unsigned>(*without)].name);
    fmt::print("{:18} {:11} {:5}  {}\n", kText[r].name, kText[r].row, noticed, by);
    EXPECT_NE(first, nullptr) << "nothing notices that " << kText[r].name << " is missing: " << kText[r].text;
  }
  fmt::print("{} rules, {} programs\n", kRules, all.size());
}

}  // namespace
}  // namespace isobar::model
