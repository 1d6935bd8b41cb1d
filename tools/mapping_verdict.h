// Is a mapping right on an x86 test? The outcomes of the translation on the Arm machine against those of
// x86-TSO.
#pragma once

#include <string>
#include <vector>

#include "scenarios/mapping/translate.h"
#include "tools/mapping_suite.h"
#include "tools/progress.h"
#include "tools/workload.h"

namespace isobar::tools {

enum class MappingFit : u8 {
  Correct,       ///< exactly the outcomes of x86
  Broken,        ///< an outcome that x86 forbids
  Stronger,      ///< some outcomes of x86 never happen
  Undetermined,  ///< a limit was hit
  Unsupported,   ///< the test cannot be translated
};
std::string_view name(MappingFit f);

struct MappingVerdict {
  MappingFit fit = MappingFit::Correct;
  std::vector<std::string> forbidden;  ///< states of the translation that x86 does not have
  std::vector<std::string> missing;    ///< states of x86 that the translation does not have
  std::size_t x86_states = 0, arm_states = 0;
  std::string reason;  ///< of Undetermined and Unsupported
  double seconds = 0;
};

MappingVerdict judge_mapping(const X86Test& test, const scenarios::Mapping& mapping);

/// The translation as a workload whose text is the translated test.
Workload translated_workload(const X86Test& test, const scenarios::Mapping& mapping);

/// The shortest run of the translation that ends in `state`, or some run if that is too far to find: one line
/// for each step and two blanks before notes on it. Empty if none was found in time.
std::vector<std::string> witness_lines(const X86Test& test, const scenarios::Mapping& mapping,
                                       const std::string& state);

}  // namespace isobar::tools
