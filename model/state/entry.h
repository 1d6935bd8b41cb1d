// One micro-op in flight: a plain value.
//
// Owns: what is known of it. Must not know: rules, its neighbours but by their slots. Slots index Core::window, 0 is the
// oldest micro-op in flight; masks are over slots. `Entry::uop` points into the decode cache and is not hashed (pc and word
// are).
#pragma once

#include <array>

#include "isa/uop.h"

namespace isobar::model {

inline constexpr u8 kFromRegisterFile = 0xff;  ///< Entry::producer: the architectural register
inline constexpr u8 kUnbound = 0xff;           ///< Entry::source: byte not read yet
inline constexpr u8 kFromMemory = 0xfe;        ///< Entry::source: byte taken from memory
inline constexpr u8 kNoSlot = 0xff;
inline constexpr u8 kMonitorSlot = 0xfe;       ///< Entry::partner: the load-exclusive has left the window

/// Entry::choice of a CAS write: which of its four executions this path assumes (operational-model.md 1.4).
enum CasChoice : u8 {
  kCasEqualOld = 0,    ///< equal; Rs keeps its old value, the read is only guessed
  kCasEqualRead = 1,   ///< equal; Rs takes the value read
  kCasUnequal = 2,     ///< unequal; no write
  kCasWriteBack = 3,   ///< unequal; the value read is written back
};

/// How far the translation of an access is. Only accesses to Program::pages have one.
enum class Translation : u8 {
  None,      ///< not (yet) needed
  Pending,   ///< the virtual address is in `addr`
  Current,   ///< looked up in the newest version of the descriptor so far
  Outdated,  ///< looked up in an older version
  Shared,    ///< a tag check that waits for the translation of its instruction's access; virtual address in `addr`
};

/// PSTATE and controls under which an instruction was decoded.
struct Context {
  u8 el = 0;            ///< 0 or 1
  u8 daif = 0;          ///< 8 = D, 4 = A, 2 = I, 1 = F
  bool sp_sel = false;
  bool tso = false;     ///< ACTLR_EL1.TSO in effect
  u8 branch_type = 0;   ///< PSTATE.BTYPE; 0 unless MemoryMap::guards_branches()
  u8 tags = 0;          ///< tag checks in effect: SCTLR_EL1.TCF of this level, and the bits below
  static constexpr u8 kTagMode = 3, kTagOverride = 4, kTagStoreOnly = 8;  ///< TagChecks, PSTATE.TCO, TCSO
  friend bool operator==(const Context&, const Context&) = default;
};

/// One micro-op in flight.
struct Entry {
  const isa::Uop* uop = nullptr;
  u64 pc = 0;
  u32 word = 0;
  u32 seq = 0;          ///< per-core count of micro-ops, for traces; not hashed
  u8 index = 0;         ///< which micro-op of its instruction; 0 starts an instruction
  bool last = false;    ///< last micro-op of its instruction
  Context context;

  bool known = false;       ///< result (Alu, Read ...) or stored data (Write) is computed
  bool address_known = false;
  bool fired = false;       ///< R bound in full, W propagated, DC/IC/system action performed, barrier/CSE complete
  bool guessed = false;     ///< a guess was made (Predict)
  bool resolved = false;    ///< guess checked, or condition computed without one
  bool faulting = false;    ///< address known and not permitted, or undefined: becomes an exception
  bool inert = false;       ///< a Write that does not happen (failed exclusive or CAS)
  bool unordered = false;   ///< first of its instruction: kFlagCmodx once it is executed (model/state/flags.h)
  u8 choice = 0;            ///< the guess: branch 1 = taken; pick 1 = first arm; exclusive 1 = success; CAS see thread/cas.h;
                            ///< IRG: the tag; tag check: 1 = the tags differ, which TFSR will tell
  u8 nzcv = 0;
  u8 partner = kNoSlot;     ///< W of an RMW or STXR: slot of its R or kMonitorSlot; Status, CasResult: slot of the W
  std::array<u8, 6> producer{kFromRegisterFile, kFromRegisterFile, kFromRegisterFile,
                             kFromRegisterFile, kFromRegisterFile, kFromRegisterFile};
  u64 addr = 0;             ///< physical; virtual until the translation is known
  Value value;              ///< dst[0], or the bytes stored
  Value value2;             ///< dst[1]; a tag check: lo is the pointer with its tag
  u64 guess = 0;            ///< slots of guesses that `value` hangs on
  u64 guess_addr = 0;       ///< the same for `addr`
  u64 guess_cond = 0;       ///< the same for the condition of a branch, pick, exclusive or CAS
  std::array<u8, 16> source{};  ///< Read, per byte: kUnbound, kFromMemory or the slot of an own store
  Value raw;                ///< Read: bytes taken so far
  u16 foreign = 0;          ///< Read, per byte: another core's write landed since it was taken ("overtaken")
  u16 own = 0;              ///< Read of an RMW, per byte: an own write landed since; Write: bytes already in memory
  u16 stale = 0;            ///< cores whose TLBI found the translation out of date
  u8 page = 0;              ///< 1 + index into Program::pages of the page accessed; 0: translated by identity
  Translation translation = Translation::None;
};

}  // namespace isobar::model
