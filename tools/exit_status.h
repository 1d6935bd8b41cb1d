// What the process tells its caller. Other programs rely on these numbers.
#pragma once

namespace isobar::tools {

enum class ExitStatus : int {
  AsExpected = 0,    ///< everything came out as the input says
  Differs = 1,       ///< a verdict, a digest or an outcome set differs from what was expected
  BadInput = 2,      ///< a file, an option or a path is wrong
  Undetermined = 3,  ///< a bound was hit (states, time, Ctrl-C) before the answer was known
  Internal = 4,      ///< a fault of Isobar itself
};

/// The status of two jobs together. What makes a result least trustworthy wins: an internal error over bad
/// input over a differing verdict over an undetermined one.
ExitStatus worst(ExitStatus a, ExitStatus b);

}  // namespace isobar::tools
