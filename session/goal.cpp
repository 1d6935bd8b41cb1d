#include "session/goal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <vector>

#include "scenarios/loader/verdict.h"
#include "support/diagnostic.h"

namespace isobar::session {

namespace {

/// One item of a state: `0:X1=1`, `[x]=2`, `P1.X0=1`, or a fault without a value.
struct GoalItem {
  std::string name, value;
  u32 column = 1;
  friend bool operator==(const GoalItem& a, const GoalItem& b) { return a.name == b.name && a.value == b.value; }
};

/// Numbers in one spelling, so that 0x1 and 1 are equal; anything else as it is.
std::string canonical(const std::string& value) {
  if (value.empty()) return value;
  char* end = nullptr;
  errno = 0;
  const bool negative = value[0] == '-';
  const unsigned long long n = std::strtoull(value.c_str() + (negative ? 1 : 0), &end, 0);
  if (errno != 0 || *end != '\0' || end == value.c_str() + (negative ? 1 : 0)) return value;
  return fmt::format("{}{}", negative && n != 0 ? "-" : "", n);
}

std::vector<GoalItem> items_of(const std::string& state) {
  std::vector<GoalItem> items;
  for (std::size_t at = 0; at < state.size();) {
    const std::size_t end = std::min(state.find(';', at), state.size());
    std::string text;
    u32 column = 0;
    for (std::size_t i = at; i < end; ++i) {
      if (state[i] == ' ' || state[i] == '\t') continue;
      if (text.empty()) column = static_cast<u32>(i + 1);
      text += state[i];
    }
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      items.push_back({text.substr(0, equals), canonical(text.substr(equals + 1)), column});
    } else if (!text.empty()) {
      items.push_back({text, "", column});
    }
    at = end + 1;
  }
  return items;
}

Goal named_goal(const Workload& w, const std::string& outcome, const explore::SearchResult& seen) {
  const std::vector<GoalItem> wanted = items_of(outcome);
  if (wanted.empty())
    throw InputError(Diagnostic{{"--outcome", 1, 1}, "expected a state such as '1:X0=1; [x]=2'"});
  std::set<std::string> known;
  for (const auto& [o, info] : seen.outcomes) {
    for (const GoalItem& i : items_of(state_text(w, o))) known.insert(i.name);
  }
  for (const GoalItem& i : wanted) {
    if (seen.outcomes.empty() || i.value.empty() || known.count(i.name) != 0) continue;
    std::string list;
    for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
    throw InputError(
        Diagnostic{{"--outcome", 1, i.column},
                   fmt::format("the states of {} do not show '{}'; they show {}", w.name, i.name, list)});
  }
  return {outcome, [wanted](const Workload& of, const trace::Outcome& o) {
            const std::vector<GoalItem> shown = items_of(state_text(of, o));
            return std::all_of(wanted.begin(), wanted.end(), [&](const GoalItem& i) {
              return std::find(shown.begin(), shown.end(), i) != shown.end();
            });
          }};
}

/// What `always` and `states` are about is the states that break them.
Goal expectation_goal(const scenarios::Expectation& e, std::size_t index) {
  using Kind = scenarios::Expectation::Kind;
  std::string text = e.source.text;
  if (e.kind == Kind::Always) text = fmt::format("not ({})", text);
  if (e.kind == Kind::States) text = "a state that the list does not have";
  return {text, [index](const Workload& w, const trace::Outcome& o) {
            const scenarios::Expectation& x = w.scenario->expectations[index];
            const std::vector<Value> values = scenarios::final_values(*w.scenario, *w.build, o);
            switch (x.kind) {
              case Kind::Never:
              case Kind::Sometimes: return scenarios::holds(x.condition, values);
              case Kind::Always: return !scenarios::holds(x.condition, values);
              case Kind::States: break;
            }
            return std::none_of(x.states.begin(), x.states.end(),
                                [&](const scenarios::Condition& c) { return scenarios::holds(c, values); });
          }};
}

Goal scenario_goal(const Workload& w, const explore::SearchResult& seen) {
  const bool complete = seen.status == explore::Status::Complete;
  const scenarios::Report report =
      scenarios::judge(*w.scenario, w.variant_index, *w.build, scenarios::seen_by_search(seen, complete));
  const scenarios::ExpectationVerdict* chosen = nullptr;
  for (const scenarios::ExpectationVerdict& v : report.expectations) {
    if (v.verdict == scenarios::Verdict::Fail) {
      chosen = &v;
      break;
    }
    const bool never = w.scenario->expectations[v.expectation].kind == scenarios::Expectation::Kind::Never;
    const bool first_never =
        never && (chosen == nullptr ||
                  w.scenario->expectations[chosen->expectation].kind != scenarios::Expectation::Kind::Never);
    if (chosen == nullptr || first_never) chosen = &v;
  }
  if (chosen == nullptr) {
    throw InputError(Diagnostic{{w.file, 0, 0},
                                fmt::format("{} expects nothing: name a state with --outcome", w.title())});
  }
  return expectation_goal(w.scenario->expectations[chosen->expectation], chosen->expectation);
}

}  // namespace

Goal goal_of(const Workload& w, const std::optional<std::string>& outcome,
             const explore::SearchResult& seen) {
  if (outcome) return named_goal(w, *outcome, seen);
  if (w.scenario) return scenario_goal(w, seen);
  const bool breaks = w.litmus->quantifier == scenarios::LitmusQuantifier::ForAll;
  return {(breaks ? "a state without " : "") + w.litmus->condition_text,
          [](const Workload& of, const trace::Outcome& o) {
            const scenarios::LitmusProgram& p = *of.litmus;
            if (!is_counted(of, o)) return false;
            return scenarios::condition_holds(p, o) != (p.quantifier == scenarios::LitmusQuantifier::ForAll);
          }};
}

}  // namespace isobar::session
