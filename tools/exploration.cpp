#include "tools/exploration.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tools/warnings.h"

namespace isobar::tools {

namespace {

using Json = nlohmann::ordered_json;

/// The three forms of a final condition, in the words of herd.
struct Question {
  const char* word = "Allowed";
  bool holds = false;     ///< the quantified condition
  bool asserted = false;  ///< the test claims that it holds
};

Question judge_litmus(const scenarios::LitmusProgram& p, std::size_t positive, std::size_t negative) {
  switch (p.quantifier) {
    case scenarios::LitmusQuantifier::Exists: return {"Allowed", positive != 0, false};
    case scenarios::LitmusQuantifier::NotExists: return {"Forbidden", positive == 0, true};
    case scenarios::LitmusQuantifier::ForAll: return {"Required", negative == 0, true};
  }
  return {};
}

const char* observation(std::size_t positive, std::size_t negative) {
  if (positive == 0) return "Never";
  return negative == 0 ? "Always" : "Sometimes";
}

const char* status_of(Verdict v) {
  return v == Verdict::Undetermined ? "undetermined" : "complete";
}

CaseReport report_litmus(const std::string& format, const Workload& w, const explore::SearchResult& result,
                         const std::vector<StateLine>& states, bool assertions) {
  const bool complete = result.status == explore::Status::Complete;
  const auto positive = static_cast<std::size_t>(
      std::count_if(states.begin(), states.end(), [](const StateLine& s) { return s.positive; }));
  const std::size_t negative = states.size() - positive;
  const Question q = judge_litmus(*w.litmus, positive, negative);
  const std::string seen = complete ? observation(positive, negative) : "Undetermined";

  CaseReport r;
  r.file = w.file;
  r.name = w.name;
  r.seconds = result.seconds;
  if (!complete) {
    r.verdict = Verdict::Undetermined;
    r.findings.push_back(result.reason);
  } else if (assertions && q.asserted && !q.holds) {
    r.verdict = Verdict::Differs;
    r.findings.push_back("the condition does not hold: " + w.litmus->condition_text);
  }

  for (const StateLine& s : states) {
    if (s.positive && r.example.empty()) r.example = s.text;
  }
  r.text = fmt::format("Test {} {}\nStates {}\n", r.name, q.word, states.size());
  for (const StateLine& s : states) r.text += spaced(s.text) + "\n";
  r.text += complete ? (q.holds ? "Ok\n" : "No\n") : fmt::format("Undetermined ({})\n", result.reason);
  r.text += fmt::format(
      "Witnesses\nPositive: {} Negative: {}\nCondition {}\nObservation {} {} {} {}\nTime {} {:.2f}\n",
      positive, negative, w.litmus->condition_text, r.name, seen, positive, negative, r.name, result.seconds);

  Json list = Json::array();
  for (const StateLine& s : states) list.push_back(s.text);
  r.json = {{"format", format},
            {"name", w.name},
            {"file", w.file},
            {"status", status_of(r.verdict)},
            {"reason", result.reason},
            {"states", list},
            {"condition", w.litmus->condition_text},
            {"observation", seen},
            {"states_explored", result.states},
            {"executions", result.executions},
            {"transitions", result.transitions},
            {"seconds", result.seconds}};
  return r;
}

Verdict verdict_of(scenarios::Verdict v) {
  switch (v) {
    case scenarios::Verdict::Pass: return Verdict::AsExpected;
    case scenarios::Verdict::Fail: return Verdict::Differs;
    case scenarios::Verdict::Undetermined: return Verdict::Undetermined;
  }
  return Verdict::Error;
}

/// The state that decided a failure, else one that fulfilled a `sometimes`.
std::string example_of(const scenarios::Report& report) {
  std::string fulfilled;
  for (const scenarios::ExpectationVerdict& v : report.expectations) {
    if (v.example < 0) continue;
    const std::string& text = report.states[static_cast<std::size_t>(v.example)].text;
    if (v.verdict == scenarios::Verdict::Fail) return text;
    if (fulfilled.empty()) fulfilled = text;
  }
  return fulfilled;
}

Json expectation_json(const scenarios::ExpectationVerdict& v, const scenarios::Scenario& s) {
  const scenarios::Expectation& e = s.expectations[v.expectation];
  Json met;
  if (v.verdict != scenarios::Verdict::Undetermined) met = v.verdict == scenarios::Verdict::Pass;
  return {{"expect", scenarios::name(e.kind)},
          {"condition", e.source.text},
          {"line", e.source.line},
          {"met", met},
          {"reason", v.reason},
          {"why", e.why}};
}

}  // namespace

std::string spaced(const std::string& state) {
  std::string out;
  for (std::size_t i = 0; i < state.size(); ++i) {
    out += state[i];
    if (state[i] == ';' && i + 1 < state.size() && state[i + 1] != ' ') out += ' ';
  }
  return out.empty() || out.back() == ';' ? out : out + ";";
}

CaseReport report_scenario(const std::string& format, const Workload& w, const scenarios::Seen& seen) {
  const scenarios::Report report = scenarios::judge(*w.scenario, w.variant_index, *w.build, seen);
  CaseReport r;
  r.file = w.file;
  r.name = w.title();
  r.verdict = verdict_of(report.verdict);
  r.seconds = seen.seconds;
  r.example = example_of(report);
  r.text = scenarios::render_text(report, *w.scenario);
  while (r.text.size() > 1 && r.text[r.text.size() - 2] == '\n') r.text.pop_back();

  Json states = Json::array(), expectations = Json::array();
  for (const scenarios::StateReport& s : report.states) states.push_back(s.text);
  for (const scenarios::ExpectationVerdict& v : report.expectations) {
    expectations.push_back(expectation_json(v, *w.scenario));
    if (v.verdict != scenarios::Verdict::Pass) r.findings.push_back(v.text + ": " + v.reason);
  }
  r.findings.insert(r.findings.end(), report.surprises.begin(), report.surprises.end());
  const bool partial = seen.coverage == scenarios::Coverage::Partial;
  r.json = {{"format", format},
            {"name", w.name},
            {"file", w.file},
            {"variant", w.variant},
            {"status", partial ? "undetermined" : "complete"},
            {"reason", seen.limit},
            {"verdict", name(r.verdict)},
            {"states", states},
            {"expectations", expectations},
            {"surprises", report.surprises},
            {"states_explored", seen.explored},
            {"seconds", seen.seconds}};
  return r;
}

CaseReport report_exploration(const std::string& format, const Workload& w,
                              const explore::SearchResult& result, const std::vector<StateLine>& states,
                              bool assertions) {
  CaseReport r;
  if (w.litmus) {
    r = report_litmus(format, w, result, states, assertions);
  } else {
    r = report_scenario(format, w, scenarios::seen_by_search(result, result.status == explore::Status::Complete));
    r.json["executions"] = result.executions;
    r.json["transitions"] = result.transitions;
  }
  add_warnings(w, result, r);
  return r;
}

}  // namespace isobar::tools
