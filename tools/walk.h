// The names that commands use of session/walk.h.
#pragma once

#include "session/walk.h"
#include "tools/workload.h"

namespace isobar::tools {

using session::walk;
using session::WalkStep;

}  // namespace isobar::tools
