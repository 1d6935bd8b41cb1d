// From a QEMU log to a scenario: translated blocks of an x86-64 guest as the threads of a machine.
//
// Each thread enters a block through QEMU's own entry code, with a CPU state, a host stack and a guest stack of its own, and
// leaves through QEMU's exit code; if asked, it goes on with the block that the guest goes on with. Knows the layout of CPUX86State in QEMU 7.2 to 10.0.
#pragma once

#include <string>
#include <vector>

#include "scenarios/import/guest.h"
#include "scenarios/import/qemu.h"

namespace isobar::scenarios {

struct QemuScenarioOptions {
  GuestOptions guest;
  std::vector<std::string> threads;  ///< guest functions (symbol or 0x address of a block, or NAME= and either), one thread each
  /// Which translation of a block: 1 is the first one. QEMU translates all code again when the process becomes
  /// multi-threaded. 0: the last.
  unsigned translation = 0;
  /// Functions, or 0x addresses of single blocks: where a block leaves for the guest address of one of their blocks, or
  /// of a block of `threads`, the thread goes on there as QEMU's main loop does. Empty: a thread runs one block.
  std::vector<std::string> follow;
};

/// YAML text of the scenario; what is observed are the guest registers and variables. Throws InputError: no prologue in
/// the log, no such block or translation, no block of a followed function, a name that is not an identifier, a helper whose work is not known without
/// `stub_helpers` (the lookup of the next block is known: it leaves the translated code).
std::string qemu_scenario(const QemuLog& log, const std::string& file, const QemuScenarioOptions& options);

/// Which layout of CPUX86State a log is taken to have: "7.2", or "10.0" for all later ones. They differ in vector registers
/// and lazy flags only.
std::string qemu_version(const QemuLog& log);

/// One line per block: translation, guest address, symbol, host address, words, barriers.
std::string list_blocks(const QemuLog& log);

}  // namespace isobar::scenarios
