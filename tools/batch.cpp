#include "tools/batch.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "scenarios/import/litmus_program.h"
#include "support/diagnostic.h"
#include "tools/files.h"
#include "tools/interrupt.h"

namespace isobar::tools {

namespace {

/// The threads' common state.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;
  std::map<std::size_t, std::vector<CaseReport>> finished;
  std::exception_ptr error;
};

void work_until_done(Shared& shared, std::size_t count,
                     const std::function<std::vector<CaseReport>(std::size_t)>& work) {
  for (;;) {
    std::size_t mine = 0;
    {
      const std::lock_guard<std::mutex> lock(shared.mutex);
      if (shared.next == count || shared.error) return;
      mine = shared.next++;
    }
    std::vector<CaseReport> reports;
    std::exception_ptr error;
    try {
      reports = work(mine);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(shared.mutex);
    if (error) shared.error = error;
    shared.finished[mine] = std::move(reports);
    shared.changed.notify_all();
  }
}

CaseReport undetermined(const std::string& format, const std::string& file, const std::string& reason) {
  CaseReport r = error_report(format, file, {reason});
  r.verdict = Verdict::Undetermined;
  r.json["status"] = "undetermined";
  return r;
}

}  // namespace

void run_batch(std::size_t count, unsigned jobs,
               const std::function<std::vector<CaseReport>(std::size_t)>& work,
               const std::function<void(const std::vector<CaseReport>&)>& done) {
  Shared shared;
  std::vector<std::jthread> threads;
  for (std::size_t n = std::min<std::size_t>(std::max(jobs, 1u), count); n != 0; --n) {
    threads.emplace_back([&] { work_until_done(shared, count, work); });
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<CaseReport> reports;
    {
      std::unique_lock<std::mutex> lock(shared.mutex);
      shared.changed.wait(lock, [&] { return shared.finished.count(i) != 0 || shared.error; });
      if (shared.error) break;
      reports = std::move(shared.finished[i]);
      shared.finished.erase(i);
    }
    try {
      done(reports);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(shared.mutex);
      shared.error = std::current_exception();
      break;
    }
  }
  threads.clear();  // joins
  if (shared.error) std::rethrow_exception(shared.error);
}

std::vector<CaseReport> guarded(const std::string& format, const std::string& file,
                                const std::function<std::vector<CaseReport>()>& work) {
  if (interrupt_flag()) return {undetermined(format, file, "interrupted before it started")};
  try {
    return work();
  } catch (const scenarios::UnsupportedError& e) {
    CaseReport r = error_report(format, file, {e.what()});
    r.verdict = Verdict::Unsupported;
    r.json["status"] = "unsupported";
    r.json["reason"] = e.reason();
    return {r};
  } catch (const InputError& e) {
    std::vector<std::string> lines;
    for (const Diagnostic& d : e.diagnostics()) lines.push_back(to_string(d));
    return {error_report(format, file, lines)};
  } catch (const std::bad_alloc&) {
    return {undetermined(format, file, "memory ran out")};
  }
}

void ReportPrinter::print(const std::vector<CaseReport>& reports) {
  for (const CaseReport& r : reports) {
    if (options_.json) {
      std::printf("%s\n", r.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    } else if (!r.text.empty()) {
      std::printf("%s\n", r.text.c_str());
    }
    std::fflush(stdout);
    // Text for people: what has no block of its own is said where errors are said.
    if (!options_.json && r.text.empty()) {
      for (const std::string& line : r.findings) std::fprintf(stderr, "%s\n", line.c_str());
    }
    all_.push_back(r);
    // The text was printed; JUnit needs it only where something is wrong.
    if (options_.junit_file.empty()) all_.back().text.clear();
    all_.back().json.clear();
  }
}

ExitStatus ReportPrinter::finish() {
  if (!options_.json && all_.size() > 1) std::printf("%s\n", summary(all_).c_str());
  if (!options_.junit_file.empty()) write_file(options_.junit_file, junit(options_.suite, all_));
  ExitStatus status = ExitStatus::AsExpected;
  for (const CaseReport& r : all_) status = worst(status, exit_status(r.verdict));
  return status;
}

}  // namespace isobar::tools
