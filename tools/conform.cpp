#include "tools/conform.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "explore/search.h"
#include "scenarios/import/reference_outcomes.h"
#include "scenarios/import/x86_machine.h"
#include "tools/interrupt.h"

namespace isobar::tools {
namespace {

using scenarios::ReferenceOutcome;

enum class Status : u8 { NotRun, Loaded, Complete, Undetermined, Unsupported, Error };

/// What one test came to.
struct Comparison {
  Status status = Status::NotRun;
  std::string reason;
  scenarios::StateDifference difference;
  scenarios::StateDifference flags;  ///< of the warnings
  double cpu_seconds = 0;

  bool exact() const { return status == Status::Complete && difference.exact(); }
};

/// For the list of tests; a complete test is listed by its difference only.
const char* name(Status s) {
  switch (s) {
    case Status::Undetermined: return " undetermined";
    case Status::Unsupported: return " unsupported";
    case Status::Error: return " error";
    case Status::NotRun:
    case Status::Loaded:
    case Status::Complete: break;
  }
  return "";
}

/// One line of the table.
struct Row {
  u64 tests = 0, exact = 0, missing = 0, extra = 0, flags = 0, unsupported = 0, undetermined = 0, error = 0;
  double cpu_seconds = 0;

  void add(const Comparison& c) {
    ++tests;
    exact += c.exact();
    missing += !c.difference.missing.empty();
    extra += !c.difference.extra.empty();
    flags += !c.flags.exact();
    unsupported += c.status == Status::Unsupported;
    undetermined += c.status == Status::Undetermined;
    error += c.status == Status::Error;
    cpu_seconds += c.cpu_seconds;
  }
};

/// CPU time of the calling thread.
double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

void explore_x86_and_compare(const ConformOptions& options, const scenarios::LitmusTest& test,
                             const ReferenceOutcome& reference, Comparison& c) {
  scenarios::LitmusOptions litmus;
  litmus.variants = reference.variants;
  const scenarios::X86Program x = scenarios::build_x86(test, litmus);
  c.status = Status::Loaded;
  if (options.load_only) return;
  const scenarios::X86SearchResult found =
      scenarios::search_x86(x, {options.max_states, options.timeout_seconds, &interrupt_flag()});
  const std::set<std::string> states = scenarios::state_texts(x, found);
  c.difference = scenarios::compare_states(reference.states, {states.begin(), states.end()});
  c.status = found.complete ? Status::Complete : Status::Undetermined;
  c.reason = found.reason;
  if (!found.complete) c.difference.missing.clear();
}

void explore_and_compare(const ConformOptions& options, const ReferenceOutcome& reference, Comparison& c) {
  const scenarios::LitmusTest test = scenarios::read_reference_test(options.directory, reference);
  if (scenarios::is_x86(test)) return explore_x86_and_compare(options, test, reference, c);
  scenarios::LitmusOptions litmus;
  litmus.variants = reference.variants;
  const scenarios::LitmusProgram p = scenarios::build_litmus(test, litmus);
  c.status = Status::Loaded;
  if (options.load_only) return;
  const model::Machine machine(p.config, p.program);
  explore::SearchOptions search;
  search.reduction = options.reduction;
  search.max_states = options.max_states;
  search.timeout_seconds = options.timeout_seconds;
  search.witnesses = false;
  search.interrupt = &interrupt_flag();
  const explore::SearchResult found = explore::search(machine, p.observables, search);
  std::set<std::string> states, faults;
  std::set<std::string> flags(p.flags.begin(), p.flags.end());
  for (const auto& [outcome, info] : found.outcomes) {
    if (!scenarios::passes_filter(p, outcome)) continue;
    states.insert(scenarios::state_text(p, outcome));
    for (std::size_t i = 0; i < model::kFlagNames.size(); ++i)
      if (info.flags[i].count != 0) flags.insert(std::string(model::kFlagNames[i].name));
    for (const std::string& f : scenarios::unexpected_faults(p, outcome)) faults.insert(f);
  }
  c.difference = scenarios::compare_states(reference.states, {states.begin(), states.end()});
  c.flags = scenarios::compare_states(reference.flags, {flags.begin(), flags.end()});
  c.status = Status::Complete;
  if (found.status == explore::Status::Undetermined) {
    c.status = Status::Undetermined;
    c.reason = found.reason;
    c.flags.missing.clear();
    c.difference.missing.clear();  // not all states are known; one too many is one too many all the same
  }
  for (const std::string& f : faults) c.reason += (c.reason.empty() ? "" : ", ") + f;
}

Comparison compare(const ConformOptions& options, const ReferenceOutcome& reference) {
  Comparison c;
  const double start = thread_seconds();
  try {
    explore_and_compare(options, reference, c);
  } catch (const scenarios::UnsupportedError& e) {
    c.status = Status::Unsupported;
    c.reason = e.reason();
  } catch (const InputError& e) {
    c.status = Status::Error;
    c.reason = e.what();
  }
  c.cpu_seconds = thread_seconds() - start;
  return c;
}

/// Compares all tests, `jobs` at a time. An exception that is no finding about a test ends the whole run.
std::vector<Comparison> compare_all(const ConformOptions& options,
                                    const std::vector<ReferenceOutcome>& tests) {
  std::vector<Comparison> results(tests.size());
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < tests.size() && !interrupt_flag(); i = next++)
        results[i] = compare(options, tests[i]);
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      failure = std::current_exception();
      next = tests.size();
    }
  };
  std::vector<std::thread> threads;
  const std::size_t jobs = std::clamp<std::size_t>(options.jobs, 1, tests.size());
  for (std::size_t i = 1; i < jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  if (failure) std::rethrow_exception(failure);
  if (interrupt_flag()) {
    for (Comparison& c : results) {
      if (c.status != Status::NotRun) continue;
      c.status = Status::Undetermined;
      c.reason = "interrupted";
    }
  }
  return results;
}

