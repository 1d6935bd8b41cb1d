// Verdicts on mappings for people and programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/mapping_change.h"
#include "tools/report.h"

namespace isobar::tools {

inline constexpr const char* kMappingFormat = "isobar-mapping/1";
inline constexpr const char* kMatrixFormat = "isobar-mapping-matrix/1";

/// A verdict as a report: Differs if the mapping is broken, with the shortest run to an outcome that x86
/// forbids and, if `repair` is set, the cheapest change of the mapping that forbids it.
CaseReport report_mapping(const X86Test& test, const scenarios::Mapping& mapping, bool repair);

/// Barriers and annotations that no test needs; only asked of mappings that are right on all of `tests`.
std::vector<std::string> superfluous(const std::vector<X86Test>& tests, const scenarios::Mapping& mapping,
                                     unsigned jobs);

struct Matrix {
  std::vector<scenarios::Mapping> mappings;
  std::vector<X86Test> tests;
  std::vector<std::vector<MappingVerdict>> verdicts;  ///< by mapping, then by test
};
/// Judges every mapping on every test, `jobs` at a time.
Matrix judge_all(std::vector<scenarios::Mapping> mappings, std::vector<X86Test> tests, unsigned jobs);

std::string matrix_text(const Matrix& m);
nlohmann::ordered_json matrix_json(const Matrix& m);
/// One page without anything from elsewhere; light and dark.
std::string matrix_html(const Matrix& m);

}  // namespace isobar::tools
