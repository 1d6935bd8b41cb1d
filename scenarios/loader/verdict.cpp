#include "scenarios/loader/verdict.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::scenarios {

namespace {

class Judge {
 public:
  Judge(const Scenario& scenario, unsigned variant, const Build& b, const Seen& seen, Report& report)
      : scenario_(scenario), variant_(variant), build_(b), seen_(seen), report_(report) {}

  void run() {
    for (unsigned e = 0; e < scenario_.expectations.size(); ++e) {
      if (scenario_.expectations[e].applies_to(variant_)) judge_one(e);
    }
    find_surprises();
    if (report_.states.empty() && seen_.coverage != Coverage::Partial) {
      report_.surprises.push_back("no run comes to an end: some thread loops for ever on every path");
    }
    report_.verdict = overall();
  }

 private:
  bool complete() const { return seen_.coverage != Coverage::Partial; }

  /// "in 1200 states", "after 10000000 states": how far the drivers looked.
  std::string partial() const {
    return fmt::format("not all was looked at ({})",
                       seen_.limit.empty() ? "a limit was reached" : seen_.limit);
  }

  void judge_one(unsigned index) {
    const Expectation& e = scenario_.expectations[index];
    ExpectationVerdict v;
    v.expectation = index;
    if (e.kind == Expectation::Kind::States) {
      judge_states(e, v);
    } else {
      v.text = fmt::format("{} {}", name(e.kind), e.source.text);
      for (unsigned s = 0; s < report_.states.size(); ++s) {
        if (!holds(e.condition, report_.states[s].values)) continue;
        v.states.push_back(s);
        report_.states[s].expectations.push_back(index);
      }
      judge_condition(e, v);
    }
    report_.expectations.push_back(std::move(v));
  }

  void judge_condition(const Expectation& e, ExpectationVerdict& v) {
    const std::size_t all = report_.states.size();
    const std::size_t hits = v.states.size();
    const std::string share = fmt::format("{} of {} state{}", hits, all, all == 1 ? "" : "s");
    switch (e.kind) {
      case Expectation::Kind::Never:
        if (hits > 0) {
          fail(v, share + (hits == 1 ? " shows it" : " show it"), v.states.front());
        } else {
          settle(v, complete(), fmt::format("none of {} state{} shows it", all, all == 1 ? "" : "s"));
        }
        return;
      case Expectation::Kind::Sometimes:
        if (hits > 0) {
          v.reason = share + (hits == 1 ? " shows it" : " show it");
          v.example = static_cast<int>(v.states.front());
        } else if (complete()) {
          fail(v, fmt::format("none of {} state{} shows it", all, all == 1 ? "" : "s"), -1);
        } else {
          settle(v, false, "not seen");
        }
        return;
      case Expectation::Kind::Always:
        if (all == 0 && complete()) {
          fail(v, "there is no final state", -1);
        } else if (hits < all) {
          unsigned other = 0;
          while (std::find(v.states.begin(), v.states.end(), other) != v.states.end()) ++other;
          fail(v, fmt::format("only {} {} it", share, hits == 1 ? "shows" : "show"), static_cast<int>(other));
        } else {
          settle(v, complete(),
                 all == 1 ? "the only state shows it" : fmt::format("all {} states show it", all));
        }
        return;
      case Expectation::Kind::States: return;
    }
  }

  void judge_states(const Expectation& e, ExpectationVerdict& v) {
    v.text = fmt::format("states: exactly the {} listed", e.states.size());
    std::vector<bool> reached(e.states.size(), false);
    for (unsigned s = 0; s < report_.states.size(); ++s) {
      bool listed = false;
      for (std::size_t k = 0; k < e.states.size(); ++k) {
        if (!holds(e.states[k], report_.states[s].values)) continue;
        listed = true;
        reached[k] = true;
      }
      if (listed) {
        report_.states[s].expectations.push_back(v.expectation);
      } else {
        v.states.push_back(s);
      }
    }
    const auto absent = std::find(reached.begin(), reached.end(), false);
    const std::size_t missing = static_cast<std::size_t>(std::count(reached.begin(), reached.end(), false));
    if (!v.states.empty()) {
      fail(v,
           fmt::format("{} state{} not in the list", v.states.size(), v.states.size() == 1 ? " is" : "s are"),
           static_cast<int>(v.states.front()));
    } else if (absent != reached.end() && complete()) {
      fail(v,
           fmt::format("{} listed state{} not reached, the first is '{}'", missing,
                       missing == 1 ? " is" : "s are",
                       e.state_texts[static_cast<std::size_t>(absent - reached.begin())].text),
           -1);
    } else {
      settle(v, complete(),
             missing == 0 ? "all listed states are reached and no other" : "no other state was seen");
    }
  }

