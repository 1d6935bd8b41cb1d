// The names that commands use of session/goal.h.
#pragma once

#include "session/goal.h"
#include "tools/workload.h"

namespace isobar::tools {

using session::Goal;
using session::goal_of;

}  // namespace isobar::tools
