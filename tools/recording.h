// The names that commands use of session/recording.h.
#pragma once

#include "session/recording.h"
#include "tools/workload.h"

namespace isobar::tools {

using session::describe;
using session::make_trace;
using session::Repeater;
using session::run_steps;
using session::Step;
using session::steps_of;
using session::to_text;
using session::trace_header;
using session::untimed;
using session::workload_of;

}  // namespace isobar::tools
