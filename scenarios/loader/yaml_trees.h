// Parsed texts, so that a program without a parser can read them.
#pragma once

#include <map>
#include <string>

#include "scenarios/loader/yaml.h"
#include "support/recorder.h"

namespace isobar::scenarios {

/// What parse_yaml() made of a text without a byte order mark.
using Trees = std::map<std::string, Node>;

/// Everything that the calling thread parses is added to them, except texts that are not YAML.
using TreeRecorder = Recorder<Trees>;

}  // namespace isobar::scenarios
