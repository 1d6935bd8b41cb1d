// What an execution is warned of, besides its outcome.
//
// Owns: the warnings, their names, how a state keeps them. A warning is raised by steps of the machine and
// stays with the state, so that states that differ in it are not merged by search.
#pragma once

#include <array>
#include <string_view>

#include "isa/concurrent_modification.h"
#include "model/state/machine_state.h"

namespace isobar::model {

/// Bits of flags(). The names in reports are those of the reference model (aarch64.cat).
enum Flag : u8 {
  /// An instruction was fetched that a write has replaced, neither is ordered against the other, and the old
  /// or the new instruction is outside the list of MachineConfig::cmodx.
  kFlagCmodx = 1,
  /// Two different words of executable memory were written. The reference model knows no geometry: it assumes
  /// that each location has a cache line of its own.
  kFlagSameLine = 2,
  /// A DMB with a shareability option was executed.
  kFlagDmbShareability = 4,
};

struct FlagName {
  Flag flag;
  std::string_view name;  ///< in reports
  std::string_view word;  ///< in conditions of scenarios: flagged(word)
};
inline constexpr std::array<FlagName, 3> kFlagNames{{
    {kFlagSameLine, "Assuming-no-two-modified-instructions-are-on-the-same-cache-line", "same_line"},
    {kFlagDmbShareability, "Shareability-argument-for-DMB-is-deprecated", "dmb_shareability"},
    {kFlagCmodx, "violates-CMODX-requirements", "cmodx"},
}};

/// The warnings that an execution carries once the instruction of `e` has retired: a mask of Flag.
inline u8 flags_when_retired(const Entry& e) {
  if (e.unordered) return kFlagCmodx;
  const bool barrier = e.uop->kind == isa::UopKind::Barrier && isa::is_dmb_with_shareability(e.word);
  return barrier ? u8{kFlagDmbShareability} : u8{0};
}

/// The warnings of the execution that led to `s`: a mask of Flag.
inline u8 flags(const MachineState& s) {
  return static_cast<u8>(s.flags | (s.storage.several_words_written ? kFlagSameLine : 0));
}

/// digest() of `s` and of what decides its warnings: equal to digest() for a program that gives no reason for
/// one. For whoever merges states and must not lose a warning by it.
inline Digest digest_with_flags(const MachineState& s) {
  const u64 extra =
      u64{flags(s)} << 56 ^ (s.storage.several_words_written ? 0 : s.storage.first_word_written);
  Digest d = digest(s);
  d.a += extra * 0x9e3779b97f4a7c15ull;
  return d;
}

}  // namespace isobar::model
