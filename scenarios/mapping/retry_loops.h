// Loops of exclusives in the sequences of a mapping.
#pragma once

#include "scenarios/mapping/mapping.h"

namespace isobar::scenarios {

/// Does every exclusive store that fails lead straight back to a label before its load, in a round that reads
/// nothing of the round before? Then a round that fails only makes a run longer: leaving it out leaves a run
/// with the same outcome.
bool failing_exclusives_only_repeat(const Mapping& m);

}  // namespace isobar::scenarios