  void fail(ExpectationVerdict& v, std::string reason, long example) {
    v.verdict = Verdict::Fail;
    v.reason = std::move(reason);
    v.example = static_cast<int>(example);
  }
  void settle(ExpectationVerdict& v, bool known, std::string reason) {
    v.verdict = known ? Verdict::Pass : Verdict::Undetermined;
    v.reason = known ? std::move(reason) : reason + ", but " + partial();
  }

  bool spoken_of(unsigned observed) const {
    return std::any_of(
        scenario_.expectations.begin(), scenario_.expectations.end(),
        [&](const Expectation& e) { return e.applies_to(variant_) && mentions(e.condition, observed); });
  }

  void find_surprises() {
    for (unsigned i = 0; i < scenario_.observed.size(); ++i) {
      const Observed& o = scenario_.observed[i];
      const bool fault = o.kind == Observed::Kind::Fault;
      if ((!fault && o.kind != Observed::Kind::Waiting) || spoken_of(i)) continue;
      for (const StateReport& s : report_.states) {
        const Value& v = s.values.at(i);
        if (v.lo == 0 && v.hi == 0) continue;
        const std::string& thread = scenario_.threads.at(o.thread).name;
        report_.surprises.push_back(
            fault ? fmt::format("{} stops with a fault that no expectation speaks of: {}", thread,
                                fault_text(scenario_, build_, s.values, i))
                  : fmt::format("{} never reaches its end, and no expectation speaks of it: {}", thread,
                                s.text));
        break;
      }
    }
  }

  Verdict overall() const {
    const auto any = [&](Verdict wanted) {
      return std::any_of(report_.expectations.begin(), report_.expectations.end(),
                         [&](const ExpectationVerdict& v) { return v.verdict == wanted; });
    };
    if (!report_.surprises.empty() || any(Verdict::Fail)) return Verdict::Fail;
    return any(Verdict::Undetermined) ? Verdict::Undetermined : Verdict::Pass;
  }

  const Scenario& scenario_;
  unsigned variant_;
  const Build& build_;
  const Seen& seen_;
  Report& report_;
};

std::string_view word(Verdict v) {
  switch (v) {
    case Verdict::Pass: return "ok";
    case Verdict::Fail: return "FAIL";
    case Verdict::Undetermined: return "undetermined";
  }
  return {};
}

/// `text` with every line indented.
std::string indented(std::string_view text, std::size_t by) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += std::string(by, ' ') + std::string(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string_view name(Verdict v) {
  switch (v) {
    case Verdict::Pass: return "pass";
    case Verdict::Fail: return "fail";
    case Verdict::Undetermined: return "undetermined";
  }
  return {};
}

Report judge(const Scenario& scenario, unsigned variant, const Build& b, const Seen& seen) {
  Report r;
  r.file = scenario.file;
  r.scenario = scenario.name;
  r.variant = scenario.variants.at(variant).name;
  r.description = scenario.description;
  r.coverage = seen.coverage;
  r.limit = seen.limit;
  r.explored = seen.explored;
  r.seconds = seen.seconds;
  for (const Seen::State& s : seen.states) {
    StateReport state;
    state.outcome = s.outcome;
    state.values = final_values(scenario, b, s.outcome);
    state.text = state_text(scenario, b, state.values);
    state.count = s.count;
    r.states.push_back(std::move(state));
  }
  Judge(scenario, variant, b, seen, r).run();
  return r;
}

std::string render_text(const Report& report, const Scenario& scenario) {
  std::string out =
      fmt::format("Test {}{}\n", report.scenario, report.variant.empty() ? "" : " on " + report.variant);
  out += fmt::format("States {}\n", report.states.size());
  for (const StateReport& s : report.states) {
    std::string marks;
    for (const unsigned e : s.expectations) marks += fmt::format(" #{}", e + 1);
    out += fmt::format("{:>8}  {}{}{}\n", s.count, s.text.empty() ? "(nothing is looked at)" : s.text,
                       marks.empty() ? "" : "  <-", marks);
  }
  for (const ExpectationVerdict& v : report.expectations) {
    out += fmt::format("{} #{} {}: {}\n", word(v.verdict), v.expectation + 1, v.text, v.reason);
    if (v.verdict == Verdict::Fail && v.example >= 0) {
      out += fmt::format("    for example {}\n", report.states[static_cast<std::size_t>(v.example)].text);
    }
    out += indented(scenario.expectations[v.expectation].why, 4);
  }
  for (const std::string& s : report.surprises) out += "FAIL " + s + "\n";
  out += fmt::format("Result {}{}\n\n", name(report.verdict),
                     report.coverage == Coverage::Partial
                         ? fmt::format(" (not all was looked at: {})",
                                       report.limit.empty() ? "a limit was reached" : report.limit)
                         : "");
  return out;
}

}  // namespace isobar::scenarios
