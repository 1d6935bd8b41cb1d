#include "tools/interrupt.h"

#include <csignal>

namespace isobar::tools {

namespace {
std::atomic<bool> flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the flag is set from a signal handler");

extern "C" void on_signal(int signal) {
  flag.store(true);
  // The next one is not caught: a search that does not poll can still be stopped.
  std::signal(signal, SIG_DFL);
}
}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

const std::atomic<bool>& interrupt_flag() {
  return flag;
}

}  // namespace isobar::tools
