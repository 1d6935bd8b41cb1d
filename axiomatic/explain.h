// Violations in words. Owns: wording only.
#pragma once

#include <functional>
#include <string>

#include "axiomatic/axioms.h"
#include "axiomatic/staleness.h"

namespace isobar::axiomatic {

/// Text of an instruction word at a pc; without one, the word is shown in hexadecimal.
using Disassembler = std::function<std::string(u32 word, u64 pc)>;

/// "P0 #2 STR X1,[X2] (W [0x1000]=0x1)".
std::string describe(const Event& e, const Disassembler& disassemble = {});

/// "R [0x1000]=0x1", "W ...", "DMB SY", "ISB" ...
std::string describe_effect(const Event& e);

/// A stale fetch in words; each is a clause of a sentence.
struct StaleText {
  std::string since;    ///< the store that is not seen: "P0: STR W0,[X1] (line 8)"
  std::string missing;  ///< "IC IVAU,X1 is not ordered after DC CVAU,X1"
};
/// `name` says which event is meant.
StaleText tell(const Program& p, const StaleFetch& s, const std::function<std::string(const Event&)>& name);

/// The name of the axiom and each step of its cycle as a sentence, one a line.
std::string explain(const Program& p, const Violation& v, const Disassembler& disassemble = {});

}  // namespace isobar::axiomatic
