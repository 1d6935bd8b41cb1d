// Ctrl-C as a request: long work polls a flag and ends with what it has.
#pragma once

#include <atomic>

namespace isobar::tools {

/// Makes SIGINT and SIGTERM set interrupt_flag(). A second signal ends the process at once with the usual
/// status of that signal.
void catch_interrupts();

/// True once the user has asked to stop.
const std::atomic<bool>& interrupt_flag();

}  // namespace isobar::tools