std::vector<ReferenceOutcome> selected(const ConformOptions& options) {
  std::vector<ReferenceOutcome> tests = scenarios::read_reference_outcomes(options.directory);
  std::set<std::string> known;
  for (const ReferenceOutcome& t : tests) known.insert(t.group);
  for (const std::string& g : options.groups) {
    if (known.count(g) == 0)
      throw InputError(
          Diagnostic{{"--group", 0, 0}, fmt::format("there is no group '{}' in {}", g, options.directory)});
  }
  const auto unwanted = [&](const ReferenceOutcome& t) {
    const bool in_group = options.groups.empty() || std::find(options.groups.begin(), options.groups.end(),
                                                              t.group) != options.groups.end();
    return !in_group || t.test.find(options.match) == std::string::npos;
  };
  tests.erase(std::remove_if(tests.begin(), tests.end(), unwanted), tests.end());
  if (tests.empty()) throw InputError(Diagnostic{{options.directory, 0, 0}, "no test is selected"});
  return tests;
}

void list(const ConformOptions& options, const ReferenceOutcome& test, const Comparison& c,
          std::ostream& out) {
  if ((c.exact() && c.flags.exact()) || c.status == Status::Loaded) return;
  out << test.test << ":" << name(c.status);
  if (!c.reason.empty()) out << " (" << c.reason << ")";
  if (!c.difference.missing.empty()) out << " missing " << c.difference.missing.size();
  if (!c.difference.extra.empty()) out << " extra " << c.difference.extra.size();
  out << "\n";
  const auto show = [&](const char* sign, const std::vector<std::string>& states) {
    for (std::size_t i = 0; i < states.size() && i < options.list_states; ++i)
      out << "  " << sign << states[i] << "\n";
    if (states.size() > options.list_states)
      out << "  " << sign << "... " << states.size() - options.list_states << " more\n";
  };
  show("-", c.difference.missing);
  show("+", c.difference.extra);
  for (const std::string& f : c.flags.missing) out << "  -flag " << f << "\n";
  for (const std::string& f : c.flags.extra) out << "  +flag " << f << "\n";
}

void print(const std::string& name, const Row& r, std::ostream& out) {
  out << fmt::format("{:<16}{:>7}{:>7}{:>9}{:>7}{:>7}{:>13}{:>14}{:>7}{:>10.2f}\n", name, r.tests, r.exact,
                     r.missing, r.extra, r.flags, r.unsupported, r.undetermined, r.error, r.cpu_seconds);
}

}  // namespace

ExitStatus run_conform(const ConformOptions& options, std::ostream& out) {
  const std::vector<ReferenceOutcome> tests = selected(options);
  const std::vector<Comparison> results = compare_all(options, tests);
  std::map<std::string, Row> rows;
  Row total;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (options.list) list(options, tests[i], results[i], out);
    rows[tests[i].group].add(results[i]);
    total.add(results[i]);
  }
  out << fmt::format("{:<16}{:>7}{:>7}{:>9}{:>7}{:>7}{:>13}{:>14}{:>7}{:>10}\n", "group", "tests", "exact",
                     "missing", "extra", "flags", "unsupported", "undetermined", "error", "CPU s");
  for (const auto& [group, row] : rows) print(group, row, out);
  if (rows.size() > 1) print("total", total, out);
  if (total.missing != 0 || total.extra != 0) return ExitStatus::Differs;
  if (total.error != 0) return ExitStatus::BadInput;
  return total.undetermined != 0 ? ExitStatus::Undetermined : ExitStatus::AsExpected;
}

}  // namespace isobar::tools
