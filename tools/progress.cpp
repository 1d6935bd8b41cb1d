#include "tools/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace isobar::tools {

namespace {
constexpr double kInterval = 0.1;  // seconds between two drawings

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}
}  // namespace

std::string with_thousands(u64 n) {
  std::string digits = std::to_string(n);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

ProgressLine::ProgressLine() : visible_(isatty(STDERR_FILENO) != 0) {}
ProgressLine::~ProgressLine() {
  erase();
}

void ProgressLine::update(const std::string& name, const explore::Progress& p) {
  if (!visible_) return;
  const double rate = p.seconds > 0 ? static_cast<double>(p.states) / p.seconds : 0;
  // Too early a share says nothing about the rest.
  const std::string rest = p.done < 0.001 ? ""
                                          : fmt::format(", ~{:.0f} % done, ~{:.0f} s left", 100 * p.done,
                                                        p.seconds * (1 - p.done) / p.done);
  update(fmt::format("{}: {} states, {} outcomes, {:.1f} s, {} states/s{}, depth {}, {} transitions", name,
                     with_thousands(p.states), p.outcomes, p.seconds, with_thousands(static_cast<u64>(rate)), rest,
                     p.frontier, with_thousands(p.transitions)));
}

void ProgressLine::update(const std::string& text) {
  if (!visible_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const double t = now();
  if (drawn_ && t - last_ < kInterval) return;
  last_ = t;
  draw(text);
}

void ProgressLine::draw(const std::string& text) {
  // "\r" and "erase to end of line": the shorter text leaves nothing of the longer one.
  std::fprintf(stderr, "\r%s\033[K", text.substr(0, terminal_width() - 1).c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressLine::erase() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace isobar::tools
