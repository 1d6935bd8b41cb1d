// Many inputs at once: work on several threads, results in the order of the inputs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/report.h"

namespace isobar::tools {

/// Calls `work(i)` for i in [0, count) on up to `jobs` threads and `done` with each result, in order of i, on
/// the calling thread and as early as possible. An exception of `work` or `done` is thrown again here once no
/// thread runs.
void run_batch(std::size_t count, unsigned jobs,
               const std::function<std::vector<CaseReport>(std::size_t)>& work,
               const std::function<void(const std::vector<CaseReport>&)>& done);

/// `work` with everything that may be wrong with one input turned into a report of that input: wrong files,
/// tests that need what the model does not have, memory that runs out. Internal errors pass.
std::vector<CaseReport> guarded(const std::string& format, const std::string& file,
                                const std::function<std::vector<CaseReport>()>& work);

/// Where the reports of a command go.
struct OutputOptions {
  bool json = false;       ///< one JSON object per line instead of text
  std::string junit_file;  ///< empty: none
  std::string suite;       ///< name of the JUnit suite
};

/// Prints reports as they come and remembers them for the closing line, the JUnit file and the exit status.
class ReportPrinter {
 public:
  explicit ReportPrinter(OutputOptions options) : options_(std::move(options)) {}

  void print(const std::vector<CaseReport>& reports);
  /// Text: a summary line if there was more than one report. Writes the JUnit file. Returns the exit status.
  ExitStatus finish();

 private:
  OutputOptions options_;
  std::vector<CaseReport> all_;
};

}  // namespace isobar::tools
