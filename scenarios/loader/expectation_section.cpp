// `expect:`: what must never, sometimes or always be seen at the end of a run, or the exact list of final
// states.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/loader/loader.h"
#include "scenarios/loader/names.h"
#include "scenarios/loader/sections.h"

namespace isobar::scenarios {

namespace {

std::optional<ConditionText> read_condition_text(const Node& n, Problems& problems, std::string_view what) {
  if (n.kind != Node::Kind::Scalar || n.text.empty()) {
    problem(
        problems, n,
        fmt::format(
            "{} is a condition such as P0.X1 == 1 && x == 2, not {}{}", what, describe(n),
            n.kind == Node::Kind::Scalar ? "" : "; a condition that starts with '[' or '{' needs quotes"));
    return std::nullopt;
  }
  return ConditionText{n.text, n.text_line, n.text_column, n.verbatim};
}

void read_for(const Node& n, Problems& problems, const Scenario& scenario, Expectation& e) {
  std::vector<std::string> names;
  for (const Variant& v : scenario.variants) {
    if (!v.name.empty()) names.push_back(v.name);
  }
  for (const Node* item : one_or_several(n)) {
    const std::optional<unsigned> variant = [&]() -> std::optional<unsigned> {
      const auto found = std::find(names.begin(), names.end(), item->text);
      if (found != names.end()) return static_cast<unsigned>(found - names.begin());
      problem(problems, *item,
              names.empty()
                  ? "for names a variant, and this scenario has no variants"
                  : fmt::format("{} is not a variant{}", scenarios::quoted(item->text), suggestion(item->text, names)));
      return std::nullopt;
    }();
    if (variant) e.variants.push_back(*variant);
  }
  std::sort(e.variants.begin(), e.variants.end());
}

Expectation read_expectation(const Node& n, Problems& problems, const Scenario& scenario) {
  static const std::vector<std::string> kinds{"never", "sometimes", "always", "states"};
  Expectation e;
  const MapReader map(n, expectation_section(), problems);
  unsigned given = 0;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const Node* v = map.find(kinds[k]);
    if (v == nullptr) continue;
    ++given;
    e.kind = static_cast<Expectation::Kind>(k);
    if (e.kind == Expectation::Kind::States) {
      e.source = {"", v->line, v->column, false};
      if (v->kind != Node::Kind::Sequence || v->items.empty()) {
        problem(problems, *v, "states is a list of final states such as 'P0.X1=0; x=2', not " + describe(*v));
        continue;
      }
      for (const Node& item : v->items) {
        if (std::optional<ConditionText> text = read_condition_text(item, problems, "a state")) {
          e.state_texts.push_back(std::move(*text));
        }
      }
    } else if (std::optional<ConditionText> text = read_condition_text(*v, problems, kinds[k])) {
      e.source = std::move(*text);
    }
  }
  if (given != 1 && n.kind == Node::Kind::Map) {
    problem(problems, n,
            given == 0 ? "an expectation has one of never, sometimes, always and states"
                       : "an expectation has only one of never, sometimes, always and states");
  }
  if (const Node* v = map.find("why")) assign(e.why, read_text(*v, problems, "why"));
  if (const Node* v = map.find("for")) read_for(*v, problems, scenario, e);
  return e;
}

}  // namespace

const Section& expectation_section() {
  static const Section s{"expectation", {"never", "sometimes", "always", "states", "why", "for"}};
  return s;
}

void read_expectations(const Node& n, Problems& problems, Scenario& scenario) {
  if (n.kind != Node::Kind::Sequence || n.items.empty()) {
    problem(problems, n, "expect is a list of expectations, each starting with '-', not " + describe(n));
    return;
  }
  if (n.items.size() > kMaxExpectations) {
    problem(problems, n,
            fmt::format("{} expectations; a scenario has at most {}", n.items.size(), kMaxExpectations));
    return;
  }
  for (const Node& item : n.items)
    scenario.expectations.push_back(read_expectation(item, problems, scenario));
}

}  // namespace isobar::scenarios
