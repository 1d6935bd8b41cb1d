// Header lines and command-line options of a litmus test as parameters of a machine.
#pragma once

#include "scenarios/import/litmus_program.h"

namespace isobar::scenarios {

/// What the header lines of a test ask for.
struct LitmusMachine {
  model::MachineConfig config;
  bool page_tables = false;  ///< variant vmsa: every location is in a page with a descriptor
  bool mixed_sizes = false;  ///< variant mixed
  /// Variants fatal, faultToNext, handled: what a fault does that no handler takes.
  model::UntakenException untaken = model::UntakenException::Stops;
  std::vector<bool> el0;     ///< per thread: header EL0=P0,P2; empty if there is none
};

/// What the header lines Variant=, CacheType=, TSO=, TSOFlavour=, EL0= and `options` ask for, with `threads` cores.
/// Throws UnsupportedError or InputError.
LitmusMachine litmus_machine(const LitmusTest& test, unsigned threads, const LitmusOptions& options);

}  // namespace isobar::scenarios
