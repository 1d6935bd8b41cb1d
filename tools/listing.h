// The names that commands use of session/listing.h.
#pragma once

#include "session/listing.h"
#include "tools/workload.h"

namespace isobar::tools {

using session::CodeLine;
using session::kSharedCode;
using session::Listing;
using session::set_word;
using session::word_at;

}  // namespace isobar::tools
