// One line on the terminal that says how far a search is. Silent when standard error is not a terminal.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

#include "explore/search.h"

namespace isobar::tools {

/// Draws "name: N states ..." on standard error, replacing what it drew before; the destructor erases it. May
/// be told from several threads; draws at most every 100 ms.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool visible() const { return visible_; }
  void update(const std::string& name, const explore::Progress& p);
  /// Free text, for work that is not a search.
  void update(const std::string& text);
  /// Wipes the line, so that something else can be printed. The next update draws it again.
  void erase();

 private:
  void draw(const std::string& text);

  bool visible_ = false;
  bool drawn_ = false;
  double last_ = 0;
  std::mutex mutex_;
};

/// Host time since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point began_ = Clock::now();
};

/// 1234567 as "1,234,567".
std::string with_thousands(u64 n);

}  // namespace isobar::tools
