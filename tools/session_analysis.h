// What the server of sessions is told of a test: how it can be changed, and why a state of it is forbidden.
#pragma once

#include "serve/service.h"

namespace isobar::tools {

serve::Analysis session_analysis();

}  // namespace isobar::tools
