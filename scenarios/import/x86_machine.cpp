#include "scenarios/import/x86_machine.h"

#include <fmt/format.h>

#include <chrono>
#include <unordered_set>

#include "scenarios/import/x86_core.h"

namespace isobar::scenarios {
namespace {

using Clock = std::chrono::steady_clock;

class Search {
 public:
  Search(const X86Program& x, const X86SearchOptions& options) : x_(x), options_(options) {}

  X86SearchResult run() {
    const Clock::time_point start = Clock::now();
    X86State first = initial_state(x_);
    for (X86Core& c : first.core) settle(c);
    push(std::move(first));
    while (!stack_.empty() && r_.complete) {
      const X86State s = std::move(stack_.back());
      stack_.pop_back();
      expand(s);
      check_limits(start);
    }
    r_.states = visited_.size();
    r_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return std::move(r_);
  }

 private:
  void check_limits(Clock::time_point start) {
    const auto stop = [&](const std::string& why) {
      r_.complete = false;
      r_.reason = why;
    };
    if (options_.interrupt != nullptr && *options_.interrupt) stop("interrupted");
    if (options_.max_states != 0 && visited_.size() > options_.max_states)
      stop(fmt::format("state limit of {} reached", options_.max_states));
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (options_.timeout_seconds > 0 && seconds > options_.timeout_seconds)
      stop(fmt::format("time limit of {} s reached", options_.timeout_seconds));
  }

  void settle(X86Core& c) {
    if (!run_local(x_, c)) {
      r_.complete = false;
      r_.reason = "a thread runs for ever without touching memory";
    }
  }

  void push(X86State s) {
    if (visited_.insert(fingerprint(s)).second) stack_.push_back(std::move(s));
  }

  void expand(const X86State& s) {
    bool finished = true;
    for (unsigned t = 0; t < s.core.size(); ++t) {
      const X86Core& c = s.core[t];
      for (std::size_t e = 0; e < c.buffer.size(); ++e) {
        if (!may_leave(c, e)) continue;
        X86State next = s;
        leave(next, t, e);
        settle(next.core[t]);
        take(std::move(next));
        finished = false;
      }
      for (const X86Step step : steps(x_, s, t)) {
        X86State next = s;
        execute(x_, next, t, step);
        settle(next.core[t]);
        take(std::move(next));
        finished = false;
      }
    }
    if (finished) ++r_.outcomes[observe(x_, s)];
  }

  void take(X86State s) {
    ++r_.transitions;
    push(std::move(s));
  }

  const X86Program& x_;
  const X86SearchOptions& options_;
  X86SearchResult r_;
  std::vector<X86State> stack_;
  std::unordered_set<std::string> visited_;
};

}  // namespace

X86SearchResult search_x86(const X86Program& x, const X86SearchOptions& options) {
  return Search(x, options).run();
}

std::set<std::string> state_texts(const X86Program& x, const X86SearchResult& r) {
  std::set<std::string> texts;
  for (const auto& [outcome, count] : r.outcomes)
    if (passes_filter(x.program, outcome)) texts.insert(state_text(x.program, outcome));
  return texts;
}

}  // namespace isobar::scenarios
