// Header lines and command-line options of a litmus test as parameters of a machine.
#pragma once

#include "scenarios/import/litmus_program.h"

namespace isobar::scenarios {

/// The machine that the header lines Variant=, CacheType=, TSO=, TSOFlavour= and `options` ask for, with
/// `threads` cores. Throws UnsupportedError or InputError.
model::MachineConfig litmus_machine(const LitmusTest& test, unsigned threads, const LitmusOptions& options);

}  // namespace isobar::scenarios
