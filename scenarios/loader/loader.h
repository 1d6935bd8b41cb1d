// The YAML scenario format: docs/scenarios.md describes it, schema/scenario.schema.json states it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/loader/reader.h"
#include "scenarios/loader/scenario.h"

namespace isobar::scenarios {

/// Reads, checks, lays out and assembles a scenario. Throws InputError with every error that was found, each
/// with line and column; an unreadable file is one too.
Scenario load_scenario(const std::string& path);

/// The same for text; `file` is the name in messages.
Scenario parse_scenario(std::string_view text, const std::string& file);

/// Every kind of map of the format with the keys it accepts; the names are those of the definitions in the
/// schema.
std::vector<Section> accepted_sections();

/// Most threads of a scenario with a kernel; without one it is kMaxCores.
inline constexpr std::size_t kMaxThreads = 64;
inline constexpr std::size_t kMaxLocations = 256;
inline constexpr std::size_t kMaxVariants = 32;
inline constexpr std::size_t kMaxExpectations = 256;

}  // namespace isobar::scenarios
